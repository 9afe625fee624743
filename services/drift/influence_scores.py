"""How much each scan of a window is unlike the reference: by a number, by a name, by everything together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data.errors import NotFound
from data.records import CATEGORIES, NUMBERS
from reports.drift_columns import UNKNOWN
from reports.drift_numbers import USUAL
from reports.drift_vectors import COMPONENTS

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
FARTHEST = 12.0  # reference spreads from its median; what lies beyond counts as there
CELLS = 600
WIDTH = 0.25  # of the kernel, in spreads of the reference
REPEATS = 2
MOST_CODES = 255  # names that the trees tell apart
COMPONENT_NAMES = tuple(f"pc{number}" for number in range(1, COMPONENTS + 1))


def number_scores(reference: FloatArray, current: FloatArray) -> FloatArray:
    """How much more frequent values like each of `current` are in it than in the reference, as a log ratio.

    Taking the scans with the highest ratio out of the window brings it nearest to the reference. Densities
    are histograms under a Gaussian kernel; an unknown value scores by how frequent unknown ones are.
    """
    before, after = reference[np.isfinite(reference)], current[np.isfinite(current)]
    unknown = [1 - len(side) / max(n, 1) for side, n in ((before, len(reference)), (after, len(current)))]
    scores = np.full(len(current), _log_ratio(unknown[0], unknown[1], len(reference)))
    if not len(before) or not len(after):
        return scores
    middle, spread = float(np.median(before)), _spread(before, after)
    edges = np.linspace(-FARTHEST, FARTHEST, CELLS + 1)
    width = WIDTH * CELLS / (2 * FARTHEST)
    places, density = [], []
    for values in (before, after):
        scaled = np.clip((values - middle) / spread, -FARTHEST, FARTHEST * (1 - 1e-9))
        cells = np.clip(np.searchsorted(edges, scaled, side="right") - 1, 0, CELLS - 1)
        counts = np.bincount(cells, minlength=CELLS).astype(np.float64)
        places.append(cells)
        density.append(ndimage.gaussian_filter1d(counts, width, mode="nearest") * width / len(values))
    ratio = _outward(_log_ratio(density[0], density[1], len(before)), places[0])
    # Of equal classes the farther value comes first.
    far = np.abs((after - middle) / spread)
    scores[np.isfinite(current)] = ratio[places[1]] + 1e-6 * np.clip(far, 0, 1e3)
    return scores


def _outward(ratio: FloatArray, usual: NDArray[np.int64]) -> FloatArray:
    """Beyond the usual range of the reference nothing farther away counts as less strange."""
    low, high = (int(edge) for edge in np.percentile(usual, USUAL))
    ratio[high:] = np.maximum.accumulate(ratio[high:])
    ratio[: low + 1] = np.maximum.accumulate(ratio[low::-1])[::-1]
    return ratio


def name_scores(reference: NDArray[Any], current: NDArray[Any]) -> FloatArray:
    """The same for names: how much more frequent each one's name is than it was."""
    names, codes = np.unique(np.concatenate([reference, current]).astype(str), return_inverse=True)
    before, after = (
        np.bincount(part, minlength=len(names)) / max(len(part), 1)
        for part in (codes[: len(reference)], codes[len(reference) :])
    )
    return np.asarray(_log_ratio(before, after, len(reference))[codes[len(reference) :]])


def overall(reference: pd.DataFrame, current: pd.DataFrame) -> FloatArray:
    """How surely each row of `current` is of the window and not of the reference, all columns together.

    The mean probability of boosted trees that have not seen the row (5 folds, REPEATS times). Columns that
    one side lacks, and how the readings are numbered, are left out; names are taken as classes.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    rows, is_name = _both(reference, current)
    side = np.r_[np.zeros(len(reference), bool), np.ones(len(current), bool)]
    folds = min(5, len(reference), len(current))
    if folds < 2 or not rows.shape[1]:
        return np.zeros(len(current))
    total = np.zeros(len(side))
    for seed in range(REPEATS):
        trees = HistGradientBoostingClassifier(
            max_iter=60,
            max_leaf_nodes=15,
            min_samples_leaf=8,
            categorical_features=is_name,
            random_state=seed,
        )
        split = StratifiedKFold(folds, shuffle=True, random_state=seed)
        total += cross_val_predict(trees, rows, side, cv=split, method="predict_proba")[:, 1]
    return np.asarray(total[side] / REPEATS)


def _both(reference: pd.DataFrame, current: pd.DataFrame) -> tuple[FloatArray, list[bool]]:
    """Both sides below each other as numbers, names as codes, and which columns are names."""
    parts, is_name = [], []
    for name in (*NUMBERS, *COMPONENT_NAMES, *CATEGORIES):
        if name not in reference.columns or name not in current.columns:
            continue
        if name in CATEGORIES:
            values = np.concatenate([names_of(frame, name) for frame in (reference, current)])
            _, codes = np.unique(values.astype(str), return_inverse=True)
            parts.append(np.minimum(codes, MOST_CODES - 1).astype(np.float64))
        else:
            values = np.concatenate([numbers_of(frame, name) for frame in (reference, current)])
            known = values[np.isfinite(values)]
            if not len(known) or np.ptp(known) == 0:  # says nothing, and the trees cannot have it
                continue
            parts.append(values)
        is_name.append(name in CATEGORIES)
    rows = len(reference) + len(current)
    return np.stack(parts, axis=1) if parts else np.empty((rows, 0)), is_name


def _log_ratio(before: Any, after: Any, n: int) -> Any:
    """Log of how much more frequent; half a scan is added to both, so that rare is not infinitely so."""
    little = 0.5 / max(n, 1)
    return np.log((after + little) / (before + little))


def _spread(before: FloatArray, after: FloatArray) -> float:
    """A scale that a few strange scans do not change."""
    for values in (before, np.concatenate([before, after])):
        low, high = np.percentile(values, (25, 75))
        for spread in ((high - low) / 1.349, float(values.std())):
            if spread > 0:
                return float(spread)
    return 1.0


def numbers_of(frame: pd.DataFrame, name: str) -> FloatArray:
    """A column as numbers, NaN where one is missing."""
    values: FloatArray = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def names_of(frame: pd.DataFrame, name: str) -> NDArray[Any]:
    """A column as names, "unknown" where one is missing; raises NotFound for one that is not there."""
    if name not in frame.columns:
        raise NotFound(f"This run did not watch {name}.")
    values: NDArray[Any] = (
        frame[name].astype(object).where(frame[name].notna(), UNKNOWN).to_numpy(dtype=object)
    )
    return values
