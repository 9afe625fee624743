"""Who can change the database by hand: every way of tampering with the audit trail, in plain SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from data.audit_chain import ChainKey, sign_with
from data.audit_triggers import drop_triggers
from data.database import writing
from data.records import AuditEvent
from data.stores.audit import AuditLog
from services.auditing.checkpoints import Checkpoints
from services.auditing.verification import FaultKind, Verification

SECRET = "the secret of a house that is only a test"  # pragma: allowlist secret
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class House:
    """A chain of events in a database, and the checkpoints beside it."""

    def __init__(self, engine: Engine, home: Path, secret: str = SECRET) -> None:
        self.engine, key = engine, ChainKey(secret)
        sign_with(engine, key)
        self.log = AuditLog(engine)
        self.checkpoints = Checkpoints(home, {key.id: key})
        self.verification = Verification(self.log, {key.id: key}, self.checkpoints)

    def add(self, number: int) -> None:
        """So many events, each in a transaction of its own."""
        for each in range(number):
            self.log.record(AuditEvent(NOON, "ada", "scan.take", f"scan {each}", "Zoë 🧠"))

    def by_hand(self, *statements: str) -> None:
        """Plain SQL of somebody who owns the database, and takes the triggers away first."""

        def tampered(connection: Connection) -> None:
            drop_triggers(connection)
            for statement in statements:
                connection.execute(text(statement))

        with writing(self.engine) as connection:
            tampered(connection)

    def faults(self) -> list[tuple[FaultKind, int, int]]:
        """What a check finds."""
        return [(fault.kind, fault.first, fault.last) for fault in self.verification.verify().faults]


@dataclass(frozen=True)
class Tampering:
    """What is done to ten events, the tenth noted in a checkpoint, and what a check must find."""

    name: str
    statements: Sequence[str]
    expected: Sequence[tuple[FaultKind, int, int]]


_FORGED = (
    "INSERT INTO audit_events (at, user_id, action, subject, detail, outcome, patient, role, via, address, "
    "number, previous, key_id, hash) SELECT at, 'eve', action, subject, detail, outcome, patient, role, via, "
    "address, {number}, hash, key_id, previous FROM audit_events WHERE number = {like}"
)
TAMPERINGS = (
    Tampering(
        "a changed detail",
        ["UPDATE audit_events SET detail = 'nothing' WHERE number = 4"],
        [(FaultKind.CHANGED, 4, 4)],
    ),
    Tampering(
        "another person", ["UPDATE audit_events SET user_id = 'eve' WHERE number = 10"],
        [(FaultKind.CHANGED, 10, 10)],
    ),
    Tampering(
        "another time", ["UPDATE audit_events SET at = '2020-01-01 00:00:00' WHERE number = 1"],
        [(FaultKind.CHANGED, 1, 1)],
    ),
    Tampering(
        "a removed event", ["DELETE FROM audit_events WHERE number = 5"], [(FaultKind.REMOVED, 5, 5)]
    ),
    Tampering(
        "the first events removed", ["DELETE FROM audit_events WHERE number < 3"], [(FaultKind.REMOVED, 1, 2)]
    ),
    Tampering(
        "a removed event whose gap is closed",
        [
            "DELETE FROM audit_events WHERE number = 9",
            "UPDATE audit_events SET number = 9 WHERE number = 10",
            "UPDATE audit_head SET number = 9",
        ],
        [(FaultKind.CHANGED, 9, 9), (FaultKind.CUT_OFF, 10, 10)],
    ),
    Tampering(
        "two events changed places",
        [
            "UPDATE audit_events SET number = 99 WHERE number = 3",
            "UPDATE audit_events SET number = 3 WHERE number = 4",
            "UPDATE audit_events SET number = 4 WHERE number = 99",
        ],
        [(FaultKind.CHANGED, 3, 3), (FaultKind.CHANGED, 4, 4)],
    ),
    Tampering(
        "an event put in at the end", [_FORGED.format(number=11, like=10)],
        [(FaultKind.CHANGED, 11, 11), (FaultKind.INSERTED, 11, 11)],
    ),
    Tampering(
        "an event put in before the first", [_FORGED.format(number=0, like=1)], [(FaultKind.INSERTED, 0, 0)]
    ),
    Tampering(
        "the newest cut off", ["DELETE FROM audit_events WHERE number > 7"], [(FaultKind.CUT_OFF, 8, 10)]
    ),
    Tampering(
        "the newest cut off, and the head with them",
        [
            "DELETE FROM audit_events WHERE number > 7",
            "UPDATE audit_head SET number = 7, "
            "hash = (SELECT hash FROM audit_events WHERE audit_events.number = 7)",
        ],
        [(FaultKind.CUT_OFF, 8, 10)],
    ),
    Tampering("everything gone", ["DELETE FROM audit_events"], [(FaultKind.CUT_OFF, 1, 10)]),
    Tampering(
        "signatures taken away", ["UPDATE audit_events SET key_id = '' WHERE number = 6"],
        [(FaultKind.CHANGED, 6, 6)],
    ),
)  # fmt: skip


def tampered(make: Callable[[], House], tampering: Tampering) -> list[tuple[FaultKind, int, int]]:
    """What a check of ten events finds after a tampering."""
    house = make()
    house.add(10)
    house.checkpoints.note(house.log.head(), NOON)
    assert house.verification.verify().intact
    house.by_hand(*tampering.statements)
    return house.faults()
