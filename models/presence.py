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
from scipy import ndimage

from models.overlap import dice

FloatArray = NDArray[np.float64]
DRAWN = 0.3
"""The probability from which a pixel counts as drawn here, whatever a version's own threshold is."""
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
    share = (plain.astype(np.float32) + mirrored.astype(np.float32)) / 2
    mask = share > DRAWN
    if not mask.any():
        return np.array([evidence, 0.0, 0.0, 0.0, 0.0, SMALLEST_SHARE, 0.0, 0.0])
    inside, size = float(share[mask].sum()), int(mask.sum())
    pieces = np.bincount(ndimage.label(mask)[0].ravel())[1:]
    both = 2 * float(np.minimum(plain, mirrored).sum())
    return np.array(
        [
            evidence,
            2 * inside / (float(share.sum()) + size),
            dice(share > 0.75, share > 0.25) if (share > 0.25).any() else 0.0,
            both / max(1e-6, float(plain.sum() + mirrored.sum())),
            inside / size,
            max(SMALLEST_SHARE, float(np.log10(size / mask.size))),
            float(pieces.max()) / size,
            float(np.log(len(pieces))),
        ]
    )


def logit(weights: Sequence[float], shown: FloatArray) -> float:
    """The logit of "there is a tumour" of a scan with these signs; `weights`: the constant, then one a sign."""
    return float(weights[0] + np.dot(weights[1:], shown))


def fitted(shown: FloatArray, truth: NDArray[np.bool_], importance: FloatArray) -> tuple[float, ...]:
    """Weights for `logit` out of signs (n, 8), the truth (n,) and how much each case counts (n,)."""
    from sklearn.linear_model import LogisticRegression

    middle, spread = shown.mean(axis=0), shown.std(axis=0) + 1e-9
    model = LogisticRegression(C=PENALTY, max_iter=2000)
    model.fit((shown - middle) / spread, truth, sample_weight=importance * len(truth) / importance.sum())
    slopes = model.coef_[0] / spread
    return (float(model.intercept_[0] - slopes @ middle), *(float(slope) for slope in slopes))
