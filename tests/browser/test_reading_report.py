from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.records import Role

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1440, 390])
def test_a_clinician_copies_and_fetches_a_report(open_tab, read, width: int) -> None:
    visit = open_tab(width)
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visit.sign_in(Role.CLINICIAN, f"/scans/{read.id}")
    button = page.get_by_role("button", name="Copy text")
    expect(button).to_be_visible()
    page.route("**/*", lambda route: route.abort())  # the connection is lost: the text is here
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#scan-report-text-copied")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("LIGHTBOX - REPORT OF A READING: BRAIN TUMOUR")
    assert "Lesion 1: volume 6.0 mL; longest " in copied and "Lovelace" not in copied
    page.unroute("**/*")
    page.get_by_label("Name the patient in it").check()
    link = page.get_by_role("link", name="Report, PDF")
    expect(link).to_have_attribute("href", f"/scans/{read.id}/report.pdf?identity=yes")
    with page.expect_download() as download:
        link.click()
    assert download.value.path().read_bytes().startswith(b"%PDF")
    page.get_by_text("The text", exact=True).click()
    expect(page.get_by_label("As a radiology system takes it")).to_have_value(pattern("Ada Lovelace"))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    visit.console[:] = [line for line in visit.console if "ERR_FAILED" not in line]


def test_the_text_is_copied_where_the_address_is_not_secure(open_tab, read) -> None:
    visit = open_tab()
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visit.sign_in(Role.HEAD, f"/scans/{read.id}")
    page.evaluate("window.kept = navigator.clipboard")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    button = page.get_by_role("button", name="Copy text")
    button.click()
    expect(page.locator("#scan-report-text-copied")).to_have_text("Copied.")
    assert page.evaluate("window.kept.readText()").startswith("LIGHTBOX - REPORT")
    expect(button).to_be_focused()
    expect(page.locator("#scan-report-named-row")).to_be_hidden()


def pattern(text: str):
    import re

    return re.compile(re.escape(text))
