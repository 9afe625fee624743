"""The network itself: a planted name is found, a marker passes, and what is missing is said."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import rapidocr
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.text_detection.detector import DetectorUnavailable, OcrDetector
from models.text_detection.rule import holding


@pytest.fixture(scope="module")
def detector() -> OcrDetector:
    return OcrDetector()


def film(words: str = "", place: tuple[int, int] = (40, 30), ink: int = 200) -> NDArray[np.uint8]:
    """Two dark lungs on a grey chest, 300 by 400 pixels, with words on it."""
    rows, columns = np.mgrid[:300, :400]
    picture = np.full((300, 400), 120.0)
    for centre in (130, 270):
        picture -= 70 * np.exp(-(((rows - 150) / 90) ** 2 + ((columns - centre) / 45) ** 2))
    drawn = Image.fromarray(picture.astype(np.uint8))
    ImageDraw.Draw(drawn).text(place, words, fill=ink, font_size=14)
    return np.asarray(drawn)


def test_a_name_is_found_where_it_stands_and_a_marker_passes(detector: OcrDetector) -> None:
    picture = film("LOVELACE, ADA", ink=170)
    (box,) = holding(detector.find(picture), picture.shape)
    assert box.top <= 33 and box.bottom >= 43 and box.left <= 42 and box.right >= 130
    assert box.bottom - box.top < 40 and box.right - box.left < 150
    marked = film("R", (20, 10), 255)
    assert holding(detector.find(marked), marked.shape) == []


def test_a_name_that_runs_upwards_is_found(detector: OcrDetector) -> None:
    picture = np.ascontiguousarray(np.rot90(film("LOVELACE, ADA", ink=255)))
    assert holding(detector.find(picture), picture.shape)


def test_networks_that_are_missing_are_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = OcrDetector()
    monkeypatch.setattr(rapidocr, "RapidOCR", _broken)
    detector.check()  # what is installed is not loaded to be asked after
    with pytest.raises(DetectorUnavailable, match="no such device"):
        detector.find(film())
    with pytest.raises(DetectorUnavailable, match="no such device"):
        detector.check()
    monkeypatch.undo()
    detector.find(film())
    detector.check()
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(DetectorUnavailable, match="rapidocr"):
        OcrDetector().find(film())
    with pytest.raises(DetectorUnavailable):
        OcrDetector().check()


def _broken(**_: object) -> None:
    raise RuntimeError("no such device")
