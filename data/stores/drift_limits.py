"""Limits of drift that people set; a feature without one is judged by the usual limit."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Engine, and_, delete, insert, select

from data.database import reading, writing
from data.records import DriftLimit
from data.tables import drift_limits


class DriftLimitStore:
    """The latest word counts; who said what before stands in the audit trail."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, task: str) -> dict[str, DriftLimit]:
        """The limits of a task by feature."""
        query = select(drift_limits).where(drift_limits.c.task == task)
        with reading(self._engine) as connection:
            return {row.feature: DriftLimit(**row._mapping) for row in connection.execute(query)}

    def set(self, limit: DriftLimit) -> None:
        """Keeps a limit in place of an older one."""
        with writing(self._engine) as connection:
            connection.execute(delete(drift_limits).where(_of(limit.task, limit.feature)))
            connection.execute(insert(drift_limits).values(**vars(limit)))

    def delete(self, task: str, feature: str) -> None:
        """Forgets a limit; nothing happens where there is none."""
        with writing(self._engine) as connection:
            connection.execute(delete(drift_limits).where(_of(task, feature)))


def _of(task: str, feature: str) -> ColumnElement[bool]:
    return and_(drift_limits.c.task == task, drift_limits.c.feature == feature)
