"""Whether there is a tumour in a scan, out of everything that the outlines show of themselves.

The surest pixels alone call a bright vessel or the skull base a tumour. How sharp a drawn mask is, whether
the mirror image is drawn alike, how much of the scan it takes and into how many pieces it falls tell healthy
heads from ill ones; a logistic regression, fitted on validation cases and on scans from elsewhere, weighs
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import doubt

FloatArray = NDArray[np.float64]
DRAWN = 0.3
"""The probability from which a pixel counts as drawn here, whatever a version's own threshold is."""
SHARE_OF_SCAN = 10
COUNTED = (1, 2, 5, 7, SHARE_OF_SCAN, 11, 12)
"""Which of `doubt.signs` are counted."""
SMALLEST_SHARE = -5.0
"""log10 of the share of a scan that is taken for nothing drawn."""
PENALTY = 1.0
"""Inverse strength of the L2 penalty on the weights of signs brought to one scale."""


def signs(evidence: float, plain: NDArray[Any], mirrored: NDArray[Any]) -> FloatArray:
    """What tells whether there is a tumour, (8,).

    `evidence` is the logit of the surest pixels; `plain` and `mirrored` are probabilities (slices, height,
    width) of the same pixels, from the picture and from its mirror image. In order: the evidence; the Dice
    that the probabilities promise of their own mask; Dice between the masks at 0.25 and 0.75; soft Dice
    between plain and mirrored; mean probability inside; log10 of the mask's share of the scan; the largest
    piece's share of the mask; log of the number of pieces.
    """
    shown = doubt.signs(plain, mirrored, DRAWN)
    if shown is None:
        return np.array([evidence, 0.0, 0.0, 0.0, 0.0, SMALLEST_SHARE, 0.0, 0.0])
    counted = shown[list(COUNTED)]
    counted[COUNTED.index(SHARE_OF_SCAN)] = max(SMALLEST_SHARE, shown[SHARE_OF_SCAN])
    return np.array([evidence, *counted])


def logit(weights: Sequence[float], shown: FloatArray) -> float:
    """The logit of "there is a tumour" of a scan with these signs; `weights`: a constant, then one a sign."""
    return float(weights[0] + np.dot(weights[1:], shown))


def fitted(shown: FloatArray, truth: NDArray[np.bool_], importance: FloatArray) -> tuple[float, ...]:
    """Weights for `logit` out of signs (n, 8), the truth (n,) and how much each case counts (n,)."""
    from sklearn.linear_model import LogisticRegression

    middle, spread = shown.mean(axis=0), shown.std(axis=0) + 1e-9
    model = LogisticRegression(C=PENALTY, max_iter=2000)
    model.fit((shown - middle) / spread, truth, sample_weight=importance * len(truth) / importance.sum())
    slopes = model.coef_[0] / spread
    return (float(model.intercept_[0] - slopes @ middle), *(float(slope) for slope in slopes))
