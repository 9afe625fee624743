"""Rulers, diameters and angles that people draw on scans: kept with the scan, measured here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from data import formats
from data.database import new_id, now
from data.errors import NO_SCAN, InvalidInput, NotAllowed, NotFound
from data.records import Annotation, AnnotationKind, AnnotationValues, AuditEvent, Scan, User
from data.records.annotations import Point
from data.stores.annotations import AnnotationStore
from data.stores.audit import AuditLog
from data.stores.scans import ScanStore
from models.annotation_values import AxisSteps, axis_steps, measured_values, right_angled
from services.measurement_words import annotation_words
from services.permissions import Permission, may, require
from services.reviewing.blinding import Blinding

MOST = 200  # on one scan
ODD_DEGREES = 1.0  # from 90 between two diameters that are said to be perpendicular
NO_ANNOTATION = "There is no such measurement; somebody may have deleted it."
_PLACES = 4  # decimals of a kept index: a ten-thousandth of a voxel


@dataclass(frozen=True)
class MeasuredAnnotation:
    """An annotation with its sizes, in numbers and in words, and what the viewer may do with it."""

    annotation: Annotation
    values: AnnotationValues
    words: str
    may_move: bool
    may_delete: bool


@dataclass(frozen=True)
class ScanAnnotations:
    """What is drawn on a scan, oldest first; `steps` is how far its voxels lie apart (`axis_steps`)."""

    steps: AxisSteps
    annotations: tuple[MeasuredAnnotation, ...]


class Annotations:
    """Kept are points; every size follows from them and the scan's spacing, when it is asked for."""

    def __init__(self, store: AnnotationStore, scans: ScanStore, audit: AuditLog, blinding: Blinding) -> None:
        self._store = store
        self._blinding = blinding
        self._scans = scans
        self._audit = audit

    def of_scan(self, scan_id: str, viewer: User) -> ScanAnnotations:
        """All on one scan, for who reads it blind their own; raises NotFound, also for who may see none."""
        scan, blind = self._seen(scan_id, viewer), self._blinding.of_scan(scan_id, viewer)
        every = self._store.of_scan(scan_id)
        kept = [each for each in every if not blind.reviews or each.author_id == viewer.id]
        return ScanAnnotations(_steps(scan), tuple(_measured(scan, each, viewer) for each in kept))

    def add(
        self, scan_id: str, user: User, kind: AnnotationKind, slice_axis: int, points: Sequence[Point]
    ) -> MeasuredAnnotation:
        """Keeps one of this person's. Raises InvalidInput where it cannot be one, NotAllowed, NotFound."""
        require(user, Permission.ANNOTATE)
        scan = self._seen(scan_id, user)
        if len(self._store.of_scan(scan_id)) >= MOST:
            raise InvalidInput(f"A scan can hold {MOST} measurements; delete some first.")
        at = now()
        checked = _checked(scan, kind, slice_axis, points)
        drawn = Annotation(new_id(), scan_id, kind, slice_axis, checked, user.id, user.display_name, at, at)
        with self._audit.together():
            return self._noted("added", scan, self._store.add(drawn), user)

    def move(
        self, scan_id: str, annotation_id: str, user: User, points: Sequence[Point]
    ) -> MeasuredAnnotation:
        """Other points, by the author alone. Raises InvalidInput, NotAllowed, NotFound."""
        require(user, Permission.ANNOTATE)
        scan, kept = self._seen(scan_id, user), self._kept(scan_id, annotation_id)
        if kept.author_id != user.id:
            raise NotAllowed("Only its author may move a measurement; draw one of your own.")
        checked = _checked(scan, kept.kind, kept.slice_axis, points)
        with self._audit.together():
            self._store.move(annotation_id, checked, now())
            return self._noted("moved", scan, self._kept(scan_id, annotation_id), user)

    def delete(self, scan_id: str, annotation_id: str, user: User) -> None:
        """Takes one's own away, or with the permission somebody else's. Raises NotAllowed, NotFound."""
        kept = self._store.get(annotation_id)
        own = kept is not None and kept.author_id == user.id
        require(user, Permission.ANNOTATE if own else Permission.DELETE_ANNOTATIONS)
        scan, kept = self._seen(scan_id, user), self._kept(scan_id, annotation_id)
        with self._audit.together():
            self._store.delete(annotation_id)
            self._noted("deleted", scan, kept, user)

    def _seen(self, scan_id: str, user: User) -> Scan:
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        return self._scans.existing(scan_id)

    def _kept(self, scan_id: str, annotation_id: str) -> Annotation:
        kept = self._store.get(annotation_id)
        if kept is None or kept.scan_id != scan_id:
            raise NotFound(NO_ANNOTATION)
        return kept

    def _noted(self, verb: str, scan: Scan, kept: Annotation, user: User) -> MeasuredAnnotation:
        measured = _measured(scan, kept, user)
        detail = f"{kept.kind} {kept.id}: {measured.words}"
        self._audit.record(AuditEvent(now(), user.id, f"annotation.{verb}", scan.id, detail))
        return measured


def _steps(scan: Scan) -> AxisSteps:
    return axis_steps(scan.spacing, formats.placed_affine(scan.grid))


def _measured(scan: Scan, annotation: Annotation, viewer: User) -> MeasuredAnnotation:
    values = measured_values(annotation.kind, annotation.points, _steps(scan))
    own = annotation.author_id == viewer.id and may(viewer, Permission.ANNOTATE)
    return MeasuredAnnotation(
        annotation,
        values,
        annotation_words(values),
        may_move=own,
        may_delete=own or (annotation.author_id != viewer.id and may(viewer, Permission.DELETE_ANNOTATIONS)),
    )


def _checked(scan: Scan, kind: AnnotationKind, slice_axis: int, points: Sequence[Point]) -> tuple[Point, ...]:
    """The points as they are kept; raises InvalidInput where they are no such measurement of this scan."""
    if slice_axis not in range(3) or len(points) != kind.point_count:
        raise InvalidInput(f"A measurement of this kind has {kind.point_count} points on a slice.")
    if not all(_within(point, scan.shape) for point in points):
        raise InvalidInput("A point lies outside of the scan.")
    kept = tuple(_rounded(point) for point in points)
    if len({point[slice_axis] for point in kept}) > 1 or kept[0][slice_axis] % 1:
        raise InvalidInput("All points of a measurement lie on one slice.")
    if any(kept[end] == kept[start] for start, end in _LINES[kind]):
        raise InvalidInput("Two ends lie on the same point.")
    if kind is AnnotationKind.BIDIRECTIONAL and not right_angled(kept, _steps(scan), ODD_DEGREES):
        raise InvalidInput("The two diameters are not perpendicular.")
    return kept


_LINES = {
    AnnotationKind.RULER: ((0, 1),),
    AnnotationKind.BIDIRECTIONAL: ((0, 1), (2, 3)),
    AnnotationKind.ANGLE: ((0, 1), (1, 2)),
}


def _within(point: Point, sizes: tuple[int, int, int]) -> bool:
    return all(math.isfinite(at) and -0.5 <= at <= size - 0.5 for at, size in zip(point, sizes, strict=True))


def _rounded(point: Point) -> Point:
    slice_, row, column = (round(float(at), _PLACES) + 0.0 for at in point)  # no -0.0
    return slice_, row, column
