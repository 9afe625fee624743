"""The end of a session is said before it comes, and words that were typed outlive it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from data.database import now
from data.records import Role
from data.stores.audit import AuditLog
from data.stores.sessions import SessionStore
from data.stores.users import UserStore
from services.sessions import Sessions
from tests.dashboard.clinic import PASSWORD, Clinic

pytestmark = pytest.mark.browser

LOOKS_EVERY_MS = 45_000  # somewhat longer than the page takes to look again


class Later:
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


@pytest.fixture
def clock(clinic: Clinic) -> Later:
    """The sessions' own clock, put in before the server is built; sessions last half an hour."""
    clock, database = Later(), clinic.database
    sessions = Sessions(
        SessionStore(database), UserStore(database), AuditLog(database), timedelta(minutes=30), clock
    )
    clinic.replace(sessions=sessions)
    return clock


def test_a_warning_comes_before_the_end_and_one_can_stay(clock: Later, open_tab: Any) -> None:
    page = open_tab().sign_in()
    warning = page.get_by_role("alert").filter(has_text="You will be signed out")
    expect(page.locator("#worklist-total")).to_have_text("0 scans")
    expect(warning).to_have_count(0)
    clock.ahead = timedelta(minutes=26)
    expect(warning).to_contain_text(re.compile(r"in [234] minutes"), timeout=LOOKS_EVERY_MS)
    warning.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_have_count(0)
    clock.ahead += timedelta(minutes=20)
    page.reload()
    expect(page.locator("#worklist-total")).to_have_text("0 scans")


def test_typed_words_come_back_after_the_sign_in_and_to_nobody_else(
    clinic: Clinic, clock: Later, open_tab: Any
) -> None:
    visit = open_tab()
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    page = visit.sign_in(path=f"/scans/{scan.id}")
    reason = page.locator("#scan-reason-words")
    page.locator("details:has(#scan-reason-words) > summary").click()
    reason.fill("The outline leaves out the back of it.")

    def sign_in_again(name: str) -> None:
        clock.ahead += timedelta(minutes=31)
        expect(page.get_by_text("You were signed out")).to_be_visible(timeout=LOOKS_EVERY_MS)
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.click("button:has-text('Sign in')")
        expect(page.locator("#role")).to_be_visible()

    sign_in_again("clinician")
    expect(reason).to_be_visible()
    expect(reason).to_have_value("The outline leaves out the back of it.")
    clinic.person(Role.CLINICIAN, "colleague")
    sign_in_again("colleague")
    expect(page.locator("#scan-title")).to_be_visible()
    expect(reason).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('lightbox-words')") is None
    visit.console[:] = [line for line in visit.console if "401" not in line]
