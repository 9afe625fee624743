"""Every address that is told of a scan, tried with one that was withdrawn."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from dashboard.files.withdrawn import SAYS_SO
from data.database import new_id
from data.errors import NO_SCAN
from data.packing import packed
from data.records import AnnotationKind, Result, Role, Scan
from services import keys
from tests.dashboard.clinic import Clinic

Answers = dict[tuple[str, str], tuple[int, str]]
"""Status and sentence of an error ("" of any other answer) by method and endpoint."""

NEED_MORE = {"rehearsal_picture", "export_result", "api_export_result", "unaided_mask"}
"""What answers only where there is a rehearsal, a DICOM study, or a reading without the AI."""


def test_for_who_may_not_restore_it_a_withdrawn_scan_is_none(clinic: Clinic, server: Flask, sign_in) -> None:
    clinician = clinic.person(Role.CLINICIAN, "grey")
    head, restores = sign_in(Role.HEAD), sign_in(name="grey")
    addresses: dict[str, list[tuple[str, str, str]]] = {}
    for shown, result in _read_scans(clinic):
        annotation = clinic.services.reviewing.annotations.add(
            shown.id, clinician, AnnotationKind.RULER, 0, [(0.0, 10.0, 10.0), (0.0, 20.0, 10.0)]
        )
        for rule, method in _rules(server):
            address = _address(rule, shown, result, annotation.annotation.id)
            addresses.setdefault(shown.id, []).append((method, rule.endpoint, address))
    before = {scan_id: _answers(head, of_scan) for scan_id, of_scan in addresses.items()}
    shown_before = {scan_id: _answers(restores, of_scan, "GET") for scan_id, of_scan in addresses.items()}
    absent = (404, NO_SCAN)
    assert all(absent not in answers.values() for answers in before.values())
    shown = {
        endpoint
        for answers in shown_before.values()
        for (_, endpoint), (status, _) in answers.items()
        if status == 200
    }
    asked = {endpoint for of_scan in addresses.values() for method, endpoint, _ in of_scan if method == "GET"}
    assert asked - shown == NEED_MORE

    for scan_id, of_scan in addresses.items():
        clinic.services.reviewing.withdrawals.withdraw(scan_id, "wrong", clinician)
        after = _answers(head, of_scan)
        assert after == dict.fromkeys(after, absent)
        for name in (f"/scans/{scan_id}/slice/0.png", f"/scans/{scan_id}/thumbnail.png"):
            assert restores.get(name).status_code == 200
        clinic.services.reviewing.withdrawals.restore(scan_id, clinician)
        assert _answers(restores, of_scan, "GET") == shown_before[scan_id]


def test_lists_and_comparisons_know_no_withdrawn_scan(clinic: Clinic, sign_in) -> None:
    head, clinician = clinic.person(Role.HEAD), clinic.person(Role.CLINICIAN)
    reviewing = clinic.services.reviewing
    first, second, third = (clinic.add_volume("u") for _ in range(3))
    for scan in (first, second, third):
        clinic.read_volume(scan)
    reviewing.withdrawals.withdraw(third.id, "wrong", clinician)
    for viewer in (head, clinician):
        of_patient = reviewing.patients.patient(first.patient_id, viewer)
        compared = reviewing.growth.compare(first.patient_id, viewer)
        assert {scan.scan.id for scan in of_patient.scans} == {first.id, second.id}
        assert {choice.scan.id for choice in compared.choices} == {first.id, second.id}


def _read_scans(clinic: Clinic) -> Iterator[tuple[Scan, Result]]:
    """A volume with a mask, its probability and a correction, and a film with a heat map."""
    volume, film = clinic.add_volume("u"), clinic.add_film("u")
    result = clinic.read_volume(volume)
    probability = clinic.services.reviewing.pictures.mask(volume.id).astype("uint8")
    clinic.files.put(keys.pixel_probability(result.id), packed(probability))
    yield volume, result
    yield film, clinic.read_film(film)


def _rules(server: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in server.url_map.iter_rules():
        if "scan_id" in rule.arguments and rule.endpoint not in SAYS_SO:
            for method in sorted(set(rule.methods or ()) - {"HEAD", "OPTIONS"}):
                yield rule, method


def _address(rule: Rule, scan: Scan, result: Result, annotation_id: str) -> str:
    known = {
        "scan_id": scan.id,
        "index": 0,
        "kind": "txt",
        "form": "seg",
        "layer_id": result.id,
        "annotation_id": annotation_id,
        "rehearsal_id": new_id(),
    }
    _, address = rule.build({name: known[name] for name in rule.arguments}) or ("", "")
    assert address
    return address


def _answers(client: FlaskClient, addresses: list[tuple[str, str, str]], only: str = "") -> Answers:
    answers: Answers = {}
    for method, endpoint, address in addresses:
        if only in ("", method):
            answer = client.open(address, method=method, headers=client.csrf)  # type: ignore[attr-defined]
            error = (answer.get_json(silent=True) or {}).get("error") if answer.status_code >= 400 else None
            answers[method, endpoint] = (answer.status_code, error["message"] if error else "")
    return answers
