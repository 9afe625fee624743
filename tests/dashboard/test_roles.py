"""What a role may not see does not exist for it."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from data.records import NOTICE, Role
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import callback

SCAN_PAGES = ["/worklist", "/scans/{id}"]


def _rows(client):
    request = {"startRow": 0, "endRow": 50, "sortModel": [], "filterModel": {}}
    inputs = [{"id": "worklist-grid", "property": "getRowsRequest", "value": request}]
    state = [{"id": "location", "property": "search", "value": ""}]
    return callback(
        client, "worklist-grid.getRowsResponse", inputs, changed="worklist-grid.getRowsRequest", state=state
    )


def _scan_panels(client, scan_id: str):
    inputs = [
        {"id": "scan-id", "property": "data", "value": scan_id},
        {"id": "scan-refresh", "property": "data", "value": None},
    ]
    state = [
        {"id": "location", "property": "search", "value": ""},
        {"id": "scan-counts", "property": "children", "value": None},
    ]
    return callback(client, "scan-title.children", inputs, changed="scan-id.data", state=state)


def _review_panel(client, scan_id: str):
    return _scan_panels(client, scan_id).json["response"]


@pytest.mark.parametrize("role", [Role.HEAD, Role.MLOPS])
def test_only_clinicians_see_who_a_patient_is(clinic: Clinic, sign_in, role: Role) -> None:
    clinician, other = sign_in(), sign_in(role)
    scan = clinic.add_volume(clinic.accounts.all()[0].id)
    clinic.read_volume(scan)
    assert "Ada Lovelace" in _rows(clinician).text
    assert "Ada Lovelace" in _scan_panels(clinician, scan.id).text
    for seen in (_rows(other).text, _scan_panels(other, scan.id).text):
        for secret in ("Ada", "Lovelace", "MRN-1815", "1815-12-10"):
            assert secret not in seen
        assert "P-" in seen


def test_only_clinicians_have_review_controls(clinic: Clinic, sign_in) -> None:
    clinician, head = sign_in(), sign_in(Role.HEAD)
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    assert _review_panel(clinician, scan.id)["scan-review"]["hidden"] is False
    assert _review_panel(head, scan.id)["scan-review"]["hidden"] is True


def test_administrators_see_no_scans(clinic: Clinic, sign_in) -> None:
    client = sign_in(Role.ADMIN)
    scan = clinic.add_volume("u")
    for address in SCAN_PAGES:
        assert client.get(address.format(id=scan.id)).status_code == 404
    for address in ("state", "slice/0.png", "thumbnail.png", "download/mask"):
        assert client.get(f"/scans/{scan.id}/{address}").status_code == 404
    assert client.get("/changes").status_code == 404
    assert client.get("/uploads").status_code == 403
    refused = _rows(client)
    assert "getRowsResponse" not in refused.text
    assert "Your role does not permit this: only clinicians, department heads and MLOps staff" in refused.text


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.HEAD, Role.MLOPS])
def test_only_administrators_have_the_people_page(clinic: Clinic, sign_in, role: Role) -> None:
    client = sign_in(role)
    assert client.get("/admin").status_code == 404
    refused = callback(
        client, "admin-people.children", [{"id": "admin-people", "property": "id", "value": "admin-people"}]
    )
    assert "does not permit" in refused.text
    assert "Sign" not in refused.text


def test_each_role_lands_on_its_page(sign_in) -> None:
    landings = {
        Role.CLINICIAN: "/worklist",
        Role.HEAD: "/worklist",
        Role.MLOPS: "/worklist",
        Role.ADMIN: "/admin",
    }
    for role, page in landings.items():
        assert sign_in(role).get("/").location == page


def test_a_head_may_look_but_not_send(clinic: Clinic, sign_in) -> None:
    client = sign_in(Role.HEAD)
    headers = client.csrf | {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    assert client.post("/uploads", headers=headers).status_code == 403
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    assert client.get(f"/scans/{scan.id}/slice/3.png").status_code == 200
    assert client.post(f"/scans/{scan.id}/correction", headers=client.csrf).status_code == 403


def test_an_unknown_page_is_404_inside_the_frame(sign_in) -> None:
    client = sign_in()
    for address in ("/nothing", "/scans", "/scans/a/b", "/worklist/x"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "react-entry-point" in answer.text


def test_the_notice_is_in_every_frame(sign_in) -> None:
    assert NOTICE in json.dumps(sign_in().get("/_dash-layout").json, ensure_ascii=False)


def test_no_page_asks_anybody_else(server: Flask, sign_in) -> None:
    client = sign_in()
    page = client.get("/worklist").text
    tags = [line for line in page.splitlines() if "src=" in line or "<link" in line]
    assert tags
    assert not any("//" in line.replace("/_dash-component-suites", "") for line in tags)
