"""The report of a reading by its addresses, and on the scan's page."""

from __future__ import annotations

import pytest

from dashboard.components import scan_report as parts
from dashboard.pages import scan as scan_page
from dashboard.pages import scan_report
from data.records import Role
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import SignIn


@pytest.fixture
def scan_id(clinic: Clinic) -> str:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    return scan.id


@pytest.mark.parametrize(
    ("kind", "mime", "start"), [("pdf", "application/pdf", b"%PDF"), ("txt", "text/plain", b"LIGHTBOX")]
)
def test_the_report_as_a_file(sign_in: SignIn, scan_id: str, kind: str, mime: str, start: bytes) -> None:
    answer = sign_in().get(f"/scans/{scan_id}/report.{kind}")
    assert answer.status_code == 200
    assert answer.mimetype == mime and answer.data.startswith(start)
    assert answer.headers["Cache-Control"] == "no-store"
    assert f".{kind}" in answer.headers["Content-Disposition"]


def test_the_patient_is_named_only_when_it_is_asked_for(sign_in: SignIn, scan_id: str) -> None:
    address = f"/scans/{scan_id}/report.txt"
    for role, told in ((Role.CLINICIAN, True), (Role.MLOPS, False)):
        client = sign_in(role)
        assert "Lovelace" not in client.get(address).text
        assert ("Lovelace" in client.get(f"{address}?identity=yes").text) is told
        programs = f"/api/v1/scans/{scan_id}/report?form=text"
        assert "Lovelace" not in client.get(programs).text
        assert ("Lovelace" in client.get(f"{programs}&identity=true").text) is told


def test_what_is_not_there_is_said(clinic: Clinic, sign_in: SignIn, scan_id: str) -> None:
    client = sign_in()
    unread = clinic.add_volume("u")
    assert client.get(f"/scans/{unread.id}/report.pdf").status_code == 404
    assert client.get(f"/scans/{scan_id}/report.docx").status_code == 404
    assert client.get(f"/api/v1/scans/{scan_id}/report?form=docx").status_code == 400
    assert client.get(f"/api/v1/scans/{scan_id}/report").mimetype == "application/pdf"


def test_the_panel_has_the_text_and_the_links_of_what_is_asked(clinic: Clinic, scan_id: str) -> None:
    clinician, reports = clinic.person(Role.CLINICIAN), clinic.services.reading_reports
    plain, named = (scan_report.show(reports, clinician, scan_id, named=asked) for asked in (False, True))
    assert plain[parts.PANEL] is False
    assert "Lovelace" not in plain[parts.TEXT] and "Lovelace" in named[parts.TEXT]
    assert plain[parts.PDF] == f"/scans/{scan_id}/report.pdf"
    assert named[parts.TEXT_FILE] == f"/scans/{scan_id}/report.txt?identity=yes"


def test_a_scan_without_a_reading_has_no_panel(clinic: Clinic) -> None:
    scan = clinic.add_volume("u")
    shown = scan_report.show(clinic.services.reading_reports, clinic.person(Role.HEAD), scan.id, named=False)
    assert shown[parts.PANEL] is True


def test_who_may_not_know_the_patient_is_not_offered_to_name_it(clinic: Clinic, scan_id: str) -> None:
    clinician, head = clinic.person(Role.CLINICIAN), clinic.person(Role.HEAD)
    for user in (clinician, head, clinician):  # whoever opened a page before
        frame = scan_page.layout(user, scan_id)
        assert frame[parts.NAMED_ROW].hidden is (user is head)
