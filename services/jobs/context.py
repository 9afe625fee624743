"""What work gets to see of its job."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from data.records import Job
from data.stores.jobs import JobStore
from services.turns import Turn

_LOOKED_EVERY_S = 0.2


class Revoked(Exception):
    """Somebody cancelled the job, which is over: what its run made is not kept."""


class JobContext:
    """A run of a job."""

    def __init__(self, job: Job, run_id: str, turn: Turn, store: JobStore, stopping: threading.Event) -> None:
        self.job_id = job.id
        self.subject = job.subject
        self.user_id = job.user_id
        self.attempt = job.attempts + 1  # `job` is as it was before this run
        self.run_id = run_id
        self.turn = turn
        self.cancel_asked = threading.Event()
        self.gave_way = False  # the work was told to end early
        self.worked_s: float | None = None  # what the work says of its time, without waiting for others
        self.settled = False  # the work has settled its job itself
        self.began = monotonic()
        self._store = store
        self._stopping = stopping
        self._noted_at = 0.0
        self._noted = 0.0  # as a run begins

    def progress(self, fraction: float) -> None:
        """How far the work is, from 0 to 1. May be called often: few calls reach the database.

        Where another server's person cancelled it, this is how its run hears of it.
        """
        if monotonic() - self._noted_at >= _LOOKED_EVERY_S:
            self._noted_at = monotonic()
            if fraction != self._noted:
                self._store.progress(self.job_id, self.run_id, fraction)
                self._noted = fraction
            if not self._store.goes_on(self.job_id, self.run_id):
                self.cancel_asked.set()

    def cancelled(self) -> bool:
        """Whether the work should return now: somebody cancelled it, or the server is stopping.

        In the second case it runs again, from its beginning, at the next start.
        """
        self.gave_way = self.gave_way or self.cancel_asked.is_set() or self._stopping.is_set()
        return self.gave_way

    def speak(self, act: Callable[[], None]) -> None:
        """Have `act` write in one transaction, unless the job was revoked: then raises Revoked."""
        if not self._store.speak(self.job_id, self.run_id, act):
            raise Revoked

    def finish_with(self, act: Callable[[], None], worked_s: float) -> None:
        """As `speak`, with the end of the job in the same transaction: both happen once, or neither.

        `worked_s`: seconds of work, without waiting for others.
        """
        if not self._store.finish_with(self.job_id, self.run_id, worked_s, act):
            raise Revoked
        self.settled = True
