from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.records import Role

pytestmark = pytest.mark.browser


def test_models(open_tab) -> None:
    page = open_tab().sign_in(Role.HEAD, "/models")
    expect(page.locator(".lb-card-live")).to_contain_text("0.842 to 0.897")
    page.get_by_text("Model card of the live version").click()
    expect(page.get_by_text("110 patients")).to_be_visible()


def test_an_administrator_adds_a_person_who_can_sign_in(open_tab) -> None:
    visit = open_tab()
    page = visit.sign_in(Role.ADMIN)
    page.fill("#admin-name", "nora")
    page.fill("#admin-display-name", "Nora N")
    page.click("#admin-create")
    password = page.locator("#one-time-password").inner_text()
    row = page.locator(".lb-people tr", has_text="Nora N")
    expect(row).to_contain_text("first sign-in to come")
    row.get_by_role("button", name="Deactivate").click()
    expect(page.locator(".lb-people tr", has_text="Nora N")).to_contain_text("deactivated")
    page.locator(".lb-people tr", has_text="Nora N").get_by_role("button", name="Activate").click()
    expect(page.locator(".lb-people tr", has_text="Nora N")).to_contain_text("first sign-in to come")
    other = open_tab()
    other.page.goto(f"{other.address}/login")
    other.page.fill("#name", "nora")
    other.page.fill("#password", password)
    other.page.click("button:has-text('Sign in')")
    expect(other.page.get_by_text("Choose your own password")).to_be_visible()


def test_a_page_of_another_role_does_not_exist(open_tab) -> None:
    visit = open_tab()
    page = visit.sign_in(Role.HEAD)
    page.goto(f"{visit.address}/admin")
    expect(page.get_by_text("There is no such page.")).to_be_visible()
    visit.console[:] = [line for line in visit.console if "404" not in line]  # the page's own status
