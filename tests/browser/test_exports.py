from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from data.errors import HeldPicture
from data.records import PictureBox, Role, Scan
from tests.dicom_files import opened
from tests.services.exporting.test_exports import read_series

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1440, 390])
def test_a_clinician_takes_a_result_to_the_pacs(open_tab, clinic, width: int) -> None:
    scan = read_series(clinic)
    page = open_tab(width).sign_in(Role.CLINICIAN, f"/scans/{scan.id}")
    link = page.get_by_role("link", name="Segmentation, DICOM SEG")
    expect(link).to_be_visible()
    page.get_by_label("With the patient's name and number").check()
    expect(link).to_have_attribute("href", f"/scans/{scan.id}/export/seg?identity=yes")
    link.focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert str(opened(download.value.path().read_bytes()).PatientName) == "Doe^Jane"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_why_a_picture_is_held_is_told_where_it_was_asked_for(open_tab, clinic, monkeypatch) -> None:
    def held(_: Scan) -> tuple[PictureBox, ...]:
        raise HeldPicture("The pictures are held: text may be burned into them.")

    scan = read_series(clinic)
    visit = open_tab()
    page = visit.sign_in(Role.CLINICIAN, f"/scans/{scan.id}")
    link = page.get_by_role("link", name="This slice with overlay, PNG")
    with monkeypatch.context() as looking:
        looking.setattr(clinic.services.screening, "boxes_to_blacken", held)
        link.dblclick()
        expect(page.get_by_role("alert")).to_contain_text("text may be burned into them")
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(".png")
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert [line for line in visit.console if "409" not in line] == []
    visit.console.clear()


def test_a_file_that_takes_long_says_that_it_is_being_made(open_tab, clinic) -> None:
    scan = read_series(clinic)
    page = open_tab().sign_in(Role.CLINICIAN, f"/scans/{scan.id}")
    link = page.get_by_role("link", name="This slice with overlay, PNG")
    waiting: list[Route] = []
    page.route("**/overlay/**", lambda route: waiting.append(route))
    said = "link => getComputedStyle(link, '::after').content"
    link.click()
    expect(link).to_have_attribute("aria-busy", "true")
    assert "being made" in link.evaluate(said)
    with page.expect_download():
        waiting[0].continue_()
    expect(link).not_to_have_attribute("aria-busy", "true")
    assert link.evaluate(said) == "none"


@pytest.mark.parametrize("secure", [True, False])
def test_the_findings_are_copied_without_the_server(open_tab, clinic, secure: bool) -> None:
    scan = read_series(clinic)
    visit = open_tab()
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visit.sign_in(Role.CLINICIAN, f"/scans/{scan.id}")
    button = page.get_by_role("button", name="Copy findings as text")
    expect(button).to_be_visible()
    page.evaluate("window.kept = navigator.clipboard")
    if not secure:  # plain http: browsers offer no clipboard
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.route("**/*", lambda route: route.abort())
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#scan-export-findings-copied")).to_have_text("Copied.")
    copied = page.evaluate("window.kept.readText()")
    assert copied.startswith("Technique: MR; T2 FLAIR") and "Lesion 2: volume 2.4 mL" in copied
    expect(button).to_be_focused()
    visit.console[:] = [line for line in visit.console if "ERR_FAILED" not in line]
