"""The audit trail by address, and as a file."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from data.database import now
from data.errors import InvalidInput, NotAllowed
from data.records import AuditEvent, Role, User
from data.stores.audit import AuditLog
from services.addresses import AuditAddress
from services.auditing import trail
from services.auditing.trail import AuditTrail, asked
from tests.dashboard.clinic import Clinic


@pytest.fixture
def head(clinic: Clinic) -> User:
    return clinic.person(Role.HEAD)


@pytest.fixture
def log(clinic: Clinic) -> AuditLog:
    return AuditLog(clinic.database)


@pytest.fixture
def audit_trail(clinic: Clinic) -> AuditTrail:
    return clinic.services.auditing.trail


def test_a_kind_asks_for_its_actions_and_a_person_for_what_that_person_did(
    audit_trail: AuditTrail, log: AuditLog, head: User
) -> None:
    log.record(AuditEvent(now(), head.id, "scan.take", "s1"))
    log.record(AuditEvent(now(), "dicom:MR1", "dicom.receive", "1.2.3"))
    actions = [event.action for event in audit_trail.page(AuditAddress(kind="scans"), head).events]
    assert actions == ["dicom.receive", "scan.take"]
    mine = audit_trail.page(AuditAddress(person=head.id, kind="scans"), head)
    assert [event.action for event in mine.events] == ["scan.take"]
    created = audit_trail.page(AuditAddress(kind="accounts", subject=head.id), head)
    assert [event.action for event in created.events] == ["password changed", "account created"]


def test_days_are_days_of_this_server_and_both_ends_count(monkeypatch: pytest.MonkeyPatch) -> None:
    query = asked(AuditAddress(since="2026-11-20", until="2026-11-20"))
    assert query.since is not None and query.until is not None
    assert query.since.astimezone().replace(tzinfo=None) == datetime(2026, 11, 20)
    assert query.until.astimezone().replace(tzinfo=None) == datetime(2026, 11, 21)


@pytest.mark.parametrize(
    "address",
    [
        AuditAddress(kind="gossip"),
        AuditAddress(outcome="perhaps"),
        AuditAddress(since="yesterday"),
        AuditAddress(until="2026-02-30"),
        AuditAddress(until="9999-12-31"),
        AuditAddress(before="-1"),
        AuditAddress(before="9" * 30),
    ],
)
def test_an_address_that_asks_for_what_there_is_not_is_refused(address: AuditAddress) -> None:
    with pytest.raises(InvalidInput):
        asked(address)


def test_the_file_holds_every_page_and_is_an_event_itself(
    audit_trail: AuditTrail, log: AuditLog, head: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "_AT_ONCE", 2)
    at = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)
    for number in range(5):
        log.record(AuditEvent(at, head.id, "scan.take", f"s{number}"))
    log.record(AuditEvent(at, None, "sign-in failed", "", "=HYPERLINK(1)"))
    address = AuditAddress(since="2026-11-19", until="2026-11-21")
    rows = list(csv.reader(io.StringIO(audit_trail.export(address, "csv", head).content.decode("utf-8-sig"))))
    assert rows[0][:6] == ["at", "who", "what", "action", "subject", "detail"]
    assert rows[0][6:] == ["number", "outcome", "patient", "role", "via", "address"]
    assert [row[4] for row in rows[2:]] == ["s4", "s3", "s2", "s1", "s0"]
    assert rows[1][1:6] == ["Lightbox", "Sign-in failed", "sign-in failed", "", "'=HYPERLINK(1)"]
    name = f"{head.display_name} ({head.name})"
    assert rows[2][:6] == ["2026-11-20T12:00:05+00:00", name, "Scan taken", "scan.take", "s4", ""]
    assert rows[2][7:] == ["success", "", "head", "server", ""] and rows[1][7] == "refused"
    (newest,) = audit_trail.page(AuditAddress(kind="files"), head).events
    assert (newest.action, newest.user_id, newest.detail) == ("audit.export", head.id, address.query)


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.MLOPS])
def test_only_those_who_answer_for_the_house_see_it(
    clinic: Clinic, audit_trail: AuditTrail, role: Role
) -> None:
    person = clinic.person(role)
    with pytest.raises(NotAllowed, match="department heads and administrators"):
        audit_trail.page(AuditAddress(), person)
    with pytest.raises(NotAllowed, match="department heads and administrators"):
        audit_trail.export(AuditAddress(), "csv", person)
    with pytest.raises(NotAllowed):
        audit_trail.names(person)
