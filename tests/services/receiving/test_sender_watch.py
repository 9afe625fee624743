"""A sender that has stopped is told once, and until it sends again or somebody decides on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data.database import now
from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import Alert, AlertState, Arrivals, Role, Severity, User
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from data.stores.watched_senders import WatchedSenderStore, quarter_of
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from services.receiving import node_state
from services.receiving.node_state import NodeState, StateWriter, read_state
from services.receiving.sender_watch import NODE_AWAY_AFTER, NODE_CAUSE, SenderWatching, cause_of

ROOT = User("r", "root", "Root", Role.ADMIN)
DAY = timedelta(days=1)
WEEKS = 12
MR1 = "dicom silence MR1"


class Watch:
    """A watch whose clock is moved by hand; MR1 sends every hour, and did so for all of its history."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        folder.mkdir()
        self.store = WatchedSenderStore(engine)
        self.alerts = Alerts(AlertStore(engine), AuditLog(engine), Delivery())
        self.audit = AuditLog(engine)
        self.folder = folder
        self.time = (now() - timedelta(hours=2)).replace(minute=10)
        self.counted: datetime | None = None
        self.store.listened(self.time - 90 * DAY, self.time)
        times = [self.time - timedelta(hours=hour) for hour in range(WEEKS * 7 * 24)]
        self.store.arrived([Arrivals("MR1", quarter_of(at), 10, at) for at in times])
        self.watching = self.restarted()

    def restarted(self) -> SenderWatching:
        self.watching = SenderWatching(
            self.store,
            self.alerts,
            self.audit,
            self.folder,
            lambda: self.counted or self.time,
            lambda: self.time,
        )
        return self.watching

    def send(self, ae_title: str, at: datetime) -> None:
        self.store.arrived([Arrivals(ae_title, quarter_of(at), 10, at)])

    def pass_time(self, lapse: timedelta, *, listening: bool = True) -> None:
        self.time += lapse
        if listening:
            self.store.listened(self.time - lapse, self.time)
        self.watching.tick()

    def open(self, cause: str = MR1) -> list[Alert]:
        return [alert for alert in self.alerts.calling() if alert.cause == cause]


@pytest.fixture
def watch(engine: Engine, tmp_path: Path) -> Iterator[Watch]:
    yield Watch(engine, tmp_path / "dicom")


def test_a_silence_is_told_once_within_twice_the_usual_pause_and_ends_with_the_next_instance(
    watch: Watch,
) -> None:
    for _ in range(3):
        watch.pass_time(timedelta(minutes=30))
    assert watch.open() == []
    for _ in range(3):
        watch.pass_time(timedelta(minutes=30))
    (alert,) = watch.open()
    assert alert.severity is Severity.WARNING and alert.times == 1 and alert.link == "/dicom"
    assert alert.title == "MR1 has stopped sending"
    usual = r"hours in which it usually sends; its pauses usually last 1\.[01] at most"
    assert re.search(usual, alert.sentence)
    watch.send("MR1", watch.time)
    watch.pass_time(timedelta(minutes=1))
    assert watch.open() == [] and watch.alerts.past()[0].state is AlertState.CLOSED
    watch.pass_time(timedelta(hours=3))
    assert [alert.times for alert in watch.open()] == [1]  # another silence, another alert


def test_it_stays_until_it_sends_even_where_it_is_learnt_otherwise_and_over_a_restart(watch: Watch) -> None:
    watch.pass_time(timedelta(hours=5))
    watch.restarted().tick()
    watch.pass_time(40 * DAY)
    (alert,) = watch.open()
    assert alert.times == 1


def test_an_alert_that_a_person_closed_does_not_come_back_for_the_same_silence(watch: Watch) -> None:
    watch.pass_time(timedelta(hours=5))
    watch.alerts.close(watch.open()[0].id, ROOT, "It is being repaired.")
    watch.pass_time(timedelta(hours=5))
    watch.restarted().tick()
    assert watch.open() == []
    watch.send("MR1", watch.time)
    watch.pass_time(timedelta(hours=5))
    assert len(watch.open()) == 1


def test_the_house_being_down_is_no_silence_of_the_scanner_but_an_alert_of_its_own(watch: Watch) -> None:
    watch.pass_time(NODE_AWAY_AFTER - timedelta(minutes=1), listening=False)
    assert watch.open(NODE_CAUSE) == []
    watch.pass_time(3 * DAY, listening=False)
    watch.pass_time(DAY, listening=False)
    (alert,) = watch.open(NODE_CAUSE)
    assert alert.severity is Severity.CRITICAL and alert.times == 1 and watch.open() == []
    watch.alerts.close(alert.id, ROOT, "It was taken down.")
    watch.restarted().tick()
    assert watch.open(NODE_CAUSE) == []


