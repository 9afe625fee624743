"""A board by keyboard alone: made, filled, put in order, shared."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from data.records import Role
from tests.dashboard.clinic import Clinic

pytestmark = pytest.mark.browser


def test_a_board_is_made_filled_and_shared_by_keyboard(clinic: Clinic, open_tab) -> None:
    clinic.read_volume(clinic.add_volume("u"))
    page = open_tab(width=390, height=800).sign_in(Role.HEAD, "/boards")
    expect(page.get_by_text("No board yet.")).to_be_visible()
    page.get_by_role("button", name="What came and what was refused").press("Enter")
    expect(page).to_have_url(re.compile("/boards/[0-9a-f]{32}"))
    titles = page.locator(".lb-board-panel-head h2")
    expect(titles).to_have_count(3)
    page.get_by_role("button", name="Later: Scans read: Brain tumour").press("Enter")
    expect(titles.first).to_have_text("Scans read: Pneumonia")
    page.get_by_role("button", name="Remove: Refused files").press("Enter")
    expect(titles).to_have_count(2)
    page.get_by_text("Change this board").press("Enter")
    page.get_by_role("button", name="Add panel").press("Enter")
    expect(page.locator("#board-said")).to_have_text("Panel added at the end.")
    expect(titles).to_have_text(["Scans read: Pneumonia", "Scans read: Brain tumour", "Recall: Brain tumour"])
    page.get_by_label("Shared with everybody").press("Space")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator("#board-by")).to_contain_text("shared")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.go_back()
    expect(page.get_by_role("link", name="What came and what was refused")).to_be_visible()
