"""A patient's page and its twin in the API, by role."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from dashboard.components.frame import TAB_TITLE
from dashboard.components.patient import CONTENT, IDENTITY
from dashboard.pages import patient, scan
from data.database import now
from data.errors import NotFound
from data.records import Role, Scan
from tests.dashboard.clinic import Clinic

SECRETS = ("Ada", "Lovelace", "MRN-1815", "1815-12-10")


@pytest.fixture
def course(clinic: Clinic) -> list[Scan]:
    """Two examinations of one patient, half a year apart, both read; the older one is the first."""
    scans = [
        clinic.add_volume("u", acquired_at=now() - timedelta(days=days), study_uid=f"1.{days}")
        for days in (180, 0)
    ]
    for taken in scans:
        clinic.read_volume(taken)
    return scans


def test_the_page_shows_identity_charts_and_studies(clinic: Clinic, course: list[Scan]) -> None:
    clinician, reviewing = clinic.person(Role.CLINICIAN), clinic.services.reviewing
    reviewing.reviews.accept(course[0].id, clinician)
    pseudonym = reviewing.scan_views.scan(course[0].id, clinician).patient.pseudonym
    page = patient.show(reviewing.patients, clinician, pseudonym)
    for secret in SECRETS:
        assert secret in str(page[IDENTITY])
        assert secret not in page[TAB_TITLE]
    assert pseudonym in page[TAB_TITLE]
    content = str(page[CONTENT])
    newer, older = content.index(f"/scans/{course[1].id}"), content.index(f"/scans/{course[0].id}")
    assert newer < older
    assert "Accepted" in content and "Tumour found" in content and "Volume over time" in content
    assert "FLAIR, version 2" in content and "FLAIR, reviewed" in content


@pytest.mark.parametrize("role", [Role.HEAD, Role.MLOPS])
def test_others_see_the_pseudonym_alone(clinic: Clinic, course: list[Scan], role: Role) -> None:
    viewer, reviewing = clinic.person(role), clinic.services.reviewing
    page = patient.show(reviewing.patients, viewer, course[0].patient_id)
    assert "P-" in str(page[IDENTITY])
    assert not any(secret in str(page) for secret in SECRETS)


def test_the_tab_of_a_scan_has_no_name(clinic: Clinic, course: list[Scan]) -> None:
    page = scan.show(clinic.services.reviewing, clinic.person(Role.CLINICIAN), course[0].id)
    assert page[TAB_TITLE].startswith("P-") and "Ada" not in page[TAB_TITLE]
    for secret in SECRETS:
        assert secret in str(page[scan.TITLE])
    assert f"/patients/{page[TAB_TITLE].split()[0]}" in str(page[scan.TITLE])


def test_nobody_is_not_found(clinic: Clinic, course: list[Scan]) -> None:
    with pytest.raises(NotFound):
        patient.show(clinic.services.reviewing.patients, clinic.person(Role.CLINICIAN), "P-NOBODY")
    with pytest.raises(NotFound):
        patient.show(clinic.services.reviewing.patients, clinic.person(Role.ADMIN), course[0].patient_id)


def test_the_api_answers_by_role(server: Flask, clinic: Clinic, course: list[Scan]) -> None:
    client = server.test_client()
    answers = {}
    for role in Role:
        token = clinic.token(clinic.person(role))
        headers = {"Authorization": f"Bearer {token}"}
        answers[role] = client.get(f"/api/v1/patients/{course[0].patient_id}", headers=headers)
    known = answers[Role.CLINICIAN].json
    assert known["patient"]["name"] == "Ada Lovelace" and known["patient"]["birth_date"] == "1815-12-10"
    assert [study["uid"] for study in known["studies"]] == ["1.0", "1.180"]
    (taken,) = known["studies"][0]["series"][0]["scans"]
    assert taken["id"] == course[1].id and taken["version"] == "2" and taken["verdict"] is None
    assert taken["volume_ml"] == pytest.approx(6.048) and taken["outcome"] == "found"
    pseudonym = known["patient"]["pseudonym"]
    for role in (Role.HEAD, Role.MLOPS):
        assert answers[role].json["patient"] == {"id": course[0].patient_id, "pseudonym": pseudonym}
        assert not any(secret in answers[role].text for secret in SECRETS)
    assert answers[Role.ADMIN].status_code == 404
