"""Jobs: long work that survives a restart. This table is the truth about what is still to do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.database import now, reading, together, writing
from data.deadlocks import past_deadlocks
from data.errors import NotFound
from data.records import Effort, Job, JobState, Precedence
from data.tables import jobs

_OF_ROW = tuple(name for name in Job.__dataclass_fields__ if name not in ("state", "effort"))
_UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value)


class WaitingJobs(NamedTuple):
    """Jobs of a kind that wait, and when the one was queued that has waited longest."""

    number: int
    since: datetime


class JobStore:
    """Jobs.

    A run of a job has an id of its own: `progress`, `finish`, `fail` and `postpone` with a
    run that no longer owns the job change nothing and answer False.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, job: Job) -> tuple[Job, bool]:
        """Keeps a new job; the unfinished one of the same kind and subject, and False, if there is one."""

        def keep(connection: Connection) -> tuple[Job, bool]:
            known = _open(connection, job.kind, job.subject)
            if known is not None:
                return known, False
            connection.execute(insert(jobs).values(_values(job)))
            return job, True

        try:
            return past_deadlocks(self._engine, keep)
        except IntegrityError:
            with reading(self._engine) as connection:
                known = _open(connection, job.kind, job.subject)
            if known is None:
                raise
            return known, False

    def get(self, job_id: str) -> Job | None:
        """The job, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
        return None if row is None else _job(row)

    def recent(self, limit: int, kind: str | None = None) -> list[Job]:
        """The latest jobs, newest first, of one kind if given."""
        query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query if kind is None else query.where(jobs.c.kind == kind)).all()
        return [_job(row) for row in rows]

    def unfinished(self, kind: str | None = None) -> list[Job]:
        """Queued and running jobs, oldest first, of one kind if given."""
        query = select(jobs).where(jobs.c.state.in_(_UNFINISHED)).order_by(jobs.c.created_at, jobs.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query if kind is None else query.where(jobs.c.kind == kind))
            return [_job(row) for row in rows]

    def number_unfinished(self, kind: str) -> int:
        """How many jobs of this kind are queued or run."""
        query = select(func.count()).where(jobs.c.state.in_(_UNFINISHED), jobs.c.kind == kind)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def counts(self) -> dict[JobState, int]:
        """How many jobs are in each state."""
        query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
        with reading(self._engine) as connection:
            counts = {row[0]: row[1] for row in connection.execute(query)}
        return {state: counts.get(state.value, 0) for state in JobState}

    def waiting(self) -> dict[str, WaitingJobs]:
        """How many jobs wait, and since when the first of them does, of each kind of which any waits."""
        waits = jobs.c.state == JobState.QUEUED.value
        first = func.min(jobs.c.created_at, type_=jobs.c.created_at.type)
        query = select(jobs.c.kind, func.count(), first).where(waits).group_by(jobs.c.kind)
        with reading(self._engine) as connection:
            return {row[0]: WaitingJobs(row[1], row[2]) for row in connection.execute(query)}

    def queued(self) -> list[Job]:
        """Jobs that wait, oldest first."""
        query = select(jobs).where(jobs.c.state == JobState.QUEUED.value)
        with reading(self._engine) as connection:
            return [_job(row) for row in connection.execute(query.order_by(jobs.c.created_at, jobs.c.id))]

    def start(self, job_id: str, run_id: str, server_id: str | None = None) -> Job | None:
        """A run takes the job, which counts as an attempt; None where it is not waiting to be run."""
        waiting = (jobs.c.id == job_id) & (jobs.c.state == JobState.QUEUED.value)
        values = {
            "state": JobState.RUNNING.value,
            "run_id": run_id,
            "server_id": server_id,
            "attempts": jobs.c.attempts + 1,
            "progress": 0.0,
            "started_at": now(),
        }

        def take(connection: Connection) -> Job | None:
            taken = connection.execute(update(jobs).where(waiting).values(values)).rowcount == 1
            return _require(connection, job_id) if taken else None

        return past_deadlocks(self._engine, take)

    def progress(self, job_id: str, run_id: str, fraction: float) -> bool:
        """How far the run is, from 0 to 1."""
        return self._settle(job_id, run_id, {"progress": min(max(fraction, 0.0), 1.0)})

    def finish(self, job_id: str, run_id: str, worked_s: float | None = None) -> bool:
        """The run has done the job; `worked_s` without its waiting for others, where that is known."""
        return self._settle(job_id, run_id, {"progress": 1.0, "worked_s": worked_s, **_end(JobState.DONE)})

    def goes_on(self, job_id: str, run_id: str) -> bool:
        """Whether the run still speaks for the job, and nobody has asked it to stop."""
        query = select(jobs.c.id).where(_owned(job_id, run_id), jobs.c.cancel_requested.is_(False))
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def speak(self, job_id: str, run_id: str, act: Callable[[], None]) -> bool:
        """Has `act` write in one transaction in which the run speaks for the job; False where it does not.

        Whoever revokes the job meanwhile waits, or came before.
        """
        with together(self._engine):
            if not self._settle(job_id, run_id, {"run_id": run_id}):  # takes the row's lock
                return False
            act()
        return True

    def finish_with(self, job_id: str, run_id: str, worked_s: float, act: Callable[[], None]) -> bool:
        """As `speak`, and the job is done with it: what the run made is kept once or not at all."""
        with together(self._engine):
            if not self.finish(job_id, run_id, worked_s):
                return False
            act()
        return True

    def fail(self, job_id: str, run_id: str, sentence: str) -> bool:
        """The run has given up, for this reason."""
        return self._settle(job_id, run_id, {"failure": sentence, **_end(JobState.FAILED)})

    def postpone(self, job_id: str, run_id: str, *, counts: bool) -> bool:
        """The job goes back into the queue, or is cancelled if somebody asked for that.

        Unless it `counts`, the run was no attempt.
        """
        attempts = jobs.c.attempts if counts else jobs.c.attempts - 1
        return self._requeue(_owned(job_id, run_id), {"attempts": attempts})

    def release(self, job_id: str, server_id: str | None = None, *, counts: bool = True) -> bool:
        """As `postpone`, for a running job whose process is gone, or could not say how it ended.

        Of several servers only a run of `server_id`.
        """
        attempts = jobs.c.attempts if counts else jobs.c.attempts - 1
        running = (jobs.c.id == job_id) & (jobs.c.state == JobState.RUNNING.value)
        if server_id is not None:
            running &= jobs.c.server_id == server_id
        return self._requeue(running, {"attempts": attempts})

    def release_of_others(self, alive: Collection[str]) -> list[Job]:
        """Puts back what runs at none of these servers, as those are gone; what was running there."""
        elsewhere = jobs.c.server_id.is_(None) | jobs.c.server_id.not_in(alive)
        running = (jobs.c.state == JobState.RUNNING.value) & elsewhere
        with reading(self._engine) as connection:
            left = [_job(row) for row in connection.execute(select(jobs).where(running))]
        return [
            job
            for job in left
            if self._requeue(running & (jobs.c.id == job.id), {"attempts": jobs.c.attempts})
        ]

    def cancel(self, job_id: str) -> Job:
        """A waiting job is cancelled, a running one asked to stop. NotFound for an unknown job."""
        mine = jobs.c.id == job_id
        waiting = mine & (jobs.c.state == JobState.QUEUED.value)
        running = mine & (jobs.c.state == JobState.RUNNING.value)
        with writing(self._engine) as connection:
            connection.execute(update(jobs).where(waiting).values(_end(JobState.CANCELLED)))
            connection.execute(update(jobs).where(running).values(cancel_requested=True))
            return _require(connection, job_id)

    def open(self, kind: str, subject: str) -> Job | None:
        """The unfinished job of this kind and subject, or None."""
        with reading(self._engine) as connection:
            return _open(connection, kind, subject)

    def revoke(self, job_id: str, act: Callable[[], None]) -> bool:
        """Ends a job that waits or runs, with what `act` writes, in one transaction; False where it was over.

        Its run, if any, speaks for it no more.
        """
        unfinished = (jobs.c.id == job_id) & jobs.c.state.in_(_UNFINISHED)
        with together(self._engine), writing(self._engine) as connection:
            ended = connection.execute(update(jobs).where(unfinished).values(_end(JobState.CANCELLED)))
            if ended.rowcount != 1:
                return False
            act()
        return True

    def prefer(self, job_id: str, precedence: Precedence) -> None:
        """Says how soon an unfinished job is wanted."""
        unfinished = (jobs.c.id == job_id) & jobs.c.state.in_(_UNFINISHED)
        with writing(self._engine) as connection:
            connection.execute(update(jobs).where(unfinished).values(precedence=int(precedence)))

    def worked(self, kind: str, limit: int) -> list[Job]:
        """The latest jobs of a kind of which it is known how long they took, newest first."""
        query = select(jobs).where(jobs.c.kind == kind, jobs.c.worked_s.is_not(None))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(jobs.c.created_at.desc(), jobs.c.id).limit(limit)).all()
        return [_job(row) for row in rows]

    def _settle(self, job_id: str, run_id: str, values: dict[str, Any]) -> bool:
        statement = update(jobs).where(_owned(job_id, run_id)).values(values)
        return past_deadlocks(self._engine, lambda connection: connection.execute(statement).rowcount == 1)

    def _requeue(self, condition: ColumnElement[bool], values: dict[str, Any]) -> bool:
        queued = {"state": JobState.QUEUED.value, "run_id": None, **values}
        unwanted = condition & jobs.c.cancel_requested.is_(True)

        def requeue(connection: Connection) -> bool:
            ended = connection.execute(update(jobs).where(unwanted).values(_end(JobState.CANCELLED))).rowcount
            return ended + connection.execute(update(jobs).where(condition).values(queued)).rowcount == 1

        return past_deadlocks(self._engine, requeue)


def _owned(job_id: str, run_id: str) -> ColumnElement[bool]:
    return (jobs.c.id == job_id) & (jobs.c.run_id == run_id)


def _end(state: JobState) -> dict[str, Any]:
    return {"state": state.value, "open_key": None, "run_id": None, "finished_at": now()}


def _open_key(kind: str, subject: str) -> str:
    return hashlib.sha256(f"{kind}\0{subject}".encode("utf-8", "replace")).hexdigest()


def _open(connection: Connection, kind: str, subject: str) -> Job | None:
    row = connection.execute(select(jobs).where(jobs.c.open_key == _open_key(kind, subject))).one_or_none()
    return None if row is None else _job(row)


def _require(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such job.")
    return _job(row)


def _values(job: Job) -> dict[str, Any]:
    unfinished = job.state.value in _UNFINISHED
    values = {name: value for name, value in vars(job).items() if name != "effort"}
    return {
        **values,
        **vars(job.effort),
        "precedence": int(job.effort.precedence),
        "state": job.state.value,
        "open_key": _open_key(job.kind, job.subject) if unfinished else None,
        "run_id": None,
        "cancel_requested": False,
    }


def _job(row: Row[Any]) -> Job:
    known = row._mapping  # made anew each time it is asked for
    values = {name: known[name] for name in _OF_ROW}
    effort = Effort(row.work, row.inputs, row.size, Precedence(row.precedence))
    return Job(**values, state=JobState(row.state), effort=effort)
