"""One alert a cause, told once, and in a person's hands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput, NotFound
from data.records import Alert, AlertState, Evidence, Role, Severity, User
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from data.stores.jobs import JobStore
from services.alerts import alerts as subject
from services.alerts.alerts import PAUSES, Alerts
from services.alerts.delivery import Address, Delivery, addresses
from services.alerts.messages import message
from services.jobs import Jobs
from tests.databases import migrated

MORNING = datetime(2026, 11, 20, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
NORA = User("nora-id", "nora", "Nora N", Role.MLOPS)
CAUSE = "drift:brain-tumour"


@dataclass
class Post(Delivery):
    """Addresses whose receivers are this list."""

    addresses: tuple[Address, ...] = addresses("json://one.example, mailto://two.example")
    deaf: set[str] = field(default_factory=set)
    sent: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, address: Address, title: str, text: str, severity: Severity) -> str | None:
        if address.name in self.deaf:
            return f"The {address.name} did not take it."
        self.sent.append((address.name, title, text))
        return None


class House:
    """Alerts with a clock that stands still."""

    def __init__(self, engine: Engine, folder, monkeypatch) -> None:
        self.moment = MORNING
        monkeypatch.setattr(subject, "now", lambda: self.moment)
        self.jobs = Jobs(JobStore(engine), 1)
        self.audit = AuditLog(engine)
        self.post = Post()
        self.alerts = Alerts(
            AlertStore(engine), self.audit, self.post, self.jobs, "https://lightbox.example/"
        )

    def raised(self, severity: Severity = Severity.WARNING, sentence: str = "Noise has risen.") -> Alert:
        alert = self.alerts.raise_alert(CAUSE, severity, "Drift", sentence, "/drift?run=1")
        assert self.jobs.wait_idle(20)
        return alert

    def later(self, by: timedelta) -> None:
        self.moment += by
        self.alerts.deliver_due()
        assert self.jobs.wait_idle(20)

    def kept(self, alert: Alert) -> Alert:
        return self.alerts.get(alert.id)


@pytest.fixture
def house(tmp_path, monkeypatch) -> Iterator[House]:
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    house = House(engine, tmp_path / "jobs", monkeypatch)
    house.jobs.start()
    yield house
    house.jobs.stop()
    engine.dispose()


def test_a_cause_is_one_alert_and_one_message_however_often(house: House) -> None:
    first = house.raised()
    house.moment += HOUR
    for number in range(5):
        house.raised(sentence=f"Noise has risen {number}.")
    (alert,) = house.alerts.calling()
    assert (alert.id, alert.times, alert.sentence) == (first.id, 6, "Noise has risen 4.")
    assert (alert.first_at, alert.last_at) == (MORNING, MORNING + HOUR)
    assert [name for name, *_ in house.post.sent] == ["webhook at one.example", "e-mail through two.example"]
    assert house.kept(alert).told_at == MORNING


def test_the_message_is_plain_and_leads_to_the_page(house: House) -> None:
    alert = house.raised(Severity.CRITICAL)
    _, title, text = house.post.sent[0]
    assert title == "Lightbox, critical: Drift"
    assert text.startswith("Noise has risen.\n")
    assert "https://lightbox.example/drift?run=1\n" in text
    assert f"https://lightbox.example/alerts?alert={alert.id}" in text


def test_a_settled_cause_is_closed_and_its_next_time_is_a_new_alert(house: House) -> None:
    first = house.raised()
    house.moment += HOUR
    house.alerts.settle(CAUSE)
    assert house.alerts.calling() == []
    (past,) = house.alerts.past()
    assert (past.id, past.state, past.closed_at) == (first.id, AlertState.CLOSED, MORNING + HOUR)
    assert house.alerts.settle(CAUSE) is None
    assert house.raised().id != first.id
    assert len(house.post.sent) == 4


def test_causes_do_not_mix(house: House) -> None:
    house.raised()
    other = house.alerts.raise_alert("drift:pneumonia", Severity.CRITICAL, "Drift", "More.", "/drift")
    assert [alert.id for alert in house.alerts.calling()][0] == other.id
    house.alerts.settle(CAUSE)
    assert house.alerts.calling() == [house.kept(other)]


def test_who_knows_is_not_told_again_until_it_is_graver(house: House) -> None:
    alert = house.raised()
    house.alerts.acknowledge(alert.id, NORA, " New   scanner software ")
    assert house.alerts.calling() == []
    house.raised()
    kept = house.kept(alert)
    assert (kept.state, kept.times, kept.why) == (AlertState.ACKNOWLEDGED, 2, "New scanner software")
    assert (kept.decided_by, kept.decided_name, kept.decided_at) == ("nora-id", "Nora N", MORNING)
    assert len(house.post.sent) == 2
    house.raised(Severity.CRITICAL)
    assert house.alerts.calling() == [house.kept(alert)]
    assert house.kept(alert).severity is Severity.CRITICAL
    assert len(house.post.sent) == 4
    house.raised(Severity.WARNING)
    assert house.kept(alert).severity is Severity.CRITICAL
    assert len(house.post.sent) == 4


def test_a_muted_alert_counts_silently_and_is_told_once_when_it_still_stands(house: House) -> None:
    alert = house.raised()
    house.post.sent.clear()
    until = MORNING + 3 * HOUR
    token = house.alerts.token()
    house.alerts.mute(alert.id, NORA, "Known", until)
    house.moment += HOUR
    house.raised()
    house.raised(Severity.CRITICAL)
    house.later(HOUR)
    assert (house.post.sent, house.alerts.calling()) == ([], [])
    assert house.kept(alert).times == 3
    house.later(HOUR)
    assert len(house.post.sent) == 2
    assert house.alerts.calling() == [house.kept(alert)]
    assert house.alerts.token() != token
    house.later(HOUR)
    house.raised()
    assert len(house.post.sent) == 2


def test_what_is_gone_when_its_mute_ends_is_not_told(house: House) -> None:
    alert = house.raised()
    house.post.sent.clear()
    house.alerts.mute(alert.id, NORA, "Known", MORNING + HOUR)
    house.alerts.settle(CAUSE)
    house.later(2 * HOUR)
    assert house.post.sent == []


def test_a_person_may_close_an_alert(house: House) -> None:
    alert = house.raised()
    house.alerts.close(alert.id, NORA, "Recalibrated")
    assert house.alerts.unfinished() == []
    with pytest.raises(InvalidInput, match="closed already"):
        house.alerts.acknowledge(alert.id, NORA, "Too late")
    assert house.raised().id != alert.id


def test_decisions_need_a_reason_and_a_time_to_come(house: House) -> None:
    alert = house.raised()
    for why in ("", "  \n"):
        with pytest.raises(InvalidInput, match="why"):
            house.alerts.acknowledge(alert.id, NORA, why)
    for until in (MORNING, MORNING - HOUR, MORNING + timedelta(days=900)):
        with pytest.raises(InvalidInput, match="future"):
            house.alerts.mute(alert.id, NORA, "Known", until)
    with pytest.raises(NotFound):
        house.alerts.acknowledge("none", NORA, "Known")
    assert house.kept(alert).state is AlertState.OPEN
    with pytest.raises(ValueError, match="calm"):
        house.alerts.raise_alert(CAUSE, Severity.CALM, "t", "s", "/")


def test_an_alert_of_made_scans_says_so_first_whenever_it_speaks_anew(house: House) -> None:
    """A title that a person wrote does not make an alert one of made scans."""
    real = house.alerts.raise_alert("real", Severity.WARNING, "SYNTHETIC: says somebody", "s", "/")
    assert not real.synthetic
    for severity, title in ((Severity.WARNING, "Drift"), (Severity.CRITICAL, "Worse")):
        made = house.alerts.raise_alert("made", severity, title, "s", "/", synthetic=True)
        assert (made.title, made.synthetic) == (f"SYNTHETIC: {title}", True)
        assert message(made, "")[0].endswith(f": SYNTHETIC: {title}")
    assert house.jobs.wait_idle(20)


def test_every_decision_stands_in_the_audit_log(house: House) -> None:
    alert = house.raised()
    house.alerts.mute(alert.id, NORA, "Known", MORNING + HOUR)
    house.alerts.acknowledge(alert.id, NORA, "Ticket 7")
    acknowledged, muted = house.audit.recent(2)
    assert (acknowledged.action, acknowledged.user_id, acknowledged.subject) == (
        "alert acknowledged", "nora-id", alert.id,
    )  # fmt: skip
    assert acknowledged.detail == f"{CAUSE}: Ticket 7"
    assert muted.detail == f"until 2026-11-20T09:00+00:00: {CAUSE}: Known"


def test_too_few_is_shown_but_not_told(house: House) -> None:
    alert = house.raised(Severity.TOO_FEW)
    assert house.alerts.calling() == [alert]
    assert house.post.sent == []
    house.raised(Severity.WARNING)
    assert len(house.post.sent) == 2


def test_only_the_deaf_receiver_is_told_again_and_ever_more_seldom(house: House) -> None:
    house.post.deaf.add("e-mail through two.example")
    alert = house.raised()
    kept = house.kept(alert)
    assert [name for name, *_ in house.post.sent] == ["webhook at one.example"]
    assert kept.telling_failed == "The e-mail through two.example did not take it."
    assert (kept.told_at, kept.tell_at) == (None, MORNING + PAUSES[0])
    house.later(PAUSES[0] / 2)
    assert house.kept(alert).tellings == 1
    house.later(PAUSES[0])
    assert house.kept(alert).tell_at == house.moment + PAUSES[1]
    house.post.deaf.clear()
    house.later(PAUSES[1])
    assert [name for name, *_ in house.post.sent] == ["webhook at one.example", "e-mail through two.example"]
    kept = house.kept(alert)
    assert (kept.telling_failed, kept.tell_at, kept.told_at) == (None, None, house.moment)


def test_what_was_raised_before_a_kill_is_told_after_it(tmp_path, monkeypatch, engine: Engine) -> None:
    monkeypatch.setattr(subject, "now", lambda: MORNING)
    store, audit, post = AlertStore(engine), AuditLog(engine), Post()
    Alerts(store, audit, post).raise_alert(CAUSE, Severity.WARNING, "Drift", "Noise.", "/drift")
    jobs = Jobs(JobStore(engine), 1)
    server = Alerts(store, audit, post, jobs)
    jobs.start()
    server.deliver_due()
    assert jobs.wait_idle(20)
    jobs.stop()
    assert len(post.sent) == 2


def test_a_test_says_of_each_address_whether_it_arrived(house: House) -> None:
    house.post.deaf = {"webhook at one.example"}
    said = house.alerts.send_test(NORA)
    assert said["webhook at one.example"] == "The webhook at one.example did not take it."
    assert said["e-mail through two.example"] is None
    ((name, title, text),) = house.post.sent
    assert (name, title) == ("e-mail through two.example", "Lightbox, test: alerts arrive here")
    assert "Nora N" in text and "https://lightbox.example" in text
    assert not house.alerts.unfinished()


def test_a_test_without_an_address_says_what_is_missing(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="LIGHTBOX_ALERTS"):
        Alerts(AlertStore(engine), AuditLog(engine), Delivery()).send_test(NORA)


def test_without_addresses_nothing_is_owed(engine: Engine) -> None:
    alerts = Alerts(AlertStore(engine), AuditLog(engine), Delivery())
    alert = alerts.raise_alert(CAUSE, Severity.CRITICAL, "Drift", "Noise.", "/drift")
    assert (alert.tell_at, alert.told_at) == (None, None)
    muted = alerts.mute(alert.id, NORA, "Known", alert.first_at + HOUR)
    assert muted.tell_at is None


def test_the_token_changes_with_what_stands(house: House) -> None:
    tokens = [house.alerts.token()]
    alert = house.raised()
    tokens.append(house.alerts.token())
    assert house.alerts.token() == tokens[-1]
    house.raised()
    tokens.append(house.alerts.token())
    house.alerts.acknowledge(alert.id, NORA, "Known")
    tokens.append(house.alerts.token())
    assert len(set(tokens)) == len(tokens)


def test_a_repeated_alert_says_how_often(house: House) -> None:
    house.raised()
    alert = house.raised()
    assert "2 times since 2026-11-20 " in message(alert, "")[1]


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ("", []),
        ("json://u:pw@hook.example/x", ["webhook at hook.example"]),
        (
            "mailto://m.example?to=a@b.example,c@d.example  jsons://h.example",
            ["e-mail through m.example", "webhook at h.example"],
        ),
        ("slack://TokenA/TokenB/TokenC, json://h", ["slack", "webhook at h"]),
    ],
)
def test_the_setting_may_hold_several_addresses(setting: str, names: list[str]) -> None:
    assert list(Delivery(addresses(setting)).names) == names


def test_a_setting_that_is_no_address_is_refused_without_being_repeated() -> None:
    with pytest.raises(InvalidInput, match="Address 1") as refused:
        addresses("someone:secret@mail.example")
    assert "secret" not in str(refused.value)


def test_no_secret_leaves_an_address() -> None:
    (address,) = addresses("mailto://user:p%40ssword@mail.example?to=boss@clinic.example")
    said = "Login of user with p@ssword (p%40ssword) for boss@clinic.example at mail.example failed"
    plain = address.without_secrets(said)
    for secret in ("user", "p@ssword", "p%40ssword", "boss"):
        assert secret not in plain
    assert "mail.example" in plain
    assert "p%40ssword" not in repr(address)
    (chat,) = addresses("slack://TokenAAA/TokenBBB")
    assert "Token" not in chat.without_secrets("posting to tokenaaa/TokenBBB".replace("tokenaaa", "TokenAAA"))


def rested(house: House, days: int, n: int, sentence: str = "Noise has risen.") -> Alert:
    """An alert that rests on a window which ends so many days later and holds `n`."""
    evidence = Evidence(MORNING + timedelta(days=days), n)
    return house.alerts.raise_alert(
        CAUSE, Severity.WARNING, "Drift", sentence, "/drift?run=1", evidence=evidence
    )


@pytest.mark.parametrize(("days", "n"), [(2, 500), (3, 99)])
def test_an_earlier_window_and_a_part_of_its_own_leave_an_alert_as_it_is(
    house: House, days: int, n: int
) -> None:
    standing = rested(house, 3, 100)
    assert rested(house, days, n, "Noise had risen.") == standing
    graver = house.alerts.raise_alert(
        CAUSE,
        Severity.CRITICAL,
        "Drift",
        "Very much so.",
        "/drift?run=2",
        evidence=Evidence(MORNING + timedelta(days=days), n),
    )
    assert graver == standing


def test_a_later_but_smaller_window_counts_and_speaks_only_where_it_is_graver(house: House) -> None:
    standing = rested(house, 3, 100)
    house.alerts.propose_end(CAUSE, "Calm.", None)
    counted = rested(house, 4, 50, "Noise goes on rising.")
    assert (counted.times, counted.sentence, counted.link, counted.evidence, counted.end_sentence) == (
        2,
        standing.sentence,
        standing.link,
        standing.evidence,
        None,
    )
    fewer = Evidence(MORNING + timedelta(days=5), 40)
    graver = house.alerts.raise_alert(
        CAUSE, Severity.CRITICAL, "Drift", "Much noise.", "/drift?run=2", evidence=fewer
    )
    assert (graver.severity, graver.sentence, graver.evidence) == (Severity.CRITICAL, "Much noise.", fewer)


def test_a_later_window_that_is_as_large_says_how_it_is_now(house: House) -> None:
    rested(house, 3, 100)
    later = rested(house, 4, 100, "Noise goes on rising.")
    assert (later.times, later.sentence, later.evidence) == (
        2,
        "Noise goes on rising.",
        Evidence(MORNING + timedelta(days=4), 100),
    )


@pytest.mark.parametrize(("days", "n", "proposed"), [(3, 100, True), (4, 99, False), (2, 200, False)])
def test_an_end_is_proposed_by_a_window_at_least_as_late_and_as_large(
    house: House, days: int, n: int, proposed: bool
) -> None:
    rested(house, 3, 100)
    house.alerts.propose_end(CAUSE, "Calm.", Evidence(MORNING + timedelta(days=days), n))
    (alert,) = house.alerts.calling()
    assert (alert.end_sentence == "Calm.") is proposed
    assert (alert.end_proposed_at is not None) is proposed
    assert alert.state is AlertState.OPEN


def test_no_end_is_proposed_where_nothing_stands(house: House) -> None:
    assert house.alerts.propose_end(CAUSE, "Calm.", Evidence(MORNING, 1)) is None
    assert house.alerts.past() == []


def test_the_same_window_again_counts_once_but_takes_a_proposal_back(house: House) -> None:
    first = rested(house, 3, 100)
    assert rested(house, 3, 100) == first
    house.alerts.propose_end(CAUSE, "Calm.", None)
    again = rested(house, 3, 100)
    assert (again.times, again.end_sentence) == (2, None)
