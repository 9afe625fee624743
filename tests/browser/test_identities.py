from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from playwright.sync_api import expect

from tests.dashboard.clinic import ADA

pytestmark = pytest.mark.browser


def test_a_clinician_finds_two_records_of_one_person_and_merges_them(clinic, open_tab) -> None:
    first = clinic.add_volume("u")
    second = clinic.add_volume("u", replace(ADA, birth_date=date(1815, 10, 12)))
    visit = open_tab()
    page = visit.sign_in(path="/worklist")
    page.click("summary:has-text('1 pair of patients')")
    clinic.add_volume("v")  # the rows change, and the list that is being read stays open
    expect(page.locator("#worklist-total")).to_have_text("3 scans")
    page.click("#worklist-conflicts a")
    panel = page.locator(".lb-conflict")
    for text in ("1815-12-10", "1815-10-12", "MRN-1815"):
        expect(panel).to_contain_text(text)
    page.click("summary:has-text('They are one person')")
    page.click("button:has-text('Merge the two')")
    expect(page.locator("#alert")).to_contain_text("Say which date of birth is right")
    panel.get_by_label("1815-10-12").check()
    page.dblclick("button:has-text('Merge the two')")
    expect(panel).to_have_count(0)
    expect(page.locator("#scan-result")).not_to_contain_text("same name and number")
    expect(page.locator("#scan-facts")).to_contain_text("1815-10-12")
    assert len(clinic.scans.of_patient(first.patient_id)) == 3
    page.goto(f"{visit.address}/scans/{second.id}")
    expect(page.locator("#scan-facts")).to_contain_text("1815-10-12")
