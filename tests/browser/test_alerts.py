from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from data.records import AlertState, Role, Severity
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
    page = open_tab().sign_in(Role.MLOPS, "/alerts")
    press(page, "Add a schedule")
    sentence, cron = page.locator("#schedule-sentence"), page.get_by_label("The same as a cron expression")
    expect(sentence).to_contain_text(
        "Drift of Brain tumour: the newest 1,000 readings against the first accepted"
    )
    page.get_by_label("How many").fill("14")
    page.get_by_label("Of what").select_option("days")
    page.get_by_label("Measured against").select_option(label="The quarter before")
    page.get_by_label("Name", exact=True).fill("Every night")
    page.get_by_label("How often").select_option("day")
    expect(cron).to_have_value("0 7 * * *")
    page.get_by_label("At", exact=True).fill("05:30")
    page.get_by_label("At", exact=True).blur()
    expect(cron).to_have_value("30 5 * * *")
    expect(sentence).to_contain_text("the last 14 days against the quarter before")
    expect(sentence).to_contain_text("Every day at 05:30")
    cron.fill("0 25 * * *")
    cron.blur()
    expect(sentence).to_contain_text("The part for the hour cannot be understood.")
    cron.fill("30 5 * * *")
    cron.blur()
    expect(page.get_by_label("How often")).to_have_value("day")
    press(page, "Save")
    card = page.locator(".lb-schedule")
    expect(card).to_contain_text("Every night")
    expect(card).to_contain_text(re.compile(r"next: (today|tomorrow) at 05:30"))
    expect(card).to_contain_text("made by Dr Mlops")
    press(page, "Change")
    cron.fill("0 7 * * 1")
    cron.blur()
    expect(page.get_by_label("How often")).to_have_value("week")
    press(page, "Save")
    expect(card).to_contain_text("Every Monday at 07:00")
    press(page, "Pause")
    expect(card).to_contain_text("Paused")
    press(page, "Run now")
    expect(card).to_contain_text("runs in a moment")
    clinic.jobs.start()
    assert clinic.jobs.wait_idle(20)
    page.reload()
    expect(card).to_contain_text("last run")
    card.get_by_text("Runs", exact=True).click()
    expect(card).to_contain_text("nothing to run. Fewer than 60 readings are here")
    page.once("dialog", lambda dialog: dialog.accept())
    press(page, "Delete")
    expect(page.get_by_text("Nothing is run periodically yet.")).to_be_visible()


def test_clinicians_have_no_bell(open_tab, clinic: Clinic) -> None:
    raised(clinic)
    visit = open_tab()
    page = visit.sign_in(Role.CLINICIAN)
    expect(page.get_by_role("link", name="Worklist")).to_be_visible()
    assert page.locator(BELL).count() == 0
