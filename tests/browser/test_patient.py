"""From the worklist to a patient, to a scan, with who it is always on the screen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from data.database import now
from data.records import Role

pytestmark = pytest.mark.browser

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [1440, 390])
def test_the_identity_stays_and_the_tab_has_no_name(clinic, open_tab, width: int) -> None:
    scans = [
        clinic.add_volume("u", acquired_at=now() - timedelta(days=days), study_uid=f"1.{days}")
        for days in (360, 180, 0)
    ]
    for scan in scans:
        clinic.read_volume(scan)
    pseudonym = clinic.patients.get(scans[0].patient_id, with_identity=False).pseudonym
    visit = open_tab(width, 600)
    page = visit.sign_in(path=f"/scans/{scans[2].id}")
    name = page.locator("#scan-title h1")
    expect(name).to_have_text("Ada Lovelace")
    expect(page.locator("#scan-title")).to_contain_text("MRN-1815")
    expect(page.locator("#scan-title")).to_contain_text("born 1815-12-10")
    expect(page).to_have_title(f"{pseudonym} – Lightbox")
    expect(page.locator("#scan-facts")).to_contain_text("Ada Lovelace")
    page.evaluate("window.scrollTo(0, 4000)")
    assert page.evaluate("window.scrollY") > 100
    expect(name).to_be_in_viewport()
    assert page.evaluate(TOO_WIDE) <= 0
    page.click("#scan-title h1 a")
    expect(page).to_have_url(f"{visit.address}/patients/{pseudonym}")
    expect(page).to_have_title(f"{pseudonym} – Lightbox")
    expect(page.locator("#patient-identity")).to_contain_text("Ada Lovelace")
    expect(page.locator(".lb-study")).to_have_count(3)
    expect(page.locator(".lb-patient-charts .legendtext").first).to_have_text("FLAIR, version 2")
    assert page.evaluate(TOO_WIDE) <= 0
    page.locator(".lb-study").last.scroll_into_view_if_needed()
    expect(page.locator("#patient-identity h1")).to_be_in_viewport()
    page.locator(".lb-study a").last.click()
    expect(page).to_have_url(f"{visit.address}/scans/{scans[0].id}")


def test_the_worklist_leads_to_the_patient(clinic, open_tab) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    pseudonym = clinic.patients.get(scan.patient_id, with_identity=False).pseudonym
    visit = open_tab()
    page = visit.sign_in(Role.HEAD, path="/worklist")
    page.click(f"a[href='/patients/{pseudonym}']")
    expect(page).to_have_url(f"{visit.address}/patients/{pseudonym}")
    expect(page.locator("#patient-identity h1")).to_have_text(pseudonym)
    expect(page.locator("#patient-page")).not_to_contain_text("Ada")
