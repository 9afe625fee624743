"""The history of models, from MLflow: read in bulk, kept with its date, shown while MLflow is away.

A page never waits long for MLflow. It gets what was read last, at once or nearly so, while news is
asked for in the background; what of it was read when stands in `History.as_of`. A run that has ended
is read once.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from data.errors import NotFound, TrackingAway, UserFacingError
from data.records import TrackedRun
from data.tracking import Curves, Tracking
from services.performance.history_cache import HistoryCache, KeptCurves, Known, state_of
from services.performance.history_records import History, MonthHistory, VersionHistory
from services.performance.task_history import TaskHistory
from services.versions.registry import EXPERIMENT

log = logging.getLogger(__name__)

REAL_USE, REHEARSAL = "real-use", "rehearsal"
ANSWER_S = 5.0  # how long a page waits for a run's curves or files that were never read before
HARDLY_S = 0.8  # the same, where MLflow has not answered lately
PAUSE_S = 1.0
AHEAD = 100  # of the newest versions, the curves are read before anybody asks
AT_ONCE = 10  # of them, so that a server has time for others between
KEPT_EVERY = timedelta(minutes=1)  # a history that has not changed is dated anew on the disk
_AWAY = "MLflow cannot be reached just now; try again later."

T = TypeVar("T")


class Histories:
    """Histories by task; what was read is kept below `folder`."""

    def __init__(self, tracking: Tracking, folder: Path, tasks: Iterable[str]) -> None:
        self._tracking = tracking
        self._cache = HistoryCache(folder)
        self._tasks = tuple(tasks)
        self._histories: dict[str, TaskHistory] = {}
        self._guard = threading.Lock()
        self._closing = threading.Event()

    def of(self, task: str) -> History:
        """A task's history, at most some seconds old while MLflow answers; raises NotFound for no task."""
        history = self._history(task)
        if history.stale and not self._closing.is_set():
            self._begin(history).wait(history.patience_s)
        return history.snapshot()

    def refresh(self, task: str) -> History:
        """A task's history with all that MLflow was told before this call; waits for its answer."""
        history = self._history(task)
        self._read(history)
        return history.snapshot()

    def curves(self, task: str, version: str) -> Curves:
        """{metric: [(step, value), …]} of the run behind a version; empty where there is none."""
        history, run = self._behind(task, version)
        if run is None:
            return {}
        kept = history.curves.get(run.run_id)
        if kept is None or kept.state != state_of(run):
            with contextlib.suppress(TrackingAway):
                self._answered(history, lambda: self._read_curves(history, [run]))
            kept = history.curves.get(run.run_id)
        return kept.curves if kept else {}

    def artifacts(self, task: str, version: str) -> list[str]:
        """Paths of the files that the run behind a version keeps; empty where they cannot be had."""
        history, run = self._behind(task, version)
        if run is None:
            return []
        kept = self._cache.names(run.run_id)
        if kept is not None and (run.ended or history.away):
            return kept
        try:
            names = self._answered(history, lambda: self._tracking.artifacts(run.run_id))
        except UserFacingError:
            return kept or []
        self._cache.keep_names(run.run_id, names)
        return names

    def artifact(self, task: str, version: str, path: str) -> bytes:
        """One of the files; raises NotFound where there is none such, and TrackingAway."""
        history, run = self._behind(task, version)
        if run is None:
            raise NotFound("There is no such file.")
        kept = self._cache.file(run.run_id, path)
        if kept is not None and (run.ended or history.away):
            return kept
        content = self._answered(history, lambda: self._tracking.artifact(run.run_id, path))
        self._cache.keep_file(run.run_id, path, content)
        return content

    def warm(self) -> None:
        """Read everything once, so that the first page finds it."""
        for task in self._tasks:
            if not self._closing.is_set():
                self.refresh(task)
                self._read_ahead(self._history(task))

    def close(self) -> None:
        """Ask no more; waits a moment for what is being asked."""
        self._closing.set()
        for history in list(self._histories.values()):
            history.wait(1.0)

    def _history(self, task: str) -> TaskHistory:
        if task not in self._tasks:
            raise NotFound(f"There is no task called {task}.")
        with self._guard:
            if task not in self._histories:
                self._histories[task] = TaskHistory(task, self._cache.known(task), self._cache.curves(task))
            return self._histories[task]

    def _behind(self, task: str, version: str) -> tuple[TaskHistory, TrackedRun | None]:
        history = self._history(task)
        if history.known is None:
            self.of(task)
        return history, history.run_behind(version)

    def _begin(self, history: TaskHistory) -> threading.Event:
        return history.begin(lambda: self._read(history), lambda: self._read_ahead(history, PAUSE_S))

    def _read(self, history: TaskHistory) -> None:
        """Ask MLflow, unless somebody else does so after this call began."""
        called = time.monotonic()
        with history.reading:
            if history.asked_since(called):
                return
            asked = time.monotonic()
            try:
                known = self._fetched(history)
            except TrackingAway as away:
                if not history.failed:  # once for each time that MLflow goes away
                    log.warning("the history of %s cannot be read: %r", history.task, away.__cause__)
                history.refused()
                return
            before = history.known
            history.learned(known, asked)
            if before is None or before.as_of + KEPT_EVERY < known.as_of or _differ(before, known):
                self._cache.keep(history.task, known)

    def _fetched(self, history: TaskHistory) -> Known:
        as_of, experiment = datetime.now(UTC), EXPERIMENT.format(task=history.task)
        versions = tuple(self._tracking.registered(history.task))
        before = history.known.runs if history.known else {}
        behind = {version.run_id for version in versions if version.run_id}
        runs = {run_id: before[run_id] for run_id in behind if run_id in before and before[run_id].ended}
        asked = behind - runs.keys() - history.missing
        runs |= self._tracking.runs_by_id(asked, experiment)
        history.missing |= asked - runs.keys()
        return Known(
            as_of=as_of,
            versions=versions,
            runs=runs,
            real_use=self._tagged(experiment, REAL_USE),
            rehearsals=self._tagged(experiment, REHEARSAL),
        )

    def _tagged(self, experiment: str, kind: str) -> tuple[TrackedRun, ...]:
        return tuple(self._tracking.runs(f"{experiment}-{kind}", {"lightbox.kind": kind}))

    def _read_ahead(self, history: TaskHistory, pause_s: float = 0.0) -> None:
        """The curves of the newest versions that have changed or were never read, in bulk.

        After a pause, so that the page that is being opened is served first.
        """
        if history.away or history.known is None or not history.curving.acquire(blocking=False):
            return
        try:
            self._closing.wait(pause_s)
            behind = [
                version.run for version in history.snapshot().versions[:AHEAD] if version.run is not None
            ]
            wanted = [run for run in behind if not _kept(history, run)]
            for first in range(0, len(wanted), AT_ONCE):
                if not self._closing.is_set():
                    self._read_curves(history, wanted[first : first + AT_ONCE])
            self._keep_curves(history, {run.run_id for run in behind})
        except TrackingAway as away:
            log.warning("the curves of %s cannot be read: %r", history.task, away.__cause__)
        finally:
            history.curving.release()

    def _read_curves(self, history: TaskHistory, runs: list[TrackedRun]) -> None:
        curves = self._tracking.curves(runs)
        history.curves |= {run.run_id: KeptCurves(state_of(run), curves.get(run.run_id, {})) for run in runs}
        history.unsaved = True

    def _keep_curves(self, history: TaskHistory, run_ids: set[str]) -> None:
        if history.unsaved:
            history.unsaved = False
            kept = {run_id: curves for run_id, curves in dict(history.curves).items() if run_id in run_ids}
            self._cache.keep_curves(history.task, kept)

    def _answered(self, history: TaskHistory, ask: Callable[[], T]) -> T:
        """What MLflow answers, if it does so soon; raises TrackingAway where not."""
        if history.away:
            raise TrackingAway(_AWAY)
        answer: Future[T] = Future()
        threading.Thread(target=_answer, args=(answer, ask), name="history", daemon=True).start()
        try:
            return answer.result(ANSWER_S if history.answers else HARDLY_S)
        except (TrackingAway, TimeoutError) as error:
            log.warning("MLflow gave no answer about %s: %r", history.task, error.__cause__ or error)
            raise TrackingAway(_AWAY) from error


def _answer(answer: Future[T], ask: Callable[[], T]) -> None:
    try:
        answer.set_result(ask())
    except Exception as error:  # noqa: BLE001  whoever waits for the answer raises it
        answer.set_exception(error)


def _kept(history: TaskHistory, run: TrackedRun) -> bool:
    kept = history.curves.get(run.run_id)
    return kept is not None and kept.state == state_of(run)


def _differ(known: Known, other: Known) -> bool:
    return (known.versions, known.runs, known.real_use, known.rehearsals) != (
        other.versions,
        other.runs,
        other.real_use,
        other.rehearsals,
    )


__all__ = ["Histories", "History", "MonthHistory", "VersionHistory"]
