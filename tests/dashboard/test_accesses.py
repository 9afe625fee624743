"""What the audit trail is told of requests: looks, refusals, and where they came from."""

from __future__ import annotations

from flask import Flask, g

from dashboard.pages import patient as patient_page
from dashboard.pages import worklist as worklist_page
from dashboard.shell import show_page
from data.records import AuditEvent, AuditOutcome, AuditVia, Role
from services.addresses import AuditAddress
from tests.dashboard.clinic import ADA, Clinic
from tests.dashboard.conftest import SignIn

LOOKS = ("scan.view", "scan.read", "scan.download", "patient.view", "patient.search")
REFUSALS = ("access.refused", "token refused")


def events(clinic: Clinic, *actions: str) -> list[AuditEvent]:
    """What the trail holds of these actions, the oldest first."""
    head = clinic.person(Role.HEAD, "who-audits")
    page = clinic.services.auditing.trail.page(AuditAddress(views="shown"), head)
    return [event for event in reversed(page.events) if event.action in actions]


def test_pictures_of_a_scan_are_one_look_with_role_address_and_patient(
    clinic: Clinic, sign_in: SignIn
) -> None:
    scan, client = clinic.add_volume("u"), sign_in()
    for path in ("volume", "slice/0.png", "volume", "thumbnail.png"):
        assert client.get(f"/scans/{scan.id}/{path}").status_code == 200
    (event,) = events(clinic, *LOOKS)
    assert (event.action, event.subject, event.patient) == ("scan.view", scan.id, scan.patient_id)
    assert (event.origin.via, event.origin.address) == (AuditVia.BROWSER, "127.0.0.1")
    assert event.role == "clinician"


def test_thumbnails_of_lists_are_no_look(clinic: Clinic, sign_in: SignIn) -> None:
    scan = clinic.add_volume("u")
    assert sign_in().get(f"/scans/{scan.id}/thumbnail.png").status_code == 200
    assert events(clinic, *LOOKS) == []


def test_reading_by_the_api_is_told_with_its_way(clinic: Clinic, server: Flask) -> None:
    scan, user = clinic.add_volume("u"), clinic.person(Role.CLINICIAN)
    token = {"Authorization": f"Bearer {clinic.token(user)}"}
    client = server.test_client()
    assert client.get(f"/api/v1/scans/{scan.id}", headers=token).status_code == 200
    assert client.get(f"/api/v1/patients/{scan.patient_id}", headers=token).status_code == 200
    assert client.get("/api/v1/scans/none", headers=token).status_code == 404
    read, patient = events(clinic, *LOOKS)
    assert (read.action, read.subject, read.origin.via) == ("scan.read", scan.id, AuditVia.TOKEN)
    assert (patient.action, patient.patient) == ("patient.view", scan.patient_id)


def test_what_a_role_may_not_is_a_refusal_also_where_it_is_said_not_to_exist(
    clinic: Clinic, sign_in: SignIn
) -> None:
    scan = clinic.add_volume("u")
    assert sign_in().get("/exports/audit.csv").status_code == 403
    assert sign_in(Role.ADMIN).get(f"/scans/{scan.id}/volume").status_code == 404
    assert sign_in(Role.ADMIN).get("/scans/none/nothing").status_code == 404  # there is no such address
    file, hidden = events(clinic, *REFUSALS)
    assert (file.subject, file.outcome, file.role) == (
        "/exports/audit.csv",
        AuditOutcome.REFUSED,
        "clinician",
    )
    assert "only department heads and administrators may" in file.detail
    assert (hidden.subject, hidden.patient, hidden.role) == (scan.id, scan.patient_id, "admin")


def test_a_token_that_is_not_known_is_a_refusal_of_an_address(clinic: Clinic, server: Flask) -> None:
    for _ in range(3):
        client = server.test_client()
        answer = client.get("/api/v1/cohort", headers={"Authorization": "Bearer lb_guessed"})
        assert answer.status_code == 401
    (event,) = events(clinic, *REFUSALS)
    assert (event.action, event.user_id, event.origin.address) == ("token refused", None, "127.0.0.1")


def test_a_page_that_a_role_does_not_have_is_a_refusal_and_an_unknown_one_is_none(
    clinic: Clinic, server: Flask
) -> None:
    user = clinic.person(Role.CLINICIAN)
    with server.test_request_context("/_dash-update-component", method="POST"):
        g.person, g.accesses = user, clinic.services.auditing.accesses
        show_page("/audit", user)
        show_page("/nowhere", user)
    (event,) = events(clinic, *REFUSALS)
    assert (event.action, event.user_id) == ("access.refused", user.id)


def test_a_patient_and_a_search_are_told_by_pseudonym_never_by_what_was_typed(
    clinic: Clinic, server: Flask
) -> None:
    scan, user = clinic.add_volume("u"), clinic.person(Role.CLINICIAN)
    reviewing = clinic.services.reviewing
    patient = clinic.services.reviewing.scan_views.scan(scan.id, user).patient
    with server.test_request_context("/"):
        g.person, g.accesses = user, clinic.services.auditing.accesses
        patient_page.show(reviewing.patients, user, patient.pseudonym)
        sealed = reviewing.words.sealed("lovelace", user)
        worklist_page.rows(reviewing, user, {}, f"?words={sealed}")
    looked, searched = both = events(clinic, *LOOKS)
    assert (looked.action, looked.patient) == ("patient.view", scan.patient_id)
    assert (searched.action, searched.detail) == ("patient.search", f"1 found: {patient.pseudonym}")
    told = str(both)
    assert str(ADA.name) not in told and "lovelace" not in told


def test_looks_are_hidden_until_asked_for_and_all_of_a_patient_is_one_question(
    clinic: Clinic, sign_in: SignIn
) -> None:
    scan, other = clinic.add_volume("u"), clinic.add_volume("u")
    client, head = sign_in(), clinic.person(Role.HEAD)
    for each in (scan, other):
        assert client.get(f"/scans/{each.id}/volume").status_code == 200
    clinic.services.reviewing.triage.take([scan.id], clinic.person(Role.CLINICIAN, "dr-take"))
    trail = clinic.services.auditing.trail
    pseudonym = trail.pseudonyms(events(clinic, "scan.take"), head)[scan.patient_id]
    shown = AuditAddress(patient=pseudonym, views="shown")
    of_patient = [event.action for event in trail.page(shown, head).events]
    assert of_patient.count("scan.take") == 1 and "scan.view" in of_patient
    acts = [event.action for event in trail.page(AuditAddress(patient=pseudonym), head).events]
    assert acts == ["scan.take"]
    looks = [event.action for event in trail.page(AuditAddress(kind="views"), head).events]
    assert set(looks) == {"scan.view"} and len(looks) == 2
    refused = trail.page(AuditAddress(outcome="refused"), head).events
    assert {event.outcome for event in refused} <= {AuditOutcome.REFUSED}
