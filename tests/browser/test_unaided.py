"""A scan is read without the AI first: asked for in the worklist, drawn, given, and then reviewed with it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from data.records import BRAIN_TUMOUR, EscapeReason, Role, UnaidedFinding, Verdict
from tests.browser.conftest import unfold
from tests.browser.drawing import begun, go_to, stroke, tool

pytestmark = pytest.mark.browser


@pytest.fixture
def read(clinic):
    scan = clinic.add_volume("u")
    clinic.read_volume(scan, lesions=2)
    return scan


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_reader_asks_draws_says_what_they_see_and_reviews_with_the_ai(clinic, open_tab, read) -> None:
    page = open_tab().sign_in(Role.CLINICIAN, "/worklist")
    row = page.locator(f".ag-row[row-id='{read.id}']")
    expect(row).to_contain_text("Tumour")
    row.locator(".ag-selection-checkbox input").check()
    page.get_by_role("button", name="Read without the AI first").click()
    expect(page.locator("#triage-unaided-said")).to_have_text(
        "1 scan to be read by you without the AI first."
    )
    expect(row).to_contain_text("Without AI")
    expect(row).not_to_contain_text("mL")

    page.goto(f"{page.url.split('/worklist')[0]}/scans/{read.id}")
    form = page.locator("#unaided")
    expect(form).to_contain_text("You read this scan without the AI first.")
    expect(page.locator("#scan-review")).to_be_hidden()
    expect(page.locator("#scan-result")).not_to_contain_text("Tumour")
    page.wait_for_selector("#viewer-stage[data-shown]")
    begun(page, "empty")
    expect(page.locator("#editing-beside-row")).to_be_hidden()
    go_to(page, 5)
    tool(page, "brush")
    stroke(page, (5, 40, 8), (5, 40, 20))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#editing-message")).to_have_text("Kept with your reading.")
    form.get_by_label("No tumour").check()
    form.get_by_role("button", name="Keep it, and show the AI's result").click()
    expect(page.locator("#alert")).to_contain_text("You have drawn a finding")
    form.get_by_label("Tumour present").check()
    form.get_by_label("Comment").fill("left temporal")
    assert fits(page)
    form.get_by_role("button", name="Keep it, and show the AI's result").click()
    expect(form).to_be_hidden()
    expect(page.locator("#scan-result")).to_contain_text("Tumour found")
    expect(page.locator(".lb-history")).to_contain_text("with AI: nothing yet. left temporal")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator(".lb-history")).to_contain_text("with AI: accepted")
    (kept,) = clinic.services.reviewing.unaided._store.of_scans([read.id])
    assert kept.finding is UnaidedFinding.PRESENT and kept.measurements.voxels > 0
    assert clinic.reviews.current(read.id).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("width", [1440, 390])
def test_an_urgent_case_is_shown_at_once(clinic, open_tab, read, width: int) -> None:
    head = next(user for user in clinic.accounts.all() if user.role is Role.HEAD)
    unaided = clinic.services.reviewing.unaided
    unaided.set_rule(BRAIN_TUMOUR, 100, head)
    unaided.arrived(read)
    page = open_tab(width).sign_in(Role.CLINICIAN, f"/scans/{read.id}")
    form = page.locator("#unaided")
    expect(form).to_contain_text("Your department asks")
    assert fits(page)
    form.get_by_role("button", name="Keep it, and show the AI's result").click()
    expect(page.locator("#alert")).to_contain_text("Say what you see first")
    page.locator("summary", has_text="Show the AI's result now").click()
    form.get_by_role("button", name="Show it now").click()
    expect(page.locator("#alert")).to_contain_text("Choose why")
    form.get_by_label("Why", exact=True).select_option(label="The case is urgent")
    form.get_by_role("button", name="Show it now").click()
    expect(form).to_be_hidden()
    expect(page.locator("#scan-result")).to_contain_text("Tumour found")
    expect(page.locator(".lb-history")).to_contain_text("Not read without the AI: the case is urgent")
    (kept,) = unaided._store.of_scans([read.id])
    assert kept.escape_reason is EscapeReason.URGENT
    assert fits(page)


@pytest.mark.parametrize("width", [1440, 390])
def test_a_head_sets_the_share_on_the_performance_page(clinic, open_tab, width: int) -> None:
    page = open_tab(width).sign_in(Role.HEAD, "/performance?task=brain-tumour")
    unfold(page, "Readers without and with the AI")
    expect(page.locator("#performance-unaided-rule")).to_contain_text("No rule")
    expect(page.locator("#performance-unaided")).to_contain_text("Nobody has read a scan of this task")
    share = page.get_by_label("Of new scans, read without the AI first (%)")
    share.fill("20")
    page.locator("#performance-unaided-set").click()
    expect(page.locator("#performance-unaided-rule")).to_contain_text("20 % of the new scans are read")
    assert fits(page)
    head = next(user for user in clinic.accounts.all() if user.role is Role.HEAD)
    assert [rule.percent for rule in clinic.services.reviewing.unaided.rules(BRAIN_TUMOUR, head)] == [20]
