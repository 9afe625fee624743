"""The exercises of the administrators' manual, as a trainee does them; the last one takes all scans out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.records import Role
from services.permissions import ROLE_NAMES
from tests.browser.conftest import Visit
from tests.browser.drawing import expecting_status
from tests.browser.exercises.conftest import Exercise, Training, command, exercises_of, tried_of
from tests.dashboard.clinic import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.exercises, pytest.mark.timeout(900)]

MANUAL = "administrators"
ELSEWHERE = {1: "the fixture `demonstration`, and tests/browser/test_real_server.py for the first password"}
FIRST_PAGE = {
    Role.CLINICIAN: ("Worklist", "Messages"),
    Role.HEAD: ("Worklist", "Retention"),
    Role.MLOPS: ("Worklist", "DICOM"),
    Role.ADMIN: ("People", "Audit"),
}
"""By role: the heading that it lands on, and a page of its menu."""
Tabs = Callable[..., Visit]


def _signed_in_first(visit: Visit, name: str, one_time: str, password: str = PASSWORD) -> Page:
    """The page of somebody who came with a one-time password and chose another."""
    page = _come(visit, name, one_time)
    _choose(page, one_time, password)
    page.wait_for_selector(".lb-page > *")
    return page


def _come(visit: Visit, name: str, password: str) -> Page:
    page = visit.page
    page.goto(f"{visit.address}/login")
    page.fill("#name", name)
    page.fill("#password", password)
    page.press("#password", "Enter")
    return page


def _choose(page: Page, one_time: str, password: str) -> None:
    for field, value in (("#old", one_time), ("#new", password), ("#again", password)):
        page.fill(field, value)
    page.press("#again", "Enter")


def _one_time(words: str) -> str:
    match = re.search(r"one-time password (\S+)", words)
    assert match, words
    return match[1]


def _added(training: Training, name: str) -> str:
    """The one-time password of a new clinician."""
    return _one_time(training.command("users", "add", name, "--role", "clinician"))


def test_02_a_password_of_ones_own(open_tab: Tabs, exercise: Exercise, training: Training) -> None:
    one_time = _one_time(training.command("users", "reset", "admin"))
    visit = open_tab()
    page = _come(visit, "admin", one_time)
    assert "`lightbox lightbox`" in exercise.do
    _choose(page, one_time, "lightbox lightbox")
    expect(page.locator("body")).to_contain_text("must not contain “lightbox”")
    _choose(page, one_time, "passwordpassword")
    expect(page.locator("body")).to_contain_text("on a list of passwords that were stolen elsewhere")
    _choose(page, one_time, PASSWORD)
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    expecting_status(visit, "400")


def test_03_somebody_of_each_role(open_tab: Tabs, exercise: Exercise) -> None:
    people = open_tab().sign_in(Role.ADMIN, "/admin")
    for role, (heading, of_its_menu) in FIRST_PAGE.items():
        people.fill("#admin-name", f"new-{role.value}")
        people.fill("#admin-display-name", f"New {role.value}")
        people.locator("#admin-role").select_option(role.value)
        people.get_by_role("button", name=exercise.says("Add a person")).click()
        expect(people.locator("#admin-one-time")).to_contain_text(
            f"(new-{role.value}). It is not shown again."
        )
        page = _signed_in_first(
            open_tab(), f"new-{role.value}", people.locator("#one-time-password").inner_text()
        )
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        expect(page.get_by_role("link", name=of_its_menu, exact=True)).to_be_visible()
        expect(page.locator("#role")).to_contain_text(ROLE_NAMES[role])
    people.reload()
    expect(people.locator("#admin-people")).to_contain_text("new-admin")
    expect(people.locator("#one-time-password")).to_have_count(0)


def test_04_wrong_passwords(open_tab: Tabs, exercise: Exercise, training: Training) -> None:
    one_time = _added(training, "guessed")
    visit = open_tab()
    for _ in range(6):
        page = _come(visit, "guessed", "some words that are wrong")
    expect(page.locator("body")).to_contain_text("There were too many wrong passwords for this name")
    audit = open_tab().sign_in(Role.ADMIN, "/audit")
    failures = audit.locator("tr", has_text="guessed").filter(has_text="Sign-in failed")
    expect(failures).to_have_count(5)
    audit.get_by_role("link", name="People", exact=True).click()
    row = audit.locator(".lb-people tr", has=audit.locator("code, td", has_text="guessed"))
    row.get_by_role("button", name=exercise.says("Reset password")).click()
    expect(audit.locator("#admin-one-time")).to_contain_text("(guessed)")
    given = audit.locator("#one-time-password").inner_text()
    assert given != one_time
    _signed_in_first(visit, "guessed", given)
    expecting_status(visit, "401", "429")


def test_05_somebodys_sessions_end(open_tab: Tabs, exercise: Exercise, training: Training) -> None:
    visit = open_tab()
    page = _signed_in_first(visit, "leaving", _added(training, "leaving"))
    people = open_tab().sign_in(Role.ADMIN, "/admin")
    row = people.locator(".lb-people tr", has=people.locator("code, td", has_text="leaving"))
    row.get_by_role("button", name=exercise.says("End sessions")).click()
    expect(people.locator("#admin-one-time")).to_contain_text("is signed out everywhere")
    expect(page.locator("body")).to_contain_text("You were signed out")
    expect(page.locator("#password")).to_be_visible()
    expecting_status(visit, "401")


def test_06_a_department_with_scans_and_somebody(
    open_tab: Tabs, exercise: Exercise, training: Training
) -> None:
    clinician = _signed_in_first(open_tab(), "north", _added(training, "north"))
    expect(clinician.locator("#worklist-total")).to_have_text("11 SYNTHETIC scans")
    page = open_tab().sign_in(Role.ADMIN, "/admin")
    page.get_by_role("link", name=exercise.says("Departments")).click()
    page.get_by_label("Name", exact=True).fill(exercise.says("North"))
    page.get_by_label("Sites as DICOM files name them, one a line").fill(exercise.says("Northfield General"))
    page.get_by_role("button", name="Save the department").click()
    assign = page.get_by_role("button", name=re.compile(f"^{exercise.says('Assign')} "))
    given = re.search(r"\d+", assign.inner_text())
    assert given
    assign.click()
    expect(page.get_by_text(re.compile(f"^{given[0]} scans have their departments? now"))).to_be_visible()
    person = page.get_by_label("Person", exact=True)
    person.select_option(label="north (north)")
    page.get_by_label("Only these departments").check()
    page.get_by_label("North", exact=True).check()
    page.get_by_role("button", name="Save whose scans they see").click()
    expect(page.get_by_text("north now sees: North.")).to_be_visible()
    clinician.reload()
    expect(clinician.locator("#worklist-total")).to_have_text(f"{given[0]} SYNTHETIC scans")
    expect(clinician.locator("nav").first).to_contain_text("North")


def test_07_a_patient_is_erased(open_tab: Tabs, exercise: Exercise) -> None:
    page = open_tab().sign_in(Role.ADMIN, "/retention")
    assert "`SYNTHETIC-290`" in exercise.do  # of the whole demonstration
    page.fill("#retention-words", "SYNTHETIC-002")
    page.get_by_role("button", name=exercise.says("Find")).click()
    page.get_by_role("button", name=exercise.says("What is kept")).click()
    heading = page.get_by_text(re.compile(r"^What is kept of P-\w+$"))
    pseudonym = heading.inner_text().removeprefix("What is kept of ")
    page.get_by_role("button", name=exercise.says("Place a legal hold")).click()
    page.fill("#hold-why", "an exercise")
    page.locator("#hold-save").click()
    expect(page.locator("#hold-form")).to_contain_text(
        exercise.says("This patient was computed for a demonstration: there is nobody to hold.")
    )
    page.keyboard.press("Escape")
    expect(page.locator("#hold-form")).to_be_hidden()
    page.get_by_text(exercise.says("Erase…"), exact=True).click()
    page.fill("#erase-why", "an exercise")
    page.fill("#erase-name", pseudonym)
    page.fill("#erase-password", PASSWORD)
    page.get_by_role("button", name="Erase for good").click()
    expect(page.locator("#retention-erased")).to_contain_text(pseudonym)
    page.fill("#retention-words", "SYNTHETIC-002")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("#retention-found")).to_contain_text("Nobody is called so here.")
    clinician = open_tab().sign_in(Role.CLINICIAN, "/worklist")
    clinician.fill("#worklist-search", "SYNTHETIC-002")
    expect(clinician.locator("#worklist-total")).to_have_text("0 scans")


def test_08_a_backup_comes_back(training: Training, tmp_path: Path) -> None:
    place = tmp_path / "b"
    for number, words in ((8, "--verify"), (8, "--why"), (9, "audit verify")):
        exercises_of(MANUAL)[number].says(words)
    assert "secret key" in training.command("backup", str(place))
    assert "is as it was made" in training.command("backup", str(place), "--verify")
    restored = tmp_path / "restored"
    said = command(restored, "restore", str(place), "--why", "an exercise")
    assert "Everybody has to sign in again." in said
    assert "The audit trail is intact" in training.command("audit", "verify")
    assert "The audit trail is intact" in command(restored, "audit", "verify")
    assert _whole(restored) == _whole(training.home)


def _whole(home: Path) -> set[str]:
    files = home / "files"
    kept = (path for path in files.rglob("*") if path.is_file())
    return {str(path.relative_to(files)) for path in kept if not path.name.startswith(".")}  # but locks


def test_10_the_demonstration_goes(open_tab: Tabs, exercise: Exercise, training: Training) -> None:
    assert "`python app.py demo --remove`" in exercise.do
    assert re.search(r"\d+ synthetic scans removed", training.command("demo", "--remove"))
    page = open_tab().sign_in(Role.CLINICIAN, "/worklist")
    expect(page.locator("#worklist-total")).to_have_text("0 scans")
    page.get_by_role("link", name="Cohort", exact=True).click()
    expect(page.locator(".lb-page")).to_contain_text(re.compile("No scan|0 scans"))
    audit = open_tab().sign_in(Role.ADMIN, "/audit")
    for words in ("Demonstration scans added", "Demonstration scans removed"):
        expect(audit.locator(".lb-page")).to_contain_text(words)


def test_every_exercise_is_tried_or_named() -> None:
    assert tried_of(globals()) | {9} | set(ELSEWHERE) == set(exercises_of(MANUAL))
