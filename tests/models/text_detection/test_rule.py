"""Which text holds a picture: words that are no markers, and lines that nobody can read."""

from __future__ import annotations

import pytest

from models.text_detection import rule
from models.text_detection.markers import is_harmless
from models.text_detection.rule import DetectedText, holds

SIDE = 1000


def detected(
    text: str, confidence: float, *, height: int = 20, width: int = 120, score: float = 0.8
) -> DetectedText:
    return DetectedText(100, 100, 100 + height, 100 + width, score, text, confidence)


@pytest.mark.parametrize(
    "text",
    [
        "R", "L", "AP", "A-P", "PA ERECT", "AP ERECT MOBILE", "SUPINE", "Portable", "SEMI-SENTADO", "KV68",
        "2.5 mAs", "10", "100", "10 20 30", "5 cm", "W2108:L 2723", "Decúbito",
    ],
)  # fmt: skip
def test_markers_rulers_and_exposures_hold_nothing(text: str) -> None:
    assert is_harmless(text)
    assert not holds(detected(text, 0.99, width=max(20, 12 * len(text))), SIDE)


@pytest.mark.parametrize(
    "text",
    [
        "LOVELACE ADA", "Li", "Ed", "R LOVELACE", "王小明", "ИВАНОВ", "12.03.61", "12 03 61", "01.02.03",
        "1961", "MRN 0048213", "10:20:04", "04 05 06", "Ward",
    ],
)  # fmt: skip
def test_names_dates_and_numbers_hold(text: str) -> None:
    assert not is_harmless(text)
    assert holds(detected(text, 0.99), SIDE)


def test_what_is_read_with_less_confidence_is_not_believed() -> None:
    square = {"height": 30, "width": 40}
    assert holds(detected("ADA", rule.READ, **square), SIDE)
    assert not holds(detected("ADA", rule.READ - 0.01, **square), SIDE)
    assert rule.READ == 0.7  # as measured; docs/deidentification.md says what another one would do


def test_one_letter_is_a_marker_or_a_rib() -> None:
    assert not holds(detected("W", 0.99, height=30, width=40), SIDE)
    assert holds(detected("Wu", 0.99, height=30, width=40), SIDE)


@pytest.mark.parametrize(
    ("shape", "held"),
    [
        ((20, 100), True),
        ((20, 44), False),
        ((30, 66), True),
        ((30, 65), False),
        ((20, 54), False),
        ((100, 20), True),
    ],
)
def test_a_line_that_nobody_can_read_holds_by_its_shape(shape: tuple[int, int], held: bool) -> None:
    height, width = shape
    assert holds(detected("", 0.0, height=height, width=width), SIDE) is held


def test_a_faint_line_holds_from_the_detectors_own_limit_on() -> None:
    assert holds(detected("", 0.0, score=rule.LINE_SCORE), SIDE)
    assert not holds(detected("", 0.0, score=rule.LINE_SCORE - 0.01), SIDE)


def test_what_is_higher_than_writing_is_anatomy() -> None:
    assert holds(detected("LOVELACE", 0.99, height=160, width=500), SIDE)
    assert not holds(detected("LOVELACE", 0.99, height=161, width=500), SIDE)


def test_one_character_without_an_alphabet_may_be_a_name_and_a_stroke_is_none() -> None:
    square = {"height": 30, "width": 32}
    assert holds(detected("李", rule.SURE, **square), SIDE)
    assert not holds(detected("李", rule.SURE - 0.01, **square), SIDE)
    assert not holds(detected("一", 0.99, **square), SIDE)


def test_a_marker_that_the_edge_cuts_passes_and_a_long_line_read_as_one_letter_does_not() -> None:
    assert not holds(detected("R", 0.95, height=60, width=20), SIDE)
    assert holds(detected("R", 0.95, height=20, width=80), SIDE)
    assert holds(detected("R", 0.89, height=60, width=20), SIDE)
