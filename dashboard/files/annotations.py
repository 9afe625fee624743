"""What people measure on a scan by hand: kept, moved, deleted and listed for the viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from dashboard.auth import person, reader, require
from dashboard.components.results import local_time
from data.errors import InvalidInput
from data.records import AnnotationKind
from services.permissions import Permission, may

if TYPE_CHECKING:
    from data.records.annotations import Point
    from services.assembly.container import Services
    from services.reviewing.annotations import MeasuredAnnotation

UNCLEAR = "This measurement could not be understood."


def register(server: Flask, services: Services) -> None:
    """Add the routes below /scans/<id>/annotations."""
    views = AnnotationFiles(services)
    all_of_scan, single = "/scans/<scan_id>/annotations", "/scans/<scan_id>/annotations/<annotation_id>"
    rule = server.add_url_rule
    rule(all_of_scan, "annotations", views.annotations)
    rule(all_of_scan, "add_annotation", views.add, methods=["POST"])
    rule(single, "move_annotation", views.move, methods=["PUT"])
    rule(single, "delete_annotation", views.delete, methods=["DELETE"])


class AnnotationFiles:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def annotations(self, scan_id: str) -> Response:
        """All on a scan, with the steps in mm that the browser measures by while somebody draws."""
        user = reader()
        drawn = self.services.reviewing.annotations.of_scan(scan_id, user)
        response = jsonify(
            {
                "steps": [None if step is None else step.tolist() for step in drawn.steps],
                "may_add": may(user, Permission.ANNOTATE),
                "annotations": [_plain(each) for each in drawn.annotations],
            }
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def add(self, scan_id: str) -> Response:
        """Keep a new one: `{"kind": "ruler", "slice_axis": 0, "points": [[s, r, c], [s, r, c]]}`."""
        user, sent = require(Permission.ANNOTATE), _sent()
        kind, slice_axis = sent.get("kind"), sent.get("slice_axis")
        if kind not in list(AnnotationKind) or type(slice_axis) is not int:
            raise InvalidInput(UNCLEAR)
        kept = self.services.reviewing.annotations.add(
            scan_id, user, AnnotationKind(kind), slice_axis, _points(sent)
        )
        response = jsonify(_plain(kept))
        response.status_code = 201
        return response

    def move(self, scan_id: str, annotation_id: str) -> Response:
        """Give one other points."""
        user = require(Permission.ANNOTATE)
        moved = self.services.reviewing.annotations.move(scan_id, annotation_id, user, _points(_sent()))
        return jsonify(_plain(moved))

    def delete(self, scan_id: str, annotation_id: str) -> Response:
        """Take one away."""
        self.services.reviewing.annotations.delete(scan_id, annotation_id, person())
        return jsonify({"deleted": annotation_id})


def _sent() -> dict[str, Any]:
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise InvalidInput(UNCLEAR)
    return sent


def _points(sent: dict[str, Any]) -> list[Point]:
    points = sent.get("points")
    if not isinstance(points, list) or not all(_is_point(point) for point in points):
        raise InvalidInput(UNCLEAR)
    return [(float(s), float(r), float(c)) for s, r, c in points]


def _is_point(point: object) -> bool:
    return isinstance(point, list) and len(point) == 3 and all(type(at) in (int, float) for at in point)


def _plain(measured: MeasuredAnnotation) -> dict[str, Any]:
    annotation = measured.annotation
    return {
        "id": annotation.id,
        "kind": annotation.kind.value,
        "slice_axis": annotation.slice_axis,
        "points": annotation.points,
        "words": measured.words,
        "author": annotation.author_name,
        "changed": local_time(annotation.changed_at),
        "may_move": measured.may_move,
        "may_delete": measured.may_delete,
    }
