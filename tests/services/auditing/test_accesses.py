"""Looks and refusals: an event of each, and not one of each request."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from data.audit_origin import coming_from
from data.database import now
from data.records import AuditEvent, AuditOrigin, AuditOutcome, AuditVia, Role, User
from data.stores.audit import AuditLog
from data.stores.users import UserStore
from services.auditing.accesses import LOOK_S, MOST_REFUSED, REFUSED_S, Accesses
from tests.data.builders import a_kept_scan
from tests.databases import migrated

ADA = User("a" * 32, "ada", "Ada", Role.CLINICIAN, created_at=now())
BROWSER = AuditOrigin(AuditVia.BROWSER, "10.0.0.7")


class House:
    """A trail, who writes looks into it, and a clock that stands still."""

    def __init__(self) -> None:
        self.engine: Engine = migrated("sqlite://")
        UserStore(self.engine).add(ADA, "hash")
        self.log, self.at = AuditLog(self.engine), 0.0
        self.accesses = Accesses(self.log, lambda: self.at)

    def events(self) -> list[AuditEvent]:
        return self.log.recent(100)[::-1]


@pytest.fixture
def house() -> House:
    return House()


def test_a_look_says_who_in_which_role_from_where_and_at_whom(house: House) -> None:
    scan = a_kept_scan(house.engine)
    with coming_from(BROWSER):
        house.accesses.looked(ADA, "scan.view", scan.id)
    (event,) = house.events()
    assert (event.user_id, event.role, event.patient) == (ADA.id, "clinician", scan.patient_id)
    assert (event.origin, event.outcome) == (BROWSER, AuditOutcome.SUCCESS)


def test_who_looks_again_within_five_minutes_looks_once(house: House) -> None:
    for at, subject in ((0, "s1"), (1, "s1"), (LOOK_S - 0.1, "s1"), (LOOK_S - 0.1, "s2"), (LOOK_S, "s1")):
        house.at = at
        house.accesses.looked(ADA, "scan.view", subject)
    assert [event.subject for event in house.events()] == ["s1", "s2", "s1"]


def test_the_api_and_the_browser_are_two_looks(house: House) -> None:
    house.accesses.looked(ADA, "scan.view", "s1")
    with coming_from(BROWSER):
        house.accesses.looked(ADA, "scan.view", "s1")
    assert len(house.events()) == 2


def test_a_look_that_could_not_be_written_is_written_the_next_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(event: AuditEvent) -> None:
        raise OperationalError("insert", {}, Exception("the database is away"))

    monkeypatch.setattr(house.log, "record", away)
    with pytest.raises(OperationalError):
        house.accesses.looked(ADA, "scan.view", "s1")
    monkeypatch.undo()
    house.accesses.looked(ADA, "scan.view", "s1")
    assert len(house.events()) == 1


def test_a_flood_of_refusals_is_bounded_and_counted(house: House) -> None:
    with coming_from(BROWSER):
        for number in range(MOST_REFUSED + 7):
            house.accesses.refused(None, "access.refused", f"/scans/{number}", "no")
        with coming_from(AuditOrigin(AuditVia.BROWSER, "10.0.0.8")):
            house.accesses.refused(None, "access.refused", "/audit", "another address is not held back")
        house.at = REFUSED_S
        house.accesses.refused(None, "access.refused", "/audit", "no")
    events = house.events()
    assert len(events) == MOST_REFUSED + 2
    assert {event.outcome for event in events} == {AuditOutcome.REFUSED}
    assert events[-2].origin.address == "10.0.0.8"
    assert events[-1].detail == "no (7 more were not written)"


def test_the_same_refusal_is_written_once_a_minute(house: House) -> None:
    for at in (0.0, 59.9, 60.0):
        house.at = at
        house.accesses.refused(ADA, "access.refused", "/audit", "no")
    assert [event.user_id for event in house.events()] == [ADA.id, ADA.id]
