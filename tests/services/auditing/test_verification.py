"""The chain of events: intact, and what a check says of every way to tamper with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from data.audit_chain import ChainKey
from data.database import writing
from data.errors import InvalidInput
from data.records import AuditEvent, AuditHead
from services.auditing.checkpoints import DAILY, NEWEST, Checkpoints
from services.auditing.verification import FaultKind, Verification
from tests.databases import migrated
from tests.services.auditing.tampering import NOON, SECRET, TAMPERINGS, House, Tampering, tampered


@pytest.fixture
def engine() -> Engine:
    return migrated("sqlite://")


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


def test_events_are_numbered_without_a_gap_and_follow_from_each_other(house: House) -> None:
    house.add(3)
    links = house.log.chain(0, 10)
    assert [link.event.number for link in links] == [1, 2, 3]
    assert [link.previous for link in links] == ["", links[0].hash, links[1].hash]
    assert house.log.head() == AuditHead(3, links[2].hash)
    verdict = house.verification.verify()
    assert (verdict.intact, verdict.events, verdict.first, verdict.last) == (True, 3, 1, 3)
    assert "intact: 3 events, 1 to 3." in verdict.sentence
    assert verdict.missing_triggers == ()


def test_a_transaction_that_is_taken_back_leaves_no_number_out(house: House) -> None:
    house.add(1)
    with pytest.raises(InvalidInput), house.log.together():
        house.log.record(AuditEvent(NOON, "ada", "scan.take", "not kept"))
        raise InvalidInput("no")
    house.add(1)
    assert [link.event.number for link in house.log.chain(0, 10)] == [1, 2]
    assert house.verification.verify().intact


def test_many_events_of_one_transaction_are_a_chain_too(house: House) -> None:
    with house.log.together():
        for number in range(5):
            house.log.record(AuditEvent(NOON, None, "scan.take", f"s{number}"))
    assert [event.subject for event in house.log.recent(5)] == ["s4", "s3", "s2", "s1", "s0"]
    assert house.verification.verify().intact


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.name.replace(" ", "-"))
def test_what_was_tampered_with_is_named(tampering: Tampering, engine: Engine, tmp_path: Path) -> None:
    assert tampered(lambda: House(engine, tmp_path), tampering) == list(tampering.expected)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET detail = 'x'",
        "DELETE FROM audit_events",
        "REPLACE INTO audit_events (id, at, action, subject, detail, number) "
        "VALUES (1, '2020-01-01', 'a', 'b', 'c', 1)",
    ],
)
def test_the_database_refuses_to_change_or_delete_events(house: House, statement: str) -> None:
    house.add(2)
    refused = pytest.raises(IntegrityError, match="audit trail|number of an event")
    with refused, writing(house.engine) as connection:
        connection.execute(text(statement))
    assert house.verification.verify().intact


def test_triggers_that_are_gone_are_named(house: House) -> None:
    house.by_hand()
    missing = ("audit_events_delete", "audit_events_insert", "audit_events_update")
    assert house.verification.verify().missing_triggers == missing


def test_who_has_no_key_cannot_compute_the_chain_anew(engine: Engine, tmp_path: Path) -> None:
    forged = House(engine, tmp_path, secret="a guess at the secret of the house")
    forged.add(3)
    key = ChainKey(SECRET)
    mine = {key.id: key}
    faults = Verification(forged.log, mine, Checkpoints(tmp_path, mine)).verify().faults
    kinds = [(fault.kind, fault.first, fault.last) for fault in faults]
    assert kinds[0] == (FaultKind.UNKNOWN_KEY, 1, 3)


def test_a_key_that_was_in_force_before_checks_what_it_signed(engine: Engine, tmp_path: Path) -> None:
    old, new = ChainKey("an earlier secret key of this house"), ChainKey(SECRET)
    House(engine, tmp_path, secret="an earlier secret key of this house").add(2)  # pragma: allowlist secret
    house = House(engine, tmp_path)
    house.add(2)
    both = {new.id: new, old.id: old}
    assert Verification(house.log, both, Checkpoints(tmp_path, both)).verify().intact
    assert house.faults() == [(FaultKind.UNKNOWN_KEY, 1, 2)]


def test_an_old_copy_that_went_another_way_is_noticed(house: House) -> None:
    house.add(8)
    house.checkpoints.note(house.log.head(), NOON)
    house.by_hand(
        "DELETE FROM audit_events WHERE number > 5",
        "UPDATE audit_head SET number = 5, hash = (SELECT hash FROM audit_events WHERE number = 5)",
    )
    house.log.record(AuditEvent(NOON, "eve", "scan.take", "another"))
    assert house.faults() == [(FaultKind.CUT_OFF, 7, 8)]
    house.add(3)
    assert house.faults() == [(FaultKind.REPLACED, 8, 8)]
    fault = house.verification.still_there()
    assert fault is not None and fault.kind is FaultKind.REPLACED


def test_checkpoints_that_were_changed_are_noticed(house: House, tmp_path: Path) -> None:
    house.add(2)
    house.checkpoints.note_daily(house.log.head(), NOON)
    house.add(1)
    house.checkpoints.note(house.log.head(), NOON)
    assert house.verification.verify().checkpoints == 2
    newest = tmp_path / NEWEST
    newest.write_text(newest.read_text().replace('"number": 3', '"number": 2'))
    assert [kind for kind, *_ in house.faults()] == [FaultKind.CHECKPOINT]
    fault = house.verification.still_there()
    assert fault is not None and NEWEST in fault.sentence
    newest.unlink()
    (tmp_path / DAILY).write_text("{}\n")
    assert "no checkpoint" in house.verification.verify().faults[0].sentence


def test_a_checkpoint_that_was_kept_elsewhere_is_compared_too(house: House) -> None:
    house.add(2)
    kept = house.checkpoints.signed(house.log.head(), NOON)
    assert house.verification.verify([kept]).checkpoints == 1
    other = replace(kept, hash="0" * 64)
    assert [fault.kind for fault in house.verification.verify([other]).faults] == [FaultKind.REPLACED]
