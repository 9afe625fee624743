"""The exercises of the department heads' manual, as a trainee does them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from data.records import Role
from tests.browser.conftest import Visit, click_mark, unfold
from tests.browser.exercises.conftest import Exercise, exercises_of, tried_of

pytestmark = [pytest.mark.browser, pytest.mark.exercises, pytest.mark.timeout(900)]

MANUAL = "department-heads"
OF_THE_WHOLE = {9}
"""Of twelve patients no months can be compared: tried in a whole demonstration only."""
Tabs = Callable[..., Visit]


def _bar(page: Page, name: str) -> Locator:
    """The bar of a site: they stand in the order of their names, which are written beside them."""
    names = page.locator("#cohort-graph-site .ytick text")
    expect(names.filter(has_text=name)).to_have_count(1)
    from_below = [words.strip() for words in names.all_text_contents()]
    return page.locator("#cohort-graph-site .bars .point path").nth(from_below.index(name))


def _choose(page: Page, menu: str, words: str) -> None:
    page.click(menu)
    page.locator(".dash-dropdown-option", has_text=words).click()


def test_01_five_tiles(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.HEAD, "/cohort")
    assert "five tiles" in exercise.do
    expect(page.locator("#cohort-total")).to_contain_text("11 scans of 11 patients")
    expect(page.locator("#cohort-total").locator("xpath=..")).to_contain_text(exercise.says("SYNTHETIC"))
    tiles = [words for words in page.locator(".lb-tile:visible").all_inner_texts() if words.strip()]
    assert [words.split("\n")[0] for words in tiles] == [
        "Scans",
        "Positive",
        "Uncertain",
        "Refused",
        "Waiting",
    ]
    for words in tiles[1:4]:
        assert re.search(r"95 % [\d.]+ to [\d.]+ %", words), words
    assert "1 of 12 that came" in tiles[3].replace("\n", " ")


def test_02_what_was_refused(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.HEAD, "/cohort")
    assert "refused: what, when and why" in exercise.do
    fold = page.locator("details", has=page.locator("summary", has_text="1 refused: what, when and why"))
    fold.locator("summary").first.click()
    expect(fold.locator("thead th")).to_have_text(["When", "Why", "Modality", "Scanner", "Site"])
    expect(fold.locator("tbody tr")).to_have_count(1)
    expect(fold.locator("tbody tr")).to_contain_text(exercise.says("CT"))


def test_03_a_bar_filters_and_opens(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.HEAD, "/cohort")
    site = exercise.says("Harbour Clinic")
    click_mark(_bar(page, site))
    expect(page).to_have_url(re.compile(r"/cohort\?site=Harbour\+Clinic"))
    expect(page.locator("#cohort-chips")).to_contain_text(f"Site: {site}")
    counted = re.match(r"\D*(\d+) scans?", page.locator("#cohort-total").inner_text())
    assert counted
    click_mark(_bar(page, site))
    expect(page).to_have_url(re.compile(r"/worklist\?site=Harbour\+Clinic"))
    expect(page.locator("#worklist-total")).to_contain_text(re.compile(rf"^{counted[1]} SYNTHETIC scan"))


def test_04_two_cohorts_side_by_side(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.HEAD, "/cohort?site=Harbour+Clinic")
    page.get_by_text(exercise.says("Two cohorts side by side")).click()
    page.get_by_role("button", name=exercise.says("Keep as second cohort")).click()
    expect(page).to_have_url(re.compile("vs="))
    assert "take the filter off" in exercise.do
    page.locator("#cohort-chips").get_by_text("Clear all").click()
    expect(page).to_have_url(re.compile(r"/cohort\?vs="))
    _choose(page, "#cohort-filter-site", exercise.says("Northfield General"))
    expect(page).to_have_url(re.compile(r"\?site=Northfield\+General&"))
    table = page.locator("#cohort-comparison")
    expect(table).to_contain_text("Site Northfield General")
    expect(table).to_contain_text("Site Harbour Clinic")
    expect(table.locator("thead th")).to_have_text(
        ["", "First", "Second", exercise.says("Effect"), "95 % interval", "Test", "p, corrected"]
    )
    expect(table).to_contain_text("n = ")


def test_05_validation_and_real_use(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.HEAD, "/performance")
    expect(page.locator("#performance-metric")).to_contain_text("Recall")
    expect(page.get_by_text(exercise.says("By version"), exact=True)).to_be_visible()
    legend = page.locator("#performance-graph .legend")
    for words in ("Validation, single slices", "Validation, whole volumes", "Real use (SYNTHETIC)"):
        expect(legend).to_contain_text(words)
    expect(page.locator("summary", has_text=exercise.says("The numbers as a table"))).to_be_visible()
    table = page.locator("#performance-numbers")
    rows = {row.split("\t")[0].strip(): row for row in table.locator("tbody tr").all_inner_texts()}
    assert "97.0 %" in rows["Validation, single slices"] and "822" in rows["Validation, single slices"]
    assert "100.0 %" in rows["Validation, whole volumes"] and "17" in rows["Validation, whole volumes"]
    assert exercise.says("97.0 % of 822 slices") and exercise.says("100 % of 17 volumes")
    mark = page.locator("#performance-graph .scatterlayer .trace .points path").last
    box = mark.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#performance-graph .hoverlayer")).to_contain_text("Real use (SYNTHETIC)")


def test_06_misses_lead_to_their_scans(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.HEAD, "/performance")
    expect(page.get_by_role("heading", name=exercise.says("Right and wrong"))).to_be_visible()
    tile = page.locator("#performance-matrix .lb-tile", has_text=exercise.says("Misses"))
    misses = re.search(r"\d+", tile.inner_text())
    assert misses and int(misses[0]) > 0
    tile.click()
    expect(page).to_have_url(re.compile("truth=miss"))
    expect(page.locator("#worklist-total")).to_have_text(re.compile(rf"^{misses[0]} SYNTHETIC scans?$"))


def test_07_groups_of_patients(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.HEAD, "/performance")
    unfold(page, exercise.says("Groups of patients"))
    groups = page.locator("#performance-groups")
    expect(groups).to_contain_text("Gap to the others")
    for words in ("Sex", "Age", "Site", "Scanner"):
        expect(groups).to_contain_text(words)
    expect(groups).to_contain_text("one in twenty leaves out zero by chance alone")
    expect(groups).to_contain_text(exercise.says("fewer than five cases"))


def test_08_a_goal_and_a_limit(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.HEAD, "/performance")
    goal = page.get_by_label("Goal (%)", exact=True)
    limit = page.get_by_label("Alert limit (%)", exact=True)
    assert "a goal of 95 % and an alert limit of 92 %" in exercise.do
    goal.fill("95")
    limit.fill("92")
    page.locator("#performance-goal-save").click()
    expect(page.locator("#performance-goal-said")).to_have_text("Set.")
    chart = page.locator("#performance-graph .annotation")
    expect(chart.filter(has_text=re.compile(r"goal\s*95\.0 %"))).to_be_visible()
    expect(chart.filter(has_text=re.compile(r"alert limit\s*92\.0 %"))).to_be_visible()
    goal.fill("")
    limit.fill("")
    page.get_by_role("button", name=exercise.says("Set"), exact=True).first.click()
    expect(page.locator("#performance-goal-said")).to_have_text("Removed.")


def test_10_a_report_of_performance(open_tab: Tabs, exercise: Exercise, tmp_path: Path) -> None:
    page = open_tab().sign_in(Role.HEAD, "/reports")
    _choose(page, "#report-kind", exercise.says("Performance of a version or month"))
    _choose(page, "#report-task", exercise.says("Brain tumour"))
    page.get_by_role("button", name=exercise.says("Make report")).click()
    row = page.locator("#report-list tr", has_text="Performance: Brain tumour, SYNTHETIC")
    expect(row).to_contain_text("ready", timeout=4 * 60_000)
    files = {}
    for kind in ("PDF", "JSON"):
        with page.expect_download() as fetched:
            row.get_by_role("link", name=exercise.says(kind), exact=True).click()
        files[kind] = fetched.value.path().read_bytes()
    assert files["PDF"].startswith(b"%PDF")
    report = json.loads(files["JSON"])
    assert exercise.says("SYNTHETIC") in report["title"]
    assert not [n for n in _whole_numbers(report["chapters"]) if 1 <= n <= 4]


def _whole_numbers(of: object) -> list[int]:
    if isinstance(of, dict):
        return [number for value in of.values() for number in _whole_numbers(value)]
    if isinstance(of, list):
        return [number for value in of for number in _whole_numbers(value)]
    return [of] if isinstance(of, int) and not isinstance(of, bool) else []


def test_every_exercise_is_tried_or_named() -> None:
    tried = tried_of(globals())
    assert not tried & OF_THE_WHOLE
    assert tried | OF_THE_WHOLE == set(exercises_of(MANUAL))
