"""Reports on their page and for programs."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import pytest

from dashboard.components import reports as parts
from dashboard.pages.reports import ask_of
from data.errors import InvalidInput
from data.records import Report, ReportKind, ReportState, Role
from services.addresses import ReportsAddress
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import callback

LIST = f"{parts.LIST}.children"
SEEN = [{"id": parts.SEEN, "property": "data", "value": None}]


def shown(client: Any) -> str:
    tick = [{"id": parts.TICK, "property": "n_intervals", "value": 1}]
    return str(callback(client, LIST, tick, changed=f"{parts.TICK}.n_intervals", state=SEEN).json)


def make(client: Any, kind: str | None, **given: str) -> Any:
    (output,) = (
        dependency["output"]
        for dependency in client.get("/_dash-dependencies").json
        if any(given["id"] == parts.MAKE for given in dependency["inputs"])
    )
    values = [kind, *(given.get(name) for name in parts.WORDS)]
    state = [
        {"id": name, "property": "value", "value": value}
        for name, value in zip([parts.KIND, *parts.INPUTS.values()], values, strict=True)
    ]
    clicked = [{"id": parts.MAKE, "property": "n_clicks", "value": 1}]
    return callback(client, output, clicked, changed=f"{parts.MAKE}.n_clicks", state=state)


def made(clinic: Clinic) -> Report:
    clinic.jobs.start()
    for _ in range(600):
        (report,) = clinic.services.reporting.recent()
        if report.state is not ReportState.WAITING:
            return report
        time.sleep(0.05)
    raise AssertionError("the report was never made")


def test_a_head_has_a_report_made_and_fetches_it(clinic: Clinic, sign_in) -> None:
    client = sign_in(Role.HEAD)
    assert "No report was made yet." in shown(client)
    assert "is being made" in make(client, "cohort").text
    assert "being made" in shown(client)
    report = made(clinic)
    table = shown(client)
    assert "ready" in table
    assert f"/reports/{report.id}/report.pdf" in table
    sent = client.get(f"/reports/{report.id}/report.pdf")
    assert sent.status_code == 200
    assert sent.data.startswith(b"%PDF")
    assert report.files is not None
    assert hashlib.sha256(sent.data).hexdigest() == report.files["pdf"]
    assert "attachment" in sent.headers["Content-Disposition"]


def test_what_is_missing_is_said(clinic: Clinic, sign_in) -> None:
    client = sign_in(Role.HEAD)
    assert "Choose what the report is about first." in make(client, None).text
    assert not clinic.services.reporting.recent()


@pytest.mark.parametrize(
    ("kind", "given", "missing"),
    [
        (ReportKind.GOVERNANCE, {"from": "2026-01-01"}, "the last day"),
        (ReportKind.DRIFT, {}, "a drift run"),
        (ReportKind.PERFORMANCE, {"month": "2026-01"}, "a task"),
    ],
)
def test_each_kind_names_what_it_needs(kind: ReportKind, given: dict[str, str], missing: str) -> None:
    with pytest.raises(InvalidInput, match=missing):
        ask_of(kind, given)


def test_a_kind_shows_only_its_own_fields() -> None:
    assert set(parts.shown_fields(None).values()) == {"lb-hidden"}
    shown = {name for name, look in parts.shown_fields("governance").items() if not look}
    assert shown == {parts.field_id("from"), parts.field_id("to")}


def test_a_program_does_the_same(clinic: Clinic, server) -> None:
    client = server.test_client()
    head = clinic.person(Role.HEAD)
    bearer = {"Authorization": f"Bearer {clinic.token(head)}"}
    asked = client.post("/api/v1/reports", json={"kind": "cohort", "filters": ""}, headers=bearer)
    assert asked.status_code == 202
    report = made(clinic)
    told = client.get(f"/api/v1/reports/{report.id}", headers=bearer).json
    assert told["state"] == "made"
    content = client.get(f"/api/v1/reports/{report.id}/json", headers=bearer)
    assert hashlib.sha256(content.data).hexdigest() == told["files"]["json"]
    assert client.get("/api/v1/reports", headers=bearer).json["reports"][0]["id"] == report.id
    assert client.delete(f"/api/v1/reports/{report.id}", headers=bearer).status_code == 204
    assert client.get(f"/api/v1/reports/{report.id}", headers=bearer).status_code == 404


@pytest.mark.parametrize("body", [[], {"kind": "cohort", "filters": 3}, {"kind": "nothing"}, {}])
def test_a_wrong_ask_gets_one_sentence(clinic: Clinic, server, body: Any) -> None:
    client = server.test_client()
    bearer = {"Authorization": f"Bearer {clinic.token(clinic.person(Role.HEAD))}"}
    answer = client.post("/api/v1/reports", json=body, headers=bearer)
    assert answer.status_code == 400
    assert answer.json["error"]["message"].endswith(".")


def test_clinicians_read_and_do_not_delete(clinic: Clinic, sign_in) -> None:
    head = sign_in(Role.HEAD)
    make(head, "cohort")
    report = made(clinic)
    clinician = sign_in(Role.CLINICIAN)
    assert parts.DELETE not in shown(clinician)
    assert clinician.get(f"/reports/{report.id}/report.pdf").status_code == 200
    with pytest.raises(Exception, match="only department heads and MLOps staff may delete reports"):
        clinic.services.reporting.delete(report.id, clinic.person(Role.CLINICIAN, "other"))


def test_another_page_fills_in_the_form() -> None:
    fields = {"task": "brain-tumour", "version": "2", "month": ""}
    link = str(ReportsAddress(ReportKind.PERFORMANCE, fields))
    assert link == "/reports?kind=performance&task=brain-tumour&version=2"
    filled = parts.filled_in(link.partition("?")[2])
    nothing = dict.fromkeys((parts.KIND, *parts.INPUTS.values()))
    assert filled == nothing | {parts.KIND: "performance", parts.TASK: "brain-tumour", parts.VERSION: "2"}
    assert parts.filled_in("?kind=nothing")[parts.KIND] is None
