"""Goals and alert limits: one row a task and metric."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from data.database import attempting, reading, writing
from data.records import Goal
from data.tables import goals


class GoalStore:
    """The latest word counts; who said what before stands in the audit trail."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, task: str) -> dict[str, Goal]:
        """The goals of a task by metric."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(goals).where(goals.c.task == task))
            return {row.metric: _goal(row) for row in rows}

    def set(self, goal: Goal) -> None:
        """Keeps a goal in place of an older one; one that says nothing is forgotten."""
        try:
            with attempting(self._engine) as connection:
                _replaced(connection, goal)
        except IntegrityError:  # somebody set the same one between our look and our writing
            with writing(self._engine) as connection:
                _replaced(connection, goal)


def _replaced(connection: Connection, goal: Goal) -> None:
    connection.execute(delete(goals).where(goals.c.task == goal.task, goals.c.metric == goal.metric))
    if goal.goal is not None or goal.alert_limit is not None:
        connection.execute(insert(goals).values(**vars(goal)))


def _goal(row: Row[Any]) -> Goal:
    return Goal(row.task, row.metric, row.goal, row.alert_limit, row.set_by, row.set_at)