def test_a_node_that_runs_again_ends_its_alert_and_what_it_listened_counts(watch: Watch) -> None:
    watch.pass_time(timedelta(minutes=30), listening=False)
    assert len(watch.open(NODE_CAUSE)) == 1
    StateWriter(watch.folder, NodeState("LIGHTBOX", "127.0.0.1", 1, False, now(), now())).beat()
    watch.watching.tick()
    assert watch.open(NODE_CAUSE) == []
    assert len(watch.store.listening()) == 2 and watch.store.listening()[-1].told_at is None


def test_what_waits_to_be_counted_makes_no_pause_longer(watch: Watch) -> None:
    watch.counted = watch.time
    watch.pass_time(3 * DAY)
    assert watch.open() == []
    watch.counted = None
    watch.pass_time(timedelta(minutes=1))
    assert len(watch.open()) == 1


def test_a_clock_that_went_back_judges_nobody(watch: Watch) -> None:
    watch.send("MR1", watch.time + 2 * DAY)
    watch.pass_time(DAY)
    (sender,) = watch.watching.view(ROOT)
    assert sender.pause is None and watch.open() == [] and watch.watching.called() == []


def test_a_retired_sender_calls_nobody_and_its_alert_ends(watch: Watch) -> None:
    watch.pass_time(timedelta(hours=5))
    watch.watching.retire("MR1", ROOT)
    assert watch.open() == [] and watch.watching.called() == []
    watch.pass_time(DAY)
    assert watch.open() == []
    (event,) = [event for event in watch.audit.recent(9) if event.action == "sender watch"]
    assert (event.user_id, event.subject, event.detail) == ("r", "MR1", "retired")
    watch.watching.watch("MR1", ROOT)
    watch.pass_time(timedelta(minutes=1))
    assert len(watch.open()) == 1


def test_a_muted_sender_calls_nobody_until_then(watch: Watch) -> None:
    watch.watching.mute("MR1", ROOT, watch.time + DAY)
    watch.pass_time(DAY - timedelta(minutes=1))
    assert watch.open() == []
    watch.pass_time(timedelta(minutes=2))
    assert len(watch.open()) == 1


def test_only_administrators_decide_and_only_on_who_sent(watch: Watch) -> None:
    for role in (Role.CLINICIAN, Role.HEAD, Role.MLOPS):
        with pytest.raises(NotAllowed):
            watch.watching.retire("MR1", replace(ROOT, role=role))
    with pytest.raises(NotFound):
        watch.watching.retire("NOBODY", ROOT)
    for until in (watch.time, watch.time + 400 * DAY):
        with pytest.raises(InvalidInput):
            watch.watching.mute("MR1", ROOT, until)


def test_a_new_sender_is_not_learnt_and_does_not_call(watch: Watch) -> None:
    for hour in range(12):
        watch.send("CR2", watch.time - timedelta(hours=hour))
    watch.pass_time(5 * DAY)
    assert watch.open(cause_of("CR2")) == []
    assert [sender.ae_title for sender in watch.watching.called()] == ["MR1"]
    assert "Of 0 other senders 0 are silent too." in watch.open()[0].sentence


def test_arrivals_of_a_quarter_are_added_up_and_old_ones_forgotten(watch: Watch) -> None:
    at = watch.time.replace(minute=1)
    for step in range(3):
        watch.store.arrived([Arrivals("CR2", quarter_of(at), 5, at + timedelta(minutes=step))])
    (kept,) = watch.store.arrivals()["CR2"]
    assert (kept.instances, kept.last_at) == (15, at + timedelta(minutes=2))
    watch.send("CR2", at + 100 * DAY)
    assert [known.quarter for known in watch.store.arrivals()["CR2"]] == [quarter_of(at + 100 * DAY)]
    assert len(watch.store.arrivals()["MR1"]) == WEEKS * 7 * 24


@pytest.mark.parametrize(("jump", "broken"), [(0.0, False), (50.0, False), (300.0, True), (-300.0, True)])
def test_a_jump_of_the_clock_is_a_break_of_listening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float, broken: bool
) -> None:
    moment, monotonic = now(), [100.0]
    monkeypatch.setattr(node_state, "now", lambda: moment)
    state = NodeState("LIGHTBOX", "127.0.0.1", 1, False, moment, moment)
    writer = StateWriter(tmp_path, state, lambda: monotonic[0])
    begun = moment
    for seconds in (2.0, 2.0 + jump):
        moment, monotonic[0] = moment + timedelta(seconds=seconds), monotonic[0] + 2.0
        writer.beat()
    kept = read_state(tmp_path)
    assert kept is not None and kept.started_at == begun
    assert kept.listening_since == (moment if broken else begun)
