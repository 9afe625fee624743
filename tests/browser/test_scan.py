from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from data.records import Doubt, Identity, Role
from reports.masks import mask_nifti
from tests.browser.conftest import until
from tests.browser.drawing import boxes

pytestmark = pytest.mark.browser


def _opened(visit, scan_id: str, role: Role = Role.CLINICIAN) -> Page:
    page = visit.sign_in(role, f"/scans/{scan_id}")
    page.wait_for_selector("#viewer-stage[data-shown]")
    return page


def test_the_result_with_its_sizes(open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    expect(page.locator(".lb-headline")).to_have_text("Tumour found")
    expect(page.locator("#scan-result")).to_contain_text("mL")
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
    expect(page.locator("#viewer-layer-outline")).to_be_checked()
    expect(page.locator("#scan-accept-means")).to_have_text("To accept is to say: tumour found.")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator("#scan-current-review")).to_contain_text("Accepted")


def test_a_corrected_mask_is_shown(clinic, open_tab, read) -> None:
    page = _opened(open_tab(), read.id)
    with page.expect_download() as download:
        page.click("text=Mask, NIfTI")
    page.click("summary:has-text('Correct the mask')")
    with page.expect_file_chooser() as chooser:
        page.click("#choose-mask")
    mask = np.asarray(nib.Nifti1Image.from_bytes(gzip.decompress(download.value.path().read_bytes())).dataobj)
    assert (mask > 0).sum() == boxes(read).sum()
    drawn = boxes(read) > 0
    drawn[8] = False
    content = mask_nifti(drawn, read.grid)
    chooser.value.set_files({"name": "mask.nii.gz", "mimeType": "application/gzip", "buffer": content})
    expect(page.locator("#correct-message")).to_have_text("Your mask was kept.")
    expect(page.locator("#viewer-source")).to_have_value("corrected")
    expect(page.locator(".lb-history")).to_contain_text("Dice with the AI's mask 0.9")
    until(page, "lightbox.viewer.current().masks.has('corrected')")
    voxels = "lightbox.viewer.current().masks.get('corrected').reduce((sum, voxel) => sum + voxel, 0)"
    assert page.evaluate(voxels) == drawn.sum()
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator("#correct-message")).to_be_empty()
    expect(page.get_by_text("Corrected mask, NIfTI")).to_have_count(0)


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
    until(page, "lightbox.viewer.current().masks.has('ai')")


def test_a_film_has_neither_heat_map_nor_slices_and_says_why(clinic, open_tab) -> None:
    film = clinic.add_film("u")
    clinic.read_film(film)
    page = _opened(open_tab(390, 844), film.id, Role.HEAD)
    expect(page.locator(".lb-headline")).to_have_text("Pneumonia likely")
    expect(page.locator("#viewer-layer-heatmap")).to_have_count(0)
    expect(page.locator("#scan-result")).to_contain_text("No heat map")
    expect(page.locator("#viewer-slice-row")).to_be_hidden()
    expect(page.locator("#scan-review")).to_be_hidden()
    expect(page.locator(".lb-letter-left")).to_be_empty()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
