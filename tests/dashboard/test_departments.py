"""Another department's scan is not there, by whatever way it is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from data.records import (
    AnnotationKind,
    FeedbackCategory,
    Identity,
    RejectReason,
    Role,
    Scan,
    User,
)
from services.reviewing.review import Remarks
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import SignIn, callback

NO_ID = "0" * 32
NOBODY = "P-00000"
HERE, THERE = "North Hospital", "Kids Institute"
SECRETS = ("Zebedee", "MRN-SECRET", "Kids Institute", "Pixie 9", "words of another department")
ROLES = (Role.CLINICIAN, Role.HEAD, Role.MLOPS)

# Arguments of addresses that are ids of what is of a scan, and what stands for none such.
OF_SCANS = {
    "scan_id": NO_ID, "layer_id": NO_ID, "result_id": NO_ID, "annotation_id": NO_ID, "patient_id": NOBODY,
    "conflict_id": NO_ID, "upload_id": NO_ID,
}  # fmt: skip
# Those of whole-house things, which people who are bound to departments are refused in words.
OF_THE_HOUSE = {
    "board_id", "run_id", "pack_id", "report_id", "rehearsal_id", "import_id", "evaluation_id", "test_id",
    "task",
}  # fmt: skip
# What is here by its content an edge is told whatever department it is of: it has the bytes itself.
PLAIN = {"index": "10", "kind": "pdf", "form": "csv", "page": "drift", "path": "worklist"}
PLAIN["content_sha256"] = "0" * 64
OF_ACCOUNTS = {"token_id", "key_id", "session_id", "passkey_id"}
OF_ASSETS = {"filename", "package_name", "fingerprinted_path", "name"}  # `name`: of a page of the manuals


@dataclass
class House:
    """Two departments; `scan`, `film` and what is of them are of the one that nobody asking belongs to."""

    clinic: Clinic
    ids: dict[str, str]
    scan: Scan
    film: Scan
    own: Scan
    north: str
    admin: User

    def bound(self, role: Role) -> User:
        """Somebody of the other department."""
        user = self.clinic.person(role, f"north-{role.value}")
        made = self.clinic.services.departments.departments
        return made.bind(user.id, [self.north], self.admin)


@pytest.fixture
def house(clinic: Clinic) -> Iterator[House]:
    admin, sender = clinic.person(Role.ADMIN), clinic.person(Role.CLINICIAN, "sender")
    departments = clinic.services.departments.departments
    north = departments.make("Neuroradiology North", [], [HERE], admin)
    departments.make("Paediatrics", ["KIDS_MR"], [THERE], admin)
    secret = Identity("Zebedee^Secret", "MRN-SECRET")
    own = clinic.add_volume(sender.id, site=HERE)
    clinic.read_volume(own)
    scan = clinic.add_volume(sender.id, secret, site=THERE, scanner="Pixie 9")
    film = clinic.add_volume(sender.id, secret, site=THERE, scanner="Pixie 9", sequence="T2")
    result = clinic.read_volume(scan)
    clinic.read_film(film)
    reviewing = clinic.services.reviewing
    words = Remarks(comment="words of another department")
    review = reviewing.reviews.reject(scan.id, sender, RejectReason.OTHER, SECRETS[-1], True, words)
    drawn = reviewing.annotations.add(
        scan.id, sender, AnnotationKind.RULER, 0, ((3.0, 10.0, 10.0), (3.0, 20.0, 10.0))
    )
    said = clinic.services.feedback.send(scan.id, sender, FeedbackCategory.OTHER.value, SECRETS[-1])
    head = clinic.person(Role.HEAD, "sender-head")
    reviewing.requests.ask([scan.id], SECRETS[-1], head)
    reviewing.second_readings.ask([film.id], SECRETS[-1], head)
    upload = clinic.services.reading.intake.receive(sender, "slow.nii", _Nothing())
    patient = clinic.patients.get(scan.patient_id, with_identity=True)
    assert patient is not None
    ids = {
        "scan_id": scan.id, "layer_id": result.id, "result_id": result.id,
        "annotation_id": drawn.annotation.id,
        "patient_id": patient.pseudonym, "conflict_id": NO_ID, "upload_id": upload.id,
        "review_id": review.id, "feedback_id": said.id, "film_id": film.id, "own_patient": scan.patient_id,
    }  # fmt: skip
    yield House(clinic, ids, scan, film, own, north.id, admin)


class _Nothing:
    def read(self, _: int = -1) -> bytes:
        return b""


def _address(rule: Rule, ids: dict[str, str]) -> str:
    given = {**dict.fromkeys(OF_THE_HOUSE | OF_ACCOUNTS | OF_ASSETS, NO_ID), **PLAIN, **ids}
    if rule.endpoint == "heatmap_picture":
        given["scan_id"] = ids["film_id"]
    if rule.endpoint in ("export_result", "api_export_result"):
        given["kind"] = "csv"
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda match: given[match[1]], rule.rule)


def _masked(text: str, ids: dict[str, str]) -> str:
    for value in sorted({*ids.values(), NOBODY}, key=len, reverse=True):
        text = text.replace(value, NO_ID)
    text = re.sub(r"gAAAAA[\w-]+=*", "sealed", text)  # another word each time, of the same content
    return re.sub(r"reference \w{6}", "reference x", text)


def _opened(client: FlaskClient, rule: Rule, ids: dict[str, str]) -> tuple[int, str]:
    address = _address(rule, ids)
    if rule.endpoint.endswith("export_result"):
        address += "?form=csv"
    method = next(iter((rule.methods or set()) - {"OPTIONS", "HEAD"} or {"HEAD"}))
    with client.open(address, method=method, headers=client.csrf) as answer:
        return answer.status_code, answer.get_data().decode("latin1")


def _unknown(house: House) -> dict[str, str]:
    others = dict.fromkeys(("review_id", "feedback_id", "film_id", "own_patient"), NO_ID)
    return house.ids | OF_SCANS | others


def _told_apart(server: Flask) -> list[Rule]:
    known = set(OF_SCANS) | OF_THE_HOUSE | set(PLAIN) | OF_ACCOUNTS | OF_ASSETS
    for rule in server.url_map.iter_rules():
        strange = set(rule.arguments) - known
        assert not strange, f"{rule.rule}: say of {strange} whether it is the id of what is of a scan"
    return [rule for rule in server.url_map.iter_rules() if set(rule.arguments) & set(OF_SCANS)]


def test_every_address_answers_of_another_departments_scan_as_of_none(
    house: House, server: Flask, sign_in: SignIn
) -> None:
    rules, wrong, seen = _told_apart(server), [], set()
    everywhere = [sign_in(role, name=f"all-{role.value}") for role in ROLES]
    for rule in rules:  # what the house has in memory of it lies there from now on
        for client in everywhere if "GET" in (rule.methods or ()) else ():
            if _opened(client, rule, house.ids) != _opened(client, rule, _unknown(house)):
                seen.add(rule.endpoint)
    assert len(seen) >= 20, seen
    for role in ROLES:
        house.bound(role)
        client = sign_in(role, name=f"north-{role.value}")
        for rule in rules:
            unknown, real = _opened(client, rule, _unknown(house)), _opened(client, rule, house.ids)
            if (real[0], _masked(real[1], house.ids)) != (unknown[0], _masked(unknown[1], house.ids)):
                wrong.append((rule.endpoint, role.value, real[0], real[1][:200], unknown))
            wrong += [(rule.endpoint, role.value, each) for each in SECRETS if each in real[1]]
    assert wrong == []


def _filled(dependency: dict[str, Any], ids: dict[str, str], shape: str) -> tuple[list[Any], list[Any]]:
    """A callback's inputs and state, with an id wherever one may stand."""

    def value(place: dict[str, str]) -> Any:
        if place["property"].endswith("n_clicks"):
            return 1
        if place["property"] == "pathname":
            return f"/patients/{ids['patient_id']}" if shape == "patient_id" else f"/scans/{ids['scan_id']}"
        if place["property"] == "search":
            return f"?scan={ids['scan_id']}&current=%{ord(ids['scan_id'][0]):x}{ids['scan_id'][1:]}"
        if place["property"] == "rowsRequest" or "grid" in place["id"].lower():
            return None
        return [ids[shape]] if place["property"] in ("selectedRows",) else ids[shape]

    def given(place: dict[str, str]) -> Any:
        made = {"id": place["id"], "property": place["property"], "value": value(place)}
        if not place["id"].startswith("{"):
            return made
        own = {key: ids[shape] if kept == ["ALL"] else kept for key, kept in json.loads(place["id"]).items()}
        return [{**made, "id": own}]

    return [given(place) for place in dependency["inputs"]], [given(place) for place in dependency["state"]]


