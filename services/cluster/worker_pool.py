"""The workers of a cluster at work, whatever becomes of single ones.

A worker that reads has two threads here, so that the next job is on its way while one is done. A job whose
worker is lost is given out again; nothing of it has been handed in by then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from data.errors import Outage, UserFacingError

log = logging.getLogger(__name__)

JOBS_A_WORKER = 2
TRIES = 3
LOOKED_EVERY_S = 2.0  # for machines that came, and workers that went
PAUSE_S = 5.0  # before another worker is engaged where one was lost
MOST_THREADS = 1000
WITHOUT_WORKERS_S = 120.0

_NO_WORKER = "No machine of the cluster can work on this: {why}"
_NONE_OFFERED = "none offers the resource `lightbox`."


class WorkerLost(Exception):
    """A worker went, or could not do what it was asked; the cause says why where somebody knows."""


@dataclass(frozen=True)
class Place:
    """Room for one worker: on which machine, and which of those that it has room for."""

    machine: str
    number: int
    name: str = field(default="", compare=False)  # of the machine, for people


class ClusterWorker(Protocol):
    """A process on a machine of the cluster. Whatever it is asked may raise WorkerLost."""

    def dismiss(self) -> None:
        """Let it go."""


W_co = TypeVar("W_co", bound=ClusterWorker, covariant=True)
W_contra = TypeVar("W_contra", bound=ClusterWorker, contravariant=True)
W = TypeVar("W", bound=ClusterWorker)


class Cluster(Protocol[W_co]):
    """Machines that may have workers of a kind."""

    def places(self) -> Sequence[Place]:
        """Where workers can be right now. Raises Outage where the cluster cannot be reached any more."""

    def engage(self, place: Place) -> W_co:
        """A worker that is ready; takes a while.

        Raises WorkerLost, and UserFacingError where this machine cannot be used.
        """


class Job(Protocol[W_contra]):
    """Something for one worker to do; its methods are called by threads of the pool."""

    def do(self, worker: W_contra) -> None:
        """Have it done, and hand in what came of it. Raises WorkerLost, with nothing handed in."""

    def drop(self) -> None:
        """Let whoever waits know that it is not begun any more."""

    def again(self, lost: WorkerLost) -> Sequence[Job[W_contra]]:
        """What is to be done in its place after a worker was lost with it; may be nothing."""


@dataclass(eq=False)
class _Serving(Generic[W]):
    """A worker, the threads that serve it here, and whether it is lost."""

    place: Place
    worker: W
    threads: int
    lost: bool = False


class WorkerPool(Generic[W]):
    """Gives jobs to workers, and engages as many of these as the cluster has room for."""

    def __init__(
        self,
        cluster: Cluster[W],
        ending: threading.Event,
        faulted: Callable[[BaseException], None],
        jobs_a_worker: int = JOBS_A_WORKER,
    ) -> None:
        """Once `ending` is set no job is begun; `faulted` is told of what ends the work.

        A worker is given `jobs_a_worker` at a time.
        """
        self._cluster = cluster
        self._jobs_a_worker = jobs_a_worker
        self._ending = ending
        self._waiting: deque[Job[W]] = deque()
        self._open = 0  # jobs that were given out and are not handed in
        self._changed = threading.Condition()
        self._closing = False
        self._engaged: dict[Place, _Serving[W] | None] = {}  # None while it is being engaged
        self._not_before: dict[Place, float] = {}
        self._refused: dict[str, str] = {}  # machine -> why it is not used
        self._with_workers_at = time.monotonic()
        self._faulted = faulted
        self._threads = ThreadPoolExecutor(MOST_THREADS, "cluster")
        self._start(self._supervise)

    def __enter__(self) -> WorkerPool[W]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._threads.shutdown()

    @property
    def has_room(self) -> bool:
        """Whether a job more would find a worker soon."""
        return self._open < self._jobs_a_worker * (len(self._engaged) + 1)

    def submit(self, job: Job[W]) -> None:
        """Have a job done by whichever worker is free first."""
        with self._changed:
            self._open += 1
            self._waiting.append(job)
            self._changed.notify_all()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        def told(ended: Future[None]) -> None:
            fault = ended.exception()
            if fault is not None:
                self._faulted(fault)

        self._threads.submit(work, *arguments).add_done_callback(told)

    def _supervise(self) -> None:
        """In a thread of its own: engage whoever can be had, until the end."""
        while not self._closing:
            if self._ending.is_set():
                self._drop_waiting()
            else:
                self._engage_all()
                self._give_up_without_workers()
            with self._changed:
                self._changed.wait_for(lambda: self._closing, LOOKED_EVERY_S)

    def _engage_all(self) -> None:
        for place in self._cluster.places():
            is_due = self._not_before.get(place, 0.0) <= time.monotonic()
            if place not in self._engaged and place.machine not in self._refused and is_due:
                self._engaged[place] = None
                self._start(self._engage, place)

    def _give_up_without_workers(self) -> None:
        """Raises Outage where nobody works any more, which ends the run."""
        if self._engaged:
            self._with_workers_at = time.monotonic()
        elif self._refused or time.monotonic() - self._with_workers_at > WITHOUT_WORKERS_S:
            raise Outage(_NO_WORKER.format(why=" ".join(self._refused.values()) or _NONE_OFFERED))

    def _drop_waiting(self) -> None:
        while (job := self._taken()) is not None:
            job.drop()

    def _engage(self, place: Place) -> None:
        """In a thread: engage a worker, and serve it."""
        try:
            engaged = _Serving(place, self._cluster.engage(place), self._jobs_a_worker)
        except WorkerLost as lost:
            log.warning("no worker on %s: %s", place.name, lost)
            self._left(place)
            return
        except UserFacingError as refused:
            log.error("%s", refused)
            self._refused[place.machine] = str(refused)
            self._left(place)
            return
        with self._changed:  # so that it does not end in between
            is_late = self._closing
            if not is_late:
                self._engaged[place] = engaged
                for _ in range(self._jobs_a_worker):
                    self._start(self._serve, engaged)
        if is_late:
            engaged.worker.dismiss()
            self._left(place)

    def _left(self, place: Place) -> None:
        with self._changed:
            self._not_before[place] = time.monotonic() + PAUSE_S
            del self._engaged[place]

    def _serve(self, engaged: _Serving[W]) -> None:
        """In a thread: give a worker job after job."""
        try:
            while (job := self._next(engaged)) is not None:
                try:
                    if self._ending.is_set():
                        job.drop()
                    else:
                        job.do(engaged.worker)
                except WorkerLost as lost:
                    log.warning("the worker on %s was lost: %s", engaged.place.name, lost)
                    engaged.lost = True
                    self._put_first(job.again(lost))
                finally:
                    with self._changed:
                        self._open -= 1
                        self._changed.notify_all()
        finally:
            with self._changed:
                engaged.threads -= 1
                is_last = not engaged.threads
            if is_last:
                engaged.worker.dismiss()
                self._left(engaged.place)

    def _next(self, engaged: _Serving[W]) -> Job[W] | None:
        """What a worker does next; None where it is lost, or there will be nothing more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing or engaged.lost)
            return None if engaged.lost or not self._waiting else self._waiting.popleft()

    def _taken(self) -> Job[W] | None:
        """What waits, taken back."""
        with self._changed:
            self._open -= bool(self._waiting)
            return self._waiting.popleft() if self._waiting else None

    def _put_first(self, again: Sequence[Job[W]]) -> None:
        with self._changed:
            self._open += len(again)
            self._waiting.extendleft(reversed(again))
            self._changed.notify_all()
