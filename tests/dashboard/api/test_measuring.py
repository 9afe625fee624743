"""Hand measurements for programs."""

from __future__ import annotations

from flask import Flask

from data.records import AnnotationKind, Role
from tests.dashboard.clinic import Clinic


def test_measurements_of_a_scan_with_their_sizes(server: Flask, clinic: Clinic, bearer) -> None:
    scan, author = clinic.add_volume("u"), clinic.person(Role.CLINICIAN, "author")
    annotations = clinic.services.reviewing.annotations
    annotations.add(scan.id, author, AnnotationKind.RULER, 1, [(2, 7, 5), (6, 7, 10)])
    annotations.add(scan.id, author, AnnotationKind.ANGLE, 0, [(3, 5, 5), (3, 5, 9), (3, 7, 5)])
    client = server.test_client()
    ruler, angle = client.get(f"/api/v1/scans/{scan.id}/annotations", headers=bearer()).json["annotations"]
    assert (ruler["kind"], ruler["slice_axis"], ruler["slice_index"]) == ("ruler", 1, 7)
    assert ruler["values"] == {"unit": "mm", "length": 13, "perpendicular": None, "angle_degrees": None}
    assert (ruler["words"], ruler["author"]) == ("13.0 mm", "Dr Clinician")
    assert angle["values"]["angle_degrees"] == 45 and angle["words"] == "45.0°"


def test_of_no_scan_there_are_none(server: Flask, bearer) -> None:
    answer = server.test_client().get(f"/api/v1/scans/{'0' * 32}/annotations", headers=bearer())
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")
