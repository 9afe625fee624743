"""Long work in this process's own threads, kept so that it survives whatever kills the process.

The jobs table is the truth. huey only carries job ids to worker threads: its queue is emptied at
every start and filled again from the table. A job may therefore run more than once, and the work
has to bear that.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from huey import SqliteHuey, crontab
from huey.consumer import Consumer

from data.database import DATABASE_FAULTS, new_id, now
from data.errors import Busy, InvalidInput, NotFound, UserFacingError
from data.records import Job, JobState
from data.stores.jobs import JobStore
from services.containment import contained

MOST_ATTEMPTS = 3
_INTERRUPTED = "This work was interrupted {attempts} times and was given up. It can be started again."
_BROKEN = "Something went wrong inside Lightbox (error {error_id}). An administrator can look it up."
_UNKNOWN = "This version of Lightbox does not know this kind of work."
_PROGRESS_EVERY_S = 0.2
_STOP_TIMEOUT_S = 5.0
_TIMED, _LEAST_TIMED = 40, 3  # jobs that the time to wait is told from
_TICK_EXPIRES_S = 50  # a minute that found no free worker is left to the next one

log = logging.getLogger(__name__)

Work = Callable[["JobContext"], None]
GiveUp = Callable[[str, str], None]


class JobContext:
    """What work gets to see of its job."""

    def __init__(self, job: Job, run_id: str, store: JobStore, stopping: threading.Event) -> None:
        self.job_id = job.id
        self.subject = job.subject
        self.user_id = job.user_id
        self.attempt = job.attempts + 1  # `job` is as it was before this run
        self.run_id = run_id
        self.cancel_asked = threading.Event()
        self.gave_way = False  # the work was told to end early
        self._store = store
        self._stopping = stopping
        self._noted_at = 0.0

    def progress(self, fraction: float) -> None:
        """How far the work is, from 0 to 1. May be called often: few calls reach the database."""
        if monotonic() - self._noted_at >= _PROGRESS_EVERY_S:
            self._noted_at = monotonic()
            self._store.progress(self.job_id, self.run_id, fraction)

    def cancelled(self) -> bool:
        """Whether the work should return now: somebody cancelled it, or the server is stopping.

        In the second case it runs again, from its beginning, at the next start.
        """
        self.gave_way = self.gave_way or self.cancel_asked.is_set() or self._stopping.is_set()
        return self.gave_way


@dataclass
class _Kind:
    work: Work
    on_give_up: GiveUp | None
    limit: int | None
    priority: int | None = None
    running: int = 0
    waiting: deque[str] = field(default_factory=deque)  # job ids held back by the limit


def _refuse(_context: JobContext) -> None:
    raise InvalidInput(_UNKNOWN)


_UNKNOWN_KIND = _Kind(_refuse, None, None)  # queued by a version that knew it


class Jobs:
    """The jobs and the threads that do them."""

    def __init__(
        self,
        store: JobStore,
        folder: Path,
        workers: int = 4,
        *,
        busy_delay_s: float = 2.0,
        retry_delay_s: float = 2.0,
    ) -> None:
        """`folder` holds huey's own small database. The delays: before a job runs again after
        `Busy`, and after an unexpected error.
        """
        folder.mkdir(parents=True, exist_ok=True)
        # Losing this file loses nothing (see above), so nobody waits for the disk.
        self._huey = SqliteHuey("jobs", filename=str(folder / "jobs.db"), results=False, fsync=False)
        self._carry = self._huey.task(name="run_job")(self._run)
        self._huey.periodic_task(crontab(), name="every_minute", expires=_TICK_EXPIRES_S)(self._minute)
        self._minutely: list[Callable[[], None]] = []
        self._store = store
        self._workers = workers
        self._busy_delay_s = busy_delay_s
        self._retry_delay_s = retry_delay_s
        self._kinds: dict[str, _Kind] = {}
        self._active: dict[str, JobContext] = {}
        self._changed = threading.Condition()  # guards the two above; notified when a run ends
        self._stopping = threading.Event()
        self._consumer: _QuietConsumer | None = None

    def register(
        self,
        kind: str,
        work: Work,
        on_give_up: GiveUp | None = None,
        *,
        limit: int | None = None,
        priority: int | None = None,
    ) -> None:
        """Says how a kind of job is done, before `start`.

        `on_give_up(subject, sentence)` is called whenever a job of this kind fails for good.
        At most `limit` jobs of the kind run at a time. One with a higher `priority` does not wait behind
        those without.
        """
        self._kinds[kind] = _Kind(work, on_give_up, limit, priority)

    def every_minute(self, act: Callable[[], None]) -> None:
        """Has `act` called once a minute from the start on, now and then less often on a busy machine.

        huey's clock drives it, through its queue and in a worker: what is due needs one anyhow.
        """
        self._minutely.append(act)

    def submit(self, kind: str, subject: str, user_id: str | None = None) -> Job:
        """Queues a job, or finds the unfinished one of the same kind and subject."""
        if kind not in self._kinds:
            raise ValueError(f"no such kind of job: {kind}")
        job, created = self._store.add(Job(new_id(), kind, subject, JobState.QUEUED, 0.0, 0, now(), user_id))
        if created:
            self._carry(job.id, priority=self._kinds[kind].priority)
        return job

    def get(self, job_id: str) -> Job:
        """The job; NotFound where there is none."""
        job = self._store.get(job_id)
        if job is None:
            raise NotFound("There is no such job.")
        return job

    def recent(self, limit: int = 50, kind: str | None = None) -> list[Job]:
        """The latest jobs, newest first."""
        return self._store.recent(limit, kind)

    def places(self, kind: str) -> dict[str, int]:
        """The place in the queue of what waits or runs, by its subject; the first is 1."""
        waiting = [job.subject for job in self._store.unfinished() if job.kind == kind]
        return {subject: place for place, subject in enumerate(waiting, start=1)}

    def expected_seconds(self, kind: str, place: int) -> float | None:
        """How long whoever has this place in the queue waits until the work is done.

        Told from the median of the last jobs of the kind; None where too few of them are done.
        """
        done = [
            (job.finished_at - job.started_at).total_seconds()
            for job in self._store.recent(_TIMED, kind)
            if job.state is JobState.DONE and job.started_at and job.finished_at
        ]
        return median(done) * ceil(place / self._workers) if len(done) >= _LEAST_TIMED else None

    def counts(self) -> dict[JobState, int]:
        """How many jobs are in each state."""
        return self._store.counts()

    def cancel(self, job_id: str) -> Job:
        """A waiting job is cancelled at once, a running one as soon as its work looks."""
        job = self._store.cancel(job_id)
        with self._changed:
            if job_id in self._active:
                self._active[job_id].cancel_asked.set()
            self._changed.notify_all()
        return job

    def start(self) -> None:
        """Queues again whatever is unfinished and starts the worker threads."""
        self._stopping = threading.Event()
        self._huey.storage.flush_queue()
        self._huey.storage.flush_schedule()
        for job in self._store.unfinished():
            self._store.release(job.id)
            self._carry(job.id)
        self._consumer = _QuietConsumer(
            self._huey,
            workers=self._workers,
            periodic=True,
            initial_delay=0.02,
            max_delay=0.1,
            shutdown_timeout=_STOP_TIMEOUT_S,
        )
        self._consumer.start()

    def stop(self) -> None:
        """Asks running work to end, waits some seconds for it, and puts the rest back into the queue."""
        self._stopping.set()
        if self._consumer is not None:
            self._consumer.stop(graceful=True)
            self._consumer = None
        self._huey.storage.close()
        with self._changed:
            left = list(self._active.values())
            self._active.clear()
            # Work that does not end keeps its own counts, which no longer matter.
            self._kinds = {
                name: _Kind(kind.work, kind.on_give_up, kind.limit, kind.priority)
                for name, kind in self._kinds.items()
            }
        for context in left:
            self._store.postpone(context.job_id, context.run_id, counts=False)

    def wait_idle(self, timeout: float) -> bool:
        """Waits until no job is queued or running; False where that took longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._active and not self._store.unfinished(), timeout)

    def _run(self, job_id: str) -> None:
        """Called by huey in a worker thread."""
        stopping = self._stopping
        try:
            job = self._store.get(job_id)
            if job is not None:
                self._run_in_turn(job, stopping)
        except DATABASE_FAULTS:
            # It did not answer: the job is still in it and will be asked for again.
            log.exception("job %s could not be run or settled", job_id)
            if not stopping.is_set():
                self._later(job_id, self._retry_delay_s)
        finally:
            with self._changed:
                self._changed.notify_all()

    def _minute(self) -> None:
        """Called by huey in a worker thread."""
        for act in self._minutely:
            contained(act, "what is to be done every minute failed")

    def _run_in_turn(self, job: Job, stopping: threading.Event) -> None:
        kind = self._kinds.get(job.kind)
        if kind is None:
            self._attempt(job, _UNKNOWN_KIND, stopping)
        elif self._has_room(kind, job.id):
            try:
                self._attempt(job, kind, stopping)
            finally:
                self._make_room(kind)

    def _has_room(self, kind: _Kind, job_id: str) -> bool:
        with self._changed:
            if kind.limit is not None and kind.running >= kind.limit:
                kind.waiting.append(job_id)
                return False
            kind.running += 1
            return True

    def _make_room(self, kind: _Kind) -> None:
        with self._changed:
            kind.running = max(0, kind.running - 1)
            following = kind.waiting.popleft() if kind.waiting else None
        if following is not None:
            self._carry(following)

    def _attempt(self, job: Job, kind: _Kind, stopping: threading.Event) -> None:
        context = JobContext(job, new_id(), self._store, stopping)
        with self._changed:
            already = self._active.setdefault(job.id, context) is not context
        if already:  # asked for twice, or postponed by a run that is just about to end
            self._later(job.id, self._busy_delay_s)
            return
        try:
            # It may be left as running by a run that could not tell the database how it ended.
            self._store.release(job.id)
            started = self._store.start(job.id, context.run_id)
            if started is not None:
                self._work(started, kind, context)
        finally:
            with self._changed:
                if self._active.get(job.id) is context:
                    del self._active[job.id]

    def _work(self, job: Job, kind: _Kind, context: JobContext) -> None:
        if job.attempts > MOST_ATTEMPTS:
            self._give_up(job, kind, context, _INTERRUPTED.format(attempts=job.attempts - 1))
            return
        try:
            kind.work(context)
        except Busy:
            self._store.postpone(job.id, context.run_id, counts=False)
            self._later(job.id, self._busy_delay_s)
        except UserFacingError as error:
            self._give_up(job, kind, context, str(error))
        except Exception as error:  # noqa: BLE001  logged with an id; the worker thread goes on
            self._after_error(job, kind, context, error)
        else:
            self._after_work(job, context)

    def _after_work(self, job: Job, context: JobContext) -> None:
        if context.gave_way:  # back into the queue, unless somebody cancelled it
            self._store.postpone(job.id, context.run_id, counts=False)
        else:
            self._store.finish(job.id, context.run_id)

    def _after_error(self, job: Job, kind: _Kind, context: JobContext, error: Exception) -> None:
        error_id = new_id()[:8]
        log.error("job %s (%s) failed, error %s", job.id, job.kind, error_id, exc_info=error)
        if job.attempts >= MOST_ATTEMPTS:
            self._give_up(job, kind, context, _BROKEN.format(error_id=error_id))
        else:
            self._store.postpone(job.id, context.run_id, counts=True)
            self._later(job.id, self._retry_delay_s * job.attempts)

    def _give_up(self, job: Job, kind: _Kind, context: JobContext, sentence: str) -> None:
        # First the subject, then the job: killed in between, the job comes round and does both again.
        if kind.on_give_up is not None:
            tell = partial(kind.on_give_up, job.subject, sentence)
            contained(tell, "job %s: what should follow its failure failed too", job.id)
        self._store.fail(job.id, context.run_id, sentence)

    def _later(self, job_id: str, delay_s: float) -> None:
        self._carry.schedule((job_id,), delay=delay_s)


class _QuietConsumer(Consumer):  # type: ignore[misc]
    """huey's consumer inside a server, whose signals are the server's business."""

    def _set_signal_handlers(self) -> None:
        """None."""

    def _interrupt_workers(self) -> Any:
        """Threads cannot be interrupted; their jobs are put back by `Jobs.stop`."""
