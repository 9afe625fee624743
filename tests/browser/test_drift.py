"""Drift in a browser: compare, read the verdict, open a feature, send its scans to review."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from data.records import BRAIN_TUMOUR, DriftAsk, Role
from tests.dashboard.clinic import Clinic

pytestmark = pytest.mark.browser


def _fill(clinic: Clinic) -> None:
    clinic.add_readings(120, 1)
    sender = clinic.person(Role.CLINICIAN, "sender")
    scans = [clinic.add_volume(sender.id, shape=(9, 40, 32)) for _ in range(50)]
    for scan in scans:
        clinic.read_volume(scan)
    ids = [scan.id for scan in scans]
    noisy = {"scanner": "New One", "noise": lambda value, random: value + 0.03}
    clinic.add_readings(25, 2, day=30, scan_ids=ids[:25], **noisy)
    clinic.add_readings(25, 3, day=30, scan_ids=ids[25:])


def test_from_a_comparison_to_the_scans_that_did_it(clinic: Clinic, open_tab) -> None:
    _fill(clinic)
    clinic.jobs.start()
    page = open_tab().sign_in(Role.MLOPS, "/drift")
    expect(page.get_by_text("No drift run yet.")).to_be_visible()
    page.get_by_label("Newest readings").fill("50")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Compare now").click()
    verdict = page.locator("#drift-verdict")
    expect(verdict).to_contain_text("features drifted, most of all", timeout=90_000)
    expect(page).to_have_url(re.compile("run=[0-9a-f]{32}"))
    page.locator("#drift-worst").get_by_role("link", name="Noise").click()
    expect(page).to_have_url(re.compile("feature=noise"))
    expect(page.get_by_text("Scans that pull “Noise” the most")).to_be_visible()
    shared = page.locator("#drift-segments tbody tr").filter(has_text="New One")
    expect(shared).to_contain_text("Scanner")
    expect(shared.get_by_role("link", name="Worklist")).to_have_attribute(
        "href", re.compile("/worklist.*scanner=New")
    )
    picked = page.locator(".lb-gallery label").first
    expect(picked).to_be_visible()
    page.get_by_role("button", name="Choose all or none").click()
    expect(page.locator(".lb-gallery input:checked")).to_have_count(50)
    page.get_by_placeholder("Why these scans").fill("noise of a new scanner")
    page.get_by_role("button", name="Ask for review").click()
    expect(page.locator("#drift-gallery-said")).to_contain_text("50 scans wait for a review.")


def test_evidently_draws_its_page_inside_its_frame(clinic: Clinic, open_tab) -> None:
    _fill(clinic)
    run = clinic.services.drift.runs.run_now(DriftAsk(BRAIN_TUMOUR, last=50))
    page = open_tab().sign_in(Role.HEAD, f"/drift?run={run.id}")
    page.get_by_text("Evidently's own report").click()
    frame = page.frame_locator('iframe[title="Evidently\'s own report"]')
    expect(frame.get_by_text("Hash of the window")).to_be_visible()
    expect(frame.get_by_text("Dataset Drift", exact=True).first).to_be_visible(timeout=30_000)


def test_it_fits_a_phone(clinic: Clinic, open_tab) -> None:
    _fill(clinic)
    clinic.services.drift.runs.run_now(DriftAsk(BRAIN_TUMOUR, last=50))
    page = open_tab(width=390, height=800).sign_in(Role.CLINICIAN, "/drift?feature=noise")
    expect(page.get_by_text("Scans that pull “Noise” the most")).to_be_visible()
    expect(page.get_by_role("button", name="Compare now")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
