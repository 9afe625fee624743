"""How right a model was in real use: the statistics of `models.statistics`, asked of judgements."""

from __future__ import annotations

import numpy as np

from data.records import Judgements, Verdict
from models.statistics.calibration import CalibrationBin, calibration_bins
from models.statistics.classification import classification
from models.statistics.classification import wrongness as wrongness_of
from models.statistics.confusion import Confusion, FloatArray, Mask, called_ill
from models.statistics.estimate import Estimate
from models.statistics.means import mean
from models.statistics.proportions import proportion
from models.statistics.roc import Curves, Sweep
from models.statistics.roc import curves as curves_of
from models.statistics.roc import swept as swept_over


def called(judgements: Judgements, threshold: float | None = None) -> Mask:
    """Which are called ill: as they were, or as they would have been at a threshold."""
    return judgements.positive if threshold is None else called_ill(judgements.probability, threshold)


def confusion(judgements: Judgements, threshold: float | None = None) -> Confusion:
    """How many were answered how, as it was or as it would have been at a threshold."""
    return Confusion.of(judgements.truth_positive, called(judgements, threshold))


def scored(judgements: Judgements, threshold: float | None = None) -> dict[str, Estimate]:
    """Every number that truth decides; each result's own answer counts unless a threshold is given.

    A threshold moves what is called ill, not the masks: Dice (`data.records.counting_dice`) and the share of
    outlines that were accepted as they were stay.
    """
    truth, answers = judgements.truth_positive, called(judgements, threshold)
    return classification(truth, judgements.probability, answers) | _of_outlines(judgements)


def rated(judgements: Judgements, threshold: float | None = None) -> dict[str, Estimate]:
    """The same without AUC and calibration error, whose bootstrap takes longer than all the rest."""
    return confusion(judgements, threshold).rates() | _of_outlines(judgements)


def _of_outlines(judgements: Judgements) -> dict[str, Estimate]:
    return {"dice": mean(judgements.dice), "accepted_outlines": accepted_outlines(judgements)}


def accepted_outlines(judgements: Judgements) -> Estimate:
    """Of the findings that were outlined and judged by a person, the share that was accepted as it was."""
    return proportion(int(accepted(judgements).sum()), int(judgements.outlined.sum()))


def accepted(judgements: Judgements) -> Mask:
    """Which are findings whose outline was accepted as it was."""
    return np.asarray(judgements.outlined & (judgements.verdict == Verdict.ACCEPTED.value), dtype=bool)


def wrongness(judgements: Judgements) -> FloatArray:
    """How wrong each judged case is, for lists that begin with the worst."""
    answers, dice = judgements.positive, judgements.dice
    return wrongness_of(judgements.truth_positive, judgements.probability, answers, dice)


def swept(judgements: Judgements, thresholds: FloatArray | None = None) -> Sweep:
    """What each threshold would give; a hundred steps from 0 to 1 unless others are asked for."""
    return swept_over(judgements.truth_positive, judgements.probability, thresholds)


def curves(judgements: Judgements) -> Curves:
    """ROC and precision-recall curve over every threshold that makes a difference."""
    return curves_of(judgements.truth_positive, judgements.probability)


def calibration(judgements: Judgements) -> list[CalibrationBin]:
    """Bins of equal width that hold any case, from the lowest probability to the highest."""
    return calibration_bins(judgements.truth_positive, judgements.probability)


__all__ = [
    "Confusion",
    "accepted",
    "accepted_outlines",
    "calibration",
    "called",
    "confusion",
    "curves",
    "rated",
    "scored",
    "swept",
    "wrongness",
]
