"""Statistics by the API and as files: the same numbers, for those who may have them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask

from dashboard.api.document import document as api_document
from dashboard.api.routes import OPERATIONS
from data.records import NOTICE, Identity, Role
from data.stores.audit import AuditLog
from services.cohort.exports import MIME
from tests.dashboard.clinic import Clinic
from tests.reports.test_tables import from_csv

Header = Callable[..., dict[str, str]]


@pytest.fixture
def clinic(clinic: Clinic) -> Clinic:
    """Six volumes of six people, of which four were read; and two films."""
    for number in range(6):
        scan = clinic.add_volume("u", Identity(f"Name {number}", f"MRN-{number}"))
        if number < 4:
            clinic.read_volume(scan)
    clinic.add_film("u")
    clinic.add_film("u")
    return clinic


@pytest.fixture
def bearer(clinic: Clinic) -> Header:
    def header(role: Role = Role.CLINICIAN) -> dict[str, str]:
        return {"Authorization": f"Bearer {clinic.token(clinic.person(role))}"}

    return header


def counted(numbers: list[dict], section: str, name: str, quantity: str = "scans") -> dict:
    return next(
        number
        for number in numbers
        if (number["section"], number["name"], number["quantity"]) == (section, name, quantity)
    )


@pytest.mark.parametrize("said", ["", "?audience=inside"])
def test_who_may_see_scans_is_told_every_number(server: Flask, bearer: Header, said: str) -> None:
    answer = server.test_client().get(f"/api/v1/cohort{said}", headers=bearer())
    assert answer.status_code == 200
    assert answer.json["filters"] == {"synthetic": ["no"]}
    assert answer.json["notice"] == NOTICE
    assert counted(answer.json["numbers"], "summary", "all")["value"] == 8
    assert counted(answer.json["numbers"], "task", "pneumonia")["n"] == 2


def test_filters_stand_in_the_address_as_on_the_page(server: Flask, bearer: Header) -> None:
    client, header = server.test_client(), bearer()
    tumours = client.get("/api/v1/cohort?task=brain-tumour&sex=F&from=2000-01-01", headers=header).json
    said = {"from": ["2000-01-01"], "task": ["brain-tumour"], "sex": ["F"]}
    assert tumours["filters"] == said | {"synthetic": ["no"]}
    assert counted(tumours["numbers"], "summary", "all")["n"] == 6
    both = client.get("/api/v1/cohort?task=brain-tumour&task=pneumonia", headers=header).json
    assert counted(both["numbers"], "summary", "all")["n"] == 8


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.HEAD, Role.MLOPS])
def test_what_is_handed_on_has_no_small_numbers(server: Flask, bearer: Header, role: Role) -> None:
    answer = server.test_client().get("/api/v1/cohort?audience=outside", headers=bearer(role)).json
    assert answer["small_numbers_hidden"] is True
    assert counted(answer["numbers"], "task", "pneumonia")["note"] == "fewer than 5"
    assert counted(answer["numbers"], "task", "brain-tumour")["note"] == "withheld"
    assert not [number for number in answer["numbers"] if number["n"] and number["n"] < 5]


@pytest.mark.parametrize(
    "query", ["colour=red", "from=yesterday", "to=2026-02-30", "site=A&colour=red", "to=9999-12-31&from=x"]
)
def test_a_filter_that_does_not_exist_is_400(server: Flask, bearer: Header, query: str) -> None:
    client, header = server.test_client(), bearer()
    for asked in (f"cohort?{query}", f"cohort/compare?{query}&vs=", f"cohort/compare?vs={quote(query)}"):
        answer = client.get(f"/api/v1/{asked}", headers=header)
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid"), asked


def test_two_cohorts_side_by_side(server: Flask, bearer: Header) -> None:
    client, header = server.test_client(), bearer()
    second = quote("task=pneumonia")
    compared = client.get(f"/api/v1/cohort/compare?task=brain-tumour&vs={second}", headers=header).json
    real = {"synthetic": ["no"]}
    assert compared["first"] == {"task": ["brain-tumour"]} | real
    assert compared["second"] == {"task": ["pneumonia"]} | real
    ages = next(difference for difference in compared["differences"] if difference["name"] == "age_years")
    assert (ages["n"], ages["values"]) == ([6, 2], [47.0, 44.0])
    everything = client.get("/api/v1/cohort/compare?task=brain-tumour&vs=", headers=header).json
    assert everything["second"] == real
    missing = client.get("/api/v1/cohort/compare?task=brain-tumour", headers=header)
    assert (missing.status_code, missing.json["error"]["code"]) == (400, "invalid")


def test_statistics_are_not_for_administrators_nor_strangers(server: Flask, bearer: Header, sign_in) -> None:
    client, header = server.test_client(), bearer(Role.ADMIN)
    for address in ("/api/v1/cohort", "/api/v1/cohort/compare?vs="):
        assert client.get(address, headers=header).status_code == 403
        assert client.get(address).status_code == 401
    assert client.get("/exports/cohort.csv").status_code == 401
    assert sign_in(Role.ADMIN, name="root").get("/exports/cohort.csv").status_code == 403


def test_a_token_does_not_open_the_page_s_files(server: Flask, bearer: Header) -> None:
    assert server.test_client().get("/exports/cohort.csv", headers=bearer()).status_code == 401


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "json"])
def test_files_are_sent_as_attachments(clinic: Clinic, sign_in, kind: str) -> None:
    answer = sign_in(Role.CLINICIAN).get(f"/exports/cohort.{kind}?task=pneumonia")
    assert answer.status_code == 200
    assert answer.mimetype == MIME[kind].partition(";")[0]
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=lightbox-cohort-")
    assert answer.headers["Cache-Control"] == "no-store"
    (event,) = AuditLog(clinic.database).recent(1)
    assert (event.action, event.subject, event.detail) == (
        "cohort.export",
        kind,
        "task=pneumonia&synthetic=no",
    )


def test_a_file_holds_what_the_address_selects(sign_in) -> None:
    rows = from_csv(
        sign_in(Role.CLINICIAN).get("/exports/cohort.csv?audience=inside&task=pneumonia&vs=sex%3DF").data
    )
    assert counted(rows, "summary", "all")["value"] == "2"


def test_a_head_s_file_has_no_small_numbers(sign_in) -> None:
    rows = from_csv(sign_in(Role.HEAD).get("/exports/cohort.csv").data)
    assert counted(rows, "task", "pneumonia")["note"] == "fewer than 5"
    assert counted(rows, "task", "pneumonia")["n"] == ""


def test_wrong_kinds_and_filters_of_files_are_refused(sign_in) -> None:
    client = sign_in(Role.CLINICIAN)
    assert client.get("/exports/cohort.exe").status_code == 404
    assert client.get("/exports/cohort.csv?colour=red").status_code == 400


def test_the_manual_names_the_addresses_and_every_field() -> None:
    manual = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
    document = api_document(OPERATIONS)
    for path in document["paths"]:
        assert path in manual, path
    for field in document["components"]["schemas"]["Number"]["properties"]:
        assert f"`{field}`" in manual, field
    for kind in MIME:
        assert f".{kind}`" in manual, kind
    for parameter in document["paths"]["/api/v1/cohort"]["get"]["parameters"]:
        assert f"`{parameter['name']}`" in manual, parameter
