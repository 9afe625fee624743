"""The bell and the page of alerts and schedules, called without a browser."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dash.exceptions import PreventUpdate

from dashboard import bell as bell_wiring
from dashboard.components import alerts as words
from dashboard.components import bell
from dashboard.components import schedule_form as schedule_parts
from dashboard.components.schedules import cards, moment_words
from dashboard.pages import alerts, schedule_form, schedules
from data.errors import InvalidInput, NotFound
from data.records import BRAIN_TUMOUR, Alert, AlertState, Role, ScheduleRun, Severity
from services.alerts.delivery import Delivery, addresses
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import callback

BERLIN = ZoneInfo("Europe/Berlin")


def raised(clinic: Clinic, cause: str = "drift:brain", severity: Severity = Severity.WARNING) -> Alert:
    return clinic.alerts.raise_alert(cause, severity, f"About {cause}", "Noise has risen.", "/models")


def test_the_bell_counts_what_calls_the_gravest_first(clinic: Clinic) -> None:
    nora = clinic.person(Role.MLOPS)
    first = raised(clinic)
    raised(clinic, "drift:chest", Severity.CRITICAL)
    muted = raised(clinic, "schedule:1")
    clinic.alerts.mute(muted.id, nora, "Known", datetime.now(UTC) + timedelta(hours=1))
    label, panel = bell_wiring.show(clinic.alerts, nora)
    assert "2 open alerts" in str(label)
    said = str(panel)
    assert said.index("About drift:chest") < said.index("About drift:brain")
    assert "schedule:1" not in said
    clinic.alerts.acknowledge(first.id, nora, "Known")
    assert "1 open alert'" in str(bell_wiring.show(clinic.alerts, nora)[0])


def test_a_long_panel_says_how_many_more(clinic: Clinic) -> None:
    for number in range(bell.MOST_SHOWN + 3):
        raised(clinic, str(number))
    assert "… and 3 more" in str(bell_wiring.show(clinic.alerts, clinic.person(Role.HEAD))[1])


def test_only_who_can_act_has_bell_and_page(clinic: Clinic, sign_in) -> None:
    raised(clinic)
    for role in (Role.HEAD, Role.MLOPS, Role.ADMIN):
        client = sign_in(role)
        assert client.get("/alerts").status_code == 200
        assert client.get("/alerts/token").json["token"] == clinic.alerts.token()
        assert '"bell"' in json.dumps(client.get("/_dash-layout").json)
    clinician = sign_in(Role.CLINICIAN)
    assert clinician.get("/alerts").status_code == 404
    assert clinician.get("/alerts/token").status_code == 403
    assert '"bell"' not in json.dumps(clinician.get("/_dash-layout").json)
    inputs = [{"id": "bell-seen", "property": "data", "value": None}]
    refused = callback(clinician, "..bell.label...bell-list.children..", inputs)
    assert "does not permit" in refused.text
    assert "Noise" not in refused.text


def test_a_link_is_shown_to_those_who_have_its_page(clinic: Clinic) -> None:
    alert = clinic.alerts.raise_alert(
        "goal", Severity.WARNING, "Recall fell", "Beyond its limit.", "/performance"
    )
    assert "href='/performance'" in str(words.title(alert, clinic.person(Role.HEAD)))
    assert "href" not in str(words.title(alert, clinic.person(Role.ADMIN)))


def test_the_page_shows_what_stands_what_is_past_and_why(clinic: Clinic) -> None:
    nora = clinic.person(Role.MLOPS)
    alert, other = raised(clinic), raised(clinic, "drift:chest")
    alerts.decide(clinic.alerts, nora, other.id, "close", "Scanner repaired", None)
    told, nobody, standing, past, more = alerts.show(clinic.alerts, nora, f"?alert={alert.id}").values()
    assert nobody is True  # no address: no test to send
    assert "About drift:brain" in str(standing)
    assert "lb-alert-chosen" in str(standing)
    assert "Scanner repaired" in str(past)
    assert "Dr Mlops" in str(past)
    assert "the bell only" in told
    assert more is None


def test_past_alerts_come_in_portions(clinic: Clinic) -> None:
    for number in range(alerts.PAST_AT_FIRST + 1):
        raised(clinic, str(number))
        clinic.alerts.settle(str(number))
    nora = clinic.person(Role.MLOPS)
    _, _, _, past, more = alerts.show(clinic.alerts, nora, "").values()
    assert str(past).count("lb-alert-head") == alerts.PAST_AT_FIRST
    assert f"past={alerts.PAST_AT_FIRST * 5}" in more.href
    _, _, _, past, more = alerts.show(clinic.alerts, nora, "?past=100").values()
    assert str(past).count("lb-alert-head") == alerts.PAST_AT_FIRST + 1
    assert more is None
    for nonsense in ("?past=-3", "?past=x", "?past=0"):
        assert (
            str(alerts.show(clinic.alerts, nora, nonsense)[alerts.PAST]).count("lb-alert-head")
            == alerts.PAST_AT_FIRST
        )


def test_a_failed_message_is_shown_and_no_secret(clinic: Clinic) -> None:
    clinic.alerts._delivery = Delivery(addresses("json://user:s3cret@hook.example/t0ken"))
    alert = raised(clinic)
    clinic.alerts._settle_delivery(
        clinic.alerts.get(alert.id), ["The webhook at hook.example did not take it."]
    )
    shown = str(alerts.show(clinic.alerts, clinic.person(Role.ADMIN), None))
    assert "The webhook at hook.example did not take it. It is tried again at" in shown
    assert "Sent to: webhook at hook.example" in shown
    assert "s3cret" not in shown
    assert "t0ken" not in shown


def test_a_decision_needs_what_it_needs(clinic: Clinic) -> None:
    nora, alert = clinic.person(Role.MLOPS), raised(clinic)
    with pytest.raises(InvalidInput, match="why"):
        alerts.decide(clinic.alerts, nora, alert.id, "acknowledge", " ", None)
    for until in (None, "", "soon"):
        with pytest.raises(InvalidInput, match="until when"):
            alerts.decide(clinic.alerts, nora, alert.id, "mute", "Known", until)
    with pytest.raises(NotFound):
        alerts.decide(clinic.alerts, nora, "none", "close", "Known", None)
    alerts.decide(clinic.alerts, nora, alert.id, "mute", "Known", words.suggested_end(datetime.now(UTC)))
    kept = clinic.alerts.get(alert.id)
    assert kept.state is AlertState.OPEN
    assert (kept.muted_until.astimezone().hour, kept.muted_until.astimezone().minute) == (8, 0)


def test_schedules_are_kept_changed_and_shown(clinic: Clinic) -> None:
    nora = clinic.person(Role.MLOPS)
    clinic.schedules.start()
    what = schedule_parts.offers(clinic.schedules.offers())[0]["value"]
    chosen = {"task": BRAIN_TUMOUR, "window": "days", "n": "30", "reference": "last-quarter"}
    schedule_form.save(clinic.schedules, nora, "", what, chosen, "Mine", "30 5 * * 1")
    shown, word = schedules.show(clinic.schedules, clinic.accounts, None).values()
    for part in (
        "Weekly drift: Brain tumour",
        "made by Lightbox",
        "Mine",
        "made by Dr Mlops",
        "Every Monday at 05:30",
        "the last 30 days against the quarter before",
        "next: ",
    ):
        assert part in str(shown), part
    mine = next(view.schedule for view in clinic.schedules.views() if view.schedule.name == "Mine")
    schedule_form.save(clinic.schedules, nora, mine.id, what, chosen | {"n": "7"}, "Yours", "0 5 * * *")
    assert "the last 7 days" in str(schedules.cards(clinic.schedules, clinic.accounts))
    schedules.act(clinic.schedules, clinic.accounts, nora, mine.id, "pause")
    shown, changed = schedules.show(clinic.schedules, clinic.accounts, word).values()
    assert changed != word
    assert "Yours" in str(shown)
    assert "Paused" in str(shown)
    with pytest.raises(PreventUpdate):
        schedules.show(clinic.schedules, clinic.accounts, changed)


def test_only_what_is_offered_can_be_scheduled(clinic: Clinic) -> None:
    nora = clinic.person(Role.MLOPS)
    for what in (None, "", "nonsense", json.dumps(["drift", "everything"]), json.dumps(["other", "brain"])):
        with pytest.raises(InvalidInput, match="Choose what"):
            schedule_form.save(clinic.schedules, nora, "", what, {}, "Mine", "0 6 * * *")
    assert clinic.schedules.views() == []


def test_a_sentence_says_what_will_run_when_or_what_is_wrong(clinic: Clinic) -> None:
    what, chosen = schedule_parts.value_of("drift", "drift"), {"task": BRAIN_TUMOUR, "n": "500"}
    said = str(schedule_form.sentence(clinic.schedules, what, chosen, "0 6 * * *"))
    assert "the newest 500 readings against the first accepted month" in said
    assert "Every day at 06:00" in said and "tomorrow at 06:00" in said
    assert "cannot be understood" in str(schedule_form.sentence(clinic.schedules, what, chosen, "99 6 * * *"))
    assert "Choose a task" in str(schedule_form.sentence(clinic.schedules, what, {}, "0 6 * * *"))


@pytest.mark.parametrize("n", ["", "0", "-5", "1.5", "²", "1000001"])
def test_a_number_that_is_none_is_said_and_never_taken_for_the_usual_one(clinic: Clinic, n: str) -> None:
    values = {"task": BRAIN_TUMOUR, "window": "readings", "n": n, "reference": None, "filters": {}}
    chosen, nora = schedule_parts.chosen(values), clinic.person(Role.MLOPS)
    for kind, offer in (("drift", "drift"), ("report", "cohort")):
        what = schedule_parts.value_of(kind, offer)
        said = str(schedule_form.sentence(clinic.schedules, what, chosen, "0 6 * * *"))
        assert "Give a whole number from 1 to" in said
        with pytest.raises(InvalidInput, match="whole number"):
            schedule_form.save(clinic.schedules, nora, "", what, chosen, "Mine", "0 6 * * *")


def test_a_new_schedule_begins_with_the_number_that_is_usual_for_its_kind(clinic: Clinic) -> None:
    plans, cohort = clinic.schedules, schedule_parts.value_of("report", "cohort")
    assert schedule_form.usual(plans, cohort, "") == "30"
    assert schedule_form.usual(plans, schedule_parts.value_of("drift", "drift"), "") == "1000"
    assert schedule_parts.shown_rows(plans.offers(), cohort)["schedule-n-label"] == "How many days"
    for what, schedule_id in ((cohort, "kept"), (schedule_parts.value_of("report", "governance"), "")):
        with pytest.raises(PreventUpdate):
            schedule_form.usual(plans, what, schedule_id)


def test_a_day_that_not_every_month_has_is_said() -> None:
    with pytest.raises(InvalidInput, match="from 1 to 28"):
        schedule_parts.synchronised({schedule_parts.DAY}, "0 7 1 * *", "month", "0", "31", "07:00")


def test_plain_choices_and_the_expression_follow_each_other() -> None:
    parts = schedule_parts
    cron, times = parts.synchronised({parts.EVERY}, "0 7 * * 1", "month", "0", 3, "06:30")
    shown = parts.shown_times(cron, times)
    assert (cron, shown[parts.DAY], shown[parts.row_of(parts.DAY)]) == ("30 6 3 * *", 3, False)
    assert shown[parts.row_of(parts.WEEKDAY)] is True
    cron, times = parts.synchronised({parts.CRON}, "0 8 * * 2", "month", "0", 3, "06:30")
    shown = parts.shown_times(cron, times)
    assert (shown[parts.EVERY], shown[parts.WEEKDAY], shown[parts.AT]) == ("week", "1", "08:00")
    own = parts.shown_times(*parts.synchronised({parts.EVERY}, "0 8 * * 2", parts.OWN, "0", 3, "06:30"))
    assert (own[parts.EVERY], own[parts.CRON], own[parts.row_of(parts.AT)]) == (parts.OWN, "0 8 * * 2", True)


def test_the_form_shows_what_an_offer_takes_and_what_a_schedule_has(clinic: Clinic) -> None:
    plans, nora = clinic.schedules, clinic.person(Role.ADMIN)
    rows = schedule_parts.shown_rows(plans.offers(), schedule_parts.value_of("report", "performance"))
    assert [name for name, hidden in rows.items() if hidden is False] == ["schedule-task-row"]
    plans.start()
    weekly = next(view.schedule for view in plans.views() if "Pneumonia" in view.schedule.name)
    opened = schedule_form.opened(
        plans, clinic.services.cohort.numbers, (BRAIN_TUMOUR, "pneumonia"), nora,
        {"schedule": weekly.id, "verb": "change"},
    )  # fmt: skip
    assert (opened["schedule-task"]["value"], opened["schedule-cron"]) == ("pneumonia", "0 5 * * 1")
    assert set(opened) == set(schedule_form.OPENED)
    with pytest.raises(PreventUpdate):
        schedule_form.opened(plans, clinic.services.cohort.numbers, (), nora, None)


def test_a_run_that_is_under_way_is_said(clinic: Clinic) -> None:
    clinic.schedules.start()
    view, at = clinic.schedules.views()[0], datetime(2026, 11, 20, 14, 15, tzinfo=UTC)
    running = replace(view, runs=(ScheduleRun("job", view.schedule.id, at, True, None),))
    said, others = (str(cards([each], {}, at)) for each in (running, view))
    assert "running since" in said and "has not run yet" not in said
    assert "running since" not in others and "has not run yet" in others


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
