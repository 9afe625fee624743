"""Which values of a mask file are the finding: never guessed where it is not plain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput

Mask = NDArray[np.bool_]

MOST_LABELS = 32
_MIDDLE, _BLURRED_SHARE = (0.1, 0.9), 0.01  # of the range, and of the pixels: what JPEG leaves of two values
_BRIGHT, _MOST_MEANT = 128, 10  # a mask in JPEG is bright, and has more values than people draw with
_SHOWN = 8
_LONGEST = 9  # digits of a label: more than any file can hold

EMPTY = "This mask is empty. If there is nothing to mark, say that it is meant to be empty."
FULL = "This mask marks the whole scan, so it cannot be told from its background."
_LABELS = "This mask holds several labels ({labels}). Say which of them are the finding."
_NO_SUCH = "This mask has no label {label}; it holds {labels}."
_GREY = (
    "This file holds grey values and not a mask, such as a picture or a map of probabilities; please save a "
    "mask with one value for the finding."
)


@dataclass(frozen=True)
class MaskAnswers:
    """What a person has said of a mask file before it was asked: nothing, as a rule."""

    empty: bool = False  # an empty mask is meant
    labels: frozenset[int] | None = None  # the labels that are the finding
    every_label: bool = False  # all of them are
    of_many: bool = False  # said of many files at once: a label that one of them lacks is no mistake

    @classmethod
    def of(cls, labels: str, *, empty: bool = False, of_many: bool = False) -> MaskAnswers:
        """What is written in a form: "1, 4", "all", or nothing. Raises InvalidInput for other words."""
        words = labels.replace(";", ",").replace(" ", ",").split(",")
        numbers = [word for word in words if word]
        if not numbers:
            return cls(empty, of_many=of_many)
        if [number.casefold() for number in numbers] == ["all"]:
            return cls(empty, every_label=True, of_many=of_many)
        if not all(number.isdecimal() and len(number) <= _LONGEST for number in numbers):
            raise InvalidInput("Give the labels as numbers with commas between them, such as 1, 4.")
        return cls(empty, frozenset(int(number) for number in numbers), of_many=of_many)


NO_ANSWERS = MaskAnswers()


def marked(values: NDArray[Any], answers: MaskAnswers = NO_ANSWERS) -> Mask:
    """Where a mask file's values are the finding: not zero, where that is the only value but zero.

    Of several labels only those that `answers` names count; of one as well, where they are said of many
    files. Raises InvalidInput with what is to be said
    first, or for what is no mask.
    """
    present = np.unique(values)
    labels = present[present != 0]
    if not len(labels):
        if not answers.empty:
            raise InvalidInput(EMPTY)
        return np.zeros(values.shape, dtype=np.bool_)
    if len(present) == 1:
        raise InvalidInput(FULL)
    several = len(labels) > 1
    if (several or answers.of_many) and answers.labels is not None or several and answers.every_label:
        return _of_labels(values, labels, answers)
    if not several:
        return np.asarray(values != 0)
    two_valued = _two_valued(values)
    if two_valued is not None:
        return two_valued
    raise InvalidInput(_LABELS.format(labels=_words(labels)) if _are_labels(labels) else _GREY)


def _of_labels(values: NDArray[Any], labels: NDArray[Any], answers: MaskAnswers) -> Mask:
    if not _are_labels(labels):
        raise InvalidInput(_GREY)
    if answers.labels is None:
        return np.asarray(values != 0)
    absent = set() if answers.of_many else answers.labels - {int(label) for label in labels}
    for label in sorted(absent):
        raise InvalidInput(_NO_SUCH.format(label=label, labels=_words(labels)))
    return np.asarray(np.isin(values, sorted(answers.labels)))


def _are_labels(labels: NDArray[Any]) -> bool:
    return len(labels) <= MOST_LABELS and bool(np.all(labels == np.round(labels)) and labels.min() > 0)


def _two_valued(values: NDArray[Any]) -> Mask | None:
    """A mask of two values that lost a little to JPEG; None for anything with real values in between."""
    high = float(values.max())
    if values.dtype != np.uint8 or high < _BRIGHT or len(np.unique(values)) < _MOST_MEANT:
        return None
    share = values / high
    between = float(np.mean((share > _MIDDLE[0]) & (share < _MIDDLE[1])))
    return np.asarray(share > 0.5) if between <= _BLURRED_SHARE else None


def _words(labels: NDArray[Any]) -> str:
    shown = ", ".join(f"{label:g}" for label in labels[:_SHOWN])
    return shown + (", …" if len(labels) > _SHOWN else "")
