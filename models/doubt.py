"""How far a drawn mask can be trusted: the Dice to be expected of it, out of the network's own doubt.

A mask whose probabilities are sharp at its edge, and which comes out the same from the mirrored
picture, seldom is a poor one. Weights fitted on validation cases turn such signs into an expected Dice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.components import box_of
from models.overlap import dice

FloatArray = NDArray[np.float64]
LEAST_CASES = 40
PARTS = 10  # of the cases, each left out once
ALPHA = 1e-4  # strength of the penalty on weights


@dataclass(frozen=True)
class Fitted:
    """Weights, and what each case was given by weights fitted without it."""

    weights: tuple[float, ...]
    left_out: FloatArray


def signs(plain: NDArray[Any], mirrored: NDArray[Any], threshold: float) -> FloatArray | None:
    """What a mask shows of its own certainty; None where there is no mask.

    `plain` and `mirrored` are probabilities of the same pixels, from the picture and from its
    mirror image. In order: 1; the Dice that their mean promises; Dice between the masks at 0.25 and
    0.75, at 0.1 and 0.9, of plain and mirrored; soft Dice between those; their mean distance inside;
    mean probability inside; the share of it that lies outside; the hundred surest pixels; log10 of
    the mask's share of the scan; the largest piece's share of the mask; log of the number of pieces.
    """
    share = np.add(plain, mirrored, dtype=np.float32)
    share /= 2
    mask = share > threshold
    if not mask.any():
        return None
    inside, everywhere, size = float(share[mask].sum()), float(share.sum()), int(mask.sum())
    pieces = np.bincount(ndimage.label(mask[box_of(mask)])[0].ravel())[1:]
    flat = share.ravel()
    surest = np.partition(flat, -100)[-100:] if flat.size > 100 else flat
    both = float(np.minimum(plain, mirrored).sum())
    return np.array(
        [
            1.0,
            2 * inside / (everywhere + size),
            dice(share > 0.75, share > 0.25),
            dice(share > 0.9, share > 0.1),
            dice(plain > threshold, mirrored > threshold),
            2 * both / max(1e-6, float(plain.sum() + mirrored.sum())),
            float(np.abs(plain[mask] - mirrored[mask]).mean()),
            inside / size,
            1 - inside / everywhere,
            float(surest.mean()),
            np.log10(size / mask.size),
            pieces.max() / size,
            np.log(len(pieces)),
        ]
    )


def expected_dice(weights: Sequence[float], shown: FloatArray) -> float:
    """The Dice to be expected of a mask with these signs, 0 to 1."""
    return float(np.clip(np.dot(weights, shown), 0.0, 1.0))


def fitted(shown: Sequence[FloatArray], scores: Sequence[float]) -> Fitted | None:
    """Median regression of the true Dice on the signs; None for too few cases to say anything.

    The median, not the mean: a few masks lie beside the tumour altogether, and must not pull down what
    is expected of all others.
    """
    if len(scores) < LEAST_CASES:
        return None
    x, y = np.stack(shown), np.asarray(scores, dtype=np.float64)
    part = np.random.default_rng(0).permutation(len(y)) % PARTS
    left_out = np.empty(len(y))
    for number in range(PARTS):
        here = part == number
        left_out[here] = np.clip(x[here] @ _weights(x[~here], y[~here]), 0.0, 1.0)
    return Fitted(tuple(float(weight) for weight in _weights(x, y)), left_out)


def _weights(x: FloatArray, y: FloatArray) -> FloatArray:
    """Weights of the signs as they are, fitted on signs brought to one scale."""
    from sklearn.linear_model import QuantileRegressor

    middle, spread = x[:, 1:].mean(axis=0), x[:, 1:].std(axis=0) + 1e-9
    model = QuantileRegressor(quantile=0.5, alpha=ALPHA).fit((x[:, 1:] - middle) / spread, y)
    slopes = model.coef_ / spread
    return np.concatenate([[model.intercept_ - float(slopes @ middle)], slopes])
