"""Jobs that could run now, and which of them may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.records import Job
from services.turns import Turn, Turns


@dataclass(eq=False)
class Ready:
    """A job that waits for its turn or has it."""

    job_id: str
    kind: str
    turn: Turn


class ReadyJobs:
    """Who is next, with as many lanes for long work as there are workers, and some more for what is short.

    Not thread-safe: its owner holds a lock.
    """

    def __init__(self, turns: Turns, workers: int, limit: Callable[[str], int | None]) -> None:
        """`limit` says of a kind how many of it may run at a time, or that any number may."""
        self._turns = turns
        self._workers = workers
        self._limit = limit
        self._ready: dict[str, Ready] = {}
        self._running: dict[str, Ready] = {}

    def add(self, job: Job, turn: Turn) -> None:
        """A job that may run; one that is here already stays."""
        self._ready.setdefault(job.id, Ready(job.id, job.kind, turn))

    def has(self, job_id: str) -> bool:
        """Whether a job waits here or has its turn."""
        return job_id in self._ready or job_id in self._running

    def prefer(self, job_id: str, turn: Turn) -> None:
        """Another turn for a job that waits."""
        if job_id in self._ready:
            self._ready[job_id].turn = turn

    def take(self) -> Ready | None:
        """The job whose turn it is, which runs from now on; None where none may."""
        eligible = [ready for ready in self._ready.values() if self._may_run(ready)]
        if not eligible:
            return None
        chosen = self._turns.next(eligible, lambda ready: ready.turn)
        self._running[chosen.job_id] = self._ready.pop(chosen.job_id)
        return chosen

    def done(self, ran: Ready) -> bool:
        """A job runs no more; whether another one may run now."""
        if self._running.get(ran.job_id) is ran:
            del self._running[ran.job_id]
        return any(self._may_run(ready) for ready in self._ready.values())

    def clear(self) -> None:
        """Nothing waits and nothing runs."""
        self._ready.clear()
        self._running.clear()

    def _may_run(self, ready: Ready) -> bool:
        if ready.job_id in self._running:  # asked for once more while it ends: in its place then
            return False
        if ready.turn.short:
            return True
        long_ones = [running for running in self._running.values() if not running.turn.short]
        alike = sum(running.kind == ready.kind for running in long_ones)
        limit = self._limit(ready.kind)
        return len(long_ones) < self._workers and (limit is None or alike < limit)
