"""How events get into the chain: one after another, whoever writes, as the last thing of a transaction.

Whoever adds events locks the one row of `audit_head` first, so that threads and servers come one after
another: no number is given twice and none is left out. The lock is taken right before the commit and after
every other, so that it is short and nobody waits for it who holds what its holder needs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, insert, literal, select, union_all, update

from data.audit_chain import hash_of, key_of
from data.audit_origin import origin
from data.columns import ID_LENGTH, storable
from data.database import statement_parts
from data.records import AuditEvent, AuditLink, AuditOrigin, AuditOutcome, AuditVia
from data.tables import audit_events, audit_head, patients, scans, users

_LINE = 255
_NAME = 64
_FAILED = "-failed"
_REFUSED = "sign-in "  # sign-in failed, sign-in refused: a person who was not let in
_BY_DICOM = "dicom:"


def kept(event: AuditEvent) -> AuditEvent:
    """The event as it is kept: texts cut to their columns, where it came from, what became of it."""
    came_from = origin()
    if event.user_id is not None and event.user_id.startswith(_BY_DICOM):
        came_from = AuditOrigin(AuditVia.DICOM, came_from.address)
    return replace(
        event,
        user_id=None if event.user_id is None else storable(event.user_id)[:_NAME],
        action=storable(event.action)[:_NAME],
        subject=storable(event.subject)[:_LINE],
        detail=storable(event.detail),
        outcome=event.outcome or _outcome(event.action),
        origin=AuditOrigin(came_from.via, storable(came_from.address)[:_NAME]),
    )


def append(connection: Connection, events: list[AuditEvent]) -> None:
    """Adds events to the chain; the head stays locked until the transaction ends."""
    told = _with_roles_and_patients(connection, events)
    key = key_of(connection.engine)
    head = connection.execute(_LOCKED_HEAD).one()
    number, previous, rows = head.number, head.hash, []
    for event in told:
        number += 1
        link = AuditLink(replace(event, number=number), previous, "" if key is None else key.id, "")
        previous = hash_of(link, key)
        rows.append(_values(link) | {"hash": previous})
    # One row by itself: drivers are slow at many.
    connection.execute(_INSERT, rows if len(rows) > 1 else rows[0])
    connection.execute(_MOVE_HEAD, {"new_number": number, "new_hash": previous})


def _outcome(action: str) -> AuditOutcome:
    if action.startswith(_REFUSED):
        return AuditOutcome.REFUSED
    return AuditOutcome.FAILED if action.endswith(_FAILED) else AuditOutcome.SUCCESS


def _values(link: AuditLink) -> dict[str, Any]:
    event = link.event
    assert event.outcome is not None  # `kept` has said so
    return {
        "at": event.at,
        "user_id": event.user_id,
        "action": event.action,
        "subject": event.subject,
        "detail": event.detail,
        "outcome": event.outcome.value,
        "patient": event.patient,
        "role": event.role,
        "via": event.origin.via.value,
        "address": event.origin.address,
        "number": event.number,
        "previous": link.previous,
        "key_id": link.key_id,
    }


def _with_roles_and_patients(connection: Connection, events: list[AuditEvent]) -> list[AuditEvent]:
    """The role of each person now, a person's alone; of events about a scan or a patient: whose."""
    wanted = {event.user_id for event in events if event.user_id and not event.role}
    wanted |= {event.subject for event in events if not event.patient}
    known: dict[str, dict[str, str]] = {_PERSON: {}, _SCAN: {}, _PATIENT: {}}
    for part in statement_parts(sorted(key for key in wanted if len(key) == ID_LENGTH)):
        for row in connection.execute(_KNOWN, {"people": part, "scans": part, "patients": part}):
            known[row.kind][row.id] = row.value
    whose = known[_PATIENT] | known[_SCAN]
    return [
        replace(
            event,
            role=event.role or known[_PERSON].get(event.user_id or "", ""),
            patient=event.patient or whose.get(event.subject, ""),
        )
        for event in events
    ]


def _kind(kind: str, keys: Column[str], values: Column[str], name: str) -> Select[str, str, str]:
    wanted = keys.in_(bindparam(name, expanding=True))
    return select(literal(kind).label("kind"), keys.label("id"), values.label("value")).where(wanted)


_PERSON, _SCAN, _PATIENT = "person", "scan", "patient"
_KNOWN = union_all(
    _kind(_PERSON, users.c.id, users.c.role, "people"),
    _kind(_SCAN, scans.c.id, scans.c.patient_id, "scans"),
    _kind(_PATIENT, patients.c.id, patients.c.id, "patients"),
)
_LOCKED_HEAD = select(audit_head.c.number, audit_head.c.hash).with_for_update()
_INSERT = insert(audit_events)
_MOVE_HEAD = update(audit_head).values(number=bindparam("new_number"), hash=bindparam("new_hash"))
