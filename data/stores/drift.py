"""Frozen references of drift, and the runs that were measured against them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.codec import from_json, to_json
from data.columns import folded
from data.database import reading, writing
from data.errors import InvalidInput
from data.records import DriftAsk, DriftReference, DriftRun, ReferenceKind, RunState, Severity
from data.tables import drift_references, drift_runs

_SUMMARY = ("version", "reference_id", "reference_name", "severity", "reference_n", "current_n", "drifted",
            "watched", "snapshot_sha256")  # fmt: skip


class DriftReferenceStore:
    """References; names that differ only by case are one name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, reference: DriftReference) -> DriftReference:
        """Keeps a reference; raises InvalidInput where its name is taken."""
        values = vars(reference) | {"kind": reference.kind.value, "name_key": folded(reference.name)}
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(drift_references).values(**values))
        except IntegrityError:
            raise InvalidInput(f"There is a reference called “{reference.name}” already.") from None
        return reference

    def get(self, reference_id: str) -> DriftReference | None:
        """The reference, or None."""
        query = select(drift_references).where(drift_references.c.id == reference_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _reference(row)

    def all(self, task: str) -> list[DriftReference]:
        """The task's references, the newest first."""
        query = select(drift_references).where(drift_references.c.task == task)
        query = query.order_by(drift_references.c.created_at.desc(), drift_references.c.id)
        with reading(self._engine) as connection:
            return [_reference(row) for row in connection.execute(query)]

    def rewritten(self, reference_id: str, n: int, sha256: str) -> None:
        """Rows were taken out of its file: erased patients'."""
        mine = drift_references.c.id == reference_id
        with writing(self._engine) as connection:
            connection.execute(update(drift_references).where(mine).values(n=n, sha256=sha256))

    def delete(self, reference_id: str) -> None:
        """Forgets a reference; nothing happens where there is none."""
        with writing(self._engine) as connection:
            connection.execute(delete(drift_references).where(drift_references.c.id == reference_id))


class DriftRunStore:
    """Runs, each with the few of its numbers that lists show."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, run: DriftRun) -> DriftRun:
        """Keeps a run that waits."""
        values: dict[str, Any] = {name: getattr(run, name) for name in _SUMMARY}
        values |= {
            "id": run.id,
            "task": run.task,
            "ask": to_json(run.ask),
            "state": run.state.value,
            "schedule_id": run.schedule_id,
            "asked_by": run.asked_by,
            "created_at": run.created_at,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(drift_runs).values(**values))
        return run

    def get(self, run_id: str) -> DriftRun | None:
        """The run, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(drift_runs).where(drift_runs.c.id == run_id)).one_or_none()
        return None if row is None else _run(row)

    def recent(self, task: str, limit: int, state: RunState | None = None) -> list[DriftRun]:
        """The task's latest runs, newest first."""
        query = select(drift_runs).where(drift_runs.c.task == task)
        if state is not None:
            query = query.where(drift_runs.c.state == state.value)
        query = query.order_by(drift_runs.c.created_at.desc(), drift_runs.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_run(row) for row in connection.execute(query)]

    def finish(self, run: DriftRun, at: datetime) -> None:
        """Notes what came of a run."""
        values: dict[str, Any] = {name: getattr(run, name) for name in _SUMMARY}
        self._settle(run.id, RunState.DONE, at, values | {"failure": None})

    def fail(self, run_id: str, sentence: str, at: datetime) -> None:
        """Notes why nothing came of a run."""
        self._settle(run_id, RunState.FAILED, at, {"failure": sentence})

    def delete(self, run_id: str) -> None:
        """Forgets a run; nothing happens where there is none."""
        with writing(self._engine) as connection:
            connection.execute(delete(drift_runs).where(drift_runs.c.id == run_id))

    def _settle(self, run_id: str, state: RunState, at: datetime, values: dict[str, Any]) -> None:
        statement = update(drift_runs).where(drift_runs.c.id == run_id)
        with writing(self._engine) as connection:
            connection.execute(statement.values(state=state.value, finished_at=at, **values))


def _reference(row: Row[Any]) -> DriftReference:
    return DriftReference(
        row.id, row.name, row.task, row.version, ReferenceKind(row.kind), row.query, row.n, row.sha256,
        row.made_by, row.created_at,
    )  # fmt: skip


def _run(row: Row[Any]) -> DriftRun:
    summary: dict[str, Any] = {name: getattr(row, name) for name in _SUMMARY}
    return DriftRun(
        **summary | {"severity": None if row.severity is None else Severity(row.severity)},
        id=row.id,
        ask=from_json(DriftAsk, row.ask),
        state=RunState(row.state),
        created_at=row.created_at,
        failure=row.failure,
        schedule_id=row.schedule_id,
        asked_by=row.asked_by,
        finished_at=row.finished_at,
    )
