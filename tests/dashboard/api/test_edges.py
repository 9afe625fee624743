"""What edges ask and send, at their addresses; the fixture holds every answer against the document."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from data.records import Role, TokenScope
from data.version import VERSION
from tests.dashboard.api.test_document import brought_from_edge, of_other_pixels
from tests.dashboard.clinic import Clinic
from tests.services.exporting.test_exports import read_series

HOUSE, SCANS = "/api/v1/edge", "/api/v1/edge/scans"


def test_who_asks_is_told_by_which_name_it_goes_here(clinic: Clinic, server: Flask, bearer: Any) -> None:
    told = server.test_client().get(HOUSE, headers=bearer(Role.CLINICIAN)).json
    assert told == {"edge": "Dr Clinician", "version": VERSION}


def test_what_is_here_of_a_scan_is_told_by_its_content(clinic: Clinic, server: Flask, bearer: Any) -> None:
    scan, client, header = read_series(clinic), server.test_client(), bearer(Role.CLINICIAN)
    (result,) = clinic.results.of_scan(scan.id)
    known = client.get(f"{SCANS}/{scan.content_sha256}", headers=header).json
    assert known == {"known": True, "results": [result.id], "reviews": []}
    assert client.get(f"{SCANS}/{'0' * 64}", headers=header).json == {
        "known": False,
        "results": [],
        "reviews": [],
    }


def test_packages_are_taken_and_refused_with_a_sentence(clinic: Clinic, server: Flask, bearer: Any) -> None:
    package, client, header = brought_from_edge(clinic), server.test_client(), bearer(Role.CLINICIAN)

    def sent(data: bytes) -> tuple[int, Any]:
        answer = client.post(SCANS, data=data, headers=header)
        return answer.status_code, answer.json

    assert sent(package) == (200, {"new": False, "results": 0, "reviews": 0, "note": None})
    for wrong, status, words in (
        (package[:-1], 400, "no whole scan package"),
        (b"", 400, "no whole scan package"),
        (of_other_pixels(package), 422, "decoded in another way"),
        (bytes((80 << 20) + 1), 413, "The limit is"),
    ):
        got, told = sent(wrong)
        assert got == status and words in told["error"]["message"], told


@pytest.mark.parametrize("role", [Role.HEAD, Role.MLOPS, Role.ADMIN])
def test_others_are_refused(clinic: Clinic, server: Flask, bearer: Any, role: Role) -> None:
    client, header = server.test_client(), bearer(role)
    assert client.get(HOUSE, headers=header).status_code == 403
    assert client.get(f"{SCANS}/{'0' * 64}", headers=header).status_code == 403
    assert client.post(SCANS, data=b"x", headers=header).status_code == 403
    assert client.get(HOUSE).status_code == 401


def test_a_token_for_syncing_does_nothing_else(clinic: Clinic, server: Flask) -> None:
    user = clinic.person(Role.CLINICIAN)
    scan, client = read_series(clinic), server.test_client()
    _, secret = clinic.accounts.create_token(user.id, "sync", {TokenScope.SYNC})
    header = {"Authorization": f"Bearer {secret}"}
    assert client.get(HOUSE, headers=header).status_code == 200
    assert client.get(f"/api/v1/scans/{scan.id}", headers=header).status_code in (403, 404)
    assert client.get("/api/v1/scans", headers=header).status_code == 403
    assert client.post("/api/v1/scans?name=a.nii", data=b"x", headers=header).status_code == 403
