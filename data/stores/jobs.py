"""Jobs: long work that survives a restart. This table is the truth about what is still to do."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.database import now, reading, writing
from data.errors import NotFound
from data.records import Job, JobState
from data.tables import jobs

_UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value)


class JobStore:
    """Jobs.

    A run of a job has an id of its own: `progress`, `finish`, `fail` and `postpone` with a
    run that no longer owns the job change nothing and answer False.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, job: Job) -> tuple[Job, bool]:
        """Keeps a new job; the unfinished one of the same kind and subject, and False, if there is one."""
        try:
            with writing(self._engine) as connection:
                known = _open(connection, job)
                if known is not None:
                    return known, False
                connection.execute(insert(jobs).values(_values(job)))
        except IntegrityError:
            with reading(self._engine) as connection:
                known = _open(connection, job)
            if known is None:
                raise
            return known, False
        return job, True

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

    def unfinished(self) -> list[Job]:
        """Queued and running jobs, oldest first."""
        query = select(jobs).where(jobs.c.state.in_(_UNFINISHED)).order_by(jobs.c.created_at, jobs.c.id)
        with reading(self._engine) as connection:
            return [_job(row) for row in connection.execute(query)]

    def counts(self) -> dict[JobState, int]:
        """How many jobs are in each state."""
        query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
        with reading(self._engine) as connection:
            counts = {row[0]: row[1] for row in connection.execute(query)}
        return {state: counts.get(state.value, 0) for state in JobState}

    def start(self, job_id: str, run_id: str) -> Job | None:
        """A run takes the job, which counts as an attempt; None where it is not waiting to be run."""
        waiting = (jobs.c.id == job_id) & (jobs.c.state == JobState.QUEUED.value)
        values = {
            "state": JobState.RUNNING.value,
            "run_id": run_id,
            "attempts": jobs.c.attempts + 1,
            "progress": 0.0,
            "started_at": now(),
        }
        with writing(self._engine) as connection:
            taken = connection.execute(update(jobs).where(waiting).values(values)).rowcount == 1
            return _require(connection, job_id) if taken else None

    def progress(self, job_id: str, run_id: str, fraction: float) -> bool:
        """How far the run is, from 0 to 1."""
        return self._settle(job_id, run_id, {"progress": min(max(fraction, 0.0), 1.0)})

    def finish(self, job_id: str, run_id: str) -> bool:
        """The run has done the job."""
        return self._settle(job_id, run_id, {"progress": 1.0, **_end(JobState.DONE)})

    def fail(self, job_id: str, run_id: str, sentence: str) -> bool:
        """The run has given up, for this reason."""
        return self._settle(job_id, run_id, {"failure": sentence, **_end(JobState.FAILED)})

    def postpone(self, job_id: str, run_id: str, *, counts: bool) -> bool:
        """The job goes back into the queue, or is cancelled if somebody asked for that.

        Unless it `counts`, the run was no attempt.
        """
        attempts = jobs.c.attempts if counts else jobs.c.attempts - 1
        return self._requeue(_owned(job_id, run_id), {"attempts": attempts})

    def release(self, job_id: str) -> bool:
        """As `postpone`, for a running job whose process is gone: the attempt counts."""
        return self._requeue((jobs.c.id == job_id) & (jobs.c.state == JobState.RUNNING.value), {})

    def cancel(self, job_id: str) -> Job:
        """A waiting job is cancelled, a running one asked to stop. NotFound for an unknown job."""
        mine = jobs.c.id == job_id
        waiting = mine & (jobs.c.state == JobState.QUEUED.value)
        running = mine & (jobs.c.state == JobState.RUNNING.value)
        with writing(self._engine) as connection:
            connection.execute(update(jobs).where(waiting).values(_end(JobState.CANCELLED)))
            connection.execute(update(jobs).where(running).values(cancel_requested=True))
            return _require(connection, job_id)

    def _settle(self, job_id: str, run_id: str, values: dict[str, Any]) -> bool:
        statement = update(jobs).where(_owned(job_id, run_id)).values(values)
        with writing(self._engine) as connection:
            return connection.execute(statement).rowcount == 1

    def _requeue(self, condition: ColumnElement[bool], values: dict[str, Any]) -> bool:
        queued = {"state": JobState.QUEUED.value, "run_id": None, **values}
        unwanted = condition & jobs.c.cancel_requested.is_(True)
        with writing(self._engine) as connection:
            ended = connection.execute(update(jobs).where(unwanted).values(_end(JobState.CANCELLED))).rowcount
            return ended + connection.execute(update(jobs).where(condition).values(queued)).rowcount == 1


def _owned(job_id: str, run_id: str) -> ColumnElement[bool]:
    return (jobs.c.id == job_id) & (jobs.c.run_id == run_id)


def _end(state: JobState) -> dict[str, Any]:
    return {"state": state.value, "open_key": None, "run_id": None, "finished_at": now()}


def _open_key(job: Job) -> str:
    return hashlib.sha256(f"{job.kind}\0{job.subject}".encode("utf-8", "replace")).hexdigest()


def _open(connection: Connection, job: Job) -> Job | None:
    row = connection.execute(select(jobs).where(jobs.c.open_key == _open_key(job))).one_or_none()
    return None if row is None else _job(row)


def _require(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such job.")
    return _job(row)


def _values(job: Job) -> dict[str, Any]:
    return {
        **vars(job),
        "state": job.state.value,
        "open_key": _open_key(job) if job.state.value in _UNFINISHED else None,
        "run_id": None,
        "cancel_requested": False,
    }


def _job(row: Row[Any]) -> Job:
    values = {name: row._mapping[name] for name in Job.__dataclass_fields__}
    return Job(**values | {"state": JobState(row.state)})
