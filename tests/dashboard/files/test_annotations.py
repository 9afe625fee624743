"""Hand measurements over HTTP, as the viewer keeps, moves, lists and deletes them."""

from __future__ import annotations

import pytest

from data.records import Role
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import SignIn

LINE = {"kind": "ruler", "slice_axis": 0, "points": [[4, 10, 10], [4, 10, 25]]}


@pytest.fixture
def base(clinic: Clinic) -> str:
    return f"/scans/{clinic.add_volume('u').id}/annotations"


def test_a_measurement_is_drawn_seen_by_a_second_reader_moved_and_deleted(
    sign_in: SignIn, clinic: Clinic, base: str
) -> None:
    client = sign_in()
    drawn = client.post(base, json=LINE, headers=client.csrf)
    assert drawn.status_code == 201
    assert drawn.json["words"] == "15.0 mm"
    at = f"{base}/{drawn.json['id']}"
    seen = sign_in(name="second").get(base)
    assert seen.headers["Cache-Control"] == "no-store"
    assert seen.json["steps"] == [[0, 0, 3], [0, -2, 0], [-1, 0, 0]]
    (listed,) = seen.json["annotations"]
    assert (listed["author"], listed["may_move"], listed["may_delete"]) == ("Dr Clinician", False, False)
    moved = client.put(at, json={"points": [[4, 10, 10], [4, 25, 10]]}, headers=client.csrf)
    assert (moved.status_code, moved.json["words"]) == (200, "30.0 mm")
    assert client.delete(at, headers=client.csrf).json == {"deleted": drawn.json["id"]}
    assert client.get(base).json["annotations"] == []
    assert client.delete(at, headers=client.csrf).status_code == 403  # nothing of one's own any more


def test_who_may_draw_is_told(sign_in: SignIn, base: str) -> None:
    told = {role: sign_in(role).get(base) for role in (Role.CLINICIAN, Role.HEAD, Role.MLOPS)}
    assert {role: answer.json["may_add"] for role, answer in told.items()} == {
        Role.CLINICIAN: True,
        Role.HEAD: False,
        Role.MLOPS: False,
    }


@pytest.mark.parametrize(
    "sent",
    [
        {},
        [],
        LINE | {"kind": "circle"},
        LINE | {"kind": ["ruler"]},
        LINE | {"slice_axis": "0"},
        LINE | {"slice_axis": True},
        LINE | {"points": None},
        LINE | {"points": [[4, 10], [4, 12]]},
        LINE | {"points": [["4", 10, 10], [4, 10, 25]]},
        LINE | {"points": [[True, 10, 10], [True, 10, 25]]},
    ],
)
def test_what_cannot_be_understood_is_400(sign_in: SignIn, base: str, sent: object) -> None:
    client = sign_in()
    answer = client.post(base, json=sent, headers=client.csrf)
    assert (answer.status_code, answer.json["error"]["message"]) == (
        400,
        "This measurement could not be understood.",
    )


def test_a_measurement_needs_the_pages_own_token(sign_in: SignIn, base: str) -> None:
    client = sign_in()
    assert client.post(base, json=LINE).status_code == 400
    assert client.get(base).json["annotations"] == []
