"""From a drifted number to the scans that pull it: which of a window are unlike the reference."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput, NotFound, UserFacingError
from data.files import FileStore
from data.records import CATEGORIES, NUMBERS, WATCHED, DriftRun, RunState, Severity, User
from reports.drift_columns import sampled
from reports.drift_vectors import Principal, known, principal, unlike
from services import keys
from services.cohort.cohort import HiddenFrom
from services.drift.influence_scores import (
    COMPONENT_NAMES,
    FloatArray,
    name_scores,
    names_of,
    number_scores,
    numbers_of,
    overall,
)
from services.drift.references import OpenedReference, same_kind
from services.drift.runs import DriftRuns
from services.drift.windows import Windows
from services.permissions import Permission, require

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

MOST_SHOWN = 60
OVERALL, EMBEDDING = "overall", "embedding"
_OPENED = 4
_MOST_CLASSIFIED = 20_000


@dataclass(frozen=True)
class InfluentialScan:
    """A scan of the window, by how much it pulls."""

    scan_id: str
    result_id: str
    score: float
    value: float | str | None  # of the feature


@dataclass(frozen=True)
class Influence:
    """The scans that pull a feature the most, and what is usual in the reference."""

    feature: str
    title: str
    unit: str
    median: float | None
    q25: float | None
    q75: float | None
    usual: str | None  # the most frequent name, where names are compared
    scans: tuple[InfluentialScan, ...]


@dataclass(frozen=True)
class Scored:
    """A run's window with a score a reading; what the feature is on both sides, where it is one."""

    current: pd.DataFrame
    score: FloatArray
    before: NDArray[Any] | None = None
    values: NDArray[Any] | None = None


class InfluenceRanking:
    """Ranks the scans of a run's window; changes nothing."""

    def __init__(self, drift: DriftRuns, windows: Windows, files: FileStore, hidden: HiddenFrom) -> None:
        """`hidden` says what a person is not to know yet."""
        self._hidden = hidden
        self._drift = drift
        self._files = files
        self._windows = windows
        self._rows = lru_cache(maxsize=_OPENED)(self._opened)

    def forget(self) -> None:
        """Let go of rows that were read before."""
        self._rows.cache_clear()

    def of(self, run_id: str, feature: str, viewer: User | None, most: int = MOST_SHOWN) -> Influence:
        """The scans that pull `feature`, the strongest first; without those that the viewer reads blind.

        A feature is a watched column, "pc1" to "pc8", "embedding" or "overall". Raises NotFound for a run
        that is not there or a feature that it did not watch, InvalidInput where there is no telling.
        """
        if viewer is not None:
            require(viewer, Permission.SEE_SCANS)
        scored = self.scored(run_id, feature)
        hidden = self._hidden(viewer)
        scan_ids = scored.current["scan_id"].astype(str)
        left = ~scan_ids.isin(hidden.readings | hidden.reviews).to_numpy()
        score = np.where(left, scored.score, -np.inf)
        return _ranked(feature, scored.before, scored.current, score, scored.values, most)

    def scored(self, run_id: str, feature: str) -> Scored:
        """Every reading of a run's window with its score; for services that hide what a viewer may not know.

        Raises as `of` does.
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
            before, values = names_of(reference.frame, feature), names_of(current, feature)
            score = name_scores(before, values)
        else:
            before, values = self._numbers(feature, reference, current, vectors)
            score = number_scores(before, values)
        return Scored(current, score, before, values)

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
                frame.assign(**dict(zip(COMPONENT_NAMES, project(matrix).T, strict=False)))
                for frame, matrix in zip(sides, (reference.vectors, vectors), strict=True)
            ]
        score = overall(*sides)
        self._files.put_array(key, score)
        return score

    def _opened(self, run_id: str) -> tuple[pd.DataFrame, OpenedReference, NDArray[Any]]:
        run = self._drift.run(run_id)
        rows = sampled(self._drift.rows(run_id), most=_MOST_CLASSIFIED)
        reference = same_kind(self._drift.references.opened(run.task, run.reference_id or ""), rows)
        version = self._drift.network_of(reference)
        return rows, reference, self._windows.vectors(version)(rows)

    def _numbers(
        self, feature: str, reference: OpenedReference, current: pd.DataFrame, vectors: NDArray[Any]
    ) -> tuple[FloatArray, FloatArray]:
        if feature in NUMBERS and feature in reference.frame.columns and feature in current.columns:
            return numbers_of(reference.frame, feature), numbers_of(current, feature)
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
    components = None if reference is None else principal(reference)
    return components if components is not None and components.mean.shape[0] == current.shape[1] else None


def _ranked(
    feature: str,
    before: NDArray[Any] | None,
    current: pd.DataFrame,
    score: FloatArray,
    values: NDArray[Any] | None,
    most: int,
) -> Influence:
    order = np.argsort(-score, kind="stable")[:most]
    order = order[np.isfinite(score[order])]
    scan_ids = current["scan_id"].astype(str).to_numpy()
    scans = tuple(
        InfluentialScan(scan_ids[row], str(current.index[row]), float(score[row]), _plain(values, row))
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
        quartiles = [float(quartile) for quartile in np.nanpercentile(before, (50, 25, 75))]
    median, q25, q75 = quartiles
    return Influence(feature, title, watched.unit if watched else "", median, q25, q75, usual, scans)


def _plain(values: NDArray[Any] | None, row: int) -> float | str | None:
    if values is None:
        return None
    value = values[row]
    if isinstance(value, str):
        return value
    return float(value) if np.isfinite(value) else None


def scan_ids(influence: Influence) -> list[str]:
    """The scans in their order, each once."""
    return list(dict.fromkeys(scan.scan_id for scan in influence.scans))
