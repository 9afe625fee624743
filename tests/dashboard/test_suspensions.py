"""A suspended version: its new results are no answer anywhere, and nothing of them goes out by a rule."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dashboard.components import panels, viewer, worklist_grid
from dashboard.components.performance import stop_rules as section
from dashboard.components.results import accepting_words
from dashboard.pages import performance as performance_page
from dashboard.pages import performance_stop_rules as page
from data.department_wall import seen_by
from data.errors import InvalidInput, NotFound
from data.records import BRAIN_TUMOUR, Role, Scan, User, WorklistQuery
from data.stores.suspensions import SuspensionStore
from services.performance.metrics import REFUSED
from services.reviewing.scan_views import ScanView
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import SignIn
from tests.dashboard.test_performance import HEAD, MLOPS, history, words
from tests.services.exporting.test_exports import strict_series
from tests.services.sending.test_planning import admin, pacs, planned, received, rule
from tests.stopping import a_suspension

__all__ = ["admin", "history", "pacs"]

BECAUSE = "not for use, because 9 of the last 40 reviewed scans with tumour were missed."


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return clinic.person(Role.CLINICIAN)


@pytest.fixture
def scan(clinic: Clinic) -> Scan:
    """A scan that version 2 has read, and its version is suspended."""
    scan = clinic.add_series(strict_series())
    clinic.read_volume(scan)
    suspend(clinic)
    return scan


def suspend(clinic: Clinic, **changes: Any) -> None:
    assert SuspensionStore(clinic.database).add(a_suspension(**changes))


def view_of(clinic: Clinic, scan: Scan, user: User) -> ScanView:
    return clinic.services.reviewing.scan_views.scan(scan.id, user)


def test_page_and_list_say_that_there_is_no_answer(clinic: Clinic, clinician: User, scan: Scan) -> None:
    seen = view_of(clinic, scan, clinician)
    banner = words(panels.uncertain_banner(seen))
    assert "Suspended since" in banner and banner.endswith(BECAUSE)
    shown = panels.result_panel(seen)
    assert "Tumour found" not in words([part for part in shown if part is not shown[-1]])
    assert "to check it" in words(shown[-1]) and "Tumour found" in words(shown[-1])
    assert seen.result is not None and "tumour" not in accepting_words(seen.result, withheld=True)
    drawn = viewer.of_scan(clinic.services.reviewing, seen)
    assert drawn["sources"] == {} and drawn["says"] == "" and drawn["probability"] is None
    assert drawn["start"] == [12, 30, 24]
    (row,) = clinic.services.reviewing.worklist.page(WorklistQuery(), clinician).rows
    told = worklist_grid.row(row, clinician, {})
    assert told["result"] == "Suspended" and told["outcome"] is None
    query = WorklistQuery(filters={"result": ("positive",)})
    assert clinic.services.reviewing.worklist.page(query, clinician).total == 0


def test_nobody_carries_it_away(clinic: Clinic, clinician: User, scan: Scan, sign_in: SignIn) -> None:
    services = clinic.services
    for carry in (
        lambda: services.exports.file(scan.id, "text", clinician),
        lambda: services.reading_reports.text(scan.id, clinician),
        lambda: services.sending.outbox.send(scan.id, "pacs", ["seg"], clinician),
    ):
        with pytest.raises(NotFound, match="not for use"):
            carry()
    assert services.exports.offers(scan.id, clinician) == ()
    assert services.exports.findings(scan.id, clinician) == ""
    client = sign_in()
    told = client.get(f"/api/v1/scans/{scan.id}").get_json()
    assert told["result"] is None and told["outcome"] is None and told["suspended"].endswith(BECAUSE)
    (listed,) = client.get("/api/v1/scans").get_json()["scans"]
    assert (
        listed["suspended"] and (listed["outcome"], listed["probability"], listed["volume_ml"]) == (None,) * 3
    )
    assert client.get(f"/api/v1/scans/{scan.id}/mask").status_code == 404


def test_what_a_clinician_accepts_is_theirs_and_says_what_its_version_is(
    clinic: Clinic, clinician: User, scan: Scan
) -> None:
    clinic.services.reviewing.reviews.accept(scan.id, clinician)
    seen = view_of(clinic, scan, clinician)
    assert seen.withheld is None and any(BECAUSE in warning for warning in seen.scan.warnings)
    assert BECAUSE in clinic.services.exports.findings(scan.id, clinician)
    (row,) = clinic.services.reviewing.worklist.page(WorklistQuery(), clinician).rows
    assert worklist_grid.row(row, clinician, {})["result"].startswith("Tumour")


def test_other_versions_and_scanners_go_on(clinic: Clinic, clinician: User) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    suspend(clinic, version="1")
    suspend(clinic, scanner="Acme Field 7T")
    assert view_of(clinic, scan, clinician).standing is None
    suspend(clinic, scanner="Acme Field 3T")
    assert view_of(clinic, scan, clinician).withheld is not None


def test_no_rule_plans_it_and_what_waits_is_not_sent(
    clinic: Clinic, admin: User, pacs: Any, clinician: User
) -> None:
    rule(clinic, admin, pacs)
    waiting = received(clinic)
    assert planned(clinic, waiting)
    suspend(clinic)
    sender = clinic.services.sending.sender
    sender.send_to(pacs.id)
    settled = planned(clinic, waiting)
    assert {delivery.state.value for delivery in settled} == {"skipped"}
    assert {delivery.note for delivery in settled} == {
        "The version that made the result was suspended before it was sent."
    }
    clinic.services.reviewing.reviews.accept(waiting.id, clinician)
    assert planned(clinic, waiting) == settled


def test_who_reads_without_the_ai_first_learns_nothing_of_it(clinic: Clinic, scan: Scan) -> None:
    other = clinic.person(Role.CLINICIAN, "other")
    clinic.services.reviewing.unaided.ask([scan.id], other)
    seen = view_of(clinic, scan, other)
    assert seen.result is None and seen.standing is None and panels.uncertain_banner(seen) is None
    (row,) = clinic.services.reviewing.worklist.page(WorklistQuery(), other).rows
    assert row.unaided and not row.suspended


def test_the_section_draws_the_tests_and_lists_who_was_stopped(history: Clinic, clinician: User) -> None:
    performance = history.services.performance
    performance.goals.set_typed(BRAIN_TUMOUR, "recall", "97", "85", HEAD)
    suspend(history, version="1")
    shown = page.show(performance, HEAD, "?version=1&synthetic=no")[section.SHOWN]
    said = words(shown)
    assert "nobody has switched them on" in said
    assert "A bad case adds 12 points, a good one takes 1 point away; at 63 the version is suspended" in said
    assert "once in 100,000 cases, with 15 % (the alert limit) half the time within 55" in said
    assert "because 9 of the last 40 reviewed scans with tumour were missed" in said
    bound = replace(clinician, departments=frozenset({"north"}))
    for user, leads in ((HEAD, True), (bound, False)):
        with seen_by(user.departments):
            banner = performance_page.show(performance, user, "?version=1&synthetic=no")[
                performance_page.BANNER
            ]
        assert "Version 1" in words(banner) and "9 of the last 40 reviewed scans" in words(banner)
        assert ("See the stop rules" in words(banner)) is leads
    other = performance_page.show(performance, HEAD, "?task=pneumonia")[performance_page.BANNER]
    assert "suspended" not in words(other)
    (chart,) = _graphs(shown)
    assert len(chart["data"][0]["x"]) == 22  # the reviewed ill of version 1, in two months
    assert chart["layout"]["shapes"][0]["y0"] == 63
    nothing = words(page.show(performance, HEAD, "?task=pneumonia")[section.SHOWN])
    assert "No test runs" in nothing


def test_a_head_switches_the_rules_and_sets_what_refusals_may_be(history: Clinic) -> None:
    performance = history.services.performance
    with pytest.raises(InvalidInput, match="Say why"):
        page.switch(performance, HEAD, "", " ", section.SWITCH_ON)
    assert page.show(performance, HEAD, "")[section.SWITCH] == "Switch on stop rules"
    assert "act from now on" in page.switch(performance, HEAD, "", "Agreed on Monday.", section.SWITCH_ON)
    shown = page.show(performance, HEAD, "")
    assert "act on what was read since" in words(shown[section.SHOWN])
    assert shown[section.SWITCH] == "Switch off stop rules"
    assert "act already" in page.switch(performance, HEAD, "", "In another tab.", section.SWITCH_ON)
    assert performance.stop_rules.acting(BRAIN_TUMOUR)
    assert "do not act any more" in page.switch(performance, HEAD, "", "Holidays.", section.SWITCH_OFF)
    assert page.set_refused(performance, HEAD, "", "30", "50") == "Set."
    assert performance.goals.of(BRAIN_TUMOUR)[REFUSED].alert_limit == 0.5
    performance.monitoring.tick()  # it watches the page's metrics, and this is none


def test_two_people_press_the_buttons(history: Clinic) -> None:
    performance, stopped = history.services.performance, a_suspension(version="1")
    assert SuspensionStore(history.database).add(stopped)
    address = "?version=1&synthetic=no"
    assert "Ask to lift it" in words(page.show(performance, MLOPS, address)[section.SHOWN])
    assert "Asked." in page.act(performance, MLOPS, stopped.id, "ask", "The coil was exchanged.")
    assert "Lift it" not in words(page.show(performance, MLOPS, address)[section.SHOWN])
    assert "Take it back" in words(page.show(performance, MLOPS, address)[section.SHOWN])
    assert "Take it back" not in words(page.show(performance, HEAD, address)[section.SHOWN])
    assert "Taken back" in page.act(performance, MLOPS, stopped.id, "take back", None)
    page.act(performance, MLOPS, stopped.id, "ask", "The coil was exchanged.")
    assert "Do not lift it" in words(page.show(performance, HEAD, address)[section.SHOWN])
    assert "stays suspended" in page.act(performance, HEAD, stopped.id, "keep", None)
    page.act(performance, MLOPS, stopped.id, "ask", "Ten phantoms are right.")
    assert "Lifted" in page.act(performance, HEAD, stopped.id, "lift", None)
    (kept,) = SuspensionStore(history.database).all()
    assert (kept.is_active, kept.asked_name, kept.lifted_name) == (
        False,
        MLOPS.display_name,
        HEAD.display_name,
    )


def _graphs(component: Any) -> list[dict[str, Any]]:
    plain = json.loads(json.dumps(component, default=lambda part: part.to_plotly_json()))
    figures: list[dict[str, Any]] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if part.get("type") == "Graph":
                figures.append(part["props"]["figure"])
            walk(part.get("props", {}).get("children"))
        elif isinstance(part, list):
            for each in part:
                walk(each)

    walk(plain)
    return figures
