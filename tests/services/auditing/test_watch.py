"""The watch over the chain: notes it every minute, checks it every night, calls people."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from data.records import AuditEvent, Severity
from services.auditing.checkpoints import DAILY, NEWEST
from services.auditing.watch import AuditWatch
from tests.databases import migrated
from tests.services.auditing.tampering import House

MORNING = datetime(2026, 11, 20, 4).astimezone()


class Calls:
    """Who would call people; notes that it was told to."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.settled = 0

    def raise_alert(self, cause: str, severity: Severity, title: str, sentence: str, link: str) -> None:
        assert (cause, severity, link) == ("audit-chain", Severity.CRITICAL, "/audit")
        self.sentences.append(sentence)

    def settle(self, cause: str) -> None:
        assert cause == "audit-chain"
        self.settled += 1


class Watched:
    """A house with its watch, at a time that can be set."""

    def __init__(self, home: Path) -> None:
        self.house, self.calls, self.at = House(migrated("sqlite://"), home), Calls(), MORNING
        self.home = home
        self.house.add(3)
        self.watch = self.again()

    def again(self) -> AuditWatch:
        house = self.house
        return AuditWatch(
            house.log, house.verification, house.checkpoints, self.calls, self.home, lambda: self.at
        )

    def tick(self) -> None:
        """A minute, and the check to its end where one began."""
        self.watch.tick()
        with self.watch._checking:
            pass


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_the_chain_is_noted_and_checked_at_the_first_look_and_then_once_a_night(watched: Watched) -> None:
    assert watched.watch.state == "not checked yet"
    watched.tick()
    assert watched.watch.state == "intact"
    noted = watched.house.checkpoints.newest()
    assert noted is not None and noted.number == 3
    first = watched.watch.verdict
    watched.house.add(1)
    watched.at = MORNING + timedelta(hours=22)  # two in the night
    watched.tick()
    noted = watched.house.checkpoints.newest()
    assert noted is not None and noted.number == 4
    assert watched.watch.verdict == first
    watched.at = MORNING + timedelta(hours=24)
    watched.tick()
    verdict = watched.watch.verdict
    assert verdict is not None and verdict.events == 4
    assert len((watched.home / DAILY).read_text().splitlines()) == 2


def test_events_cut_off_are_noticed_within_a_minute_and_people_are_called_once(watched: Watched) -> None:
    watched.tick()
    watched.house.by_hand(
        "DELETE FROM audit_events WHERE number = 3", "UPDATE audit_head SET number = 2, hash = 'x'"
    )
    watched.tick()
    watched.tick()
    assert watched.watch.state == "not intact"
    (sentence,) = watched.calls.sentences
    assert "The newest events are missing: 3 to 3" in sentence
    noted = watched.house.checkpoints.newest()
    assert noted is not None and noted.number == 3  # what was known stays known


def test_what_the_night_finds_calls_people_and_is_known_after_a_restart(watched: Watched) -> None:
    watched.tick()
    watched.house.by_hand("UPDATE audit_events SET subject = 'x' WHERE number = 2")
    watched.at = MORNING + timedelta(days=1)
    watched.tick()
    assert watched.calls.sentences == [
        "Event 2 was changed or put in: its hash does not fit. "
        "Run “python app.py audit verify”, and ask who can change the database."
    ]
    again = watched.again()
    assert again.state == "not intact" and "Event 2 was changed" in again.sentence


def test_after_a_restore_that_somebody_answers_for_it_begins_anew(watched: Watched) -> None:
    watched.tick()
    watched.house.by_hand(
        "DELETE FROM audit_events WHERE number = 3",
        "UPDATE audit_head SET number = 2, hash = (SELECT hash FROM audit_events WHERE number = 2)",
    )
    watched.tick()
    assert watched.watch.state == "not intact"
    watched.watch.begin_anew("the backup of Monday, by Ada")
    assert not (watched.home / NEWEST).exists()
    assert len(list(watched.home.glob("audit-*.until-*"))) == 2
    watched.watch.check()
    assert watched.watch.state == "intact" and watched.calls.settled == 2
    (event,) = watched.house.log.recent(1)
    assert event == AuditEvent(event.at, None, "audit.restored", "audit", event.detail)
    assert "the backup of Monday, by Ada (noted until then: event 3" in event.detail
