"""Rehearsal: before a version goes live it reads the last scans, in the background, beside the champion.

A rehearsal is an MLflow run of its own with `rehearsal.json`; the masks that it drew are kept until
the next rehearsal of the same version is finished.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache

from data.codec import from_plain, to_plain
from data.database import now
from data.errors import Busy, InvalidInput, NotFound, TrackingAway, UserFacingError
from data.files import FileStore
from data.ledger.worklist import WorklistStore
from data.records import (
    AuditEvent,
    Cost,
    Job,
    OtherReading,
    Rehearsal,
    RehearsedScan,
    Scan,
    TrackedRun,
    User,
)
from data.stores.audit import AuditLog
from data.stores.jobs import JobStore
from data.stores.scans import ScanStore
from models.cost import measured, pictures
from models.weights import network_of
from services import addresses, keys
from services.inference.engine import Engine, Loaded
from services.inference.faults import FILE_FAULTS, NETWORK_FAULTS
from services.jobs import JobContext, Jobs
from services.permissions import Permission, require
from services.versions.registry import Registry
from services.versions.rehearsal_metrics import metrics_of
from services.versions.rehearsed_scans import RehearsedScans
from services.versions.rehearser import Rehearser, paired
from services.versions.rehearsing import Rehearsing, WaitedFor
from services.versions.serving import Serving

log = logging.getLogger(__name__)

JOB = "rehearsal"
EXPERIMENT = "lightbox-{task}-rehearsal"
KIND = "rehearsal"
VERSION, AGAINST = "lightbox.version", "lightbox.against"
FILE = "rehearsal.json"
MOST_SCANS = 1000
COST_BATCH = 8
BUSY_PAUSE_S = 1.0
_UNREADABLE = "This scan could not be read."
_LOST = "MLflow could not be reached when the rehearsal was finished, so it was lost; start it again."


@dataclass(frozen=True)
class RehearsalRequest:
    """What a rehearsal was asked to do; a job's subject."""

    task: str
    version: str
    scans: int


class _Cancelled(Exception):
    """Somebody cancelled it, or the server is stopping."""


