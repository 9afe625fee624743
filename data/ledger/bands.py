"""The classes that numbers of a scan fall into, as filters and charts name them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.records import DOUBTFUL_DICE, DoubtKind, Outcome, Urgency

FloatArray = NDArray[np.float64]
Codes = NDArray[np.uint8]

UNKNOWN, NONE = "unknown", "none"
AGES = (*(f"{low}-{low + 9}" for low in range(0, 90, 10)), "90+", UNKNOWN)
SIZE_EDGES_ML = (1.0, 10.0, 30.0, 100.0)
SIZES = ("under 1 mL", "1 to 10 mL", "10 to 30 mL", "30 to 100 mL", "over 100 mL", UNKNOWN, NONE)
CHANCES = (*(f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}" for tenth in range(10)), NONE)
RESULTS = (NONE, "negative", "positive")
OUTCOMES = (NONE, Outcome.NOT_FOUND.value, Outcome.UNCERTAIN.value, Outcome.FOUND.value)
TRUTHS = (UNKNOWN, "right", "false alarm", "miss")
URGENCIES = (Urgency.ROUTINE.value, Urgency.SUGGESTED.value, Urgency.URGENT.value, Urgency.CRITICAL.value)
DOUBTS = (DoubtKind.NONE.value, DoubtKind.WARNINGS.value, DoubtKind.OUTLINE.value, DoubtKind.UNCERTAIN.value)
PLACES_ACROSS = 16
PLACES = (NONE, *(f"{row}-{column}" for row in range(PLACES_ACROSS) for column in range(PLACES_ACROSS)))


def ages(years: FloatArray) -> Codes:
    """Years (NaN for unknown) -> codes of AGES."""
    with np.errstate(invalid="ignore"):
        decade = np.clip(years // 10, 0, 9)
    return np.where(np.isnan(years), len(AGES) - 1, decade).astype(np.uint8)


def sizes(volume_ml: FloatArray, positive: FloatArray, segments: NDArray[np.bool_]) -> Codes:
    """Volume of what was found -> codes of SIZES; NONE where nothing was, or nothing is measured."""
    band = np.searchsorted(SIZE_EDGES_ML, volume_ml, side="right")
    known = np.where(np.isnan(volume_ml), SIZES.index(UNKNOWN), band)
    return np.where((positive == 1) & segments, known, SIZES.index(NONE)).astype(np.uint8)


def chances(probability: FloatArray) -> Codes:
    """Probability (NaN for none) -> codes of CHANCES; 1.0 belongs to the last tenth."""
    with np.errstate(invalid="ignore"):
        # A little more than the probability: 0.3 * 10 is 3.0000000000000004, 0.7 * 10 is 7.000000000000001,
        # but 0.29 * 100 falls short; edges must fall into the class that they open.
        tenth = np.clip(np.floor(probability * 10 + 1e-9), 0, 9)
    return np.where(np.isnan(probability), len(CHANCES) - 1, tenth).astype(np.uint8)


def results(positive: FloatArray) -> Codes:
    """1, 0 or NaN -> codes of RESULTS."""
    return np.where(np.isnan(positive), 0, positive + 1).astype(np.uint8)


def outcomes(positive: FloatArray, uncertain: NDArray[np.bool_]) -> Codes:
    """1, 0 or NaN, and whether it is doubted -> codes of OUTCOMES, the more urgent the higher."""
    call = np.select([positive == 1, positive == 0], [OUTCOMES.index("found"), OUTCOMES.index("not-found")])
    doubted = uncertain & ~np.isnan(positive)
    return np.where(doubted, OUTCOMES.index("uncertain"), call).astype(np.uint8)


def truths(positive: FloatArray, truth: FloatArray) -> Codes:
    """What was said beside what is true -> codes of TRUTHS."""
    known = ~np.isnan(positive) & ~np.isnan(truth)
    kinds = np.select([positive == truth, positive == 1], [1, 2], 3)
    return np.where(known, kinds, 0).astype(np.uint8)


def places(head_row: FloatArray, head_column: FloatArray) -> NDArray[np.uint16]:
    """Centre of the largest lesion in the head's square, 0 to 1 -> codes of PLACES."""
    with np.errstate(invalid="ignore"):
        row, column = (
            np.clip(share * PLACES_ACROSS, 0, PLACES_ACROSS - 1) for share in (head_row, head_column)
        )
    code = 1 + np.nan_to_num(row).astype(int) * PLACES_ACROSS + np.nan_to_num(column).astype(int)
    return np.where(np.isnan(head_row), 0, code).astype(np.uint16)


def urgencies(
    said: Sequence[str | None], positive: FloatArray, uncertain: NDArray[np.bool_], reviewed_us: FloatArray
) -> Codes:
    """What people said of each scan (None for nothing) and its result -> codes of URGENCIES.

    A reviewed scan no longer calls for anybody, whatever was said of it.
    """
    by_people = np.array([-1 if word is None else URGENCIES.index(word) for word in said], dtype=np.int64)
    called = (positive == 1) & ~uncertain
    suggested = np.where(called, URGENCIES.index("suggested"), URGENCIES.index("routine"))
    code = np.where(by_people >= 0, by_people, suggested)
    return np.where(np.isnan(reviewed_us), code, URGENCIES.index("routine")).astype(np.uint8)


def doubts(uncertain: NDArray[np.bool_], estimated_dice: FloatArray, warned: NDArray[np.bool_]) -> Codes:
    """Doubt of the answer, the Dice expected of the mask (NaN for none), warnings -> codes of DOUBTS."""
    kinds = [uncertain, estimated_dice < DOUBTFUL_DICE, warned]
    return np.select(kinds, [DOUBTS.index(name) for name in ("uncertain", "outline", "warnings")]).astype(
        np.uint8
    )
