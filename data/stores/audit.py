"""Who did what to what, and when. Events are only ever added."""

from __future__ import annotations

from sqlalchemy import Engine, insert, select

from data.database import reading, writing
from data.records import AuditEvent
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
        return [AuditEvent(row.at, row.user_id, row.action, row.subject, row.detail) for row in rows]
