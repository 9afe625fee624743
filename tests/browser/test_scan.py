from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from data.records import Doubt, Identity, Role, Verdict

pytestmark = pytest.mark.browser

SHOWN = "#viewer-stage[data-shown='{}']"


def _opened(visit, scan_id: str, role: Role = Role.CLINICIAN) -> Page:
    page = visit.sign_in(role, f"/scans/{scan_id}")
    page.wait_for_selector("#viewer-stage[data-shown]")
    return page


@pytest.fixture
def read(clinic):
    scan = clinic.add_volume("u")
    clinic.read_volume(scan, lesions=2)
    return scan


def test_the_result_with_its_sizes(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    expect(page.locator(".lb-headline")).to_have_text("Tumour found")
    expect(page.locator("#scan-result")).to_contain_text("mL")
    expect(page.locator(".lb-letter-left")).to_have_text("R")
    expect(page.locator(".lb-letter-top")).to_have_text("A")
    expect(page.locator(".lb-inline-notice")).to_contain_text("Not for diagnostic use")


@pytest.mark.parametrize("width", [1440, 390])
def test_an_uncertain_scan_says_so_above_its_picture(clinic, open_tab, width: int) -> None:
    name = "a_name_without_a_blank_as_files_have_it_study_02_FLAIR.nii.gz"
    scan = clinic.add_volume("u", Identity(name, "1"))
    clinic.read_volume(scan, doubts=(Doubt.ABNORMAL_NOT_TUMOUR,), outside_distance=1.34)
    page = _opened(open_tab(width), scan.id)
    banner = page.locator(".lb-uncertain-banner")
    reason = "abnormal signal, not like the tumours that were learnt"
    expect(banner).to_have_text(f"Uncertain: {reason}. The outline below is a suggestion.")
    assert banner.bounding_box()["y"] < page.locator("#viewer-stage").bounding_box()["y"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.locator(".lb-headline")).to_have_text("Uncertain")
    page.locator("#viewer-jumps button").first.click()
    expect(page.locator(".lb-layer-outline")).to_be_visible()
    expect(page.locator("#scan-accept-means")).to_have_text("To accept is to say: tumour found.")
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("#scan-reviewed")).to_have_text("Accepted.")


