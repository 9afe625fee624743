"""The button that reads a stored result again, and what it says."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.records import Role, Scan
from tests.dashboard.clinic import Clinic

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_a_result_is_read_again_by_one_button(clinic: Clinic, read: Scan, open_tab) -> None:
    """The clinic's results say of their input a hash that its pixels have not: that is what is told."""
    page = open_tab().sign_in(Role.HEAD, f"/scans/{read.id}")
    page.get_by_text("How it was read").click()
    button = page.get_by_role("button", name="Read again and compare")
    button.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#rerun-panel")
    expect(panel).to_contain_text("Waits to be read again")
    expect(button).to_be_disabled()
    clinic.jobs.start()
    expect(panel.locator(".lb-rerun-bad")).to_have_text("Cannot be read again")
    expect(panel).to_contain_text("Dr Head")
    expect(panel).to_contain_text("their hash is another one")
    panel.get_by_text("Numbers and ingredients").click()
    expect(panel.locator("tr", has_text="input")).to_contain_text("another one")
    expect(button).to_be_enabled()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.reload()
    page.get_by_text("How it was read").click()
    expect(panel).to_contain_text("Cannot be read again")  # kept with the result
