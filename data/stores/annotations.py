"""What people measured on scans by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from data.codec import from_json, to_json
from data.database import reading, writing
from data.records import Annotation, AnnotationKind
from data.records.annotations import Point
from data.tables import scan_annotations


class AnnotationStore:
    """Annotations by scan."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, annotation: Annotation) -> Annotation:
        """Keeps it."""
        values = {**vars(annotation), "kind": annotation.kind.value, "points": to_json(annotation.points)}
        with writing(self._engine) as connection:
            connection.execute(insert(scan_annotations).values(values))
        return annotation

    def get(self, annotation_id: str) -> Annotation | None:
        """The annotation, or None."""
        with reading(self._engine) as connection:
            query = select(scan_annotations).where(scan_annotations.c.id == annotation_id)
            row = connection.execute(query).one_or_none()
        return None if row is None else _annotation(row)

    def of_scan(self, scan_id: str) -> list[Annotation]:
        """All of a scan, oldest first."""
        query = select(scan_annotations).where(scan_annotations.c.scan_id == scan_id)
        with reading(self._engine) as connection:
            rows = connection.execute(
                query.order_by(scan_annotations.c.created_at, scan_annotations.c.id)
            ).all()
        return [_annotation(row) for row in rows]

    def move(self, annotation_id: str, points: tuple[Point, ...], at: datetime) -> None:
        """Other points; nothing happens where there is no such annotation."""
        values = {"points": to_json(points), "changed_at": at}
        with writing(self._engine) as connection:
            connection.execute(
                update(scan_annotations).where(scan_annotations.c.id == annotation_id).values(values)
            )

    def delete(self, annotation_id: str) -> None:
        """Takes it away; nothing happens where there is no such annotation."""
        with writing(self._engine) as connection:
            connection.execute(delete(scan_annotations).where(scan_annotations.c.id == annotation_id))


def _annotation(row: Row[Any]) -> Annotation:
    return Annotation(
        id=row.id,
        scan_id=row.scan_id,
        kind=AnnotationKind(row.kind),
        slice_axis=row.slice_axis,
        points=from_json(tuple[Point, ...], row.points),
        author_id=row.author_id,
        author_name=row.author_name,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
