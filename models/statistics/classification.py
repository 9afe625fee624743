"""The whole table for a two-class answer, and which cases it is most wrong about."""

from __future__ import annotations

import numpy as np

from models.statistics.areas import auc
from models.statistics.calibration import calibration_error
from models.statistics.confusion import Confusion, FloatArray, Mask
from models.statistics.estimate import Estimate


def classification(truth: Mask, probability: FloatArray, called: Mask) -> dict[str, Estimate]:
    """Rates of cases (n,) as they were called, AUC and calibration error of their probabilities."""
    return {
        **Confusion.of(truth, called).rates(),
        "auc": auc(truth, probability),
        "calibration_error": calibration_error(truth, probability),
    }


def wrongness(truth: Mask, probability: FloatArray, called: Mask, dice: FloatArray) -> FloatArray:
    """How wrong each case is, for the worst first; `dice` is NaN where no mask was judged.

    Wrong answers come first, then the worst masks, then the probabilities farthest from the truth. A
    missed tumour has a Dice of 0, so that misses come before false alarms.
    """
    wrong = (called != truth).astype(np.float64)
    poor = 1 - np.where(np.isnan(dice), 1.0, dice)
    return np.asarray(4 * wrong + 2 * poor + np.abs(truth - probability))
