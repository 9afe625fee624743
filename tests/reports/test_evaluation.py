"""What an evaluation leaves behind, looked at."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from reports.evaluation import CAPTION, TILE, TRUTH_COLOUR, Tile, curve_pictures, gallery_png
from reports.figures import calibration_figure, precision_figure, roc_figure
from reports.pictures import AI_COLOUR

TRUTH = [True] * 6 + [False] * 4
PROBABILITY = [0.9, 0.8, 0.8, 0.7, 0.6, 0.2, 0.65, 0.3, 0.2, 0.1]


def test_the_marked_point_is_what_the_threshold_gives() -> None:
    mark = roc_figure(TRUTH, PROBABILITY, 0.5)["data"][-1]
    assert (mark["x"][0], mark["y"][0]) == (0.25, pytest.approx(5 / 6))
    mark = precision_figure(TRUTH, PROBABILITY, 0.5)["data"][-1]
    assert (mark["x"][0], mark["y"][0]) == (pytest.approx(5 / 6), pytest.approx(5 / 6))


def test_calibration_shows_every_case_once() -> None:
    line = calibration_figure(TRUTH, PROBABILITY)["data"][-1]
    assert sum(int(text.removeprefix("n = ")) for text in line["text"]) == len(TRUTH)
    assert line["y"][-1] == 1.0  # both X-rays above 0.8 are ill


def test_curves_are_drawn_where_there_are_two_kinds_of_cases() -> None:
    drawn = curve_pictures(TRUTH, PROBABILITY, 0.5)
    assert set(drawn) == {"roc", "precision", "calibration"}
    assert all(Image.open(io.BytesIO(value)).size == (960, 960) for value in drawn.values())
    assert curve_pictures([True, True], [0.1, 0.9], 0.5) == {}


def test_the_gallery_outlines_truth_and_finding() -> None:
    truth, found = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    truth[10:30, 10:30], found[35:55, 35:55] = True, True
    tile = Tile("one", np.full((64, 64), 90, np.uint8), truth=truth, found=found)
    sheet = np.asarray(Image.open(io.BytesIO(gallery_png([tile] * 6))))
    assert sheet.shape == (2 * (TILE + CAPTION) + CAPTION, 5 * TILE, 3)
    for colour in (TRUTH_COLOUR, AI_COLOUR):
        assert (sheet == colour).all(axis=2).sum() > 6 * 4 * 70
