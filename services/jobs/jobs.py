"""Long work in this process's own threads, kept so that it survives whatever kills the process.

The jobs table is the truth. huey only carries job ids to worker threads: its queue is emptied at
every start and filled again from the table. A job may therefore run more than once, and the work
has to bear that.

Of several servers of a house each takes from the same table, by a change of the job's row that one of them
makes first. What only one at a time may do (`any_server` is not said) is the leading server's.

huey wakes a worker; which job that one does is a matter of whose turn it is (`ready`). For as many workers as
are set there is long work at a time, so that there is always one for what is short.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from huey import MemoryHuey, crontab

from data.database import DATABASE_FAULTS, new_id, now
from data.errors import NotFound
from data.records import Effort, Job, JobState, Precedence, QueuePlace
from data.stores.jobs import JobStore
from services.containment import contained
from services.jobs.attempts import OUTAGE_DELAYS, UNKNOWN_KIND, Attempt, GiveUp, Kind, Work
from services.jobs.consumer import QuietConsumer
from services.jobs.context import JobContext
from services.jobs.ends import Ends
from services.jobs.expected import ExpectedTimes
from services.jobs.messages import JobMessages
from services.jobs.places import KeptPlaces, queue_places
from services.jobs.ready import Ready, ReadyJobs
from services.outages import outage_of
from services.servers import Events, LocalEvents, OnlyServer
from services.turns import Turn, Turns

_STOP_TIMEOUT_S = 5.0
_TICK_EXPIRES_S = 50  # a minute that found no free worker is left to the next one

log = logging.getLogger(__name__)


def _nothing() -> None:
    """Only whether it may be written is of interest."""


class Jobs:
    """The jobs and the threads that do them."""

    def __init__(
        self,
        store: JobStore,
        workers: int = 4,
        *,
        busy_delay_s: float = 2.0,
        retry_delay_s: float = 2.0,
        turns: Turns | None = None,
        servers: OnlyServer | None = None,
        events: Events | None = None,
    ) -> None:
        """`workers` do what is long. The delays: before a job runs again after `Busy`, and after an
        unexpected error; an outage is given `OUTAGE_DELAYS` times the latter.
        """
        self._servers = servers or OnlyServer()
        # Losing its queue loses nothing (see above); on a disk, it would be away when that is full.
        self._huey = MemoryHuey("jobs", results=False)
        self._carry = self._huey.task(name="run_job")(self._run)
        self._huey.periodic_task(crontab(), name="every_minute", expires=_TICK_EXPIRES_S)(self._minute)
        self._minutely: list[tuple[Callable[[], None], bool]] = []
        self._store = store
        self.expected = ExpectedTimes(store)
        self._places = KeptPlaces(self._places_now)
        turns = turns or Turns()
        self._threads = workers + turns.lanes_for_short
        self._ready = ReadyJobs(turns, workers, self._limit)
        self._retry_delay_s = retry_delay_s
        self._run_begun = Attempt(store, self._later, busy_delay_s, retry_delay_s)
        self._kinds: dict[str, Kind] = {}
        self._active: dict[str, JobContext] = {}
        self._later_ids: set[str] = set()  # jobs that this server runs again after a while
        self._cut_off: set[str] = set()  # jobs whose run an outage kept from telling how it ended
        self._changed = threading.Condition()  # guards these and what is ready; notified when a run ends
        self._stopping = threading.Event()
        self._ends = Ends()
        self._others = JobMessages(
            events or LocalEvents(), self._offered_elsewhere, self._stop_running, self._ends.tell
        )
        self._consumer: QuietConsumer | None = None

    def register(
        self,
        kind: str,
        work: Work,
        on_give_up: GiveUp | None = None,
        *,
        limit: int | None = None,
        any_server: bool = False,
    ) -> None:
        """Says how a kind of job is done, before `start`.

        `on_give_up(subject, sentence)` is called whenever a job of this kind fails for good.
        At most `limit` long jobs of the kind run at a time, on each server. `any_server`: each server of the
        house may do one, not the leading one alone.
        """
        self._kinds[kind] = Kind(work, on_give_up, limit, any_server)

    def every_minute(self, act: Callable[[], None], *, every_server: bool = False) -> None:
        """Has `act` called once a minute from the start on, now and then less often on a busy machine.

        Of several servers the leading one does it, or every one. huey's clock drives it, through its queue
        and in a worker: what is due needs one anyhow.
        """
        self._minutely.append((act, every_server))

    def tell_of_ends(self, told: Callable[[str, JobState, float], None]) -> None:
        """Has `told` called with kind, outcome (done or failed) and seconds of the last run of each job."""
        self._run_begun.told = told

    def submit(
        self, kind: str, subject: str, user_id: str | None = None, effort: Effort | None = None
    ) -> Job:
        """Queues a job, or finds the unfinished one of the same kind and subject.

        By its `effort` it takes its turn; without one it is taken for long.
        """
        if kind not in self._kinds:
            raise ValueError(f"no such kind of job: {kind}")
        new = Job(new_id(), kind, subject, JobState.QUEUED, 0.0, 0, now(), user_id, effort=effort or Effort())
        job, created = self._store.add(new)
        if created:
            self._places.forget(kind)
            self._offer(job)
            self._others.offered(job.id)
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

    def places(self, kind: str) -> Mapping[str, QueuePlace]:
        """Where what waits or runs stands in the queue, and when it will be done, by its subject.

        Where many wait, how far work is and what other servers did may be some moments old.
        """
        return self._places.of(kind)

    def _places_now(self, kind: str) -> dict[str, QueuePlace]:
        return queue_places(
            self._store.unfinished(kind), self.turn, lambda job: self.expected.seconds(job.kind, job.effort)
        )

    def counts(self) -> dict[JobState, int]:
        """How many jobs are in each state."""
        return self._store.counts()

    def cancel(self, job_id: str) -> Job:
        """A waiting job is cancelled at once, a running one as soon as its work looks."""
        job = self._store.cancel(job_id)
        self._places.forget(job.kind)
        self._stop_running(job_id)
        self._others.cancelled(job_id)
        return job

    def unfinished(self, kind: str, subject: str) -> Job | None:
        """The job of this kind and subject that waits or runs, or None."""
        return self._store.open(kind, subject)

    def number_unfinished(self, kind: str) -> int:
        """How many jobs of this kind wait or run."""
        return self._store.number_unfinished(kind)

    def unfinished_subjects(self, kind: str) -> set[str]:
        """What jobs of this kind that wait or run are about."""
        return {job.subject for job in self._store.unfinished(kind)}

    def revoke(self, job_id: str, act: Callable[[], None] = _nothing) -> bool:
        """Ends a job at once, whether it waits or runs, with what `act` writes, in one transaction.

        Its run is told, and what that makes is not kept. False, and nothing, where it was over before.
        """
        revoked = self._store.revoke(job_id, act)
        if revoked:
            job = self.get(job_id)
            self._places.forget(job.kind)
            self._stop_running(job_id)
            self._others.cancelled(job_id)
            self._tell_end(job.kind, job.subject)
        return revoked

    def prefer(self, kind: str, subject: str, precedence: Precedence) -> None:
        """Says how soon an unfinished job is wanted; nothing happens where there is none."""
        job = self._store.open(kind, subject)
        if job is not None:
            self._store.prefer(job.id, precedence)
            self._places.forget(kind)
            wanted = replace(job, effort=replace(job.effort, precedence=precedence))
            with self._changed:
                self._ready.prefer(job.id, self.turn(wanted))
            self._others.offered(job.id)

    def turn(self, job: Job) -> Turn:
        """When it is a job's turn."""
        effort = job.effort
        expected_s = self.expected.guess(job.kind, effort)
        return Turn(job.created_at.timestamp(), expected_s, effort.short, effort.precedence)

    def start(self) -> None:
        """Queues again whatever is unfinished and starts the worker threads."""
        self._stopping = threading.Event()
        self._ends.open()
        self._huey.storage.flush_queue()
        self._huey.storage.flush_schedule()
        with self._changed:  # what another server told of before
            self._ready.clear()
            self._later_ids.clear()
        for job in self._store.unfinished():
            if self._store.release(job.id, self._servers.id) or job.state is JobState.QUEUED:
                self._offer(job)
        self._consumer = QuietConsumer(
            self._huey,
            workers=self._threads,
            periodic=True,
            initial_delay=0.02,
            max_delay=0.1,
            shutdown_timeout=_STOP_TIMEOUT_S,
        )
        self._consumer.start()

    def stop(self) -> None:
        """Asks running work to end, waits some seconds for it, and puts the rest back into the queue."""
        self._stopping.set()
        self._ends.close()
        if self._consumer is not None:
            self._consumer.stop(graceful=True)
            self._consumer = None
        self._huey.storage.close()
        with self._changed:
            left = list(self._active.values())
            self._active.clear()
            self._ready.clear()  # work that does not end counts no more
        for context in left:
            self._store.postpone(context.job_id, context.run_id, counts=False)
            self._others.offered(context.job_id)

    def look(self) -> None:
        """Take up what other servers left, or what no message came of; every few seconds."""
        if self._stopping.is_set():
            return
        if self._servers.leads:
            for job in self._store.release_of_others(self._servers.alive()):
                log.warning("job %s (%s) is taken over: its server is gone", job.id, job.kind)
        for job in self._store.queued():
            with self._changed:
                known = job.id in self._later_ids or self._ready.has(job.id)
            if not known:
                self._offer(job)

    def wait(self, kind: str, subject: str, timeout_s: float) -> bool:
        """Waits until no job of a kind is queued or running for a subject.

        False where that took longer than `timeout_s` seconds, or the server stops.
        """
        return self._ends.wait(kind, subject, lambda: self._store.open(kind, subject) is None, timeout_s)

    def wait_idle(self, timeout: float) -> bool:
        """Waits until no job is queued or running; False where that took longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._active and not self._store.unfinished(), timeout)

    def _mine(self, kind: str) -> bool:
        """Whether this server may do it."""
        return self._servers.leads or self._kinds.get(kind, UNKNOWN_KIND).any_server

    def _offered_elsewhere(self, job_id: str) -> None:
        job = self._store.get(job_id)
        if job is not None and job.state is JobState.QUEUED:
            self._offer(job)
            with self._changed:
                self._ready.prefer(job.id, self.turn(job))

    def _stop_running(self, job_id: str) -> None:
        with self._changed:
            if job_id in self._active:
                self._active[job_id].cancel_asked.set()
            self._changed.notify_all()

    def _tell_end(self, kind: str, subject: str) -> None:
        self._ends.tell(kind, subject)
        self._others.ended(kind, subject)

    def _offer(self, job: Job) -> None:
        """Let a job have its turn, where it may be done here."""
        if not self._mine(job.kind):
            return
        turn = self.turn(job)
        with self._changed:
            self._ready.add(job, turn)
        self._carry()

    def _limit(self, kind: str) -> int | None:
        known = self._kinds.get(kind)
        return None if known is None else known.limit

    def _run(self, job_id: str | None = None) -> None:
        """Called by huey in a worker thread: do the job whose turn it is. `job_id` is ready again."""
        stopping = self._stopping
        if job_id is not None and not self._offered_again(job_id, stopping):
            return
        with self._changed:
            ready = self._ready.take()
        if ready is None:
            return
        try:
            self._run_ready(ready, stopping)
        finally:
            with self._changed:
                others_may = self._ready.done(ready)
                self._changed.notify_all()
            if others_may and not stopping.is_set():
                self._carry()

    def _offered_again(self, job_id: str, stopping: threading.Event) -> bool:
        with self._changed:
            self._later_ids.discard(job_id)
        try:
            job = self._store.get(job_id)
        except DATABASE_FAULTS as error:
            self._after_fault(job_id, stopping, error)
            return False
        if job is not None and self._mine(job.kind):
            turn = self.turn(job)
            with self._changed:
                self._ready.add(job, turn)
        return True

    def _run_ready(self, ready: Ready, stopping: threading.Event) -> None:
        try:
            job = self._store.get(ready.job_id)
            if job is not None and self._mine(job.kind):
                self._attempt(job, self._kinds.get(job.kind, UNKNOWN_KIND), ready.turn, stopping)
        except DATABASE_FAULTS as error:
            self._after_fault(ready.job_id, stopping, error)

    def _after_fault(self, job_id: str, stopping: threading.Event, error: BaseException) -> None:
        # The database did not answer: the job is still in it and will be asked for again.
        outage = outage_of(error)
        if outage is None:
            log.exception("job %s could not be run or settled", job_id)
        else:
            with self._changed:
                self._cut_off.add(job_id)
            log.warning("job %s waits for the end of an outage: %s", job_id, outage)
        if not stopping.is_set():
            self._later(job_id, self._retry_delay_s * (1 if outage is None else OUTAGE_DELAYS))

    def _minute(self) -> None:
        """Called by huey in a worker thread."""
        for act, every_server in self._minutely:
            if every_server or self._servers.leads:
                contained(act, "what is to be done every minute failed")

    def _attempt(self, job: Job, kind: Kind, turn: Turn, stopping: threading.Event) -> None:
        context = JobContext(job, new_id(), turn, self._store, stopping)
        with self._changed:
            self._active[job.id] = context
        try:
            # It may be left as running by a run that could not tell the database how it ended.
            self._store.release(job.id, self._servers.id, counts=job.id not in self._cut_off)
            started = self._store.start(job.id, context.run_id, self._servers.id)
            with self._changed:
                self._cut_off.discard(job.id)
            if started is not None:
                self._run_begun(started, kind, context)
        finally:
            with self._changed:
                if self._active.get(job.id) is context:
                    del self._active[job.id]
            self._tell_end(job.kind, job.subject)

    def _later(self, job_id: str, delay_s: float) -> None:
        with self._changed:
            self._later_ids.add(job_id)
        self._carry.schedule((job_id,), delay=delay_s)
