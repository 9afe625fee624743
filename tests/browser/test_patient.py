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


@pytest.mark.parametrize("width", [1440, 390])
def test_a_film_is_given_to_a_patient_and_a_wrong_one_withdrawn_and_restored(
    clinic, open_tab, width: int
) -> None:
    clinic.add_volume("u")
    film = clinic.add_film("u")
    clinic.read_film(film)
    visit = open_tab(width, 800)
    page = visit.sign_in(path=f"/scans/{film.id}")
    expect(page.locator("#scan-title h1")).to_have_text("Bob Cole")
    page.click("summary:has-text('Another patient')")
    page.get_by_label("A patient who is here").fill("1815")
    page.get_by_label("Ada Lovelace · MRN-1815").check()
    page.click("button:has-text('Give the scan to this patient')")
    expect(page.locator("#scan-title h1")).to_have_text("Ada Lovelace")
    page.get_by_label("Name", exact=True).fill("Grace Hopper")
    page.get_by_label("Date of birth").fill("1906-12-09")
    page.locator("#move-sex").select_option("F")
    page.click("button:has-text('Give the scan to this new patient')")
    expect(page.locator("#scan-title h1")).to_have_text("Grace Hopper")
    expect(page.locator("#scan-title")).to_contain_text("born 1906-12-09")
    assert page.evaluate(TOO_WIDE) <= 0
    page.click("summary:has-text('Withdraw this scan')")
    page.click("#withdraw-scan")
    expect(page.locator("#alert")).to_contain_text("Say why this scan is withdrawn.")
    page.get_by_label("Why", exact=True).last.fill("Sent for somebody else")
    page.click("#withdraw-scan")
    shown = page.locator(".lb-withdrawn")
    expect(shown).to_contain_text("Sent for somebody else")
    expect(shown).to_contain_text("Dr Clinician")
    expect(page.locator("#scan-facts")).not_to_be_visible()
    assert page.evaluate(TOO_WIDE) <= 0
    page.reload()
    expect(shown).to_contain_text("Sent for somebody else")
    page.click("button:has-text('Restore this scan')")
    expect(page.locator("#scan-facts")).to_contain_text("Grace Hopper")
    expect(shown).to_be_empty()


@pytest.mark.parametrize("width", [1440, 390])
def test_prior_and_current_move_together_and_say_the_class(clinic, open_tab, width: int) -> None:
    scans = [clinic.add_volume("u", acquired_at=now() - timedelta(days=days)) for days in (180, 0)]
    for scan, lesions in zip(scans, (2, 1), strict=True):
        clinic.read_volume(scan, lesions=lesions)
    pseudonym = clinic.patients.get(scans[0].patient_id, with_identity=False).pseudonym
    visit = open_tab(width, 800)
    page = visit.sign_in(path=f"/patients/{pseudonym}")
    page.click("a:has-text('Compare prior and current')")
    expect(page).to_have_url(f"{visit.address}/patients/{pseudonym}/compare")
    expect(page.locator(".lb-growth-verdict")).to_contain_text("Sum of products")
    expect(page.locator(".lb-growth-table")).to_contain_text("prior 2: gone")
    at = page.locator(".lb-growth-at")
    expect(at).to_have_text(["slice 9 of 24", "slice 9 of 24"])
    page.get_by_label("Slice of both").press("ArrowRight")
    expect(at).to_have_text(["slice 10 of 24", "slice 10 of 24"])
    expect(page.locator("[data-side=prior] img").first).to_have_attribute(
        "src", f"/scans/{scans[0].id}/slice/9.png"
    )
    page.locator(".lb-growth-pair").hover()
    page.mouse.wheel(0, 100)
    expect(at).to_have_text(["slice 11 of 24", "slice 11 of 24"])
    assert page.evaluate(TOO_WIDE) <= 0
    page.get_by_label("Prior").select_option(scans[1].id)
    expect(page.locator("#alert")).to_contain_text("Choose two different scans.")
