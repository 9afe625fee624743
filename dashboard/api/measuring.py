"""Measurements that people drew on a scan, for programs: /api/v1/scans/<id>/annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.models_measuring import AnnotationAnswer, AnnotationsAnswer
from dashboard.api.operations import Operation, answered
from dashboard.auth import reader

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.reviewing.annotations import MeasuredAnnotation

ANNOTATIONS = Operation(
    "GET",
    "/api/v1/scans/<scan_id>/annotations",
    "annotations",
    "Rulers, perpendicular diameters and angles that people drew on a scan, with their sizes",
    answer=AnnotationsAnswer,
    says="All of them",
    errors=(404,),
)
OPERATIONS = (ANNOTATIONS,)


def register(server: Flask, services: Services) -> None:
    """Add the route."""
    views = ApiAnnotations(services)
    operations.add(server, ANNOTATIONS, "api_annotations", views.annotations)


class ApiAnnotations:
    """The view."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def annotations(self, scan_id: str) -> Response:
        """Answer all on one scan."""
        drawn = self.services.reviewing.annotations.of_scan(scan_id, reader())
        return answered(AnnotationsAnswer(annotations=[_described(each) for each in drawn.annotations]))


def _described(measured: MeasuredAnnotation) -> AnnotationAnswer:
    annotation = measured.annotation
    return AnnotationAnswer(
        id=annotation.id,
        kind=annotation.kind,
        slice_axis=annotation.slice_axis,
        slice_index=annotation.slice_index,
        points=list(annotation.points),
        values=measured.values,
        words=measured.words,
        author=annotation.author_name,
        created_at=annotation.created_at,
        changed_at=annotation.changed_at,
    )
