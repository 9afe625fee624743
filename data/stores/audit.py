"""Who did what to what, and when. Events are only ever added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, insert, select

from data.database import reading, writing
from data.records import AuditEvent, AuditPage, AuditQuery
from data.tables import audit_events


class AuditLog:
    """The audit trail."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, event: AuditEvent) -> None:
        """Adds an event."""
        values = {
            "at": event.at,
            "user_id": event.user_id,
            "action": event.action,
            "subject": event.subject,
            "detail": event.detail,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(audit_events).values(values))

    def recent(self, limit: int) -> list[AuditEvent]:
        """The latest events, newest first."""
        query = select(audit_events).order_by(audit_events.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [_event(row) for row in rows]

    def page(self, asked: AuditQuery, count: int) -> AuditPage:
        """At most `count` events of those that are asked for, newest first."""
        query = select(audit_events).where(*_conditions(asked)).order_by(audit_events.c.id.desc())
        with reading(self._engine) as connection:
            rows = connection.execute(query.limit(count + 1)).all()
        shown = rows[:count]
        more = len(rows) > count
        return AuditPage(tuple(map(_event, shown)), shown[-1].id if more else None)


def _conditions(asked: AuditQuery) -> Iterator[ColumnElement[bool]]:
    columns = audit_events.c
    if asked.user_id:
        yield columns.user_id == asked.user_id
    if asked.actions:
        yield columns.action.in_(asked.actions)
    if asked.subject:
        yield columns.subject == asked.subject
    if asked.since is not None:
        yield columns.at >= asked.since
    if asked.until is not None:
        yield columns.at < asked.until
    if asked.before is not None:
        yield columns.id < asked.before


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(row.at, row.user_id, row.action, row.subject, row.detail)
