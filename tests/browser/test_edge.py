"""An administrator of an edge connects the central house; a clinician there sees what the edge has read."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from dashboard.build import build_dashboard
from data.records import Role, TokenScope
from tests.browser.conftest import Visit, serving
from tests.browser.test_sending import usable
from tests.services.edges.two_houses import Centre
from tests.services.exporting.test_exports import correct, strict_series

pytestmark = pytest.mark.browser


def test_what_an_edge_reads_is_seen_at_the_central_house(
    clinic, open_tab, browser: Browser, tmp_path: Path
) -> None:
    centre = Centre(tmp_path / "centre")
    centre.clinic.replace(edges=centre.arrivals)
    _, token = centre.clinic.accounts.create_token(centre.edge.id, "CT van", {TokenScope.SYNC})
    scan = clinic.add_series(strict_series(), uploaded_by="dicom:MR1")
    clinic.read_volume(scan)
    reviewer = next(user for user in clinic.accounts.all() if user.role is Role.CLINICIAN)
    correct(clinic, scan, reviewer)
    with serving(build_dashboard(centre.clinic.services, secret_key="c" * 32).server) as address:
        page = open_tab().sign_in(Role.ADMIN, "/dicom")
        page.get_by_role("button", name="Add a remote node").click()
        page.get_by_label("Name", exact=True).fill("University hospital")
        page.get_by_label("Kind").select_option("Central Lightbox")
        expect(page.get_by_label("AE title", exact=True)).to_be_hidden()
        expect(page.get_by_label("User name")).to_be_hidden()
        page.get_by_label("Base URL").fill("http://lightbox.hospital.example")
        page.get_by_label("Password or bearer token").fill(token)
        page.locator("#remote-node-save").click()
        said = page.locator("#remote-node-form .lb-dialog-error")
        expect(said).to_contain_text("Enter a URL with https")
        page.get_by_label("Base URL").fill(address)
        usable(page)
        page.locator("#remote-node-save").click()
        expect(page.get_by_text("Every real scan that is read here goes there by itself")).to_be_visible()
        page.get_by_role("button", name="Test University hospital").click()
        expect(page.get_by_text("University hospital answered as the house")).to_be_visible()
        page.get_by_role("button", name="Add a rule").click()
        expect(page.get_by_text("Add a remote node that takes results by rules first.")).to_be_visible()
        page.reload()
        clinic.services.sending.sender.look()
        expect(page.get_by_text("0 waiting, 1 delivered, 0 not sent")).to_be_visible()
        expect(page.get_by_text("Scan with results and reviews, to the central house")).to_be_visible()
        usable(page)
        there = Visit(browser.new_context(viewport={"width": 1440, "height": 900}).new_page(), address)
        there.watch()
        (arrived,) = centre.scans()
        page = there.sign_in(Role.CLINICIAN, f"/scans/{arrived.id}")
        expect(page.get_by_text("Read at CT van by its version 2")).to_be_visible()
        expect(page.get_by_text("Dr Clinician, at CT van").first).to_be_visible()
        page.locator("summary", has_text="How it was read").click()
        expect(page.get_by_text("CT van, as its version 2")).to_be_visible()
        usable(page)
        page.context.close()
        assert there.console == [] and there.elsewhere == []
    centre.close()
