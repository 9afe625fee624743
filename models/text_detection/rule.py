"""Which of what a text detector found holds a picture.

The limits were chosen on one part of the pictures of `scripts/burned_in_text.py` and measured on another;
the figures stand in docs/deidentification.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.text_detection.markers import is_harmless

LARGEST_TEXT = 0.16
"""Of the picture's longer side: what is higher than this is anatomy, not writing."""
READ = 0.7
"""The reader's confidence from which on what it read is believed."""
FEWEST_LETTERS = 2
"""One letter is a marker, or a rib."""
SURE = 0.95
"""The confidence from which on one character of a script without an alphabet counts: it may be a name."""
MARKER_READ, MARKER_CUT = 0.9, 4.0
"""A marker that is read so surely passes in a box up to so many times as long as high: the edge cuts some."""
LINE = 2.2
"""Times as long as high: from here on something looks like a line of writing, whatever it says."""
SHORTEST_LINE = 0.055
"""Of the picture's longer side: shorter lines that nobody can read are specks."""
LINE_SCORE = 0.35
"""The detector's score from which on an unread line counts: ribs and spines are mostly below it."""
HIGHEST_LINE = 0.09
"""Of the picture's longer side: what is higher and cannot be read is anatomy."""
LOWEST_LINE = 7
"""Pixels: writing that is lower than this can be read by nobody."""
_STROKE = "\u4e00"
_NO_ALPHABET = (("\u3040", "\u30ff"), ("\u3400", "\u9fff"), ("\uac00", "\ud7af"))


@dataclass(frozen=True)
class DetectedText:
    """What may be text: its box in pixels (`bottom` and `right` outside), how sure the detector is (0..1),
    what was read there and how sure the reader is (0..1). What was read is never kept.
    """

    top: int
    left: int
    bottom: int
    right: int
    score: float
    text: str = ""
    confidence: float = 0.0

    @property
    def sides(self) -> tuple[int, int]:
        """(shorter, longer) side, at least 1."""
        height, width = max(1, self.bottom - self.top), max(1, self.right - self.left)
        return min(height, width), max(height, width)


def is_of_a_texts_size(height: float, width: float, longer_side: float) -> bool:
    """Whether a box may be writing on a picture whose longer side is `longer_side`."""
    return min(height, width) <= LARGEST_TEXT * longer_side


def holds(detected: DetectedText, longer_side: int) -> bool:
    """Whether this may say who the patient is: words that are no markers, or a line that nobody can read.

    `longer_side`: of the picture, in pixels.
    """
    shorter, longer = detected.sides
    if not is_of_a_texts_size(shorter, shorter, longer_side):
        return False
    letters = [char for char in detected.text if char.isalnum()]
    if detected.confidence >= READ and len(letters) >= FEWEST_LETTERS:
        return not is_harmless(detected.text)
    if detected.confidence >= SURE and any(map(_is_of_no_alphabet, letters)):
        return True
    if (
        letters
        and detected.confidence >= MARKER_READ
        and longer < MARKER_CUT * shorter
        and is_harmless(detected.text)
    ):
        return False
    return _is_unread_line(detected, shorter, longer, longer_side)


def _is_unread_line(detected: DetectedText, shorter: int, longer: int, longer_side: int) -> bool:
    return (
        longer >= max(LINE * shorter, SHORTEST_LINE * longer_side)
        and LOWEST_LINE <= shorter <= HIGHEST_LINE * longer_side
        and detected.score >= LINE_SCORE
    )


def _is_of_no_alphabet(char: str) -> bool:
    """Whether it is Chinese, Japanese or Korean; a lone horizontal stroke is anything."""
    return char != _STROKE and any(first <= char <= last for first, last in _NO_ALPHABET)


def holding(detected: Iterable[DetectedText], shape: Sequence[int]) -> list[DetectedText]:
    """Those that hold a picture of shape (height, width)."""
    return [each for each in detected if holds(each, max(shape))]
