"""Mails about alerts: what calls a person, as the bell does, once each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from data.database import now
from data.errors import NotAllowed
from data.records import (
    MailedAlerts,
    Promotion,
    PromotionState,
    Role,
    Severity,
    User,
)
from services.alerts.alerts import Alerts
from services.mails.alert_mails import MOST_TOLD
from services.mails.personal_mails import BETWEEN, SETTLE
from services.permissions import Permission
from services.versions.second_person import calls_second_person
from tests.services.mails.conftest import URL, House
from tests.services.versions.test_second_person import ASKED


class Calls:
    """Raises alerts a moment after everything that was told so far."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.head, self.mlops = house.head, house.clinic.person(Role.MLOPS)

    @property
    def alerts(self) -> Alerts:
        return self.house.clinic.alerts

    def choose(self, chosen: MailedAlerts | None = MailedAlerts.ALL, who: User | None = None) -> None:
        self.house.mails.choose(who or self.head, "head@clinic.example", alerts=chosen)

    def comes(self, cause: str = "drift", severity: Severity = Severity.WARNING, **given: object) -> None:
        title, sentence = f"{cause.capitalize()} is up", f"The {cause} of this month is up."
        at = self.house.clock() + timedelta(seconds=1)
        self.alerts.raise_alert(cause, severity, title, sentence, "/drift", at=at, **given)  # type: ignore[arg-type]

    def asked(self, by: User) -> Promotion:
        promotion = replace(ASKED, asked_by=by.id, asked_name=by.display_name)
        calls_second_person(self.alerts)(promotion)
        return promotion


@pytest.fixture
def calls(house: House) -> Calls:
    return Calls(house)


def test_an_alert_is_mailed_once_with_what_the_bell_says_and_the_way_to_it(calls: Calls) -> None:
    calls.choose()
    calls.comes()
    calls.house.mails.tick()
    assert calls.house.post.sent == []
    calls.house.later()
    ((address, title, text),) = calls.house.post.sent
    (alert,) = calls.alerts.calling(calls.head)
    assert "to=head%40clinic.example" in address and title == "Lightbox, warning: Drift is up"
    for part in (
        "The drift of this month is up.",
        f"{URL}/drift",
        f"{URL}/alerts?alert={alert.id}",
        f"{URL}/account",
    ):
        assert part in text, part
    calls.comes()  # once more, and no graver
    calls.house.later()
    assert len(calls.house.post.sent) == 1
    calls.comes(severity=Severity.CRITICAL)
    calls.house.later()
    assert calls.house.titles[1:] == ["Lightbox, critical: Drift is up"]


def test_several_come_in_one_mail_the_gravest_first(calls: Calls) -> None:
    calls.choose()
    calls.comes("drift")
    calls.comes("recall", Severity.CRITICAL)
    calls.comes("size", synthetic=True)
    calls.house.later()
    ((_, title, text),) = calls.house.post.sent
    assert title == "Lightbox, critical: 2 open alerts and 1 SYNTHETIC open alert"
    assert text.index("Recall is up") < text.index("Drift is up")
    assert "are of nobody" in text


def test_a_flood_is_cut_and_counted(calls: Calls) -> None:
    calls.choose()
    for number in range(MOST_TOLD + 3):
        calls.comes(f"cause{number}")
    calls.house.later()
    ((_, title, text),) = calls.house.post.sent
    assert (
        title == f"Lightbox, warning: {MOST_TOLD + 3} open alerts" and f"… and 3 more: {URL}/alerts" in text
    )
    assert text.count(" is up\n") == MOST_TOLD


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (None, []),
        (MailedAlerts.DECISIONS, []),
        (MailedAlerts.CRITICAL, ["Recall"]),
        (MailedAlerts.ALL, ["Recall", "Drift"]),
    ],
)
def test_people_are_told_of_what_they_have_chosen(
    calls: Calls, chosen: MailedAlerts | None, told: list[str]
) -> None:
    calls.choose(chosen)
    calls.comes("drift")
    calls.comes("recall", Severity.CRITICAL)
    calls.comes("few", Severity.TOO_FEW)
    calls.house.later()
    sent = "".join(title + text for _, title, text in calls.house.post.sent)
    assert [word for word in ("Recall", "Drift", "Few") if word in sent] == told


