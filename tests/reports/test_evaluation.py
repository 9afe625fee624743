"""What an evaluation leaves behind, looked at."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image

from reports.colours import AI_COLOUR, CORRECTED_COLOUR
from reports.curve_figures import roc_chart
from reports.evaluation import CAPTION, SQUARE, TILE, GalleryTile, gallery_png, square_png


def test_a_chart_of_two_shares_is_as_high_as_it_is_wide() -> None:
    chart = roc_chart([0, 0.1, 1], [0, 0.9, 1], (math.nan, math.nan))  # no point is in force
    assert Image.open(io.BytesIO(square_png(chart))).size == (2 * SQUARE, 2 * SQUARE)
    assert "width" not in chart["layout"]  # what was given is not changed


def test_the_gallery_outlines_truth_and_finding() -> None:
    truth, drawn = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    truth[10:30, 10:30], drawn[35:55, 35:55] = True, True
    tile = GalleryTile("one", np.full((64, 64), 90, np.uint8), truth=truth, drawn=drawn)
    sheet = np.asarray(Image.open(io.BytesIO(gallery_png([tile] * 6))))
    assert sheet.shape == (2 * (TILE + CAPTION) + CAPTION, 5 * TILE, 3)
    for colour in (CORRECTED_COLOUR, AI_COLOUR):
        assert (sheet == colour).all(axis=2).sum() > 6 * 4 * 70
