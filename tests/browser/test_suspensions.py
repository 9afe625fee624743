"""A version is suspended: what the clinician sees, and how two people let it go on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from data.records import BRAIN_TUMOUR, Role
from data.stores.suspensions import SuspensionStore
from tests.browser.conftest import unfold
from tests.stopping import a_suspension

pytestmark = pytest.mark.browser


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.fixture
def stopped(clinic, read):
    stopped = a_suspension()
    evidence = type(stopped.evidence)(**vars(stopped.evidence) | {"scan_ids": (read.id,)})
    stopped = type(stopped)(**vars(stopped) | {"evidence": evidence})
    assert SuspensionStore(clinic.database).add(stopped)
    head = next(user for user in clinic.accounts.all() if user.role is Role.HEAD)
    clinic.services.performance.goals.set_typed(BRAIN_TUMOUR, "recall", "97", "85", head)
    return stopped


@pytest.mark.parametrize("width", [1440, 390])
def test_a_clinician_sees_no_answer_and_why(clinic, open_tab, read, stopped, width: int) -> None:
    page = open_tab(width).sign_in(Role.CLINICIAN, "/worklist")
    expect(page.locator(f".ag-row[row-id='{read.id}']")).to_contain_text("Suspended")
    page.goto(f"{page.url.split('/worklist')[0]}/scans/{read.id}")
    banner = page.locator("#scan-uncertain")
    expect(banner).to_contain_text("Suspended since")
    expect(banner).to_contain_text(
        "not for use, because 9 of the last 40 reviewed scans with tumour were missed."
    )
    page.wait_for_selector("#viewer-stage[data-shown]")
    expect(page.get_by_text("Tumour found")).to_be_hidden()
    page.get_by_text("What the suspended version said, to check it").click()
    expect(page.get_by_text("Tumour found")).to_be_visible()
    assert fits(page)


def test_mlops_asks_and_a_head_lifts_it(clinic, open_tab, read, stopped) -> None:
    address = f"/performance?task={BRAIN_TUMOUR}&version=2&synthetic=no"
    page = open_tab().sign_in(Role.MLOPS, address)
    section = page.locator("#performance-stop-rules")
    for _ in range(2):  # from another address, and on the page that it leads to
        page.get_by_role("link", name="See the stop rules").click()
        expect(section).to_contain_text("Version 2: suspended")
        expect(section).to_be_in_viewport()
        unfold(page, "Stop rules")
    unfold(page, "Stop rules")
    expect(section).to_contain_text("Version 2: suspended")
    section.get_by_text("The bad cases (1)").click()
    expect(section.locator(f"a[href='/scans/{read.id}']")).to_be_visible()
    section.get_by_role("textbox", name="Why it may be used again").fill("The coil was exchanged.")
    section.get_by_role("button", name="Ask to lift it").click()
    expect(page.locator("#performance-stop-said")).to_contain_text("Asked.")
    assert fits(page)

    page = open_tab().sign_in(Role.HEAD, address)
    section = page.locator("#performance-stop-rules")
    unfold(page, "Stop rules")
    expect(section).to_contain_text("“The coil was exchanged.”")
    section.get_by_role("button", name="Lift it", exact=True).click()
    expect(section).to_contain_text("Version 2: was suspended")
    section.get_by_label("Why", exact=True).fill("We agreed on Monday.")
    section.get_by_role("button", name="Switch on stop rules").click()
    expect(section).to_contain_text("The stop rules act on what was read since")
    expect(section).to_contain_text("We agreed on Monday.")
