"""The head's main job in a browser: both kinds of numbers, what a threshold would do, and the cases."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from data.records import Role
from services import keys
from tests.browser.conftest import click_mark, unfold
from tests.dashboard.clinic import Clinic, png
from tests.services.performance_department import with_history

pytestmark = pytest.mark.browser


@pytest.fixture
def clinic(clinic: Clinic) -> Iterator[Clinic]:
    department = with_history(clinic.database, clinic.folder)
    clinic.replace(performance=department.performance)
    for result in department.results:  # the worklist shows them
        clinic.files.put(keys.thumbnail(result.scan_id), png(8, 8))
    yield clinic
    department.close()


def _point(page: Page, trace: int, number: int = 0) -> None:
    """Click a point of the history chart where Plotly draws it."""
    traces = page.locator("#performance-graph .scatterlayer .trace")
    click_mark(traces.nth(trace).locator(".points path").nth(number))


def test_from_the_chart_to_the_cases(clinic, open_tab) -> None:
    page = open_tab().sign_in(Role.HEAD, "/performance")
    expect(page.locator("#performance-live")).to_contain_text("approved by Dr Head")
    expect(page.locator("#performance-graph .legend")).to_contain_text("Validation, single slices")
    expect(page.locator("#performance-graph .legend")).to_contain_text("Real use")
    expect(page.locator("#performance-matrix .lb-tile", has_text="Misses")).to_contain_text("1")
    _point(page, 1)  # real use of version 1: recall, so the ill
    expect(page).to_have_url(re.compile(r"/performance\?.*version=1.*cases=ill"))
    expect(page.locator("#performance-cases h2")).to_have_text("The ill: 22")
    expect(page.locator("#performance-cases tbody tr")).to_have_count(22)
    expect(page.locator("#performance-version")).to_contain_text("Version 1")
    page.go_back()
    expect(page.locator("#performance-cases")).to_be_empty()
    expect(page.locator("#performance-version")).to_contain_text("Version 2 (live)")


def test_a_month_of_the_worklist_s_own_opens_there(clinic, open_tab) -> None:
    page = open_tab().sign_in(Role.HEAD, "/performance")
    page.locator("#performance-by label", has_text="By month").click()
    expect(page).to_have_url(re.compile(r"by=month"))
    page.locator("#performance-metric").click()
    page.get_by_role("listbox").get_by_text("Accuracy", exact=True).click()
    expect(page).to_have_url(re.compile(r"metric=accuracy"))
    expect(page.locator("#performance-numbers")).to_contain_text("2026-10")
    row = page.locator("#performance-numbers tr", has_text="2026-11")
    row = row.filter(has=page.get_by_role("cell", name="10", exact=True))
    row.locator("a[href^='/worklist']").click()  # once the table is the new metric's
    expect(page.locator("#worklist-total")).to_have_text("10 scans")


def test_the_threshold_says_what_would_have_been(clinic, open_tab) -> None:
    page = open_tab().sign_in(Role.HEAD, "/performance?version=1")
    table = page.locator("#performance-what-if")
    expect(table.locator("tr", has_text="Recall")).to_contain_text("81.8 %81.8 %")
    slider = page.locator("#performance-threshold [role=slider]")
    slider.focus()
    slider.press("Home")
    expect(table.locator("tr", has_text="Recall")).to_contain_text("81.8 %100.0 %")
    expect(table.locator("tr", has_text="False alarm rate")).to_contain_text("25.0 %100.0 %")
    expect(table.locator("tr", has_text="Misses")).to_contain_text("-4 cases")


def test_a_goal_is_set_and_a_limit_is_named(clinic, open_tab) -> None:
    page = open_tab().sign_in(Role.HEAD, "/performance?by=month")
    page.fill("#performance-goal", "98")
    page.fill("#performance-limit", "85")
    page.click("#performance-goal-save")
    expect(page.locator("#performance-goal-said")).to_have_text("Set.")
    goal = page.locator("#performance-graph .annotation", has_text=re.compile(r"goal\s*98\.0 %"))
    expect(goal).to_be_visible()
    expect(page.locator("#performance-banner")).to_contain_text("version 1 in 2026-10 is 75.0 %")
    page.reload()
    expect(page.locator("#performance-goal")).to_have_value("98 %")


def test_validation_training_and_another_version(clinic, open_tab) -> None:
    page = open_tab().sign_in(Role.HEAD, "/performance?version=1")
    page.locator("#performance-of label", has_text="Validation").click()
    expect(page.locator("#performance-cases")).to_contain_text("TCGA_1")
    unfold(page, "Training")
    expect(page.locator("#performance-training-curves figure")).to_have_count(2)
    unfold(page, "Two versions on the same cases")
    page.locator("#performance-vs").click()
    page.get_by_text("Version 2 (live)", exact=True).last.click()
    expect(page.locator("#performance-comparison")).to_contain_text("8 judged scans were read by both")
    page.locator("#performance-comparison details", has_text="No difference").locator("summary").click()
    page.locator("#performance-comparison .lb-scan-link").first.click()
    expect(page).to_have_url(re.compile(r"/scans/[0-9a-f]{32}$"))


def test_what_is_folded_is_asked_for_once_it_is_opened_and_follows_the_address(clinic, open_tab) -> None:
    page = open_tab().sign_in(Role.HEAD, "/performance?version=1")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    groups, training = page.locator("#performance-groups"), page.locator("#performance-training")
    expect(page.locator("#performance-matrix .lb-tile")).to_have_count(4)
    assert not any("performance-fold" in body for body in asked)
    expect(groups).to_be_empty()
    unfold(page, "Groups of patients")
    expect(groups).to_contain_text("Recall")
    assert sum("performance-fold-groups" in body for body in asked) == 1
    for _ in range(2):  # closed and opened again it is there still
        unfold(page, "Groups of patients")
    page.locator("#performance-metric").click()
    page.get_by_role("listbox").get_by_text("Accuracy", exact=True).click()
    nothing = "There are no groups to compare"
    expect(groups).to_contain_text(nothing)
    assert sum("performance-fold-groups" in body for body in asked) == 2
    expect(training).to_be_empty()
    page.goto(page.url)  # what was open in this tab is so again
    expect(groups).to_contain_text(nothing)
    page.goto(page.url + "&vs=2")
    expect(page.locator("#performance-comparison")).to_contain_text("were read by both")
    page.goto(page.url + "#performance-fold-training")
    page.reload()
    expect(training).to_contain_text("Registered")
    expect(training).to_be_in_viewport()
    unfold(page, "Groups of patients")
    page.reload()
    expect(training).to_contain_text("Registered")
    expect(groups).to_be_empty()


def test_a_part_that_a_link_names_stays_in_view_while_what_is_above_it_is_filled(clinic, open_tab) -> None:
    tab = open_tab(1280, 500)
    page = tab.sign_in(Role.HEAD, "/performance?version=1")
    late: list[Route] = []

    def answered_late(route: Route) -> None:
        if "performance-fold-pairs" in (route.request.post_data or "") and not late:
            late.append(route)
        else:
            route.continue_()

    page.route(re.compile("/_dash-update-component"), answered_late)
    with page.expect_request(lambda asked: "performance-fold-pairs" in (asked.post_data or "")):
        page.goto(tab.address + "/performance?version=1&vs=2#performance-fold-training")
    training = page.locator("#performance-fold-training")
    expect(training).to_contain_text("Registered")
    expect(training).to_be_in_viewport()
    late[0].continue_()
    expect(page.locator("#performance-comparison")).to_contain_text("were read by both")
    expect(training.locator("summary").first).to_be_in_viewport()
    page.mouse.move(600, 300)
    page.wait_for_timeout(500)  # the page has settled: a wheel that turns while it moves may be lost
    page.mouse.wheel(0, -5000)
    expect(page.locator("h1")).to_be_in_viewport()
    page.set_viewport_size({"width": 700, "height": 500})  # whoever has scrolled is not taken back
    page.wait_for_timeout(500)
    expect(page.locator("h1")).to_be_in_viewport()


def test_clinicians_see_it_and_set_nothing(clinic, open_tab) -> None:
    page = open_tab(390, 844).sign_in(Role.CLINICIAN, "/performance")
    expect(page.locator("#performance-numbers")).to_contain_text("Real use")
    expect(page.locator("#performance-goal")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    versions = page.get_by_role("link", name="Model card and versions").bounding_box()
    assert versions is not None
    assert versions["height"] >= 44
