"""The page of the audit trail."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from flask import Flask
from sqlalchemy import text

from dashboard.api.models_audit import AuditTrailQuery
from dashboard.pages import audit as page
from data.audit_triggers import drop_triggers
from data.database import now, writing
from data.records import AuditEvent, AuditVia, Role, Scan, Severity, User
from data.stores.audit import AuditLog
from services.addresses import AuditAddress
from services.auditing import trail
from services.auditing.forms import FORMS
from tests.dashboard.clinic import Clinic


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return clinic.person(Role.CLINICIAN)


@pytest.fixture
def scan(clinic: Clinic, clinician: User) -> Scan:
    scan = clinic.add_volume("u")
    clinic.services.reviewing.triage.take([scan.id], clinician)
    return scan


def shown(clinic: Clinic, user: User, search: str = "") -> str:
    return str(page.show(clinic.services.auditing, user, search))


def test_who_did_what_stands_in_words_and_links_where_it_may(
    clinic: Clinic, clinician: User, scan: Scan
) -> None:
    head = clinic.person(Role.HEAD)
    said = shown(clinic, head, "?kind=scans")
    assert "Scan taken" in said and f"{clinician.display_name} ({clinician.name})" in said
    assert f"href='/scans/{scan.id}'" in said
    for_administrator = shown(clinic, clinic.person(Role.ADMIN), "?kind=scans")
    assert scan.id in for_administrator and "/scans/" not in for_administrator


def test_the_form_says_what_was_asked_for_and_the_file_holds_the_same(clinic: Clinic, scan: Scan) -> None:
    head = clinic.person(Role.HEAD)
    said = shown(clinic, head, f"?kind=scans&subject={scan.id}&since=2020-01-01")
    assert "selected=True, value='scans'" in said and "value='2020-01-01'" in said
    assert f"/exports/audit.csv?kind=scans&subject={scan.id}&since=2020-01-01" in said
    assert "Nothing of this kind was done." in shown(clinic, head, "?subject=none")


def test_older_events_are_a_page_further(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "PAGE_EVENTS", 2)
    head = clinic.person(Role.HEAD)
    for number in range(3):
        AuditLog(clinic.database).record(AuditEvent(now(), None, "report.expire", f"r{number}"))
    first = clinic.services.auditing.trail.page(AuditAddress(subject="", kind="files"), head)
    newest = shown(clinic, head, "?kind=files")
    assert "r2" in newest and "r1" in newest and "r0" not in newest
    older = shown(clinic, head, f"?kind=files&before={first.before}")
    assert "r0" in older and "r1" not in older
    assert "Newest" in older and "Older" not in older


def test_programs_take_the_trail_as_fhir_and_that_is_an_event(
    clinic: Clinic, server: Flask, scan: Scan
) -> None:
    head = clinic.person(Role.HEAD)
    token = {"Authorization": f"Bearer {clinic.token(head)}"}
    client = server.test_client()
    answer = client.get(f"/api/v1/audit?form=fhir-r5.ndjson&subject={scan.id}", headers=token)
    (event,) = [json.loads(line) for line in answer.data.splitlines()]
    assert event["resourceType"] == "AuditEvent" and event["code"]["text"] == "Scan taken"
    bundle = client.get("/api/v1/audit?form=fhir-r4.json&views=false", headers=token).json
    assert bundle is not None and {entry["resource"]["resourceType"] for entry in bundle["entry"]} == {
        "AuditEvent"
    }
    assert client.get("/api/v1/audit?form=word", headers=token).status_code == 400
    assert client.get("/api/v1/audit?outcome=perhaps", headers=token).status_code == 400
    newest = clinic.services.auditing.trail.page(AuditAddress(kind="files"), head).events
    assert {each.action for each in newest} == {"audit.export"} and len(newest) == 2
    assert newest[0].origin.via is AuditVia.TOKEN


def test_the_page_says_whether_the_trail_is_as_it_was_written(clinic: Clinic) -> None:
    head = clinic.person(Role.HEAD)
    assert "has not been checked yet" in shown(clinic, head)
    clinic.services.auditing.watch.check()
    assert "The audit trail is intact: 2 events, 1 to 2. Last checked" in shown(clinic, head)
    with writing(clinic.database) as connection:
        drop_triggers(connection)
        connection.execute(text("UPDATE audit_events SET detail = 'x' WHERE number = 1"))
    clinic.services.auditing.watch.check()
    assert "Event 1 was changed" in shown(clinic, head)
    assert clinic.services.health.ready()["audit"] == "not intact"
    assert b"lightbox_audit_intact 0.0" in clinic.services.health.metrics()
    (alert,) = clinic.services.alerts.unfinished()
    assert alert.cause == "audit-chain" and alert.severity is Severity.CRITICAL


def test_programs_are_offered_every_form_of_the_trail() -> None:
    assert get_args(AuditTrailQuery.model_fields["form"].annotation) == tuple(FORMS)
