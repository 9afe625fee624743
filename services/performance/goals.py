"""Goals and alert limits of metrics, as heads and MLOps staff set them."""

from __future__ import annotations

import math

from data.database import now
from data.errors import InvalidInput
from data.records import AuditEvent, Goal, User
from data.stores.audit import AuditLog
from data.stores.goals import GoalStore
from services.performance.metrics import WITH_GOALS, Metric, metric_named
from services.permissions import Permission, require
from services.typed_input import share_of_percent


class Goals:
    """Keeps goals; each change is noted in the audit trail."""

    def __init__(self, store: GoalStore, audit: AuditLog) -> None:
        self._store = store
        self._audit = audit

    def of(self, task: str) -> dict[str, Goal]:
        """The goals of a task by metric."""
        return self._store.of(task)

    def set_typed(self, task: str, metric: str, goal: str, limit: str, user: User) -> Goal:
        """Keep what a person typed: per cent for shares, milliseconds for times; empty for none.

        A share written as a fraction is asked back: 0.9 was kept as 0.9 per cent. Raises InvalidInput for
        that, for what is no such number and for a limit that is better than the goal,
        NotAllowed.
        """
        require(user, Permission.SET_GOALS)
        known = WITH_GOALS.get(metric) or metric_named(metric)
        aimed, least = _typed(known, goal, "The goal"), _typed(known, limit, "The alert limit")
        if (
            aimed is not None
            and least is not None
            and (aimed < least) == known.more_is_better
            and aimed != least
        ):
            raise InvalidInput("The alert limit must be worse than the goal.")
        kept = Goal(task, metric, aimed, least, user.display_name, now())
        said = f"goal {_said(aimed)}, alert limit {_said(least)}"
        with self._audit.together():
            self._store.set(kept)
            self._audit.record(AuditEvent(kept.set_at, user.id, "performance.goal", f"{task} {metric}", said))
        return kept


def _typed(metric: Metric, text: str, name: str) -> float | None:
    words = text.strip().removesuffix(metric.unit or "%").strip().replace(",", ".")
    if not words:
        return None
    try:
        value = float(words)
    except ValueError:
        value = math.nan
    most = 100.0 if metric.percent else 1.0 if not metric.unit else 1e7
    if not 0 <= value <= most:
        unit = " per cent" if metric.percent else f" {metric.unit}" if metric.unit else ""
        raise InvalidInput(f"{name} must be a number from 0 to {most:g}{unit}.")
    return share_of_percent(name, value, text) if metric.percent else value


def _said(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
