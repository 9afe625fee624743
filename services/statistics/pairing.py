"""Two versions on the same scans: which is better, how sure that is, and on which scans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.errors import InvalidInput
from data.records import Judgements
from models.statistics.confusion import FloatArray, Mask
from models.statistics.paired import (
    McNemar,
    PairedDifference,
    mcnemar,
    paired_areas,
    paired_calibration,
    paired_means,
    paired_precision_and_f1,
    paired_shares,
)
from services.statistics.scoring import called

SAME_DICE = 0.01
"""Masks whose Dice are closer than this are equally good: readers differ by more."""
_ORDER = {"lose": 0, "win": 1, "tie": 2}


@dataclass(frozen=True)
class PairedCase:
    """One scan: whether the second version won, lost or tied, by its "answer" or by "dice"."""

    scan_id: str
    first_result_id: str
    second_result_id: str
    outcome: str
    by: str
    first_value: float
    second_value: float


@dataclass(frozen=True)
class PairedVersions:
    """Two versions side by side; differences are second minus first."""

    n: int
    mcnemar: McNemar
    differences: dict[str, PairedDifference]
    cases: tuple[PairedCase, ...]  # losses of the second version first, then its wins, then ties

    def count(self, outcome: str) -> int:
        """How many scans the second version took as a "win", "lose" or "tie"."""
        return sum(case.outcome == outcome for case in self.cases)


def paired(
    first: Judgements, second: Judgements, thresholds: tuple[float | None, float | None] = (None, None)
) -> PairedVersions:
    """Compare; row i of both is the same scan. Raises InvalidInput where it is not."""
    if list(first.scan_id) != list(second.scan_id):
        raise InvalidInput("Versions are compared on the same scans.")
    truth = first.truth_positive
    before, after = called(first, thresholds[0]), called(second, thresholds[1])
    differences = {
        "recall": paired_shares(before[truth], after[truth]),
        "specificity": paired_shares(~before[~truth], ~after[~truth]),
        "accuracy": paired_shares(before == truth, after == truth),
        "far": paired_shares(before[~truth], after[~truth]),
        "frr": paired_shares(~before[truth], ~after[truth]),
        **paired_precision_and_f1(truth, before, after),
        "auc": paired_areas(truth, first.probability, second.probability),
        "calibration_error": paired_calibration(truth, first.probability, second.probability),
        "dice": paired_means(first.dice, second.dice),
    }
    test = mcnemar(before == truth, after == truth)
    return PairedVersions(
        len(truth), test, differences, _cases(first, second, before == truth, after == truth)
    )


def _cases(
    first: Judgements, second: Judgements, first_right: Mask, second_right: Mask
) -> tuple[PairedCase, ...]:
    """Scan by scan: by the answer where one alone is right, else by Dice where both have one."""
    by_answer = first_right != second_right
    gap = np.nan_to_num(second.dice - first.dice)
    better = np.where(by_answer, second_right.astype(int) - first_right.astype(int), gap)
    outcomes = _outcomes(by_answer, second_right, gap)
    masks = ~by_answer & ~np.isnan(second.dice - first.dice)
    values = (
        np.where(masks, side.dice, right.astype(float))
        for side, right in ((first, first_right), (second, second_right))
    )
    before, after = values
    order = sorted(range(len(better)), key=lambda row: (_ORDER[outcomes[row]], -abs(float(better[row]))))
    return tuple(
        PairedCase(
            str(first.scan_id[row]),
            str(first.result_id[row]),
            str(second.result_id[row]),
            outcomes[row],
            "dice" if masks[row] else "answer",
            float(before[row]),
            float(after[row]),
        )
        for row in order
    )


def _outcomes(by_answer: Mask, second_right: Mask, gap: FloatArray) -> list[str]:
    chosen = np.select(
        [by_answer & second_right, by_answer, gap >= SAME_DICE, gap <= -SAME_DICE],
        ["win", "lose", "win", "lose"],
        "tie",
    )
    return [str(outcome) for outcome in chosen]


__all__ = ["SAME_DICE", "PairedCase", "PairedDifference", "PairedVersions", "paired"]
