from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from data.records import AlertState, Role, Schedule, Severity
from services.schedules import Schedules
from tests.dashboard.clinic import Clinic

pytestmark = pytest.mark.browser

BELL = ".lb-bell-toggle"


def raised(clinic: Clinic, severity: Severity = Severity.CRITICAL):
    return clinic.alerts.raise_alert(
        "drift:brain", severity, "Drift: brain tumour", "Noise has risen since Monday.", "/models"
    )


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_an_alert_calls_is_acknowledged_with_a_reason_and_is_gone(open_tab, clinic: Clinic) -> None:
    alert = raised(clinic)
    visit = open_tab()
    page = visit.sign_in(Role.MLOPS)
    expect(page.locator(".lb-bell-count")).to_have_text("1")
    page.click(BELL)
    expect(page.locator(".lb-bell-row")).to_contain_text("Noise has risen since Monday.")
    page.get_by_role("link", name="All alerts and schedules").click()
    card = page.locator(".lb-alert")
    expect(card).to_contain_text("Critical")
    press(page, "Acknowledge")
    expect(page.locator(".modal-title, .modal h2")).to_contain_text("Acknowledge: Drift: brain tumour")
    press(page, "Save")
    expect(page.locator("#alert")).to_contain_text("Say why first.")
    page.fill("#alert-why", "The new coil; ticket 12")
    press(page, "Save")
    expect(card).to_contain_text("Dr Mlops")
    expect(card).to_contain_text("The new coil; ticket 12")
    expect(page.locator(".lb-bell-count")).to_have_count(0)
    kept = clinic.alerts.get(alert.id)
    assert (kept.state, kept.why) == (AlertState.ACKNOWLEDGED, "The new coil; ticket 12")
    clinic.alerts.settle("drift:brain")
    page.reload()
    expect(page.get_by_text("No open alerts.")).to_be_visible()
    expect(page.locator(".lb-closed-alerts")).to_contain_text("The new coil; ticket 12")


def test_a_new_alert_reaches_the_bell_of_an_open_page(open_tab, clinic: Clinic) -> None:
    page = open_tab(390, 844).sign_in(Role.HEAD, "/models")
    expect(page.locator(BELL)).to_have_text("No open alerts")
    raised(clinic)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as on coming back to the tab
    expect(page.locator(".lb-bell-count")).to_have_text("1")
    page.click(BELL)
    box = page.locator(".lb-bell .dropdown-menu").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_alert_is_muted_until_a_time(open_tab, clinic: Clinic) -> None:
    alert = raised(clinic)
    page = open_tab(390, 844).sign_in(Role.ADMIN, f"/alerts?alert={alert.id}")
    expect(page.locator(".lb-alert-chosen")).to_be_visible()
    press(page, "Mute until …")
    page.fill("#alert-until", "2020-01-01T08:00")
    page.fill("#alert-why", "Until the scanner is serviced")
    press(page, "Save")
    expect(page.locator("#alert")).to_contain_text("Choose a time in the future")
    page.click(".modal .btn-close")
    page.locator(".modal").wait_for(state="hidden")
    press(page, "Mute until …")
    page.fill("#alert-why", "Until the scanner is serviced")
    press(page, "Save")
    expect(page.locator(".lb-alert")).to_contain_text(re.compile(r"Muted until \d{4}-\d\d-\d\d 08:00"))
    expect(page.locator(".lb-bell-count")).to_have_count(0)


def test_a_schedule_is_made_changed_paused_run_and_deleted(open_tab, clinic: Clinic) -> None:
    schedules: Schedules = clinic.schedules
    ran: list[Schedule] = []
    schedules.register("drift", ran.append, lambda ask: f"Drift, {ask}", choices=lambda: ["brain tumour"])
    visit = open_tab()
    page = visit.sign_in(Role.MLOPS, "/alerts")
    press(page, "Add a schedule")
    page.fill("#schedule-name", "Every night")
    page.fill("#schedule-cron", "0 25 * * *")
    page.locator("#schedule-cron").blur()
    expect(page.locator("#schedule-preview")).to_contain_text("The part for the hour cannot be understood.")
    page.fill("#schedule-cron", "30 5 * * *")
    page.locator("#schedule-cron").blur()
    expect(page.locator("#schedule-preview")).to_contain_text("At 05:30 every day")
    press(page, "Save")
    card = page.locator(".lb-schedule")
    expect(card).to_contain_text("Every night")
    expect(card).to_contain_text(re.compile(r"next: (today|tomorrow) at 05:30"))
    expect(card).to_contain_text("made by Dr Mlops")
    press(page, "Change")
    page.fill("#schedule-cron", "0 7 * * 1")
    press(page, "Save")
    expect(card).to_contain_text("At 07:00 on Monday")
    press(page, "Pause")
    expect(card).to_contain_text("Paused")
    press(page, "Run now")
    expect(card).to_contain_text("runs in a moment")
    clinic.jobs.start()
    assert clinic.jobs.wait_idle(20)
    assert [one.name for one in ran] == ["Every night"]
    page.reload()
    expect(card).to_contain_text("last run")
    page.once("dialog", lambda dialog: dialog.accept())
    press(page, "Delete")
    expect(page.get_by_text("Nothing is run periodically yet.")).to_be_visible()


def test_clinicians_have_no_bell(open_tab, clinic: Clinic) -> None:
    raised(clinic)
    visit = open_tab()
    page = visit.sign_in(Role.CLINICIAN)
    expect(page.get_by_role("link", name="Worklist")).to_be_visible()
    assert page.locator(BELL).count() == 0
