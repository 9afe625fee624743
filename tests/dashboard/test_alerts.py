"""The bell and the page of alerts and schedules, called without a browser."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dash import no_update

from dashboard import bell as bell_wiring
from dashboard.components import alerts as words
from dashboard.components import bell
from dashboard.components.schedules import moment_words, options
from dashboard.pages import alerts
from data.errors import InvalidInput, NotFound
from data.records import Alert, AlertState, Role, Severity
from services.alerts.delivery import Delivery, addresses
from services.schedules import Default
from tests.dashboard.conftest import callback, log_in
from tests.dashboard.house import House

BERLIN = ZoneInfo("Europe/Berlin")


def raised(house: House, cause: str = "drift:brain", severity: Severity = Severity.WARNING) -> Alert:
    return house.alerts.raise_alert(cause, severity, f"About {cause}", "Noise has risen.", "/models")


def with_drift(house: House) -> House:
    house.schedules.register(
        "drift",
        lambda _: None,
        lambda ask: f"drift, {ask}",
        defaults=[Default("Drift, brain", "brain", "0 6 * * *")],
        choices=lambda: ["brain", "chest"],
    )
    return house


def test_the_bell_counts_what_calls_the_gravest_first(house: House) -> None:
    nora = house.person(Role.MLOPS)
    first = raised(house)
    raised(house, "drift:chest", Severity.CRITICAL)
    muted = raised(house, "schedule:1")
    house.alerts.mute(muted.id, nora, "Known", datetime.now(UTC) + timedelta(hours=1))
    label, panel = bell_wiring.show(house.services, nora)
    assert "2 open alerts" in str(label)
    said = str(panel)
    assert said.index("About drift:chest") < said.index("About drift:brain")
    assert "schedule:1" not in said
    house.alerts.acknowledge(first.id, nora, "Known")
    assert "1 open alert'" in str(bell_wiring.show(house.services, nora)[0])


def test_a_long_panel_says_how_many_more(house: House) -> None:
    for number in range(bell.MOST_SHOWN + 3):
        raised(house, str(number))
    assert "… and 3 more" in str(bell_wiring.show(house.services, house.person(Role.HEAD))[1])


def test_only_who_can_act_has_bell_and_page(house: House, sign_in) -> None:
    raised(house)
    for role in (Role.HEAD, Role.MLOPS, Role.ADMIN):
        client = sign_in(role)
        assert client.get("/alerts").status_code == 200
        assert client.get("/alerts/token").json["token"] == house.alerts.token()
        assert '"bell"' in json.dumps(client.get("/_dash-layout").json)
    clinician = sign_in(Role.CLINICIAN)
    assert clinician.get("/alerts").status_code == 404
    assert clinician.get("/alerts/token").status_code == 403
    assert '"bell"' not in json.dumps(clinician.get("/_dash-layout").json)
    inputs = [{"id": "bell-seen", "property": "data", "value": None}]
    refused = callback(clinician, "..bell.label...bell-list.children..", inputs)
    assert "does not permit" in refused.text
    assert "Noise" not in refused.text


def test_asking_for_the_token_is_no_activity(house: House, server) -> None:
    house.person(Role.HEAD)
    client = server.test_client()
    log_in(client, "head")
    with client.session_transaction() as session:
        session["seen"] -= 60
        seen = session["seen"]
    client.get("/alerts/token")
    with client.session_transaction() as session:
        assert session["seen"] == seen


def test_a_link_is_shown_to_those_who_have_its_page(house: House) -> None:
    alert = raised(house)
    assert "href='/models'" in str(words.title(alert, house.person(Role.HEAD)))
    assert "href" not in str(words.title(alert, house.person(Role.ADMIN)))


def test_the_page_shows_what_stands_what_is_past_and_why(house: House) -> None:
    nora = house.person(Role.MLOPS)
    alert, other = raised(house), raised(house, "drift:chest")
    alerts.decide(house.services, nora, other.id, "close", "Scanner repaired", None)
    told, standing, past, more = alerts.show(house.services, nora, f"?alert={alert.id}")
    assert "About drift:brain" in str(standing)
    assert "lb-alert-chosen" in str(standing)
    assert "Scanner repaired" in str(past)
    assert "Dr Mlops" in str(past)
    assert "the bell only" in told
    assert more is None


def test_past_alerts_come_in_portions(house: House) -> None:
    for number in range(alerts.PAST_AT_FIRST + 1):
        raised(house, str(number))
        house.alerts.settle(str(number))
    nora = house.person(Role.MLOPS)
    _, _, past, more = alerts.show(house.services, nora, "")
    assert str(past).count("lb-alert-head") == alerts.PAST_AT_FIRST
    assert f"past={alerts.PAST_AT_FIRST * 5}" in more.href
    _, _, past, more = alerts.show(house.services, nora, "?past=100")
    assert str(past).count("lb-alert-head") == alerts.PAST_AT_FIRST + 1
    assert more is None
    for nonsense in ("?past=-3", "?past=x", "?past=0"):
        assert (
            str(alerts.show(house.services, nora, nonsense)[2]).count("lb-alert-head") == alerts.PAST_AT_FIRST
        )


def test_a_failed_message_is_shown_and_no_secret(house: House) -> None:
    house.alerts._delivery = Delivery(addresses("json://user:s3cret@hook.example/t0ken"))
    alert = raised(house)
    house.alerts._settle_delivery(
        house.alerts.get(alert.id), ["The webhook at hook.example did not take it."]
    )
    shown = str(alerts.show(house.services, house.person(Role.ADMIN), None))
    assert "The webhook at hook.example did not take it. It is tried again at" in shown
    assert "Sent to: webhook at hook.example" in shown
    assert "s3cret" not in shown
    assert "t0ken" not in shown


def test_a_decision_needs_what_it_needs(house: House) -> None:
    nora, alert = house.person(Role.MLOPS), raised(house)
    with pytest.raises(InvalidInput, match="why"):
        alerts.decide(house.services, nora, alert.id, "acknowledge", " ", None)
    for until in (None, "", "soon"):
        with pytest.raises(InvalidInput, match="until when"):
            alerts.decide(house.services, nora, alert.id, "mute", "Known", until)
    with pytest.raises(NotFound):
        alerts.decide(house.services, nora, "none", "close", "Known", None)
    alerts.decide(house.services, nora, alert.id, "mute", "Known", words.suggested_end(datetime.now(UTC)))
    kept = house.alerts.get(alert.id)
    assert kept.state is AlertState.OPEN
    assert (kept.muted_until.astimezone().hour, kept.muted_until.astimezone().minute) == (8, 0)


def test_schedules_are_kept_changed_and_shown(house: House) -> None:
    nora, services = house.person(Role.MLOPS), with_drift(house).services
    house.schedules.start()
    (offered, _) = options(house.schedules.choices())
    assert offered["label"] == "drift, brain"
    alerts.save_schedule(services, nora, "", offered["value"], "Mine", "30 5 * * 1")
    shown, word = alerts.show_schedules(services, None)
    for part in (
        "Drift, brain",
        "made by Lightbox",
        "Mine",
        "made by Dr Mlops",
        "At 05:30 on Monday",
        "next: ",
    ):
        assert part in str(shown), part
    mine = next(view.schedule for view in house.schedules.views() if view.schedule.name == "Mine")
    alerts.save_schedule(services, nora, mine.id, None, "Yours", "0 5 * * *")
    alerts.act_on_schedule(services, nora, mine.id, "pause")
    shown, changed = alerts.show_schedules(services, word)
    assert changed != word
    assert "Yours" in str(shown)
    assert "Paused" in str(shown)
    assert alerts.show_schedules(services, changed) == (no_update, no_update)


def test_only_what_is_offered_can_be_scheduled(house: House) -> None:
    nora, services = house.person(Role.MLOPS), with_drift(house).services
    for what in (None, "", "nonsense", json.dumps(["drift", "everything"]), json.dumps(["other", "brain"])):
        with pytest.raises(InvalidInput, match="Choose what"):
            alerts.save_schedule(services, nora, "", what, "Mine", "0 6 * * *")
    assert house.schedules.views() == []


def test_a_preview_says_what_is_wrong(house: House) -> None:
    assert "tomorrow at" in str(alerts.preview(house.services, "0 6 * * *"))
    assert "cannot be understood" in str(alerts.preview(house.services, "99 6 * * *"))
    assert alerts.preview(house.services, " ") == []


@pytest.mark.parametrize(
    ("coming", "said"),
    [
        (datetime(2026, 11, 20, 14, 15, tzinfo=BERLIN), "today at 14:15"),
        (datetime(2026, 11, 21, 6, 0, tzinfo=BERLIN), "tomorrow at 06:00"),
        (datetime(2026, 11, 30, 6, 0, tzinfo=BERLIN), "Monday 30 November at 06:00"),
        (datetime(2027, 1, 1, 6, 0, tzinfo=BERLIN), "Friday 1 January 2027 at 06:00"),
    ],
)
def test_coming_times_are_in_plain_words(coming: datetime, said: str) -> None:
    # 23:30 UTC on the 19th is the 20th in Berlin already
    assert moment_words(coming, datetime(2026, 11, 19, 23, 30, tzinfo=UTC)) == said
