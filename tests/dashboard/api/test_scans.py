"""/api/v1/scans, as a script uses it, and who may."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask

from dashboard.build import build_dashboard
from data.records import NOTICE, Doubt, QueuePlace, Role
from tests.dashboard.clinic import Clinic


def test_a_file_is_sent_as_a_form(server: Flask, bearer) -> None:
    form = {"file": (io.BytesIO(b"scan"), "brain.nii")}
    answer = server.test_client().post("/api/v1/scans", data=form, headers=bearer())
    assert answer.status_code == 201
    assert answer.json["scans"][0]["status"] == "waiting"
    assert answer.json["refusals"] == []


def test_a_file_is_sent_as_a_body(server: Flask, bearer) -> None:
    answer = server.test_client().post("/api/v1/scans?name=brain.nii", data=b"scan", headers=bearer())
    assert answer.status_code == 201


@pytest.mark.parametrize(("waiting", "status"), [(499, 201), (500, 503)])
def test_a_program_is_told_when_to_come_back_while_too_many_scans_wait(
    server: Flask, clinic: Clinic, bearer, monkeypatch: pytest.MonkeyPatch, waiting: int, status: int
) -> None:
    queue = {f"scan {place}": QueuePlace(place, waiting, 2.0 * place) for place in range(1, waiting + 1)}
    monkeypatch.setattr(clinic.services.reading.readings, "queue", lambda: queue)
    monkeypatch.setattr(clinic.services.jobs, "number_unfinished", lambda kind: waiting)
    answer = server.test_client().post("/api/v1/scans?name=brain.nii", data=b"scan", headers=bearer())
    assert answer.status_code == status
    if status == 503:
        assert answer.headers["Retry-After"] == "500"  # when half of them are read
        assert answer.json["error"]["message"] == (
            "500 scans wait to be read, as many as may; please try again in about 9 minutes."
        )
        assert not any(clinic.services.reading.intake.path("x").parent.iterdir())


@pytest.mark.parametrize(
    ("query", "as_volume"), [("", False), ("&as_volume=true", True), ("&as_volume=false", False)]
)
@pytest.mark.parametrize("form", [False, True])
def test_pictures_are_one_volume_where_the_query_says_so(
    server: Flask, clinic: Clinic, bearer, form: bool, query: str, as_volume: bool
) -> None:
    body = {"file": (io.BytesIO(b"scan"), "slices.zip")} if form else b"scan"
    address = f"/api/v1/scans?name=slices.zip{query}"
    answer = server.test_client().post(address, data=body, headers=bearer())
    assert answer.status_code == 201
    upload = clinic.uploads.get(answer.json["upload"])
    assert upload is not None
    assert upload.as_volume is as_volume


def test_whether_pictures_are_one_volume_is_true_or_false(server: Flask, bearer) -> None:
    client, header = server.test_client(), bearer()
    answer = client.post("/api/v1/scans?name=a.zip&as_volume=perhaps", data=b"scan", headers=header)
    assert (answer.status_code, answer.json["error"]["message"]) == (400, "as_volume is true or false.")


def test_a_reading_that_waits_has_a_place_and_is_cancelled_and_asked_for_again(
    server: Flask, clinic: Clinic, bearer
) -> None:
    client, header = server.test_client(), bearer()
    scan_id = client.post("/api/v1/scans?name=a.nii", data=b"x", headers=header).json["scans"][0]["id"]
    clinic.services.reading.readings.request(scan_id)
    waiting = {
        "place": 1,
        "of": 1,
        "expected_s": None,
        "running": False,
        "words": "place 1 of 1 in the queue",
    }
    assert client.get(f"/api/v1/scans/{scan_id}", headers=header).json["queue"] == waiting
    for _ in range(2):  # a second click changes nothing
        cancelled = client.delete(f"/api/v1/scans/{scan_id}/reading", headers=header)
        assert (cancelled.status_code, cancelled.json["status"], cancelled.json["queue"]) == (
            200,
            "cancelled",
            None,
        )
        assert cancelled.json["failure"].startswith("Reading cancelled by Dr Clinician at ")
    again = client.post(f"/api/v1/scans/{scan_id}/reading", headers=header).json
    assert (again["status"], again["failure"], again["queue"]) == ("waiting", None, waiting)
    others = clinic.add_volume("dicom:SCANNER")
    refused = client.delete(f"/api/v1/scans/{others.id}/reading", headers=header)
    assert refused.status_code == 403
    assert client.delete(f"/api/v1/scans/{others.id}/reading", headers=bearer(Role.HEAD)).status_code == 200


def test_a_body_without_a_name_is_refused(server: Flask, bearer) -> None:
    answer = server.test_client().post("/api/v1/scans", data=b"scan", headers=bearer())
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid")


def test_a_file_that_is_no_scan_is_422(server: Flask, bearer) -> None:
    answer = server.test_client().post("/api/v1/scans?name=refused.txt", data=b"text", headers=bearer())
    assert answer.status_code == 422
    assert answer.json["error"] == {
        "code": "not_an_image",
        "message": "This is not an image that Lightbox reads.",
    }
    assert answer.json["refusals"][0]["name"] == "refused.txt"


def test_a_file_over_the_limit_is_413(server: Flask, clinic: Clinic, bearer) -> None:
    body = bytes(clinic.services.reading.uploads.max_bytes + (2 << 20))
    answer = server.test_client().post("/api/v1/scans?name=x.nii", data=body, headers=bearer())
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_large")


def test_a_scan_with_its_result(server: Flask, clinic: Clinic, bearer) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    client = server.test_client()
    seen = client.get(f"/api/v1/scans/{scan.id}", headers=bearer()).json
    assert seen["patient"]["name"] == "Ada Lovelace"
    assert seen["result"]["positive"] is True
    lesion = seen["result"]["measurements"]["lesions"][0]
    assert lesion["craniocaudal_mm"] == 18.0
    assert lesion["maximum_3d_diameter_mm"] > lesion["longest_diameter_mm"] > 0
    assert len(lesion["maximum_3d_ends"]) == 2
    assert seen["spacing_mm"] == [3.0, 2.0, 1.0]
    assert seen["notice"] == NOTICE


def test_scans_are_listed_by_pseudonym_the_newest_first(server: Flask, clinic: Clinic, bearer) -> None:
    first, film, last = clinic.add_volume("u"), clinic.add_film("u"), clinic.add_volume("u")
    clinic.read_volume(first)
    client = server.test_client()

    def listed(query: str = "") -> tuple[list[str], int]:
        answer = client.get(f"/api/v1/scans{query}", headers=bearer()).json
        assert answer["notice"] == NOTICE
        return [scan["id"] for scan in answer["scans"]], answer["total"]

    assert listed() == ([last.id, film.id, first.id], 3)
    assert listed("?count=1&start=1") == ([film.id], 3)
    assert listed("?task=brain-tumour&task=&from=") == ([last.id, first.id], 2)
    assert listed("?status=read&status=failed") == ([first.id], 1)
    assert listed("?task=brain-tumour&start=2") == ([], 2)

    answer = client.get("/api/v1/scans", headers=bearer())
    assert "Lovelace" not in answer.text and "MRN-" not in answer.text  # though a clinician asks
    newest, _, read = answer.json["scans"]
    assert (newest["status"], newest["outcome"], newest["probability"]) == ("waiting", None, None)
    assert (read["status"], read["outcome"], read["probability"]) == ("read", "found", 0.97)
    assert read["volume_ml"] > 0 and read["pseudonym"] == newest["pseudonym"] and not read["synthetic"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?colour=red", "Scans have nothing called colour to filter by."),
        ("?from=soon", "“soon” is not a day like 2026-11-20."),
        ("?count=0", "count is at least 1."),
    ],
)
def test_a_list_that_cannot_be_is_refused_in_words(server: Flask, bearer, query: str, sentence: str) -> None:
    answer = server.test_client().get(f"/api/v1/scans{query}", headers=bearer())
    assert (answer.status_code, answer.json["error"]["message"]) == (400, sentence)


def test_an_uncertain_result_says_so_and_why(server: Flask, clinic: Clinic, bearer) -> None:
    scan, client = clinic.add_volume("u"), server.test_client()
    assert client.get(f"/api/v1/scans/{scan.id}", headers=bearer()).json["outcome"] is None
    clinic.read_volume(scan, doubts=(Doubt.UNLIKE_TRAINING,), outside_distance=1.5)
    seen = client.get(f"/api/v1/scans/{scan.id}", headers=bearer()).json
    assert (seen["outcome"], seen["result"]["doubts"]) == ("uncertain", ["unlike-training"])
    assert (seen["result"]["outside_distance"], seen["result"]["positive"]) == (1.5, True)


@pytest.mark.parametrize("role", [Role.MLOPS, Role.HEAD])
def test_identity_is_for_clinicians_tokens(server: Flask, clinic: Clinic, bearer, role: Role) -> None:
    scan = clinic.add_volume("u")
    answer = server.test_client().get(f"/api/v1/scans/{scan.id}", headers=bearer(role))
    assert answer.status_code == 200
    assert "Ada" not in answer.text
    assert set(answer.json["patient"]) == {"id", "pseudonym"}


def test_administrators_tokens_see_no_scan(server: Flask, clinic: Clinic, bearer) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    client, header = server.test_client(), bearer(Role.ADMIN)
    assert client.get(f"/api/v1/scans/{scan.id}", headers=header).status_code == 404
    assert client.get(f"/api/v1/scans/{scan.id}/mask", headers=header).status_code == 404
    assert client.post("/api/v1/scans?name=a.nii", data=b"x", headers=header).status_code == 403


def test_masks_come_as_nifti_or_png(server: Flask, clinic: Clinic, bearer) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan)
    client, header = server.test_client(), bearer()
    whole = client.get(f"/api/v1/scans/{scan.id}/mask", headers=header)
    assert whole.data[:2] == b"\x1f\x8b"
    assert ".nii.gz" in whole.headers["Content-Disposition"]
    slice_mask = client.get(f"/api/v1/scans/{scan.id}/mask?form=png&index=9", headers=header)
    assert slice_mask.data[:8] == b"\x89PNG\r\n\x1a\n"
    wrong = client.get(f"/api/v1/scans/{scan.id}/mask?form=exe", headers=header)
    assert wrong.status_code == 400


def test_errors_have_one_shape(server: Flask, bearer) -> None:
    client, header = server.test_client(), bearer()
    for address, status in (("/api/v1/scans/none", 404), ("/api/v1/nothing", 404), ("/api/", 404)):
        answer = client.get(address, headers=header | {"Accept": "text/html"})
        assert answer.status_code == status, address
        if address != "/api/":
            assert set(answer.json["error"]) == {"code", "message"}


def test_a_token_opens_the_api_and_nothing_else(server: Flask, clinic: Clinic, bearer) -> None:
    client, header = server.test_client(), bearer()
    assert client.get("/changes", headers=header).status_code == 401
    assert client.get("/worklist", headers=header).status_code == 302


@pytest.mark.parametrize("value", ["Bearer wrong", "Bearer", "Basic abc", ""])
def test_a_wrong_token_is_401(server: Flask, value: str) -> None:
    answer = server.test_client().get("/api/v1/scans/x", headers={"Authorization": value})
    assert answer.status_code == 401


def test_a_revoked_token_is_401(server: Flask, clinic: Clinic) -> None:
    user = clinic.person(Role.CLINICIAN)
    token, secret = clinic.accounts.create_token(user.id, "script")
    header = {"Authorization": f"Bearer {secret}"}
    assert server.test_client().get("/api/v1/openapi.json", headers=header).status_code == 200
    clinic.accounts.revoke_token(user.id, token.id)
    assert server.test_client().get("/api/v1/openapi.json", headers=header).status_code == 401


def test_a_session_may_use_the_api_with_its_csrf_token(sign_in) -> None:
    client = sign_in()
    assert client.get("/api/v1/openapi.json").status_code == 200
    assert client.post("/api/v1/scans?name=a.nii", data=b"x").status_code == 400
    assert client.post("/api/v1/scans?name=a.nii", data=b"x", headers=client.csrf).status_code == 201


def test_who_waits_is_answered_once_the_scan_is_read(server: Flask, clinic: Clinic, bearer) -> None:
    scan, client, header = clinic.add_volume("u"), server.test_client(), bearer()
    job = clinic.jobs.submit("read", scan.id)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, f"/api/v1/scans/{scan.id}?wait=60", headers=header)
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
        clinic.read_volume(scan)
        clinic.jobs.revoke(job.id)  # no worker runs here that would end it
        answer = waiting.result(30).json
    assert answer["result"]["positive"] is True


def test_who_has_waited_long_enough_is_told_how_far_it_is(server: Flask, clinic: Clinic, bearer) -> None:
    scan = clinic.add_volume("u")
    clinic.jobs.submit("read", scan.id)
    answer = server.test_client().get(f"/api/v1/scans/{scan.id}?wait=0.1", headers=bearer())
    assert (answer.status_code, answer.json["status"], answer.json["result"]) == (200, "waiting", None)


def test_where_half_of_the_threads_are_waited_in_nobody_else_waits(clinic: Clinic, bearer) -> None:
    clinic.replace(settings=replace(clinic.services.settings, threads=2))
    server = build_dashboard(clinic.services, secret_key="k" * 32).server
    scan, header = clinic.add_volume("u"), bearer()
    job, address = clinic.jobs.submit("read", scan.id), f"/api/v1/scans/{scan.id}?wait=60"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(server.test_client().get, address, headers=header)
        with pytest.raises(TimeoutError):
            waiting.result(0.3)
        assert server.test_client().get(address, headers=header).json["status"] == "waiting"
        assert not waiting.done()
        clinic.jobs.revoke(job.id)
        waiting.result(30)


@pytest.mark.parametrize("seconds", ["-1", "61", "nan", "long"])
def test_nobody_waits_for_ever(server: Flask, clinic: Clinic, bearer, seconds: str) -> None:
    scan = clinic.add_volume("u")
    answer = server.test_client().get(f"/api/v1/scans/{scan.id}?wait={seconds}", headers=bearer())
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid")