def test_what_somebody_has_taken_on_meanwhile_is_not_told(calls: Calls) -> None:
    calls.choose()
    for cause in ("drift", "recall"):
        calls.comes(cause)
    first, second = calls.alerts.calling()
    calls.alerts.acknowledge(first.id, calls.mlops, "Seen.")
    until = now() + timedelta(hours=2)
    calls.alerts.mute(second.id, calls.mlops, "Later.", until)
    calls.house.later()
    assert calls.house.post.sent == []


def test_a_muted_alert_is_told_when_it_calls_again(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.alerts.alerts.now", calls.house.clock)
    calls.choose()
    calls.comes()
    (alert,) = calls.alerts.calling()
    calls.alerts.mute(alert.id, calls.mlops, "Later.", calls.house.clock() + timedelta(hours=2))
    calls.house.later()
    assert calls.house.post.sent == []
    calls.house.later(timedelta(hours=2))
    assert calls.house.titles == ["Lightbox, warning: Drift is up"]
    calls.house.later()
    assert len(calls.house.post.sent) == 1


def test_an_override_is_told_whoever_may_confirm_it_and_not_who_asked(calls: Calls) -> None:
    other = calls.house.clinic.person(Role.ADMIN)
    people = [calls.head, calls.mlops, other]
    for number, person in enumerate(people):
        calls.house.mails.choose(person, f"p{number}@clinic.example", alerts=MailedAlerts.DECISIONS)
    promotion = calls.asked(calls.mlops)
    assert calls.alerts.calling(calls.mlops) == [] and len(calls.alerts.calling(other)) == 1
    assert len(calls.alerts.unfinished(calls.mlops)) == 1  # it stands for all to see
    calls.house.later()
    told = sorted(address.rpartition("to=")[2] for address, _, _ in calls.house.post.sent)
    assert told == ["p0%40clinic.example", "p2%40clinic.example"]
    assert all("SUBJ-1" not in title + text for _, title, text in calls.house.post.sent)
    calls_second_person(calls.alerts)(replace(promotion, state=PromotionState.REFUSED))
    assert calls.alerts.calling(other) == []


def test_an_override_that_is_decided_within_the_minute_is_told_nobody(calls: Calls) -> None:
    calls.choose()
    promotion = calls.asked(calls.mlops)
    calls_second_person(calls.alerts)(replace(promotion, state=PromotionState.DONE))
    calls.house.later(SETTLE + BETWEEN)
    assert calls.house.post.sent == []


def test_of_what_only_some_may_see_a_mail_says_that_there_is_something(calls: Calls) -> None:
    calls.choose()
    calls.choose(who=calls.mlops)
    calls.comes("reader", permission=Permission.SEE_READERS)
    calls.house.later()
    ((address, title, text),) = calls.house.post.sent  # MLOps may not see it at all
    assert "head%40" in address
    assert (
        "reader" not in (title + text).lower() and "only some may see" in title and "/alerts?alert=" in text
    )


def test_clinicians_and_those_of_a_department_are_not_called(calls: Calls) -> None:
    with pytest.raises(NotAllowed):
        calls.choose(who=calls.house.reader)
    calls.choose()
    calls.house.clinic.accounts.set_role(calls.head.id, Role.CLINICIAN)
    calls.comes()
    calls.house.later()
    assert calls.house.post.sent == []


def test_review_requests_and_alerts_are_mailed_apart(calls: Calls) -> None:
    calls.house.choose()
    calls.choose()
    calls.house.ask(calls.house.results[:1])
    calls.comes()
    calls.house.later()
    assert sorted(calls.house.titles) == ["Lightbox, warning: Drift is up", "Lightbox: 1 review is asked for"]
