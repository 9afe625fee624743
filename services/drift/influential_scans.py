"""From a drifted number to the scans that pull it: which of a window are unlike the reference."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data.errors import InvalidInput, NotFound, UserFacingError
from data.files import FileStore
from data.records import CATEGORIES, NUMBERS, WATCHED, DriftRun, RunState, Severity
from reports.drift_columns import UNKNOWN, sampled
from reports.drift_numbers import USUAL
from reports.drift_vectors import COMPONENTS, Principal, known, principal, unlike
from services import keys
from services.drift.references import Frozen, alike
from services.drift.runs import Drift
from services.drift.windows import Windows

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

FloatArray = NDArray[np.float64]
MOST_SHOWN = 60
OVERALL, EMBEDDING = "overall", "embedding"
FARTHEST = 12.0  # reference spreads from its median; what lies beyond counts as there
CELLS = 600
WIDTH = 0.25  # of the kernel, in spreads of the reference
REPEATS = 2
MOST_CODES = 255  # names that the trees tell apart
_COMPONENTS = tuple(f"pc{number}" for number in range(1, COMPONENTS + 1))
_OPENED = 4
_MOST_CLASSIFIED = 20_000


@dataclass(frozen=True)
class Culprit:
    """A scan of the window, by how much it pulls."""

    scan_id: str
    result_id: str
    score: float
    value: float | str | None  # of the feature


@dataclass(frozen=True)
class Culprits:
    """The scans that pull a feature the most, and what is usual in the reference."""

    feature: str
    title: str
    unit: str
    median: float | None
    q25: float | None
    q75: float | None
    usual: str | None  # the most frequent name, where names are compared
    scans: tuple[Culprit, ...]


class InfluentialScans:
    """Ranks the scans of a run's window; changes nothing."""

    def __init__(self, drift: Drift, windows: Windows, files: FileStore) -> None:
        self._drift = drift
        self._files = files
        self._windows = windows
        self._rows = lru_cache(maxsize=_OPENED)(self._opened)

    def of(self, run_id: str, feature: str, most: int = MOST_SHOWN) -> Culprits:
        """The scans that pull `feature`, the strongest first.

        A feature is a watched column, "pc1" to "pc8", "embedding" or "overall". Raises NotFound for a run
        that is not there or a feature that it did not watch, InvalidInput where there is no telling.
        """
        current, reference, vectors = self._rows(run_id)
        if not len(current) or not len(reference.frame):
            raise InvalidInput("There are no scans to choose from.")
        before = values = None
        if feature == OVERALL:
            score = self._overall(run_id)
        elif feature == EMBEDDING:
            score = _of_vectors(reference.vectors, vectors)
        elif feature in CATEGORIES:
            before, values = _names(reference.frame, feature), _names(current, feature)
            score = name_scores(before, values)
        else:
            before, values = self._numbers(feature, reference, current, vectors)
            score = number_scores(before, values)
        return _told(feature, before, current, score, values, most)

    def prepare(self, run: DriftRun) -> None:
        """Compute and keep what takes longer than a person waits; a run is not lost for it."""
        if run.state is not RunState.DONE or run.severity is Severity.TOO_FEW:
            return
        try:
            self._overall(run.id)
        except (ValueError, ArithmeticError, MemoryError, OSError, UserFacingError):
            log.exception("drift run %s: its scans cannot be ranked yet", run.id)

    def _overall(self, run_id: str) -> FloatArray:
        key = keys.drift_scores(run_id)
        try:
            return np.asarray(self._files.get_array(key))
        except NotFound:
            pass
        current, reference, vectors = self._rows(run_id)
        before = sampled(reference.frame, most=_MOST_CLASSIFIED)
        sides = [before, current]
        project = _project(reference.vectors, vectors)
        if project is not None and reference.vectors is not None and len(before) == len(reference.frame):
            sides = [
                frame.assign(**dict(zip(_COMPONENTS, project(one).T, strict=False)))
                for frame, one in zip(sides, (reference.vectors, vectors), strict=True)
            ]
        score = overall(*sides)
        self._files.put_array(key, score)
        return score

    def _opened(self, run_id: str) -> tuple[pd.DataFrame, Frozen, NDArray[Any]]:
        run = self._drift.run(run_id)
        rows = sampled(self._drift.rows(run_id), most=_MOST_CLASSIFIED)
        reference = alike(self._drift.references.opened(run.task, run.reference_id), rows)
        version = self._drift.network_of(reference)
        return rows, reference, self._windows.vectors(version)(rows)

    def _numbers(
        self, feature: str, reference: Frozen, current: pd.DataFrame, vectors: NDArray[Any]
    ) -> tuple[FloatArray, FloatArray]:
        if feature in NUMBERS and feature in reference.frame.columns and feature in current.columns:
            return _floats(reference.frame, feature), _floats(current, feature)
        project = _project(reference.vectors, vectors) if feature.startswith("pc") else None
        if (
            project is None
            or not feature[2:].isdigit()
            or not 1 <= int(feature[2:]) <= len(project.directions)
        ):
            raise NotFound(f"This run did not watch {feature}.")
        assert reference.vectors is not None
        at = int(feature[2:]) - 1
        return project(reference.vectors)[:, at], project(vectors)[:, at]


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
    low, high = (int(one) for one in np.percentile(usual, USUAL))
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
    for name in (*NUMBERS, *_COMPONENTS, *CATEGORIES):
        if name not in reference.columns or name not in current.columns:
            continue
        if name in CATEGORIES:
            values = np.concatenate([_names(frame, name) for frame in (reference, current)])
            _, codes = np.unique(values.astype(str), return_inverse=True)
            parts.append(np.minimum(codes, MOST_CODES - 1).astype(np.float64))
        else:
            values = np.concatenate([_floats(frame, name) for frame in (reference, current)])
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


