"""Who reads blind is told nothing: whatever they ask of the running server, the answer does not depend on it.

Everything that the server answers is asked for twice, before and after what is hidden became something else:
the AI's result for who reads without it first, the first reader's verdict for the second reader. Both answers
must be the same. Routes, operations and callbacks are those of the running server, so that a new one without
the rule fails here.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import product
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from data.database import writing
from data.errors import UnusableModel
from data.ledger.coding import DIMENSIONS
from data.records import PNEUMONIA, RejectReason, Role, Scan, UnaidedFinding, User, WorklistQuery
from data.tables import results
from services.reviewing.review import DrawnMask
from tests.dashboard.clinic import Clinic
from tests.data.builders import WORKLIST_COLUMNS

Answers = dict[str, Any]
QUERIES = (
    "",
    "?layer=corrected",
    "?layer=ai&form=png&index=10",
    "?form=text",
    "?task=brain-tumour",
    "?q=&review=none",
)
ADDRESSES = (
    ("/scans/{scan_id}", ""), ("/worklist", "?review=accepted"), ("/cohort", "?review=rejected"),
    ("/performance", "?task=brain-tumour&version=2&cases=all&synthetic=no"), ("/growth/{pseudonym}", ""),
    ("/cohort", "?vs=result%3Dpositive"),
)  # fmt: skip
# Tells that something changed, and not what; and what each answer has anew.
ELSEWHERE = {"changes", "session_left", "static", "health", "metrics", "logout", "dash-deps"}
VOLATILE = (
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00)?", rb"[0-9a-f]{8}-[0-9a-f-]{27}",
    rb'name="csrf[^>]*>', rb"nonce-[\w-]+", rb"I[A-Za-z0-9_.-]{60,}", rb'"worklist-seen":\{[^}]*\}',
)  # fmt: skip
LEAST_ROUTES, LEAST_CALLBACKS = 25, 25


def corrected(scan: Scan) -> DrawnMask:
    mask = np.zeros(scan.shape, np.uint8)
    mask[9:12, 20:30, 12:20] = 1
    return DrawnMask(gzip.compress(mask.tobytes()))


@pytest.fixture
def scan(clinic: Clinic) -> Scan:
    """A scan that the AI has read, beside others that are no secret to anybody."""
    others = [clinic.add_volume("u") for _ in range(3)]
    for other in others:
        clinic.read_volume(other)
    reviews, other = clinic.services.reviewing.reviews, clinic.person(Role.CLINICIAN, "other")
    reviews.accept(others[0].id, other)
    reviews.correct(others[1].id, other, corrected(others[1]))
    return clinic.add_volume("u")


def ids_of(clinic: Clinic, scan: Scan) -> dict[str, str]:
    patient = clinic.patients.get(scan.patient_id, with_identity=False)
    assert patient is not None
    return {"scan_id": scan.id, "patient_id": scan.patient_id, "pseudonym": patient.pseudonym}


def layers_of(clinic: Clinic, scan: Scan) -> tuple[str, str]:
    """The ids of the latest result and of the newest review, as the addresses of outlines take them."""
    result, reviews = clinic.results.latest(scan.id), clinic.reviews.of_scan(scan.id)
    assert result is not None
    return result.id, reviews[0].id if reviews else "0" * 32


def routes(client: FlaskClient, ids: Mapping[str, str], layers: tuple[str, str]) -> Answers:
    """What every address answers to a GET; those of an outline for a result and for a review."""
    answers: Answers = {}
    for rule, layer in product(client.application.url_map.iter_rules(), (0, 1)):
        if "GET" not in (rule.methods or ()) or rule.endpoint in ELSEWHERE or rule.rule.startswith("/_"):
            continue
        if {"path", "filename", "fingerprinted_path"} & rule.arguments or "assets" in rule.rule:
            continue
        if layer and "layer_id" not in rule.arguments:
            continue
        kind = "txt" if rule.endpoint == "reading_report" else "csv"
        usual = {"layer_id": layers[layer], "index": 10, "kind": kind, "page": "drift"}
        values = {name: ids.get(name, usual.get(name, "0" * 32)) for name in rule.arguments}
        address = client.application.url_map.bind("localhost").build(rule.endpoint, values)
        for query in QUERIES:
            answer = client.get(address + query)
            answers[f"{rule.endpoint} {query} {layer}"] = (
                answer.status_code,
                _plain(answer.get_data(as_text=False)),
            )
    assert len({name.split()[0] for name in answers}) > LEAST_ROUTES
    return answers


def callbacks(client: FlaskClient, ids: Mapping[str, str]) -> Answers:
    """What every callback of the server answers at the addresses of a scan, its patient and figures."""
    answers: Answers = {}
    known = [each for each in client.get("/_dash-dependencies").json if not each["clientside_function"]]
    for path, search in ADDRESSES:
        given = _given(path.format(**ids), search, ids)
        for each in known:
            names = [name.rpartition(".") for name in each["output"].strip(".").split("...")]
            outputs = [{"id": name, "property": part.split("@")[0]} for name, _, part in names]
            body = {
                "output": each["output"],
                "outputs": outputs if each["output"].startswith("..") else outputs[0],
                "inputs": [_valued(place, given) for place in each["inputs"]],
                "changedPropIds": [f"{each['inputs'][0]['id']}.{each['inputs'][0]['property']}"],
                "state": [_valued(place, given) for place in each["state"]],
            }
            answer = client.post("/_dash-update-component", json=body, headers=client.csrf)
            answers[f"{path} {search} {each['output']}"] = (answer.status_code, _plain(answer.data))
    said = [name for name, (status, _) in answers.items() if status == 200]
    assert len(said) > LEAST_CALLBACKS
    return answers


def _given(path: str, search: str, ids: Mapping[str, str]) -> dict[str, Any]:
    return {
        "location.pathname": path, "location.search": search, "scan-id.data": ids["scan_id"],
        "patient-id.data": ids["pseudonym"], "growth-patient.data": ids["pseudonym"],
        "rehearsal-id.data": "0" * 32,
        "worklist-grid.getRowsRequest": {"startRow": 0, "endRow": 50, "filterModel": {}, "sortModel": []},
    }  # fmt: skip


def _valued(place: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    if str(place["id"]).startswith("{"):
        return []
    return {**place, "value": given.get(f"{place['id']}.{place['property']}")}


def _plain(content: bytes) -> bytes:
    """An answer without what is new in each: times, tokens, ids of faults, and that something changed."""
    with suppress(OSError):
        content = gzip.decompress(content)
    if content.startswith(b"%PDF"):
        return b"%PDF"  # the same report is asked for as text
    for volatile in VOLATILE:
        content = re.sub(volatile, b"", content)
    return content


def lists(clinic: Clinic, user: User) -> Answers:
    """What every filter, order and count of worklist, cohort and performance says."""
    worklist, cohort = clinic.services.reviewing.worklist, clinic.services.cohort
    answers: Answers = {"counters": worklist.counters(user)}
    names = clinic.services.reviewing.worklist._store._ledger.columns().names
    for dimension in DIMENSIONS:
        for value in names[dimension]:
            filters = {dimension: (value,)}
            answers[f"{dimension} {value}"] = worklist.page(WorklistQuery(filters=filters), user)
            answers[f"cohort {dimension} {value}"] = cohort.exports.numbers(filters, user)
    for column in WORKLIST_COLUMNS:
        answers[f"by {column}"] = worklist.page(WorklistQuery(sort=((column, True),)), user)
    asked = clinic.services.performance.numbers.asked("?task=brain-tumour&version=2&synthetic=no", user)
    answers["performance"] = clinic.services.performance.exports.numbers(asked, user, every=True)
    return {name: _plain(repr(said).encode()) for name, said in answers.items()}


def everything(clinic: Clinic, client: FlaskClient, user: User, scan: Scan) -> Answers:
    ids = ids_of(clinic, scan)
    clinic.services.screening.look(scan.id, user)  # whoever is the first to ask has it looked at for text
    for version in clinic.services.versions.registry.versions():  # as are a version's files
        with suppress(UnusableModel):
            clinic.services.versions.registry.files(version)
    return routes(client, ids, layers_of(clinic, scan)) | callbacks(client, ids) | lists(clinic, user)


def differing(before: Answers, after: Answers) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.fixture
def person(clinic: Clinic, sign_in) -> Callable[[str, Role], tuple[FlaskClient, User]]:
    def signed_in(name: str, role: Role = Role.CLINICIAN) -> tuple[FlaskClient, User]:
        client = sign_in(role, name=name)
        return client, next(user for user in clinic.accounts.all() if user.name == name)

    return signed_in


def film_of(clinic: Clinic) -> Scan:
    clinic.read_film(clinic.add_film("u"))
    return clinic.add_film("u")


def another_result(clinic: Clinic, scan: Scan) -> None:
    """In the place of the one there is, so that no count of readings changes."""
    with writing(clinic.database) as connection:
        connection.execute(delete(results).where(results.c.scan_id == scan.id))
    if scan.task == PNEUMONIA:
        clinic.read_film(scan, positive=False, probability=0.0321)
        return
    clinic.read_volume(
        scan, mask=np.zeros(scan.shape, bool), positive=False, probability=0.0321, expected=0.4
    )


@pytest.mark.parametrize(
    ("film", "parts"),
    [
        (False, ("mask_voxels", "outline_picture", "download_mask", "api_mask", "export_result")),
        (True, ("scan-result",)),
    ],
)
def test_nothing_of_the_model_gets_to_who_reads_without_it(
    clinic: Clinic, scan: Scan, person, film: bool, parts: tuple[str, ...]
) -> None:
    scan = film_of(clinic) if film else scan
    (client, hart), (head_client, head) = person("hart"), person("head", Role.HEAD)
    clinic.services.reviewing.unaided.ask([scan.id], hart)
    clinic.read_film(scan) if film else clinic.read_volume(scan, lesions=2)
    before, seen = everything(clinic, client, hart, scan), everything(clinic, head_client, head, scan)
    if film:  # both maps are alike
        assert (before["heatmap_picture  0"][0], seen["heatmap_picture  0"][0]) == (404, 200)
    another_result(clinic, scan)
    assert differing(before, everything(clinic, client, hart, scan)) == set()
    told = differing(seen, everything(clinic, head_client, head, scan))
    for part in ("api_scan", "api_patient", "reading_report", "scan-result", "result positive", *parts):
        assert any(part in name for name in told), f"the test does not see {part}"
    clinic.services.reviewing.unaided.give(scan.id, hart, UnaidedFinding.ABSENT)
    assert differing(before, before | lists(clinic, hart)) >= {"result negative"}


def test_nothing_of_the_first_reader_gets_to_the_second(clinic: Clinic, scan: Scan, person) -> None:
    (client, hart), (head_client, head), (_, grey) = person("hart"), person("head", Role.HEAD), person("grey")
    clinic.read_volume(scan, lesions=2)
    reviews = clinic.services.reviewing.reviews
    first = reviews.reject(scan.id, grey, RejectReason.ARTEFACT, "words of Grey", False)
    clinic.services.reviewing.second_readings.ask([scan.id], "why", head)
    before, seen = everything(clinic, client, hart, scan), everything(clinic, head_client, head, scan)
    reviews.take_back(first.id, grey)
    reviews.correct(scan.id, grey, corrected(scan))
    assert differing(before, everything(clinic, client, hart, scan)) == set()
    told = differing(seen, everything(clinic, head_client, head, scan))
    for part in ("api_scan", "mask_voxels", "scan-history", "review corrected", "cohort review rejected"):
        assert any(part in name for name in told), f"the test does not see {part}"