class Rehearsals:
    """Rehearsals as jobs, one at a time."""

    def __init__(
        self,
        registry: Registry,
        serving: Serving,
        engine: Engine,
        rehearser: Rehearser,
        scans: ScanStore,
        worklist: WorklistStore,
        files: FileStore,
        jobs: Jobs,
        job_store: JobStore,
        audit: AuditLog,
    ) -> None:
        self._tracking = registry.tracking
        self._registry = registry
        self._serving = serving
        self._engine = engine
        self._rehearser = rehearser
        self._scans = scans
        self._rehearsed_scans = RehearsedScans(worklist, registry)
        self._files = files
        self._jobs = jobs
        self._job_store = job_store
        self._audit = audit
        self._opened = lru_cache(maxsize=32)(self._read)  # a finished one never changes
        jobs.register(JOB, self._work, limit=1)

    def request(self, task: str, version: str, scans: int, user: User) -> Job:
        """Have a version re-read the last scans; one that is under way is not doubled.

        Raises NotAllowed, InvalidInput, NotFound, Busy.
        """
        require(user, Permission.REHEARSE)
        return self.begin(task, version, scans, user.id)

    def begin(self, task: str, version: str, scans: int, by: str | None) -> Job:
        """As `request`, for the house itself, of which `by` is the account that set it going, if any."""
        asked = self._asked(task, version, scans, by)
        return self._jobs.submit(JOB, json.dumps(asdict(asked)), by)

    def rehearse_now(self, task: str, version: str, scans: int, advance: Callable[[float], None]) -> None:
        """Have a version re-read the last scans and wait, for the command line.

        Raises as `begin` does, and UserFacingError where it comes to nothing.
        """
        asked = self._asked(task, version, scans, None)
        self._rehearse(asked, WaitedFor(task, version, advance))

    def _asked(self, task: str, version: str, scans: int, by: str | None) -> RehearsalRequest:
        """What may be done, noted in the audit trail."""
        if not 1 <= scans <= MOST_SCANS:
            raise InvalidInput(f"A rehearsal takes between 1 and {MOST_SCANS} scans.")
        live = self._serving.live(task)
        if live is None:
            raise Busy("The models are still being loaded; please try again in a moment.")
        if version == live:
            raise InvalidInput("This version is live already, so there is nothing to rehearse.")
        self._registry.version(task, version)
        if self.scans_are_synthetic(task) is None:
            raise InvalidInput("There are no scans yet that this version could read.")
        detail = f"version {version} on the last {scans} scans"
        self._audit.record(AuditEvent(now(), by, "model.rehearse", task, detail))
        return RehearsalRequest(task, version, scans)

    def cancel(self, job_id: str, user: User) -> None:
        """End a rehearsal that waits or runs; raises NotAllowed, NotFound."""
        require(user, Permission.REHEARSE)
        if self._jobs.get(job_id).kind != JOB:
            raise NotFound("There is no such rehearsal.")
        self._audit.record(
            AuditEvent(now(), user.id, "model.rehearsal-cancelled", job_id)
        )  # first: it ends at once
        self._jobs.cancel(job_id)

    def jobs(self, limit: int = 20) -> list[tuple[RehearsalRequest, Job]]:
        """The latest rehearsals as jobs, newest first."""
        return [(request_of(job), job) for job in self._jobs.recent(limit, JOB)]

    def under_way(self, task: str, version: str) -> Job | None:
        """The unfinished rehearsal of a version, if there is one."""
        for job in self._job_store.unfinished(JOB):
            asked = request_of(job)
            if (asked.task, asked.version) == (task, version):
                return job
        return None

    def running(self, task: str, version: str) -> bool:
        """Whether a rehearsal of a version is unfinished."""
        return self.under_way(task, version) is not None

    def latest(self, task: str, version: str, against: str | None = None) -> Rehearsal | None:
        """The latest finished rehearsal of a version, of those against a certain champion.

        None where there is none. Raises TrackingAway.
        """
        tags = {"lightbox.kind": KIND, VERSION: version}
        for run in self._runs(task, tags if against is None else tags | {AGAINST: against}):
            if run.status == "FINISHED":
                return self.opened(run.run_id)
        return None

    def latest_of(self, task: str, versions: Iterable[str], against: str) -> dict[str, Rehearsal | None]:
        """`latest` of several versions, for one question to MLflow."""
        newest: dict[str, str] = {}
        for run in self._runs(task, {"lightbox.kind": KIND, AGAINST: against}):
            if run.status == "FINISHED":
                newest.setdefault(run.tags.get(VERSION, ""), run.run_id)
        return {version: self.opened(newest[version]) if version in newest else None for version in versions}

    def readings_of(self, task: str, version: str) -> dict[str, OtherReading]:
        """What a version said of scans in finished rehearsals, by scan; the latest counts.

        As the candidate, or as the champion where it had to read a scan once more. Raises TrackingAway.
        """
        said: dict[str, OtherReading] = {}
        for run in reversed(self._runs(task, {"lightbox.kind": KIND})):
            if run.status == "FINISHED" and version in (run.tags.get(VERSION), run.tags.get(AGAINST)):
                made = self.opened(run.run_id)
                said |= {each.scan_id: each for each in _said_by(made, version)}
        return said

    def opened(self, rehearsal_id: str) -> Rehearsal:
        """A finished rehearsal; raises NotFound and TrackingAway."""
        try:
            with _telling_away():
                return self._opened(rehearsal_id)
        except NotFound:
            raise NotFound("There is no such rehearsal.") from None

    def forget_opened(self) -> None:
        """Let go of what was read before: scans were taken out of it."""
        self._opened.cache_clear()

    def scans_are_synthetic(self, task: str) -> bool | None:
        """Whether rehearsals read synthetic scans, as there are no real ones; None: there are none at all."""
        return self._rehearsed_scans.are_synthetic(task)

    def _work(self, job: JobContext) -> None:
        self._rehearse(RehearsalRequest(**json.loads(job.subject)), job)

    def _rehearse(self, asked: RehearsalRequest, job: Rehearsing) -> None:
        if asked.version == self._serving.live(asked.task):
            raise InvalidInput("This version went live before it was rehearsed.")
        champion = self._engine.loaded(asked.task)
        beside = self._serving.beside(self._registry.version(asked.task, asked.version))
        candidate = self._engine.settled(beside)  # as it would serve
        run_id = self._begun(asked, champion, job)
        try:
            self._finish(self._rehearsed(run_id, asked, champion, candidate, job))
        except _Cancelled:
            self._drop(run_id)
        except BaseException:
            self._drop(run_id)
            raise

    def _begun(self, asked: RehearsalRequest, champion: Loaded, job: Rehearsing) -> str:
        tags = {"lightbox.kind": KIND, VERSION: asked.version}
        with _telling_away():
            for left in self._tracking.runs(_experiment(asked.task), {"lightbox.job": job.job_id}):
                self._drop(left.run_id)  # of this job, before the server was stopped or killed
            return self._tracking.start_run(
                _experiment(asked.task),
                f"version {asked.version} against {champion.version}",
                {"scans_asked": asked.scans},
                tags | {AGAINST: champion.version, "lightbox.job": job.job_id},
            )

    def _rehearsed(
        self, run_id: str, asked: RehearsalRequest, champion: Loaded, candidate: Loaded, job: Rehearsing
    ) -> Rehearsal:
        started = now()
        with _telling_away():
            chosen = self._rehearsed_scans.chosen(asked.task, asked.scans, asked.version, champion.version)
        ids = chosen.scan_ids
        rehearsed: list[RehearsedScan] = []
        failed: list[tuple[str, str]] = []
        for number, scan_id in enumerate(ids):
            scan = self._scans.get(scan_id)
            if scan is None:  # deleted meanwhile
                continue
            outcome = self._compared(run_id, scan, champion, candidate, job, number / len(ids))
            if isinstance(outcome, RehearsedScan):
                rehearsed.append(outcome)
            else:
                failed.append((scan_id, outcome))
        costs = self._costs(champion, candidate)
        rehearsed.sort(key=lambda scan: -scan.disagreement)
        return Rehearsal(
            id=run_id,
            task=asked.task,
            version=asked.version,
            against=champion.version,
            asked_by=job.user_id,
            started_at=started,
            finished_at=now(),
            synthetic=chosen.synthetic,
            trained_on=chosen.trained_on,
            differences=tuple(rehearsed),
            failed=tuple(failed),
            paired=paired(rehearsed),
            champion_cost=costs[0],
            candidate_cost=costs[1],
        )

    def _compared(
        self, run_id: str, scan: Scan, champion: Loaded, candidate: Loaded, job: Rehearsing, done: float
    ) -> RehearsedScan | str:
        def look(_: float) -> None:
            if job.cancelled():
                raise _Cancelled

        look(0.0)
        job.progress(done)
        while True:
            try:
                return self._rehearser.compared(run_id, scan, champion, candidate, look)
            except Busy:  # those who cannot wait are many right now
                time.sleep(BUSY_PAUSE_S)
                look(0.0)
            except _Cancelled:
                raise
            except UserFacingError as error:
                return str(error)
            except (*NETWORK_FAULTS, *FILE_FAULTS):
                log.exception("scan %s could not be rehearsed", scan.id)
                return _UNREADABLE

    def _costs(self, champion: Loaded, candidate: Loaded) -> list[Cost]:
        """Of both as they were trained: what this machine makes of either is no matter of the versions."""
        batch = pictures(COST_BATCH, candidate.task.channels, candidate.task.input_size)
        both = [
            network_of(loaded.task, loaded.trained).to(self._engine.device)
            for loaded in (champion, candidate)
        ]
        return [Cost(cost.picture_ms, cost.weights_mb, cost.peak_mb) for cost in measured(both, batch)]

    def _finish(self, rehearsal: Rehearsal) -> None:
        try:
            self._tracking.log_metrics(rehearsal.id, metrics_of(rehearsal))
            self._tracking.log_json(rehearsal.id, FILE, to_plain(rehearsal))
            self._tracking.end_run(rehearsal.id)
            older = self._runs(rehearsal.task, {"lightbox.kind": KIND, VERSION: rehearsal.version})
        except TrackingAway as away:
            raise UserFacingError(_LOST) from away
        for run in older:
            if run.run_id != rehearsal.id:  # its numbers stay in MLflow; its pictures have had their day
                self._files.delete_all(keys.rehearsal(run.run_id))
        detail = (
            f"version {rehearsal.version} against {rehearsal.against}: {len(rehearsal.differences)} scans"
        )
        self._audit.record(AuditEvent(now(), rehearsal.asked_by, "model.rehearsed", rehearsal.task, detail))

    def _drop(self, run_id: str) -> None:
        """Leave nothing of an unfinished rehearsal."""
        self._files.delete_all(keys.rehearsal(run_id))
        try:
            self._tracking.end_run(run_id, failed=True)
            self._tracking.delete_runs([run_id])
        except TrackingAway as away:
            log.warning("the run of a rehearsal that ended early stays in MLflow: %r", away.__cause__)

    def _runs(self, task: str, tags: Mapping[str, str]) -> list[TrackedRun]:
        with _telling_away():
            return self._tracking.runs(_experiment(task), tags)

    def _read(self, rehearsal_id: str) -> Rehearsal:
        rehearsal: Rehearsal = from_plain(Rehearsal, self._tracking.read_json(rehearsal_id, FILE))
        return rehearsal


def request_of(job: Job) -> RehearsalRequest:
    """What a rehearsal's job was asked to do."""
    return RehearsalRequest(**json.loads(job.subject))


def _said_by(made: Rehearsal, version: str) -> Iterator[OtherReading]:
    """What a version said in a rehearsal of its own; a kept result of the champion is none of these."""
    for scan in made.differences:
        if version == made.version:
            answer = scan.candidate
        elif scan.result_id is None:
            answer = scan.champion
        else:
            continue
        yield OtherReading(
            scan_id=scan.scan_id,
            source=addresses.rehearsal(made.id),
            kind=KIND,
            read_at=made.started_at,
            positive=answer.positive,
            probability=answer.probability,
            threshold=None,
            volume_ml=answer.volume_ml,
            dice=answer.truth_dice,
            network_ms=answer.network_ms,
        )


def _experiment(task: str) -> str:
    return EXPERIMENT.format(task=task)


@contextmanager
def _telling_away() -> Iterator[None]:
    try:
        yield
    except TrackingAway as away:
        log.warning("MLflow did not answer a rehearsal: %r", away.__cause__)
        raise TrackingAway("MLflow cannot be reached right now, and rehearsals are kept there.") from away
