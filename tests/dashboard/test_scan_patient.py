"""Another patient, and withdrawing, on the page of a scan, in its state and in the API."""

from __future__ import annotations

import pytest
from flask import Flask

from dashboard.components import scan_patient as parts
from dashboard.pages import patient, scan, scan_patient
from data.errors import InvalidInput, WithdrawnScan
from data.records import Role, WorklistQuery
from tests.dashboard.clinic import Clinic


def test_the_page_gives_a_film_to_a_patient_who_is_here(clinic: Clinic) -> None:
    reviewing, clinician = clinic.services.reviewing, clinic.person(Role.CLINICIAN)
    volume, film = clinic.add_volume("u"), clinic.add_film("u")
    shown = scan_patient.search(reviewing.scan_patients, clinician, "lovelace 1815")
    ((choice,), nobody) = shown[parts.CHOICE]["options"], shown[parts.NOBODY]
    assert "Ada Lovelace · MRN-1815 · born 1815-12-10" in choice["label"] and nobody == ""
    assert "Nobody" in scan_patient.search(reviewing.scan_patients, clinician, "xyz")[parts.NOBODY]
    with pytest.raises(InvalidInput, match="Choose"):
        scan_patient.give(reviewing.scan_patients, clinician, film.id, None)
    before = scan.show(reviewing, clinician, film.id)[scan.SEEN]
    said = scan_patient.give(reviewing.scan_patients, clinician, film.id, choice["value"])
    assert choice["value"] in said[parts.SAID]
    after = scan.show(reviewing, clinician, film.id)
    assert "Ada Lovelace" in str(after[scan.TITLE]) and after[scan.SEEN] != before
    page = patient.show(reviewing.patients, clinician, volume.patient_id)
    assert f"/scans/{film.id}" in str(page)


def test_the_page_of_a_withdrawn_scan_says_who_and_why(clinic: Clinic) -> None:
    reviewing, clinician = clinic.services.reviewing, clinic.person(Role.CLINICIAN)
    shown = clinic.add_volume("u")
    assert scan_patient.withdrawn(reviewing, clinician, shown.id) is None
    reviewing.withdrawals.withdraw(shown.id, "sent twice", clinician)
    with pytest.raises(WithdrawnScan):
        scan.show(reviewing, clinician, shown.id)
    for role, restores in ((Role.CLINICIAN, True), (Role.HEAD, False), (Role.MLOPS, True)):
        viewer = clinician if role is Role.CLINICIAN else clinic.person(role)
        said = str(scan_patient.withdrawn(reviewing, viewer, shown.id))
        assert "sent twice" in said and clinician.display_name in said
        assert ("Restore" in said) is restores
        assert ("Lovelace" in said) is (role is Role.CLINICIAN)
        assert reviewing.worklist.page(WorklistQuery(), viewer).total == 0
    reviewing.withdrawals.restore(shown.id, clinician)
    assert reviewing.worklist.page(WorklistQuery(), clinician).total == 1
    assert scan.show(reviewing, clinician, shown.id)[scan.SEEN]["scan"] == shown.id


def test_an_open_page_and_the_api_see_it(server: Flask, clinic: Clinic, sign_in) -> None:
    client = sign_in()
    (clinician,) = [user for user in clinic.accounts.all() if user.role is Role.CLINICIAN]
    bearer = {"Authorization": f"Bearer {clinic.token(clinician)}"}
    shown = clinic.add_volume("u")
    clinic.read_volume(shown)
    open_page = client.get(f"/scans/{shown.id}/state").json
    clinic.services.reviewing.withdrawals.withdraw(shown.id, "wrong", clinician)
    assert client.get(f"/scans/{shown.id}/state").json["version"] != open_page["version"]
    for address in (f"/api/v1/scans/{shown.id}", f"/api/v1/scans/{shown.id}/mask"):
        answer = server.test_client().get(address, headers=bearer)
        assert (answer.status_code, answer.json["error"]["message"]) == (404, "This scan was withdrawn.")
    patient_answer = server.test_client().get(f"/api/v1/patients/{shown.patient_id}", headers=bearer)
    assert patient_answer.json["studies"] == []
    assert clinic.services.cohort.numbers.cohort({}, None).scans.n == 0
