"""Results for other systems, by the page and by the API."""

from __future__ import annotations

import pytest

from dashboard.api.models_exports import ExportQuery
from dashboard.components import scan_export as parts
from dashboard.pages import scan_export
from data.records import Role
from services.exporting.forms import Form
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import SignIn
from tests.dicom_files import opened
from tests.services.exporting.test_exports import read_series


@pytest.fixture
def scan_id(clinic: Clinic) -> str:
    return read_series(clinic).id


def test_the_page_and_the_api_give_the_same_file(sign_in: SignIn, scan_id: str) -> None:
    client = sign_in()
    page = client.get(f"/scans/{scan_id}/export/seg")
    api = client.get(f"/api/v1/scans/{scan_id}/export?form=seg")
    assert page.status_code == api.status_code == 200
    assert page.mimetype == api.mimetype == "application/dicom" and page.data == api.data
    assert page.headers["Cache-Control"] == "no-store"
    assert ".dcm" in page.headers["Content-Disposition"]


def test_what_is_asked_in_the_query_is_what_is_given(sign_in: SignIn, scan_id: str) -> None:
    client = sign_in()
    labelmap = client.get(f"/api/v1/scans/{scan_id}/export?form=seg&labelmap=true&layer=ai").data
    assert opened(labelmap).SegmentationType == "LABELMAP"
    assert client.get(f"/scans/{scan_id}/export/seg?labelmap=yes&layer=ai").data == labelmap


@pytest.mark.parametrize(
    ("form", "mime"),
    [("fhir-r4", "application/fhir+json"), ("hl7", "application/hl7-v2"), ("text", "text/plain")],
)
def test_plain_systems_get_their_forms_by_both_addresses(
    sign_in: SignIn, scan_id: str, form: str, mime: str
) -> None:
    client = sign_in()
    plain = client.get(f"/scans/{scan_id}/export/{form}")
    assert plain.status_code == 200 and plain.mimetype == mime
    assert client.get(f"/api/v1/scans/{scan_id}/export?form={form}").data == plain.data
    with_pdf = client.get(f"/scans/{scan_id}/export/{form}?pdf=yes")
    assert client.get(f"/api/v1/scans/{scan_id}/export?form={form}&pdf=true").data == with_pdf.data
    assert (len(with_pdf.data) > len(plain.data) + 10_000) is (form != "text")


def test_the_patient_is_named_only_when_it_is_asked_for(sign_in: SignIn, scan_id: str) -> None:
    for role, told in ((Role.CLINICIAN, True), (Role.MLOPS, False)):
        client = sign_in(role)
        for plain, named in (
            (f"/scans/{scan_id}/export/seg", "?identity=yes"),
            (f"/api/v1/scans/{scan_id}/export?form=seg", "&identity=true"),
        ):
            assert b"Doe" not in client.get(plain).data
            assert (b"Doe" in client.get(plain + named).data) is told


def test_what_is_not_there_is_said(clinic: Clinic, sign_in: SignIn, scan_id: str) -> None:
    client, nifti = sign_in(), clinic.add_volume("u")
    clinic.read_volume(nifti)
    answer = client.get(f"/api/v1/scans/{nifti.id}/export?form=seg")
    assert answer.status_code == 404 and "did not come as DICOM" in answer.json["error"]["message"]
    assert client.get(f"/scans/{scan_id}/export/docx").status_code == 400
    assert client.get(f"/api/v1/scans/{scan_id}/export").status_code == 400
    assert client.get(f"/api/v1/scans/{scan_id}/export?form=seg&layer=nobody").status_code == 400


def test_the_document_names_every_form() -> None:
    schema = ExportQuery.model_json_schema()["properties"]["form"]
    offered = set(Form) - {Form.SYNC}  # only the central house of an edge takes that
    assert set(schema.get("enum", [schema.get("const")])) == offered


def test_the_panel_links_what_can_be_had(clinic: Clinic, scan_id: str) -> None:
    clinician, exports = clinic.person(Role.CLINICIAN), clinic.services.exports
    shown = scan_export.show(exports, clinician, scan_id, named=True)
    assert shown[parts.PANEL] is False
    assert [link.href for link in shown[parts.LINKS]][0] == f"/scans/{scan_id}/export/seg?identity=yes"
    assert shown[parts.FINDINGS] == exports.findings(scan_id, clinician) != ""
    with_pdf = scan_export.show(exports, clinician, scan_id, named=False, with_pdf=True)[parts.LINKS]
    assert [link.href.rpartition("?")[2] for link in with_pdf if "pdf=yes" in link.href] == ["pdf=yes"] * 3
    unread = clinic.add_volume("u")
    assert scan_export.show(exports, clinician, unread.id, named=False)[parts.PANEL] is True
