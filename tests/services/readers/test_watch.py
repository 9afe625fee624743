"""The watch over quick acceptances: whom it calls, who is told, and how an alert ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from data.database import now
from data.errors import NotAllowed, NotFound
from data.records import Alert, AlertState, Result, Role, User
from models.statistics.quick_acceptance import fewest_until_call
from services.addresses import AuditAddress
from services.alerts.delivery import Address
from services.readers.watch import LATELY
from tests.dashboard.clinic import Clinic
from tests.services.verdicts import read_scans, readers, say_all

LIMIT = fewest_until_call()


class House:
    """A clinic with three readers, of whom the first accepts everything at once."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.head = clinic.person(Role.HEAD)
        self.watch = clinic.services.readers.watch
        self.quick, self.slow, self.third = readers(clinic, ["", "", ""])
        self.results = read_scans(clinic, LIMIT + LATELY)

    def stamp(self, n: int = LIMIT, seconds: float = 2.0, first: int = 0, at: datetime | None = None) -> None:
        begin = at or now() - timedelta(minutes=5)
        say_all(self.clinic, self.quick, self.results[first : first + n], seconds, begin=begin)

    def others_read(self, results: Sequence[Result] | None = None) -> None:
        for reader in (self.slow, self.third):
            say_all(self.clinic, reader, results or self.results[:3])

    def alerts(self, viewer: User | None) -> list[Alert]:
        return self.clinic.alerts.unfinished(viewer)


@pytest.fixture
def house(clinic: Clinic) -> House:
    return House(clinic)


def test_it_calls_at_the_limit_and_not_one_verdict_before(house: House) -> None:
    house.others_read()
    house.stamp(LIMIT - 1)
    house.watch.tick()
    assert house.alerts(house.head) == [] and house.watch.called() == frozenset()
    house.stamp(1, first=LIMIT - 1)
    house.watch.tick()
    (alert,) = house.alerts(house.head)
    assert house.watch.called() == {house.quick.id}
    assert f"{LIMIT} of {LIMIT} verdicts" in alert.sentence and "It is no proof" in alert.sentence
    assert alert.link.startswith("/performance?task=brain-tumour#")
    house.watch.tick()
    assert house.alerts(house.head) == [alert]  # the same verdicts count once


def test_the_alert_names_a_pseudonym_and_no_person(house: House) -> None:
    house.others_read()
    house.stamp()
    house.watch.tick()
    (alert,) = house.alerts(house.head)
    rows = house.clinic.services.readers.figures.single_readers("brain-tumour", house.head)
    (called,) = [row.name for row in rows if row.called]
    assert called in alert.title
    told = f"{alert.title} {alert.sentence} {alert.cause} {alert.link}"
    for word in (
        house.quick.id,
        house.quick.display_name,
        *(reader.id for reader in (house.slow, house.third)),
    ):
        assert word not in told


def test_nobody_but_the_department_head_is_told(house: House) -> None:
    alerts = house.clinic.alerts
    others = [None, *(house.clinic.person(role) for role in (Role.MLOPS, Role.ADMIN, Role.CLINICIAN))]
    before = alerts.token()
    house.others_read()
    house.stamp()
    house.watch.tick()
    (alert,) = house.alerts(house.head)
    assert alerts.token(house.head) != before
    for viewer in others:
        assert house.alerts(viewer) == alerts.calling(viewer) == [] and alerts.token(viewer) == before
        with pytest.raises(NotFound):
            alerts.get(alert.id, viewer)
        if viewer is not None:
            with pytest.raises((NotFound, NotAllowed)):
                alerts.close(alert.id, viewer, "why")
    alerts.close(alert.id, house.head, "Talked about it.")
    assert all(alerts.past(viewer=viewer) == [] for viewer in others)
    assert [each.id for each in alerts.past(viewer=house.head)] == [alert.id]


def test_no_mail_tells_of_it_and_the_audit_trail_neither_whom_nor_why(house: House) -> None:
    house.clinic.alerts._delivery.addresses = (Address("json://127.0.0.1:1"),)
    house.others_read()
    house.stamp()
    house.watch.tick()
    (alert,) = house.alerts(house.head)
    assert alert.tell_at is None
    closed = house.clinic.alerts.close(alert.id, house.head, "R and I have talked.")
    assert (closed.tell_at, closed.why) == (None, "R and I have talked.")
    events = house.clinic.services.auditing.trail.page(AuditAddress(subject=alert.id), house.head).events
    assert [event.action for event in events] == ["alert closed"]
    assert "talked" not in events[0].detail and "R-" not in events[0].detail


def test_with_two_readers_a_pseudonym_would_be_a_name(house: House) -> None:
    say_all(house.clinic, house.slow, house.results[:3])
    house.stamp()
    house.watch.tick()
    assert house.alerts(house.head) == []
    say_all(house.clinic, house.third, house.results[:3])
    house.watch.tick()
    assert len(house.alerts(house.head)) == 1


def test_a_closed_alert_begins_the_test_anew(house: House) -> None:
    house.others_read()
    house.stamp()
    house.watch.tick()
    (alert,) = house.alerts(house.head)
    house.clinic.alerts.close(alert.id, house.head, "Talked about it.")
    house.stamp(LATELY, first=LIMIT, at=now())
    house.watch.tick()
    assert LATELY < LIMIT and house.alerts(house.head) == [] and house.watch.called() == frozenset()


def test_an_end_is_proposed_once_the_reader_looks_again(house: House) -> None:
    house.others_read()
    house.stamp()
    house.watch.tick()
    house.stamp(LATELY - 1, seconds=30.0, first=LIMIT, at=now() - timedelta(minutes=2))
    house.watch.tick()
    assert house.alerts(house.head)[0].end_sentence is None
    house.stamp(1, seconds=30.0, first=LIMIT + LATELY - 1, at=now())
    house.watch.tick()
    (alert,) = house.alerts(house.head)
    assert alert.state is AlertState.OPEN
    assert alert.end_sentence == f"Quick acceptances among the last {LATELY} verdicts: 0."


def test_what_was_read_long_ago_is_not_watched(house: House) -> None:
    house.others_read()
    house.stamp(at=now() - timedelta(days=91))
    house.watch.tick()
    assert house.alerts(house.head) == []
