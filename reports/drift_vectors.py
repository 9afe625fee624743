"""Drift of embeddings: a classifier that tells the sides apart, and the maximum mean discrepancy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import cdist

from reports.drift_columns import FEWEST

Matrix = NDArray[np.float64]
COMPONENTS = 8
"""How many principal components are watched as columns of their own."""
MOST_CLASSIFIED = 1000
"""Vectors a side that the classifier learns from."""
MOST_PERMUTED = 500
"""Vectors a side in the kernel: its matrix grows with the square."""
PERMUTATIONS = 500
DIRECTIONS = 32
"""Principal components of both sides together that the classifier sees: it must not learn by heart."""
_FOLDS = 5
_FIXED_FROM = 5000  # vectors of the reference that its components are computed from


@dataclass(frozen=True)
class Principal:
    """The principal components of a reference, by which every window is measured."""

    mean: Matrix
    directions: Matrix  # (components, d)

    def __call__(self, vectors: NDArray[Any]) -> Matrix:
        """(n, d) -> (n, components); a row of NaN stays one."""
        projected: Matrix = (vectors.astype(np.float64) - self.mean) @ self.directions.T
        return projected


def known(vectors: NDArray[Any] | None) -> Matrix:
    """The rows that are vectors, in float64."""
    if vectors is None or vectors.ndim != 2 or not vectors.shape[1]:
        return np.empty((0, 0))
    rows: Matrix = vectors[np.isfinite(vectors).all(axis=1)].astype(np.float64)
    return rows


def principal(reference: NDArray[Any]) -> Principal | None:
    """The components of a reference's vectors (n, d); None for fewer than FEWEST."""
    rows = known(reference)
    if len(rows) < FEWEST:
        return None
    rows = _drawn(rows, _FIXED_FROM, 0)
    mean = rows.mean(axis=0)
    _, _, directions = np.linalg.svd(rows - mean, full_matrices=False)
    directions = directions[:COMPONENTS]
    # A direction and its opposite are the same one: the largest weight is made positive.
    largest = np.abs(directions).argmax(axis=1)
    return Principal(mean, directions * np.sign(directions[np.arange(len(directions)), largest])[:, None])


def compared(reference: NDArray[Any], current: NDArray[Any], seed: int = 0) -> dict[str, Any]:
    """How far apart two sets of vectors (n, d) lie: AUC of a classifier, and MMD with its p."""
    first, second = known(reference), known(current)
    score, side = separation(
        _drawn(first, MOST_CLASSIFIED, seed), _drawn(second, MOST_CLASSIFIED, seed + 1), seed
    )
    auc = area(side, score)
    mmd, p = discrepancy(
        _drawn(first, MOST_PERMUTED, seed + 2), _drawn(second, MOST_PERMUTED, seed + 3), seed
    )
    return {
        "n_reference": len(first),
        "n_current": len(second),
        "dimensions": first.shape[1],
        "auc": auc | {"n": len(side)},
        "mmd2": mmd,
        "p": p,
        "permutations": PERMUTATIONS,
    }


def separation(
    reference: Matrix, current: Matrix, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(probability of being of the window, whether it is) of every row, reference first.

    A logistic regression on the principal components of both, each row by a model that has not seen it
    (5 folds). Needs at least 5 rows a side.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = np.concatenate([reference, current])
    side = np.r_[np.zeros(len(reference), bool), np.ones(len(current), bool)]
    if rows.shape[1] > DIRECTIONS:
        rows = PCA(min(DIRECTIONS, *rows.shape), random_state=seed).fit_transform(rows)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=300))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    probability = cross_val_predict(model, rows, side, cv=folds, method="predict_proba")[:, 1]
    return probability, side


