"""Evaluations: a version reads a set of scans as a job, and what it says is kept apart from every result.

Each scan is a row that is filled in as it is read, so that whatever ends the server, the next start goes on
where it was.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from data.database import new_id, now
from data.errors import Busy, InvalidInput, NotFound, UserFacingError
from data.records import (
    AuditEvent,
    Effort,
    Evaluation,
    EvaluationReading,
    EvaluationState,
    ModelVersion,
    Precedence,
    ScanSetKind,
    User,
)
from data.stores.audit import AuditLog
from data.stores.evaluations import EvaluationStore
from services.evaluations.scan_sets import ScanSets
from services.evaluations.set_reader import Look, SetReader
from services.inference.engine import Engine, Loaded
from services.inference.faults import FILE_FAULTS, NETWORK_FAULTS
from services.jobs import JobContext, Jobs
from services.permissions import Permission, require
from services.versions.registry import Registry
from services.versions.serving import Serving

log = logging.getLogger(__name__)

JOB = "evaluation"
BUSY_PAUSE_S = 1.0
_EFFORT = Effort(precedence=Precedence.BACKGROUND)
_UNREADABLE = "This scan could not be read."
_OTHER_WEIGHTS = "The version's weights are not those that it was asked with, so nothing more was read."
_NOTHING = "There is nothing in this set that this version could read."
_BY_SERVER = "Evaluations are queued by the server only."

ReadElsewhere = Callable[[Loaded, Sequence[EvaluationReading]], Iterator[EvaluationReading]]
"""Has scans of the house read by a version on other machines: what it says of each, in any order."""

Advance = Callable[[float], None]
"""Told how far it is, from 0 to 1."""


class _Interrupted(Exception):
    """Somebody cancelled it, or the server is stopping."""


class Evaluations:
    """Asks for evaluations, works them off one at a time, and lists them."""

    def __init__(
        self,
        store: EvaluationStore,
        sets: ScanSets,
        reader: SetReader,
        registry: Registry,
        serving: Serving,
        engine: Engine,
        jobs: Jobs | None,
        audit: AuditLog,
        elsewhere: ReadElsewhere | None = None,
    ) -> None:
        """Without `jobs` only `read_now` works, as for commands; `elsewhere` reads scans of the house."""
        self.sets = sets
        self._store = store
        self._reader = reader
        self._registry = registry
        self._serving = serving
        self._engine = engine
        self._jobs = jobs
        self._audit = audit
        self._elsewhere = elsewhere
        self._asking = threading.Lock()
        if jobs is not None:
            jobs.register(JOB, self._work, on_give_up=self._give_up, limit=1)

    def request(self, task: str, version: str, kind: str, key: str, user: User) -> Evaluation:
        """Have a version read a set; one of the same that is under way is not doubled.

        Raises NotAllowed, InvalidInput, NotFound, TrackingAway and UnusableDataset.
        """
        require(user, Permission.EVALUATE_VERSIONS)
        if self._jobs is None:
            raise InvalidInput(_BY_SERVER)
        asked, readings = self._asked(task, version, kind, key, user.id, user.display_name)
        with self._asking:  # who asks twice at once gets the same twice
            other = self._under_way(asked)
            if other is not None:
                return other
            self._keep(asked, readings, user.id)
        self._jobs.submit(JOB, asked.id, user.id, _EFFORT)
        return asked

    def read_now(
        self, task: str, version: str, kind: str, key: str, who: str, advance: Advance = lambda _: None
    ) -> Evaluation:
        """Have a version read a set and wait, for the command line; interrupted, it is cancelled.

        `who` is noted as who asked. Raises as `request` does, but not NotAllowed, and keeps the failure with
        the evaluation.
        """
        asked, readings = self._asked(task, version, kind, key, "", who)
        self._keep(asked, readings, None)
        try:
            self._read_all(asked, readings, advance, lambda: False)
        except UserFacingError as error:
            self._give_up(asked.id, str(error))
            raise
        except KeyboardInterrupt:
            self._store.end(asked.id, EvaluationState.CANCELLED, now())
            raise
        self._store.end(asked.id, EvaluationState.DONE, now())
        return self._store.get(asked.id) or asked

    def resume(self) -> None:
        """Have whatever is unfinished gone on with."""
        for evaluation in self._store.recent(1000) if self._jobs else []:
            if self._jobs and evaluation.state is EvaluationState.QUEUED:
                self._jobs.submit(JOB, evaluation.id, evaluation.asked_by or None, _EFFORT)

    def cancel(self, evaluation_id: str, user: User) -> None:
        """End one that waits or runs: nothing of it counts. Raises NotAllowed, NotFound."""
        require(user, Permission.EVALUATE_VERSIONS)
        self.get(evaluation_id, user)
        with self._audit.together():
            if not self._store.end(evaluation_id, EvaluationState.CANCELLED, now()):
                return
            self._audit.record(AuditEvent(now(), user.id, "model.evaluation-cancelled", evaluation_id))
        job = self._jobs.unfinished(JOB, evaluation_id) if self._jobs else None
        if self._jobs and job is not None:
            self._jobs.cancel(job.id)

    def get(self, evaluation_id: str, user: User) -> Evaluation:
        """One evaluation; raises NotAllowed and NotFound."""
        require(user, Permission.SEE_MODELS)
        evaluation = self._store.get(evaluation_id)
        if evaluation is None:
            raise NotFound("There is no such evaluation.")
        return evaluation

    def of_ids(self, evaluation_ids: Sequence[str], user: User) -> dict[str, Evaluation]:
        """Those of these that there are, by id; raises NotAllowed."""
        require(user, Permission.SEE_MODELS)
        return self._store.of_ids(evaluation_ids)

    def recent(self, user: User, limit: int = 50, task: str | None = None) -> list[Evaluation]:
        """The latest, of all tasks or one, newest first; raises NotAllowed."""
        require(user, Permission.SEE_MODELS)
        return self._store.recent(limit, task)

    def versions(self, task: str) -> list[ModelVersion]:
        """The versions that can be asked, newest first."""
        return self._registry.versions(task)

    def _asked(
        self, task: str, version: str, kind: str, key: str, by: str, name: str
    ) -> tuple[Evaluation, list[EvaluationReading]]:
        registered = self._registry.version(task, version)
        chosen, readings = self.sets.chosen(task, kind, key)
        if not readings:
            raise InvalidInput(_NOTHING)
        asked = Evaluation(
            new_id(), task, version, registered.weights_sha256, chosen, EvaluationState.QUEUED, by, name,
            now(), len(readings),
        )  # fmt: skip
        return asked, readings

    def _under_way(self, asked: Evaluation) -> Evaluation | None:
        for other in self._store.recent(50, asked.task):
            same = (other.version, other.chosen) == (asked.version, asked.chosen)
            if same and other.state is EvaluationState.QUEUED:
                return other
        return None

    def _keep(self, asked: Evaluation, readings: list[EvaluationReading], by: str | None) -> None:
        detail = f"{asked.task} version {asked.version} on {asked.total} scans: {asked.chosen.words}"
        with self._audit.together():
            self._store.add(asked, readings)
            self._audit.record(AuditEvent(now(), by, "model.evaluate", asked.id, detail))

    def _work(self, job: JobContext) -> None:
        evaluation = self._store.get(job.subject)
        if evaluation is None or evaluation.state is not EvaluationState.QUEUED:
            return
        waiting = self._store.readings(evaluation.id, waiting=True)
        try:
            if waiting:
                self._read_all(evaluation, waiting, job.progress, job.cancelled)
        except _Interrupted:
            return
        self._store.end(evaluation.id, EvaluationState.DONE, now())

    def _read_all(
        self,
        evaluation: Evaluation,
        waiting: list[EvaluationReading],
        advance: Advance,
        cancelled: Callable[[], bool],
    ) -> None:
        loaded = self._loaded(evaluation)
        if self._elsewhere is not None and evaluation.chosen.kind is not ScanSetKind.OUTSIDE:
            said = self._elsewhere(loaded, waiting)
        else:
            said = (self._answered(evaluation, asked, loaded, cancelled) for asked in waiting)
        for read, reading in enumerate(said, start=evaluation.total - len(waiting) + 1):
            self._store.note(evaluation.id, reading)
            advance(read / evaluation.total)

    def _loaded(self, evaluation: Evaluation) -> Loaded:
        """The version's network as it would serve; raises InvalidInput where its weights are other ones."""
        version = self._registry.version(evaluation.task, evaluation.version)
        if self._serving.live(evaluation.task) == evaluation.version:
            loaded = self._engine.loaded(evaluation.task)
        else:
            loaded = self._engine.settled(self._serving.beside(version))
        if evaluation.weights_sha256 not in ("", loaded.weights_sha256):
            raise InvalidInput(_OTHER_WEIGHTS)
        return loaded

    def _answered(
        self,
        evaluation: Evaluation,
        asked: EvaluationReading,
        loaded: Loaded,
        cancelled: Callable[[], bool],
    ) -> EvaluationReading:
        def look(_: float) -> None:
            if cancelled():
                raise _Interrupted

        while True:
            look(0.0)
            try:
                return self._read(evaluation, asked, loaded, look)
            except Busy:  # those who cannot wait are many right now
                time.sleep(BUSY_PAUSE_S)
            except UserFacingError as error:
                return _failed(asked, str(error))
            except (*NETWORK_FAULTS, *FILE_FAULTS):
                log.exception("evaluation %s: %s could not be read", evaluation.id, asked.name)
                return _failed(asked, _UNREADABLE)

    def _read(
        self, evaluation: Evaluation, asked: EvaluationReading, loaded: Loaded, look: Look
    ) -> EvaluationReading:
        if evaluation.chosen.kind is not ScanSetKind.OUTSIDE:
            return self._reader.scan(loaded, asked, look)
        file = self.sets.file(evaluation.task, evaluation.chosen.key, asked.name)
        return self._reader.file(loaded, asked, file, look)

    def _give_up(self, evaluation_id: str, sentence: str) -> None:
        self._store.end(evaluation_id, EvaluationState.FAILED, now(), sentence)


def _failed(asked: EvaluationReading, why: str) -> EvaluationReading:
    return replace(asked, read_at=now(), failure=why)
