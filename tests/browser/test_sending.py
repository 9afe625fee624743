"""An administrator connects a real PACS on the page; a result goes there by a rule and by hand."""

from __future__ import annotations

import json
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from data.records import Role
from tests.browser.test_accessibility import _findings
from tests.integration.servers import Orthanc, pacs
from tests.services.exporting.test_exports import strict_series

pytestmark = pytest.mark.browser


def there(server: Orthanc) -> set[str]:
    with urllib.request.urlopen(f"{server.url}/instances?expand", timeout=60) as answer:
        instances = json.loads(answer.read())
    modalities = set()
    for instance in instances:
        with urllib.request.urlopen(f"{server.url}/instances/{instance['ID']}/simplified-tags") as answer:
            modalities.add(json.loads(answer.read())["Modality"])
    return modalities


def usable(page: Page) -> None:
    for width in (1440, 1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert _findings(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_pacs_is_connected_and_results_arrive_by_rule_and_by_hand(clinic, open_tab) -> None:
    with pacs() as server:
        scan = clinic.add_series(strict_series(), uploaded_by="dicom:MR1")
        page = open_tab().sign_in(Role.ADMIN, "/dicom")
        page.get_by_role("button", name="Add a remote node").click()
        expect(page.get_by_label("Name", exact=True)).to_be_focused()  # once the form is drawn
        page.keyboard.type("Radiology PACS")
        page.keyboard.press("Enter")
        said = page.locator("#remote-node-form .lb-dialog-error")
        expect(said).to_contain_text("AE title")
        expect(page.locator("#alert")).to_be_hidden()  # it would lie over the form's heading
        expect(page.get_by_label("Base URL")).to_be_hidden()
        page.get_by_label("AE title", exact=True).fill(Orthanc.AE_TITLE)
        page.get_by_label("Host").fill("127.0.0.1")
        page.get_by_label("Port").fill(str(server.dicom))
        usable(page)
        page.get_by_label("Port").press("Enter")
        expect(page.locator("#remote-node-form")).to_have_count(0)
        page.get_by_role("button", name="Test Radiology PACS").click()
        answered = page.get_by_text("Radiology PACS answered C-ECHO.")
        expect(answered).to_be_visible()
        page.get_by_role("button", name="Change Radiology PACS").click()
        page.locator("#remote-node-save").click()
        expect(answered).to_have_count(0)  # it was said of the node as it was

        page.get_by_role("button", name="Add a rule").click()
        expect(page.get_by_label("Segmentation, DICOM SEG")).to_be_checked()
        page.get_by_label("Pictures with outline, DICOM SC").uncheck()
        page.get_by_label("Outline as overlay, DICOM GSPS").uncheck()
        usable(page)
        page.locator("#routing-rule-save").click()
        expect(page.get_by_text("as SEG, SR, PDF; at once; from any sender")).to_be_visible()

        clinic.read_volume(scan)
        clinic.services.sending.sender.look()
        expect(page.get_by_text("0 waiting, 3 delivered, 0 not sent")).to_be_visible()
        usable(page)
        assert there(server) == {"SEG", "SR", "DOC"}

        page = open_tab().sign_in(Role.CLINICIAN, f"/scans/{scan.id}")
        panel = page.locator("#scan-export-sent")
        expect(panel.get_by_text("Delivered")).to_have_count(3)
        panel.get_by_role("button", name="Send under the patient's name").click()
        expect(page.get_by_text("5 are on their way.")).to_be_visible()
        clinic.services.sending.sender.look()
        assert there(server) == {"SEG", "SR", "DOC", "OT", "PR"}
