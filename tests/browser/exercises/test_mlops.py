"""The exercises of the MLOps manual, as a trainee does them, where twelve patients are enough for them."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from data.records import Role
from tests.browser.conftest import Visit
from tests.browser.exercises.conftest import Exercise, Training, exercises_of, tried_of

pytestmark = [pytest.mark.browser, pytest.mark.exercises, pytest.mark.timeout(900)]

MANUAL = "mlops"
ELSEWHERE = {
    1: "tests/browser/test_drift.py",
    2: "tests/browser/test_drift.py",
    5: "tests/browser/test_drift.py",
    7: "tests/browser/test_alerts.py",
}
"""A run needs 60 readings; these make one of readings that are written down."""
OF_THE_WHOLE = {3, 4, 9}
"""Tried in a whole demonstration only."""
Tabs = Callable[..., Visit]


def test_06_a_limit_of_one_feature(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.MLOPS, "/drift")
    page.locator("summary", has_text=exercise.says("Limits of features")).click()
    assert "a limit of 2 for the bias field" in exercise.do
    page.get_by_label("Feature", exact=True).select_option(label="Bias field")
    page.get_by_label("Drifted from").fill("2")
    page.get_by_role("button", name="Set this limit").click()
    limits = page.locator("#drift-limits")
    expect(limits).to_contain_text("2 or more")
    expect(limits).to_contain_text("Dr Mlops")
    page.get_by_role("button", name=exercise.says("Usual again")).click()
    expect(limits).not_to_contain_text("2 or more")


def test_08_a_version_reads_a_set(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.MLOPS, "/cohort")
    page.click("#cohort-filter-site")
    page.locator(".dash-dropdown-option", has_text=exercise.says("Harbour Clinic")).click()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"site=Harbour\+Clinic"))
    page.get_by_text(exercise.says("Files and reports")).click()
    page.get_by_role("link", name=exercise.says("Read by a version")).click()
    wanted = f"Scans of the house: {exercise.says('site Harbour Clinic; SYNTHETIC scans')}"
    chosen = page.locator("#evaluation-set option:checked")
    expect(chosen).to_have_text(wanted)
    page.get_by_role("button", name=exercise.says("Read them")).click()
    row = page.locator(".lb-rehearsal-row").first
    expect(row).to_contain_text("finished", timeout=5 * 60_000)
    row.get_by_role("link").first.click()
    for figure in ("Recall", "Specificity", "Dice"):
        expect(page.locator("tr", has_text=figure).first).to_be_visible()
    expect(page.locator(".lb-page")).to_contain_text("95 %")


def test_10_a_token_and_without_it(open_tab: Tabs, exercise: Exercise, training: Training) -> None:
    page = open_tab().sign_in(Role.MLOPS, "/drift")
    page.get_by_role("link", name="Dr Mlops").click()
    page.get_by_label(re.compile(f"^{exercise.says('read')}: ")).check()
    page.get_by_label("What it is for").fill("an exercise")
    page.get_by_role("button", name="Create a token").click()
    token = page.locator("code", has_text=re.compile("^lb_")).inner_text()
    asked = f"{training.address}{exercise.says('/api/v1/drift?task=brain-tumour')}"
    with_it = urllib.request.Request(asked, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(with_it) as answer:
        assert json.load(answer) == {"runs": []}
    with pytest.raises(urllib.error.HTTPError, match=exercise.says("401")) as refused:
        urllib.request.urlopen(asked)
    with refused.value as answer:
        said = json.load(answer)["error"]["message"]
    assert said.endswith(".") and said.count(".") == 1


def test_every_exercise_is_tried_or_named() -> None:
    tried = tried_of(globals())
    assert not tried & (OF_THE_WHOLE | set(ELSEWHERE))
    assert tried | OF_THE_WHOLE | set(ELSEWHERE) == set(exercises_of(MANUAL))