def unlike(reference: NDArray[Any], current: NDArray[Any]) -> NDArray[np.float64]:
    """How much more the window than the reference is like each row of `current`, as a log ratio.

    The densities of both sides under one RBF kernel, in the principal components of both, each in units
    of the reference's spread; a row does not count for itself. Needs at least 5 rows a side.
    """
    from sklearn.decomposition import PCA

    before, after = reference.astype(np.float64), current.astype(np.float64)
    anchors = (_drawn(before, MOST_CLASSIFIED, 0), _drawn(after, MOST_CLASSIFIED, 1))
    both = np.concatenate(anchors)
    project = PCA(min(DIRECTIONS, *both.shape), random_state=0).fit(both).transform
    scale = np.maximum(project(anchors[0]).std(axis=0), 1e-9)
    old, new = (project(anchor) / scale for anchor in anchors)
    width = float(np.median(cdist(old, old, "sqeuclidean"))) / 4
    scores = []
    for start in range(0, len(after), MOST_CLASSIFIED):
        rows = project(after[start : start + MOST_CLASSIFIED]) / scale
        near, far = (
            np.exp(-cdist(rows, side, "sqeuclidean") / max(width, 1e-9)).mean(axis=1) for side in (new, old)
        )
        # The row itself is among the anchors: without it, a lone stranger would seem to have company.
        own = 1 / len(new) if len(new) == len(after) else 0.0
        scores.append(np.log((np.maximum(near - own, 0) + 1e-9) / (far + 1e-9)))
    return np.concatenate(scores)


def area(side: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, float]:
    """Area under the ROC curve with its 95 % interval (Newcombe, Statistics in Medicine 2006, 25:559).

    Its ends are the areas whose own variance (Hanley and McNeil, Radiology 1982, with sides of equal size)
    just allows what was found, so that perfect order, too, has an interval.
    """
    positive, negative = int(side.sum()), int((~side).sum())
    ranks = stats.rankdata(score)
    value = float((ranks[side].sum() - positive * (positive + 1) / 2) / (positive * negative))
    low, high = (_end(value, edge, positive, negative) for edge in (0.0, 1.0))
    return {"value": value, "low": low, "high": high}


def _end(value: float, edge: float, positive: int, negative: int) -> float:
    """The area between `value` and `edge` that `value` is 1.96 of its standard deviations away from."""
    equal = (positive + negative) / 2

    def beyond(area: float) -> bool:
        spread = 1 + (equal - 1) * ((1 - area) / (2 - area) + area / (1 + area))
        variance = area * (1 - area) * spread / (positive * negative)
        return (value - area) ** 2 > 1.96**2 * variance

    if not beyond(edge):
        return edge
    near, far = value, edge
    for _ in range(60):  # halved until no float is between
        middle = (near + far) / 2
        near, far = (near, middle) if beyond(middle) else (middle, far)
    return (near + far) / 2


def discrepancy(reference: Matrix, current: Matrix, seed: int = 0) -> tuple[float, float]:
    """(squared MMD, permutation p) with an RBF kernel as wide as the median distance.

    Gretton et al., JMLR 2012, the biased estimate. p is at least 1 / (PERMUTATIONS + 1).
    """
    rows = np.concatenate([reference, current])
    squared = cdist(rows, rows, "sqeuclidean")
    middle = float(np.median(squared[np.triu_indices(len(rows), 1)]))
    kernel = np.exp(-squared / max(middle, 1e-12))
    weights = np.r_[np.full(len(reference), 1 / len(reference)), np.full(len(current), -1 / len(current))]
    random = np.random.default_rng(seed)
    shuffled = np.stack([weights, *(random.permutation(weights) for _ in range(PERMUTATIONS))])
    values = np.einsum("ij,ij->i", shuffled @ kernel, shuffled)
    observed = float(values[0])
    return max(observed, 0.0), float((1 + np.sum(values[1:] >= observed - 1e-12)) / (1 + PERMUTATIONS))


def _drawn(rows: Matrix, most: int, seed: int) -> Matrix:
    if len(rows) <= most:
        return rows
    return rows[np.random.default_rng(seed).choice(len(rows), most, replace=False)]
