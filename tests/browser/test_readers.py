"""An open worklist learns of a request by itself, and the time before a result counts over visits."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.records import Role

pytestmark = pytest.mark.browser


def test_a_request_appears_by_itself_and_the_time_before_its_result_is_kept(clinic, open_tab, read) -> None:
    page = open_tab().sign_in(Role.CLINICIAN, "/worklist")
    expect(page.locator(".ag-row").first).to_be_visible()
    expect(page.locator("#worklist-requests")).to_be_hidden()
    head = next(user for user in clinic.accounts.all() if user.role is Role.HEAD)
    clinic.services.reviewing.requests.ask([read.id], "Look.", head)
    expect(page.locator("#worklist-requests")).to_contain_text("1 review was asked for")
    page.click("summary:has-text('1 review was asked for')")
    page.click("#worklist-requests a")
    expect(page.locator("#scan-current-review")).to_contain_text("Nobody has reviewed")
    page.wait_for_timeout(1000)
    page.mouse.move(200, 200)
    first = page.evaluate("lightbox.reviewMinutes()")
    page.get_by_role("link", name="Worklist").first.click()
    expect(page.locator(".ag-row").first).to_be_visible()
    page.go_back()  # to what was looked at before: both visits count
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator("#scan-current-review")).to_contain_text("Accepted")
    (review,) = clinic.reviews.of_scan(read.id)
    assert review.minutes is not None and review.minutes > first > 0
