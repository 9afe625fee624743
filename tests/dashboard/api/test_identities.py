"""One person or two, on the pages and by the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask

from dashboard.components.identities import NOTICE
from dashboard.pages import scan, scan_identity, worklist
from data.errors import InvalidInput, NotAllowed
from data.records import Role, Scan, User, WorklistQuery
from tests.dashboard.clinic import ADA, Clinic

OTHERWISE = date(1815, 10, 12)
ADDRESS = "/api/v1/identity-conflicts"


@pytest.fixture
def pair(clinic: Clinic) -> tuple[Scan, Scan]:
    """Scans of two patients with one number and name."""
    return clinic.add_volume("u"), clinic.add_volume("u", replace(ADA, birth_date=OTHERWISE))


def _panel(clinic: Clinic, role: Role, shown: Scan) -> dict[str, Any]:
    return scan.show(clinic.services.reviewing, clinic.person(role), shown.id)


def _noticed(clinic: Clinic, user: User) -> dict[str, Any]:
    return worklist.conflicts(clinic.services.reviewing.identities, user)


def _conflict(clinic: Clinic) -> str:
    (conflict,) = clinic.services.reviewing.identities.open(clinic.person(Role.CLINICIAN, "lister"))
    return conflict.id


def test_the_page_of_either_scan_shows_both_records(clinic: Clinic, pair: tuple[Scan, Scan]) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    for shown, other in (pair, pair[::-1]):
        page = scan.show(clinic.services.reviewing, clinician, shown.id)
        said = str(page[scan.IDENTITY])
        for text in ("Ada Lovelace", "MRN-1815", "1815-12-10", "1815-10-12", f"/scans/{other.id}"):
            assert text in said
        assert "same name and number" in str(page[scan.RESULT])


@pytest.mark.parametrize("role", [Role.HEAD, Role.MLOPS])
def test_others_are_warned_and_see_no_record(clinic: Clinic, pair: tuple[Scan, Scan], role: Role) -> None:
    page = _panel(clinic, role, pair[0])
    assert page[scan.IDENTITY] == []
    assert "same name and number" in str(page[scan.RESULT])
    assert "Lovelace" not in str(page) and "1815" not in str(page)
    assert _noticed(clinic, clinic.person(role, "again"))[NOTICE] is True
    with pytest.raises(NotAllowed):
        clinic.services.reviewing.identities.two_people(_conflict(clinic), clinic.person(role, "third"))


def test_the_worklist_leads_to_what_is_open(clinic: Clinic) -> None:
    clinician = clinic.person(Role.CLINICIAN)
    clinic.add_volume("u")
    assert _noticed(clinic, clinician)[NOTICE] is True
    second = clinic.add_volume("u", replace(ADA, birth_date=OTHERWISE))
    said = _noticed(clinic, clinician)
    assert said[NOTICE] is False
    assert "1 pair of patients" in said[f"{NOTICE}-summary"]
    assert f"/scans/{second.id}" in str(said[f"{NOTICE}-list"])
    clinic.add_volume("u", replace(ADA, birth_date=date(1900, 1, 1)))
    assert "3 pairs of patients" in _noticed(clinic, clinician)[f"{NOTICE}-summary"]


def test_a_merge_on_the_page(clinic: Clinic, pair: tuple[Scan, Scan]) -> None:
    clinician, reviewing = clinic.person(Role.CLINICIAN), clinic.services.reviewing
    before = scan.show(reviewing, clinician, pair[0].id)[scan.SEEN]
    button = {"conflict": _conflict(clinic), "verb": "same"}
    with pytest.raises(InvalidInput, match="date of birth"):
        scan_identity.settle(reviewing.identities, clinician, button, None, None)
    scan_identity.settle(reviewing.identities, clinician, button, "1815-10-12", None)
    for member in pair:
        page = scan.show(reviewing, clinician, member.id)
        assert page[scan.IDENTITY] == []
        assert "same name and number" not in str(page)
        assert "1815-10-12" in str(page[scan.FACTS])
    assert scan.show(reviewing, clinician, pair[0].id)[scan.SEEN] != before  # open pages load anew
    rows = reviewing.worklist.page(WorklistQuery(), clinician).rows
    assert len({row.patient for row in rows}) == 1 and len(rows) == 2
    assert clinic.services.cohort.numbers.cohort({}, None).patients == 1
    head = clinic.person(Role.HEAD)
    assert len({row.patient for row in reviewing.worklist.page(WorklistQuery(), head).rows}) == 1


def test_two_people_on_the_page(clinic: Clinic, pair: tuple[Scan, Scan]) -> None:
    clinician, reviewing = clinic.person(Role.CLINICIAN), clinic.services.reviewing
    button = {"conflict": _conflict(clinic), "verb": "different"}
    scan_identity.settle(reviewing.identities, clinician, button, None, None)
    later = clinic.add_volume("u", replace(ADA, birth_date=OTHERWISE))
    assert later.patient_id == pair[1].patient_id
    for member in (*pair, later):
        page = scan.show(reviewing, clinician, member.id)
        assert page[scan.IDENTITY] == [] and "same name and number" not in str(page)


def test_the_api_lists_and_settles(
    server: Flask, clinic: Clinic, bearer: Any, pair: tuple[Scan, Scan]
) -> None:
    client = server.test_client()
    (conflict,) = client.get(ADDRESS, headers=bearer()).json["conflicts"]
    older, younger = conflict["patients"]
    assert (older["birth_date"], younger["birth_date"]) == ("1815-12-10", "1815-10-12")
    assert (older["name"], older["patient_id"], older["scans"]) == ("Ada Lovelace", "MRN-1815", 1)
    assert older["scan_ids"] == [pair[0].id] and len(older["scan_days"]) == 1
    address, body = f"{ADDRESS}/{conflict['id']}", {"decision": "same", "birth_date": "1815-10-12"}
    for _ in range(2):
        answer = client.post(address, headers=bearer(), json=body)
        assert (answer.status_code, answer.json) == (200, {"id": conflict["id"], "state": "same"})
    assert client.get(ADDRESS, headers=bearer()).json == {"conflicts": []}
    seen = client.get(f"/api/v1/scans/{pair[1].id}", headers=bearer()).json
    assert (seen["patient"]["id"], seen["patient"]["birth_date"]) == (older["id"], "1815-10-12")
    assert seen["warnings"] == []
    other = client.post(address, headers=bearer(), json=body | {"birth_date": "1815-12-10"})
    assert other.status_code == 400 and "already" in other.json["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"decision": "same"},
        {"decision": "perhaps"},
        {"decision": "same", "birth_date": "10.12.1815"},
        {"decision": "same", "birth_date": "1999-01-01"},
        {"decision": "different", "birth_date": "1815-12-10"},
        {},
    ],
)
def test_what_settles_nothing_is_refused(
    server: Flask, clinic: Clinic, bearer: Any, pair: tuple[Scan, Scan], body: dict[str, str]
) -> None:
    client = server.test_client()
    address = f"{ADDRESS}/{_conflict(clinic)}"
    answer = client.post(address, headers=bearer(), json=body)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid")
    assert len(client.get(ADDRESS, headers=bearer()).json["conflicts"]) == 1


@pytest.mark.parametrize("role", [Role.HEAD, Role.MLOPS, Role.ADMIN])
def test_only_clinicians_settle_by_the_api(
    server: Flask, clinic: Clinic, bearer: Any, pair: tuple[Scan, Scan], role: Role
) -> None:
    client = server.test_client()
    assert client.get(ADDRESS, headers=bearer(role)).status_code == 403
    address = f"{ADDRESS}/{_conflict(clinic)}"
    assert client.post(address, headers=bearer(role), json={"decision": "different"}).status_code == 403
    assert len(clinic.services.reviewing.identities.open(clinic.person(Role.CLINICIAN, "looks"))) == 1
