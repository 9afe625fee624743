from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.records import Role
from tests.dashboard.clinic import PASSWORD

pytestmark = pytest.mark.browser


def test_signing_in_and_out(open_tab) -> None:
    visit = open_tab()
    page = visit.sign_in()
    expect(page).to_have_url(f"{visit.address}/worklist")
    expect(page.locator("#role")).to_have_text("clinician")
    page.click("text=Sign out")
    expect(page.locator("#password")).to_be_visible()
    page.goto(f"{visit.address}/worklist")
    expect(page.locator("#password")).to_be_visible()


def test_the_first_sign_in(clinic, open_tab) -> None:
    visit = open_tab()
    page = visit.page
    _, first = clinic.accounts.create("new", "Dr New", Role.CLINICIAN)
    page.goto(f"{visit.address}/login")
    page.fill("#name", "new")
    page.fill("#password", first)
    page.click("button:has-text('Sign in')")
    expect(page).to_have_url(f"{visit.address}/account/password")
    page.fill("#old", first)
    page.fill("#new", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("text=Save")
    expect(page.locator("#role")).to_have_text("clinician")


def test_a_session_that_ended_leads_to_the_sign_in_with_a_note(clinic, open_tab) -> None:
    visit = open_tab()
    page = visit.sign_in()
    user = next(user for user in clinic.accounts.all() if user.name == "clinician")
    clinic.accounts.sign_out_everywhere(user.id)
    expect(page.get_by_text("You were signed out")).to_be_visible()
    page.fill("#name", "clinician")
    page.fill("#password", PASSWORD)
    page.click("button:has-text('Sign in')")
    expect(page).to_have_url(f"{visit.address}/worklist")
    # The browser itself notes the refused question.
    visit.console[:] = [line for line in visit.console if "401" not in line]


def test_a_link_to_a_part_of_a_page_leads_there_after_the_sign_in(open_tab) -> None:
    visit = open_tab()
    page = visit.page
    page.goto(f"{visit.address}/worklist?task=pneumonia#part")
    page.fill("#name", "clinician")
    page.fill("#password", "wrong at first")
    page.click("button:has-text('Sign in')")
    expect(page.locator("#login-error")).to_be_visible()
    page.fill("#password", PASSWORD)
    page.click("button:has-text('Sign in')")
    expect(page).to_have_url(f"{visit.address}/worklist?task=pneumonia#part")
    # The browser itself notes the refused password.
    visit.console[:] = [line for line in visit.console if "401" not in line]


def test_a_token_is_shown_once(open_tab) -> None:
    visit = open_tab()
    page = visit.sign_in()
    page.goto(f"{visit.address}/account")
    page.fill("#label", "nightly")
    page.click("text=Create a token")
    expect(page.locator("#token-secret")).to_be_visible()
    page.goto(f"{visit.address}/account")
    expect(page.locator("#token-secret")).to_have_count(0)
    page.click("text=Revoke")
    expect(page.get_by_text("You have no tokens.")).to_be_visible()
