"""What the callbacks call, page by page, without a browser and without Dash's wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dash import no_update
from dash.exceptions import PreventUpdate

from dashboard.components import reports as report_form
from dashboard.components import scan_filters, schedule_form
from dashboard.components import schedules as schedule_cards
from dashboard.components.drift import controls
from dashboard.pages import (
    alerts,
    cohort,
    drift_actions,
    models,
    performance,
    performance_closer,
    reports,
    schedules,
)
from dashboard.pages import schedule_form as planning
from data.errors import InvalidInput
from data.records import BRAIN_TUMOUR, PNEUMONIA, Against, DriftAsk, Identity, Role, Severity
from tests.dashboard.clinic import Clinic
from tests.services.performance_department import with_history


def test_a_form_of_a_decision_says_what_it_is_about(clinic: Clinic) -> None:
    alert = clinic.alerts.raise_alert("drift:brain", Severity.WARNING, "Drift: brain", "It rose.", "/models")
    user = clinic.person(Role.HEAD)
    form = alerts.decision_form(clinic.alerts, user, alert.id, "mute")
    assert form["alert-form"] is True
    assert form["alert-form-heading"] == "Mute: Drift: brain"
    assert form["alert-deciding"] == {"alert": alert.id, "verb": "mute"}
    assert (form["alert-until-row"], form["alert-why"]) == (False, "")
    assert alerts.decision_form(clinic.alerts, user, alert.id, "close")["alert-until-row"] is True


TASKS = (BRAIN_TUMOUR, PNEUMONIA)
COHORT = schedule_form.value_of("report", "cohort")


def test_the_form_of_a_schedule_is_for_a_new_one_or_for_changes(clinic: Clinic) -> None:
    user, plans, cohorts = clinic.person(Role.MLOPS), clinic.schedules, clinic.services.cohort.numbers
    new = planning.opened(plans, cohorts, TASKS, user, schedule_cards.ADD)
    what, row = new[schedule_form.WHAT], schedule_form.row_of(schedule_form.WHAT)
    assert (new[schedule_form.PLANNING], new[row]) == ("", False)
    assert what["value"] == what["options"][0]["value"] and len(what["options"]) == 7
    of_head = planning.opened(plans, cohorts, TASKS, clinic.person(Role.HEAD), schedule_cards.ADD)
    labels = [option["label"] for option in of_head[schedule_form.WHAT]["options"]]
    assert len(labels) == 5 and not any("Retraining" in label for label in labels)
    planning.save(plans, user, "", COHORT, {"n": "7", "filters": "site=North"}, "Mine", "0 5 * * *")
    (view,) = plans.views()
    button = {"type": schedule_cards.ACTION, "schedule": view.schedule.id, "verb": "change"}
    change = planning.opened(plans, cohorts, TASKS, user, button)
    assert (change[schedule_form.PLANNING], change[row]) == (view.schedule.id, True)
    assert (change[schedule_form.NAME], change[schedule_form.CRON]) == ("Mine", "0 5 * * *")
    assert (change[schedule_form.N], change["schedule-filters-site"]["value"]) == ("7", ["North"])
    for other in (None, button | {"verb": "run"}):
        with pytest.raises(PreventUpdate):
            planning.opened(plans, cohorts, TASKS, user, other)


def test_a_schedule_is_deleted_only_after_a_question(clinic: Clinic) -> None:
    user = clinic.person(Role.MLOPS)
    planning.save(clinic.schedules, user, "", COHORT, {}, "Mine", "0 5 * * *")
    (view,) = clinic.schedules.views()
    asked = schedules.act(clinic.schedules, clinic.accounts, user, view.schedule.id, "delete")
    assert asked[schedule_cards.CONFIRM] == {"displayed": True, "message": "Delete the schedule “Mine”?"}
    assert asked[schedule_cards.DELETING] == view.schedule.id
    assert len(clinic.schedules.views()) == 1
    paused = schedules.act(clinic.schedules, clinic.accounts, user, view.schedule.id, "pause")
    assert "Paused" in str(paused[schedules.LIST])
    assert paused[schedule_cards.CONFIRM] == {"displayed": no_update, "message": no_update}
    with pytest.raises(PreventUpdate):  # what changes has a form of its own
        schedules.act(clinic.schedules, clinic.accounts, user, view.schedule.id, "change")


def test_views_of_the_cohort_are_kept_opened_and_deleted(clinic: Clinic) -> None:
    user, service = clinic.person(Role.HEAD), clinic.services.cohort
    kept = cohort.save_view(service, user, "Films", "?task=pneumonia")
    assert kept[cohort.VIEW_SAID] == "Saved as “Films”."
    assert kept[cohort.VIEW_NAME] == ""
    (option,) = kept[cohort.VIEWS]
    assert cohort.view_query(service, option["value"]) == "?task=pneumonia"
    for nothing in (None, ""):
        with pytest.raises(PreventUpdate):
            cohort.view_query(service, nothing)
    with pytest.raises(InvalidInput, match="Choose the saved view"):
        cohort.delete_view(service, user, None)
    gone = cohort.delete_view(service, user, option["value"])
    assert (gone[cohort.VIEWS], gone[cohort.VIEW_SAID]) == ([], "Deleted.")


def test_the_cohort_s_controls_show_what_the_address_chose(clinic: Clinic) -> None:
    clinic.add_volume("u", Identity("Ada", "1"))
    search, head = "?task=brain-tumour&site=Gone&from=2026-01-31", clinic.person(Role.HEAD)
    shown = cohort.controls(clinic.services.cohort, head, search)
    assert shown["cohort-filter-task"]["value"] == ["brain-tumour"]
    assert {"label": "Gone", "value": "Gone"} in shown["cohort-filter-site"]["options"]
    assert (shown["cohort-from"], shown["cohort-to"]) == ("2026-01-31", None)


def test_the_form_of_a_report_is_filled_in_by_an_address(clinic: Clinic) -> None:
    services = clinic.services
    form = reports.form(
        services.reporting, services.versions.registry, services.drift.runs, "?kind=performance&version=2"
    )
    assert form[report_form.KIND]["value"] == "performance"
    assert form[report_form.VERSION]["value"] == "2"
    assert [option["value"] for option in form[report_form.VERSION]["options"]] == ["1", "2"]
    assert [option["value"] for option in form[report_form.TASK]["options"]] == [BRAIN_TUMOUR, PNEUMONIA]
    assert form[report_form.SIGNS] == "Not signed: no certificate is set."
    assert set(form) == set(report_form.FORM_VALUES)


def test_controls_of_drift_become_an_ask() -> None:
    ask = drift_actions.ask_of(
        BRAIN_TUMOUR, controls.HOUSE, "50", "", " 2026-11-01 ", " ", scan_filters.query({"site": ["North"]})
    )
    assert ask == DriftAsk(BRAIN_TUMOUR, None, 50, "2026-11-01", None, "site=North")
    assert drift_actions.ask_of(BRAIN_TUMOUR, "r", "") == DriftAsk(BRAIN_TUMOUR, "r")
    rolling = drift_actions.ask_of(BRAIN_TUMOUR, "last-quarter", None, 30)
    assert rolling == DriftAsk(BRAIN_TUMOUR, days=30, against=Against.LAST_QUARTER)
    with pytest.raises(InvalidInput, match="task"):
        drift_actions.ask_of(None, None)


def test_a_window_is_kept_as_a_reference_and_forgotten(clinic: Clinic) -> None:
    clinic.add_readings(60, 1)
    user, references = clinic.person(Role.MLOPS), clinic.services.drift.runs.references
    kept = drift_actions.keep_reference(references, user, "Autumn", DriftAsk(BRAIN_TUMOUR, last=60))
    assert kept[drift_actions.SAID] == "Kept as “Autumn”, n = 60."
    assert "Autumn" in str(kept[drift_actions.REFERENCES])
    (known,) = references.all(BRAIN_TUMOUR)
    assert known.id in [option["value"] for option in kept[controls.REFERENCE]]
    gone = drift_actions.delete_reference(references, user, BRAIN_TUMOUR, known.id)
    assert (gone[drift_actions.SAID], references.all(BRAIN_TUMOUR)) == ("Deleted.", [])


def test_all_scans_are_chosen_or_none() -> None:
    options = [{"value": "a"}, {"value": "b"}]
    assert drift_actions.all_or_none(options, []) == ["a", "b"]
    assert drift_actions.all_or_none(options, ["a"]) == []


def test_the_page_of_models_is_drawn_only_when_something_changed(clinic: Clinic) -> None:
    user, versions = clinic.person(Role.HEAD), clinic.services.versions
    first = models.changed(versions, user, None, None)
    assert first[models.CONTENT] is not no_update
    assert models.changed(versions, user, None, first[models.SEEN])[models.CONTENT] is no_update
    uploaded = models.changed(versions, user, "brain-tumour 3", first[models.SEEN])
    assert uploaded[models.CONTENT] is not no_update


@pytest.fixture
def history(clinic: Clinic) -> Iterator[Clinic]:
    department = with_history(clinic.database, clinic.folder)
    clinic.replace(performance=department.performance)
    yield clinic
    department.close()


def test_a_threshold_is_tried_where_there_are_cases(history: Clinic) -> None:
    service, head = history.services.performance, history.person(Role.HEAD)
    tried = performance_closer.what_if(service, head, "?version=1", 0.0)
    assert "Recall" in str(tried[performance.WHAT_IF])
    for search, threshold in (("?version=1", None), (f"?task={PNEUMONIA}", 0.5)):
        with pytest.raises(PreventUpdate):
            performance_closer.what_if(service, head, search, threshold)


def test_a_goal_is_kept_and_what_depends_on_it_is_drawn(history: Clinic) -> None:
    service, head = history.services.performance, history.person(Role.HEAD)
    shown = performance.goal_kept(service, head, "?by=month&metric=recall", "98", "85")
    assert shown[performance.GOAL_SAID] == "Set."
    assert "beyond the alert limit of 85.0 %" in str(shown[performance.BANNER])
    assert (shown[performance.GOAL], shown[performance.LIMIT]) == ("98 %", "85 %")
    shown = performance.goal_kept(service, head, "?by=month&metric=recall", "", "")
    assert shown[performance.GOAL_SAID] == "Removed."
    assert "beyond" not in str(shown[performance.BANNER])
    for metric, unit in (("recall", "%"), ("dice", "0 to 1"), ("latency_p50_ms", "ms")):
        labels = performance.show(service, head, f"?metric={metric}")
        assert labels[performance.GOAL_LABEL] == f"Goal ({unit})"
        assert labels[performance.LIMIT_LABEL] == f"Alert limit ({unit})"
