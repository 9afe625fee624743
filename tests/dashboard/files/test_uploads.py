"""The upload protocol, as tus-js-client speaks it."""

from __future__ import annotations

import base64

import pytest
from flask.testing import FlaskClient

from data.records import Role
from tests.dashboard.clinic import Clinic

TUS = {"Tus-Resumable": "1.0.0"}


def _create(client: FlaskClient, name: str, size: int, **said: str):
    coded = {
        key: base64.b64encode(value.encode()).decode() for key, value in {"filename": name, **said}.items()
    }
    metadata = ",".join(f"{key} {value}" for key, value in coded.items())
    headers = client.csrf | TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata}
    return client.post("/uploads", headers=headers)


def _append(client: FlaskClient, address: str, offset: int, content: bytes, **headers: str):
    given = client.csrf | TUS | {"Upload-Offset": str(offset)} | headers
    kind = "application/offset+octet-stream"
    return client.patch(address, headers=given, data=content, content_type=kind)


def _offset(client: FlaskClient, address: str):
    return client.head(address, headers=TUS)


def test_the_server_says_what_it_can(sign_in) -> None:
    answer = sign_in().options("/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,termination"
    assert int(answer.headers["Tus-Max-Size"]) > 0


def test_an_upload_in_two_pieces(clinic: Clinic, sign_in) -> None:
    client = sign_in()
    created = _create(client, "ä brain.nii", 10)
    assert created.status_code == 201
    address = created.location
    assert _append(client, address, 0, b"12345").headers["Upload-Offset"] == "5"
    half = _offset(client, address)
    assert (half.headers["Upload-Offset"], half.headers["Upload-Length"]) == ("5", "10")
    assert half.headers["Cache-Control"] == "no-store"
    done = _append(client, address, 5, b"67890")
    assert (done.status_code, done.headers["Upload-Offset"]) == (204, "10")
    recent = client.get("/uploads").json
    assert [(upload["name"], upload["state"]) for upload in recent] == [("ä brain.nii", "done")]
    assert recent[0]["scans"][0]["status"] == "waiting"


def test_a_broken_piece_is_taken_up_where_it_broke(sign_in) -> None:
    client = sign_in()
    address = _create(client, "x.nii", 10).location
    _append(client, address, 0, b"123")
    wrong = _append(client, address, 7, b"890")
    assert wrong.status_code == 409
    assert _offset(client, address).headers["Upload-Offset"] == "3"
    assert _append(client, address, 3, b"4567890").status_code == 204


def test_somebody_elses_upload_does_not_exist(clinic: Clinic, sign_in) -> None:
    mine, other = sign_in(), sign_in(name="other")
    address = _create(mine, "x.nii", 10).location
    assert _offset(other, address).status_code == 404
    assert _append(other, address, 0, b"1").status_code == 404
    assert other.delete(address, headers=other.csrf | TUS).status_code == 404
    assert other.get("/uploads").json == []
    assert _offset(mine, address).headers["Upload-Offset"] == "0"


def test_an_upload_can_be_given_up(sign_in) -> None:
    client = sign_in()
    address = _create(client, "x.nii", 10).location
    assert client.delete(address, headers=client.csrf | TUS).status_code == 204
    assert _offset(client, address).status_code == 404


def test_what_does_not_fit_is_refused(clinic: Clinic, sign_in) -> None:
    client = sign_in()
    limit = clinic.services.reading.uploads.max_bytes
    assert _create(client, "x.nii", limit + 1).status_code == 413
    assert _create(client, "x.nii", 0).status_code == 400
    address = _create(client, "x.nii", 4).location
    assert _append(client, address, 0, b"12345").status_code == 413
    assert client.patch(address, headers=client.csrf | TUS | {"Upload-Offset": "0"}).status_code == 415
    old = _append(client, address, 0, b"1", **{"Tus-Resumable": "0.2.2"})
    assert (old.status_code, old.headers["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize("length", ["", "-1", "1e3", "x", "9" * 30])
def test_a_length_must_be_a_number(sign_in, length: str) -> None:
    client = sign_in()
    answer = client.post("/uploads", headers=client.csrf | TUS | {"Upload-Length": length})
    assert answer.status_code == 400
    assert "number of bytes" in answer.json["error"]["message"]


def test_a_name_is_only_a_name(sign_in) -> None:
    client = sign_in()
    _create(client, "../../etc/pass\nwd", 4)
    assert client.get("/uploads").json[0]["name"] == "passwd"


def test_pictures_are_one_volume_where_the_sender_says_so(clinic: Clinic, sign_in) -> None:
    client = sign_in()
    for said, as_volume in (({}, False), ({"as_volume": "false"}, False), ({"as_volume": "true"}, True)):
        upload = clinic.uploads.get(_create(client, "slices.zip", 4, **said).location.split("/")[-1])
        assert upload is not None
        assert upload.as_volume is as_volume
    assert _create(client, "slices.zip", 4, as_volume="perhaps").status_code == 400


def test_what_is_said_of_a_file_must_be_readable(sign_in) -> None:
    client = sign_in()
    headers = client.csrf | TUS | {"Upload-Length": "4", "Upload-Metadata": "filename ???"}
    assert client.post("/uploads", headers=headers).status_code == 400


def test_a_refusal_is_listed_with_its_sentence(sign_in) -> None:
    client = sign_in(Role.MLOPS)
    address = _create(client, "refused.txt", 4).location
    _append(client, address, 0, b"text")
    recent = client.get("/uploads").json[0]
    assert recent["refusals"][0]["sentence"] == "This is not an image that Lightbox reads."
    assert recent["scans"] == []


def test_a_piece_larger_than_a_form_may_be_is_taken(sign_in) -> None:
    client = sign_in()
    size = 9 << 20
    address = _create(client, "big.nii", size).location
    assert _append(client, address, 0, bytes(size)).status_code == 204
