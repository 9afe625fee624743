"""Who did what to what, and when. Events are only ever added, each signed together with the one before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, func, or_, select

from data.audit_triggers import missing_triggers
from data.database import at_end, reading, together, writing
from data.records import (
    AuditEvent,
    AuditHead,
    AuditLink,
    AuditOrigin,
    AuditOutcome,
    AuditPage,
    AuditQuery,
    AuditVia,
)
from data.stores.audit_append import append, kept
from data.tables import audit_events, audit_head, patients, scans


class AuditLog:
    """The audit trail."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, event: AuditEvent) -> None:
        """Adds an event, with the transaction that is under way (`together`) or in one of its own."""
        with writing(self._engine) as connection:
            at_end(connection, append).append(kept(event))

    def together(self) -> AbstractContextManager[None]:
        """One transaction around an act and the event that tells of it: both are kept, or neither."""
        return together(self._engine)

    def recent(self, limit: int) -> list[AuditEvent]:
        """The latest events, newest first."""
        query = select(audit_events).order_by(audit_events.c.number.desc()).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [_event(row) for row in rows]

    def page(self, asked: AuditQuery, count: int) -> AuditPage:
        """At most `count` events of those that are asked for, newest first."""
        query = select(audit_events).where(*_conditions(asked)).order_by(audit_events.c.number.desc())
        with reading(self._engine) as connection:
            rows = connection.execute(query.limit(count + 1)).all()
        shown = rows[:count]
        more = len(rows) > count
        return AuditPage(tuple(map(_event, shown)), shown[-1].number if more else None)

    def links(self, asked: AuditQuery, count: int) -> list[AuditLink]:
        """At most `count` events of those that are asked for, newest first, with their hashes."""
        query = select(audit_events).where(*_conditions(asked)).order_by(audit_events.c.number.desc())
        with reading(self._engine) as connection:
            return [_link(row) for row in connection.execute(query.limit(count))]

    def chain(self, after: int, count: int) -> list[AuditLink]:
        """At most `count` events whose number is higher, in the order of the chain, with their hashes."""
        query = select(audit_events).where(audit_events.c.number > after)
        query = query.order_by(audit_events.c.number, audit_events.c.id).limit(count)
        with reading(self._engine) as connection:
            return [_link(row) for row in connection.execute(query)]

    def link(self, number: int) -> AuditLink | None:
        """The event of this number with its hashes; None where there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(select(audit_events).where(audit_events.c.number == number)).first()
        return None if row is None else _link(row)

    def head(self) -> AuditHead:
        """How far the chain goes by what was noted beside it; 0 and "" before the first event."""
        with reading(self._engine) as connection:
            row = connection.execute(select(audit_head.c.number, audit_head.c.hash)).first()
        return AuditHead(0, "") if row is None else AuditHead(row.number, row.hash)

    def newest(self) -> int:
        """The highest number of any event, 0 where there is none."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.max(audit_events.c.number))).scalar() or 0)

    def missing_triggers(self) -> list[str]:
        """The triggers that are to keep events as they are, and are not there."""
        with reading(self._engine) as connection:
            return missing_triggers(connection)


def _conditions(asked: AuditQuery) -> Iterator[ColumnElement[bool]]:
    columns = audit_events.c
    if asked.user_id:
        yield columns.user_id == asked.user_id
    if asked.actions:
        yield columns.action.in_(asked.actions)
    if asked.but_actions:
        yield columns.action.not_in(asked.but_actions)
    if asked.subject:
        yield columns.subject == asked.subject
    if asked.outcome is not None:
        yield columns.outcome == asked.outcome.value
    if asked.patient:
        yield _about_patient(asked.patient)
    if asked.since is not None:
        yield columns.at >= asked.since
    if asked.until is not None:
        yield columns.at < asked.until
    if asked.before is not None:
        yield columns.number < asked.before
    if asked.after is not None:
        yield columns.number > asked.after


def _about_patient(patient_id: str) -> ColumnElement[bool]:
    """Of the patient then, of whoever was merged into them, or of a scan that is theirs now."""
    same = select(patients.c.id).where(or_(patients.c.id == patient_id, patients.c.merged_into == patient_id))
    of_theirs = select(scans.c.id).where(scans.c.patient_id == patient_id)
    return or_(audit_events.c.patient.in_(same), audit_events.c.subject.in_(of_theirs))


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(
        at=row.at,
        user_id=row.user_id,
        action=row.action,
        subject=row.subject,
        detail=row.detail,
        outcome=AuditOutcome(row.outcome),
        patient=row.patient,
        role=row.role,
        origin=AuditOrigin(AuditVia(row.via), row.address),
        number=row.number,
    )


def _link(row: Row[Any]) -> AuditLink:
    return AuditLink(_event(row), row.previous, row.key_id, row.hash)