def test_wheel_keys_slider_and_jumps_change_the_slice(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    stage = page.locator("#viewer-stage")
    stage.focus()
    page.keyboard.press("Home")
    page.wait_for_selector(SHOWN.format(0))
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(SHOWN.format(1))
    page.keyboard.press("PageDown")
    page.wait_for_selector(SHOWN.format(11))
    page.keyboard.press("End")
    page.wait_for_selector(SHOWN.format(23))
    stage.hover()
    page.mouse.wheel(0, -120)
    page.wait_for_selector(SHOWN.format(20))
    expect(page.locator(".lb-place")).to_have_text("Slice 21 of 24")
    page.locator("#viewer-jumps button").nth(1).click()
    page.wait_for_selector(SHOWN.format(15))
    thumb = page.locator("#viewer-slice-row .dash-slider-thumb")
    expect(thumb).to_have_attribute("aria-valuenow", "16")  # counts from 1; the picture is ahead of it
    thumb.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(SHOWN.format(16))


def test_layers_come_and_go_at_once(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    mask, outline = page.locator(".lb-layer-mask"), page.locator(".lb-layer-outline")
    expect(mask).to_be_visible()
    expect(outline).to_be_visible()
    page.get_by_label("Mask", exact=True).uncheck()
    expect(mask).to_be_hidden()
    page.get_by_label("Box").check()
    box = page.locator("svg .lb-box")
    expect(box).to_have_attribute("x", "12")
    expect(box).to_have_attribute("height", "14")
    page.get_by_label("Diameters").check()
    expect(page.locator("svg .lb-longest")).to_have_count(1)
    page.locator("#viewer-stage").focus()
    page.keyboard.press("Home")
    page.wait_for_selector(SHOWN.format(0))
    expect(outline).to_be_hidden()
    expect(box).to_have_count(0)


def test_pixels_that_are_not_square_look_right(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    size = page.locator(".lb-canvas").bounding_box()
    assert size["width"] / size["height"] == pytest.approx(48 * 1.0 / (60 * 2.0), rel=0.01)


def test_the_window_changes_the_picture(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    picture = page.locator(".lb-layer-slice")
    before = picture.get_attribute("src")
    thumb = page.locator("#viewer-window").locator("xpath=..").locator(".dash-slider-thumb").last
    thumb.focus()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    expect(picture).not_to_have_attribute("src", before)
    assert "low=" in picture.get_attribute("src")
    page.get_by_label("Full range").check()
    page.get_by_label("Default").check()
    expect(picture).to_have_attribute("src", before)


def test_a_clinician_accepts_and_rejects(clinic, open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    page.click("#scan-accept")
    expect(page.locator(".lb-history li")).to_have_count(1)
    page.click("summary:has-text('Reject')")
    page.fill("#scan-reason", "It is oedema.")
    page.get_by_label("Tumour absent").check()
    page.click("#scan-reject")
    expect(page.locator(".lb-history li")).to_have_count(2)
    latest = clinic.reviews.current(read.id)
    assert (latest.verdict, latest.reason, latest.truth_positive) == (
        Verdict.REJECTED,
        "It is oedema.",
        False,
    )


def test_a_rejection_without_a_reason_is_said(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    page.click("summary:has-text('Reject')")
    page.click("#scan-reject")
    expect(page.locator("#alert")).to_contain_text("say why")


def test_a_corrected_mask_is_shown(clinic, open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    with page.expect_download() as download:
        page.click("text=Mask, NIfTI")
    page.click("summary:has-text('Correct the mask')")
    with page.expect_file_chooser() as chooser:
        page.click("#choose-mask")
    content = download.value.path().read_bytes()
    chooser.value.set_files({"name": "mask.nii.gz", "mimeType": "application/gzip", "buffer": content})
    expect(page.locator("#correct-message")).to_have_text("Your mask was kept.")
    expect(page.get_by_label("Corrected", exact=True)).to_be_checked()
    expect(page.locator(".lb-history")).to_contain_text("Dice with the AI's mask 1.00")
    expect(page.locator(".lb-layer-mask")).to_have_attribute("src", pattern("layer=corrected"))
    page.get_by_label("AI", exact=True).check()
    expect(page.locator(".lb-layer-mask")).to_have_attribute("src", pattern("layer=ai"))


def test_a_mask_that_does_not_fit_is_said(open_tab, read) -> None:
    visit = open_tab()
    page = _opened(visit, read.id)
    page.click("summary:has-text('Correct the mask')")
    with page.expect_file_chooser() as chooser:
        page.click("#choose-mask")
    chooser.value.set_files({"name": "mask.nii", "mimeType": "application/octet-stream", "buffer": b"no"})
    expect(page.locator("#correct-message.lb-upload-refusal")).not_to_be_empty()
    visit.console[:] = [line for line in visit.console if "400" not in line]


def test_a_waiting_scan_shows_its_result_by_itself(clinic, open_tab) -> None:
    scan = clinic.add_volume("u")
    page = _opened(open_tab(), scan.id)
    expect(page.locator("#scan-status")).to_contain_text("Waiting to be read")
    clinic.read_volume(scan)
    expect(page.locator(".lb-headline")).to_have_text("Tumour found")
    expect(page.locator(".lb-layer-mask")).to_be_visible()


def test_a_film_has_neither_heat_map_nor_slices_and_says_why(clinic, open_tab) -> None:
    film = clinic.add_film("u")
    clinic.read_film(film)
    page = _opened(open_tab(390, 844), film.id, Role.HEAD)
    expect(page.locator(".lb-headline")).to_have_text("Pneumonia likely")
    expect(page.locator(".lb-layer-heatmap")).to_be_hidden()
    expect(page.locator("#scan-result")).to_contain_text("No heat map")
    expect(page.locator("#viewer-slice-row")).to_be_hidden()
    expect(page.locator("#scan-review")).to_be_hidden()
    expect(page.locator(".lb-letter-left")).to_be_empty()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def pattern(text: str):
    import re

    return re.compile(re.escape(text))
