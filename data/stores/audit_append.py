"""How events get into the chain: one after another, whoever writes, as the last thing of a transaction.

Whoever adds events locks the one row of `audit_head` first, so that threads and servers come one after
another: no number is given twice and none is left out. The lock is taken right before the commit and after
every other, so that it is short and nobody waits for it who holds what its holder needs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

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
    told = _with_roles(connection, _with_patients(connection, events))
    key = key_of(connection.engine)
    head = connection.execute(select(audit_head).with_for_update()).one()
    number, previous, rows = head.number, head.hash, []
    for event in told:
        number += 1
        link = AuditLink(replace(event, number=number), previous, "" if key is None else key.id, "")
        previous = hash_of(link, key)
        rows.append(_values(link) | {"hash": previous})
    connection.execute(insert(audit_events), rows)
    connection.execute(update(audit_head).values(number=number, hash=previous))


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


def _with_roles(connection: Connection, events: list[AuditEvent]) -> list[AuditEvent]:
    """The role of each person now; a person's alone."""
    wanted = {event.user_id for event in events if event.user_id and not event.role}
    roles = _known(
        connection, wanted, lambda ids: select(users.c.id, users.c.role).where(users.c.id.in_(ids))
    )
    return [replace(event, role=event.role or roles.get(event.user_id or "", "")) for event in events]


def _with_patients(connection: Connection, events: list[AuditEvent]) -> list[AuditEvent]:
    """Of events that are about a scan or a patient: whose."""
    wanted = {event.subject for event in events if not event.patient and len(event.subject) == ID_LENGTH}
    whose = _known(
        connection, wanted, lambda ids: select(scans.c.id, scans.c.patient_id).where(scans.c.id.in_(ids))
    )
    whose |= _known(
        connection,
        wanted - set(whose),
        lambda ids: select(patients.c.id, patients.c.id).where(patients.c.id.in_(ids)),
    )
    return [replace(event, patient=event.patient or whose.get(event.subject, "")) for event in events]


def _known(
    connection: Connection, ids: Collection[str], query: Callable[[Collection[str]], Any]
) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in statement_parts(sorted(ids)):
        pairs |= {row[0]: row[1] for row in connection.execute(query(part))}
    return pairs