def _of_vectors(reference: NDArray[Any] | None, current: NDArray[Any]) -> FloatArray:
    """How much more the window than the reference is like each row; unknown vectors come last."""
    rows = np.isfinite(current).all(axis=1) if current.shape[1] else np.zeros(len(current), bool)
    before, after = known(reference), known(current)
    if min(len(before), len(after)) < 5 or before.shape[1] != after.shape[1]:
        raise InvalidInput("There are too few embeddings to choose scans by.")
    scores = np.full(len(current), -np.inf)
    scores[rows] = unlike(before, after)
    return scores


def _project(reference: NDArray[Any] | None, current: NDArray[Any]) -> Principal | None:
    found = None if reference is None else principal(reference)
    return found if found is not None and found.mean.shape[0] == current.shape[1] else None


def _floats(frame: pd.DataFrame, name: str) -> FloatArray:
    values: FloatArray = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def _names(frame: pd.DataFrame, name: str) -> NDArray[Any]:
    if name not in frame.columns:
        raise NotFound(f"This run did not watch {name}.")
    values: NDArray[Any] = (
        frame[name].astype(object).where(frame[name].notna(), UNKNOWN).to_numpy(dtype=object)
    )
    return values


def _told(
    feature: str,
    before: NDArray[Any] | None,
    current: pd.DataFrame,
    score: FloatArray,
    values: NDArray[Any] | None,
    most: int,
) -> Culprits:
    order = np.argsort(-score, kind="stable")[:most]
    order = order[np.isfinite(score[order])]
    scan_ids = current["scan_id"].astype(str).to_numpy()
    scans = tuple(
        Culprit(scan_ids[row], str(current.index[row]), float(score[row]), _plain(values, row))
        for row in order
    )
    watched = WATCHED.get(feature)
    title = watched.title if watched else feature.replace("pc", "Embedding, component ")
    quartiles: list[float | None] = [None, None, None]
    usual = None
    if before is not None and before.dtype == object:
        names, counts = np.unique(before.astype(str), return_counts=True)
        usual = str(names[counts.argmax()])
    elif before is not None and np.isfinite(before).any():
        quartiles = [float(one) for one in np.nanpercentile(before, (50, 25, 75))]
    median, q25, q75 = quartiles
    return Culprits(feature, title, watched.unit if watched else "", median, q25, q75, usual, scans)


def _plain(values: NDArray[Any] | None, row: int) -> float | str | None:
    if values is None:
        return None
    value = values[row]
    if isinstance(value, str):
        return value
    return float(value) if np.isfinite(value) else None


def scan_ids(found: Culprits) -> list[str]:
    """The scans in their order, each once."""
    return list(dict.fromkeys(scan.scan_id for scan in found.scans))
