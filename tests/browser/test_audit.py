from __future__ import annotations

import pytest
from playwright.sync_api import expect

from data.database import now
from data.records import AuditEvent, Role
from data.stores.audit import AuditLog
from services.auditing.trail import PAGE_EVENTS

pytestmark = pytest.mark.browser


def test_a_head_looks_up_who_did_what_and_takes_it_along(clinic, open_tab) -> None:
    scan, log = clinic.add_volume("u"), AuditLog(clinic.database)
    (clinician,) = [person for person in clinic.accounts.all() if person.role is Role.CLINICIAN]
    clinic.services.reviewing.triage.take([scan.id], clinician)
    for number in range(PAGE_EVENTS):
        log.record(AuditEvent(now(), None, "report.expire", f"report {number}"))
    page = open_tab().sign_in(Role.HEAD, path="/audit")
    rows = page.locator(".lb-audit tbody tr")
    expect(rows.first).to_contain_text("Signed in")
    expect(rows).to_have_count(PAGE_EVENTS)
    page.click("#audit-older")
    expect(rows.nth(0)).to_contain_text("Report expired")
    expect(page.locator(".lb-audit")).to_contain_text("Scan taken")

    page.get_by_label("Person").select_option(label="Dr Clinician (clinician)")
    page.get_by_label("What").select_option(label="Scans and readings")
    page.get_by_label("About").fill(scan.id)
    page.get_by_label("About").press("Enter")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Scan taken")
    expect(page.get_by_label("What")).to_have_value("scans")
    with page.expect_download() as download:
        page.click("#audit-csv")
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2 and scan.id in lines[1]
    page.go_back()
    expect(page.locator(".lb-audit")).to_contain_text("Report expired")
    page.go_forward()
    expect(rows).to_have_count(1)
    page.click(f".lb-audit a:has-text('{scan.id}')")
    expect(page.locator("#scan-title")).to_be_visible()
