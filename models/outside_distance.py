"""Outside distance: how far a picture lies from a version's training pictures, by its network's vector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.feature_files import read
from models.weights import REFERENCE

FloatArray = NDArray[np.float64]
SHRINKAGE = 0.1
"""How much of the identity is mixed into the correlations; no less separates, and no more either."""
INSIDE = 0.99  # share of left-out rows of the reference that lie below a distance of 1
PARTS = 5  # of the reference, each left out once to set the limit
LEAST_ROWS = 100  # fewer say nothing of their own hundredth
_CONSTANT = 1e-6


@dataclass(frozen=True, eq=False)
class OutsideDistance:
    """Mahalanobis distance (1936) of a vector (d,) from a reference, as a multiple of what is usual there.

    Components are standardised first, and their correlations shrunk towards none (Ledoit and Wolf, J Multivar
    Anal 2004), since a reference has hardly more rows than its vectors have components.
    """

    centre: FloatArray  # (d,)
    whitening: FloatArray  # (d, d): (vector - centre) @ whitening has the distance as its length
    limit: float

    def of(self, vector: NDArray[Any] | None) -> float | None:
        """0 in the middle of the reference, 1 where a hundredth of it lies further out.

        None where there is no vector, or one of another length or with something that is not a number.
        """
        if vector is None or vector.shape != self.centre.shape or not np.isfinite(vector).all():
            return None
        return float(self.of_rows(vector[None])[0])

    def of_rows(self, vectors: NDArray[Any]) -> FloatArray:
        """The distances (n,) of finite vectors (n, d)."""
        lengths: FloatArray = np.linalg.norm((vectors - self.centre) @ self.whitening, axis=1)
        return lengths / self.limit


def fitted(vectors: NDArray[Any]) -> OutsideDistance | None:
    """The distance from reference vectors (n, d); None where there are too few finite ones.

    Each fifth of the rows is measured from the others, so that the limit holds for vectors that the
    fit has not seen; measured from themselves they all lie too near.
    """
    known = vectors[np.isfinite(vectors).all(axis=1)].astype(np.float64)
    if len(known) < LEAST_ROWS or not known.shape[1]:
        return None
    part = np.random.default_rng(0).permutation(len(known)) % PARTS
    left_out = [_unscaled(known[part != number]).of_rows(known[part == number]) for number in range(PARTS)]
    whole = _unscaled(known)
    limit = float(np.quantile(np.concatenate(left_out), INSIDE))
    return OutsideDistance(whole.centre, whole.whitening, limit) if limit > 0 else None


def opened(folder: Path) -> OutsideDistance | None:
    """The distance from the reference of the version in `folder`; None where it has none with vectors."""
    file = folder / REFERENCE
    if not file.exists():
        return None
    _, vectors = read(file.read_bytes())
    return None if vectors is None else fitted(vectors)


def _unscaled(rows: FloatArray) -> OutsideDistance:
    centre, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), _CONSTANT)
    standard = (rows - centre) / spread
    correlations = (1 - SHRINKAGE) * standard.T @ standard / len(rows) + SHRINKAGE * np.eye(len(centre))
    # Its inverse is L @ L.T, so that the length of x @ L is the distance of x.
    whitening = np.linalg.cholesky(np.linalg.inv(correlations)) / spread[:, None]
    return OutsideDistance(centre, whitening, 1.0)
