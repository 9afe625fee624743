"""What is run periodically. A due time belongs to whoever moves `last_due_at` past it first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.database import attempting, reading, writing
from data.records import RunOutcome, Schedule, ScheduleRun
from data.tables import schedule_runs, schedules


class ScheduleStore:
    """Schedules and their runs; deleted ones keep their row and are not listed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, schedule: Schedule) -> bool:
        """Keeps a new schedule; False where the id is known, also of a deleted one."""
        try:
            with attempting(self._engine) as connection:
                known = connection.execute(select(schedules.c.id).where(schedules.c.id == schedule.id))
                if known.one_or_none() is None:
                    connection.execute(insert(schedules).values(vars(schedule)))
                    return True
        except IntegrityError:  # another server was first
            pass
        return False

    def get(self, schedule_id: str) -> Schedule | None:
        """The schedule, unless it was deleted."""
        query = select(schedules).where(schedules.c.id == schedule_id, schedules.c.deleted_at.is_(None))
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _schedule(row)

    def all(self) -> list[Schedule]:
        """Every schedule that was not deleted, by kind and name."""
        query = select(schedules).where(schedules.c.deleted_at.is_(None))
        with reading(self._engine) as connection:
            kept = [_schedule(row) for row in connection.execute(query)]
        return sorted(kept, key=lambda schedule: (schedule.kind, schedule.name.casefold(), schedule.id))

    def replan(self, schedule: Schedule, since: datetime, **changes: Any) -> Schedule:
        """Changes `name`, `cron`, `ask` or `active`; times before `since` count as dealt with."""
        values = {**changes, "last_due_at": since}
        self._update(schedule.id, values)
        return replace(schedule, **values)

    def claim(self, schedule: Schedule, due: datetime, job_id: str) -> bool:
        """Takes a due time for a job; False where somebody else has moved on from `schedule` as given."""
        seen = schedule.last_due_at
        unmoved = schedules.c.last_due_at.is_(None) if seen is None else schedules.c.last_due_at == seen
        mine = (schedules.c.id == schedule.id) & schedules.c.active.is_(True) & unmoved
        statement = update(schedules).where(mine, schedules.c.deleted_at.is_(None))
        with writing(self._engine) as connection:
            done = connection.execute(statement.values(last_due_at=due, job_id=job_id))
            return done.rowcount == 1

    def ended(self, schedule_id: str, at: datetime, failure: str | None) -> None:
        """How the last run ended."""
        self._update(schedule_id, {"last_run_at": at, "failure": failure})

    def due_of(self, schedule_id: str) -> datetime | None:
        """The due time that was taken last."""
        known = self.get(schedule_id)
        return None if known is None else known.last_due_at

    def begin_run(self, run: ScheduleRun) -> None:
        """Notes that a run begins; nothing happens where its job was tried before."""
        known = select(schedule_runs.c.id).where(schedule_runs.c.id == run.id)
        with writing(self._engine) as connection:
            if connection.execute(known).one_or_none() is None:
                connection.execute(insert(schedule_runs).values(vars(run)))

    def end_run(self, schedule_id: str, at: datetime, outcome: RunOutcome, sentence: str, link: str) -> None:
        """Notes how the schedule's oldest unfinished run ended: they end in the order of their beginning."""
        open_runs = select(schedule_runs.c.id).where(
            schedule_runs.c.schedule_id == schedule_id, schedule_runs.c.ended_at.is_(None)
        )
        oldest = open_runs.order_by(schedule_runs.c.started_at, schedule_runs.c.id).limit(1)
        values = {"ended_at": at, "outcome": outcome.value, "sentence": sentence, "link": link}
        with writing(self._engine) as connection:
            run_id = connection.execute(oldest).scalar()
            if run_id is not None:
                statement = update(schedule_runs).where(schedule_runs.c.id == run_id)
                connection.execute(statement.values(values))

    def runs(self, schedule_id: str, limit: int) -> list[ScheduleRun]:
        """The schedule's latest runs, newest first."""
        query = select(schedule_runs).where(schedule_runs.c.schedule_id == schedule_id)
        query = query.order_by(schedule_runs.c.started_at.desc(), schedule_runs.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_run(row) for row in connection.execute(query)]

    def delete(self, schedule_id: str, at: datetime) -> None:
        """Takes a schedule out of every list."""
        self._update(schedule_id, {"deleted_at": at, "active": False})

    def _update(self, schedule_id: str, values: dict[str, Any]) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(schedules).where(schedules.c.id == schedule_id).values(values))


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(**{name: row._mapping[name] for name in Schedule.__dataclass_fields__})


def _run(row: Row[Any]) -> ScheduleRun:
    values = dict(row._mapping)
    outcome = values.pop("outcome")
    return ScheduleRun(**values, outcome=None if outcome is None else RunOutcome(outcome))