def _called(
    client: FlaskClient, dependency: dict[str, Any], ids: dict[str, str], shape: str
) -> tuple[int, str]:
    inputs, state = _filled(dependency, ids, shape)
    first = inputs[0][0] if isinstance(inputs[0], list) else inputs[0]
    name = first["id"]
    if not isinstance(name, str):
        name = json.dumps(name, separators=(",", ":"), sort_keys=True)
    changed = f"{name}.{first['property']}"
    answer = callback(client, dependency["output"], inputs, state=state, changed=changed)
    return answer.status_code, answer.get_data(as_text=True)


def test_every_callback_answers_of_another_departments_scan_as_of_none(house: House, sign_in: SignIn) -> None:
    wrong, differs = [], set()
    everywhere = sign_in(Role.CLINICIAN, name="all-clinician")
    dependencies = [
        each for each in everywhere.get("/_dash-dependencies").json if not each["clientside_function"]
    ]
    for dependency in dependencies:
        known = _called(everywhere, dependency, house.ids, "scan_id")
        if known != _called(everywhere, dependency, _unknown(house), "scan_id"):
            differs.add(dependency["output"])
    assert len(differs) >= 8, differs
    for role in (Role.CLINICIAN, Role.MLOPS):
        house.bound(role)
        client = sign_in(role, name=f"north-{role.value}")
        for dependency in dependencies:
            for shape in ("scan_id", "review_id") if role is Role.CLINICIAN else ("feedback_id",):
                unknown = _called(client, dependency, _unknown(house), shape)
                real = _called(client, dependency, house.ids, shape)
                if (real[0], _masked(real[1], house.ids)) != (unknown[0], _masked(unknown[1], house.ids)):
                    wrong.append((dependency["output"], role.value, shape, real[1][:300], unknown[1][:300]))
                wrong += [(dependency["output"], role.value, each) for each in SECRETS if each in real[1]]
    assert wrong == []
