from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine

from data.database import new_id
from data.records import Annotation, AnnotationKind
from data.stores.annotations import AnnotationStore
from data.stores.scans import ScanStore
from tests.data.builders import MORNING, a_kept_scan

POINTS = ((4.0, 10.25, 7.0), (4.0, 12.0, 30.5))


def drawn(scan_id: str, minutes: int = 0) -> Annotation:
    at = MORNING + timedelta(minutes=minutes)
    return Annotation(new_id(), scan_id, AnnotationKind.RULER, 0, POINTS, "u", "Dr Grey", at, at)


def test_an_annotation_comes_back_as_it_was(engine: Engine) -> None:
    store, scan = AnnotationStore(engine), a_kept_scan(engine)
    kept = store.add(drawn(scan.id))
    assert store.get(kept.id) == kept
    assert store.get("nothing") is None


def test_those_of_a_scan_come_oldest_first(engine: Engine) -> None:
    store, scan, other = AnnotationStore(engine), a_kept_scan(engine), a_kept_scan(engine, 1, "Roe")
    late, early = store.add(drawn(scan.id, 5)), store.add(drawn(scan.id, 1))
    store.add(drawn(other.id))
    assert store.of_scan(scan.id) == [early, late]


def test_moving_changes_points_and_time_of_that_one_alone(engine: Engine) -> None:
    store, scan = AnnotationStore(engine), a_kept_scan(engine)
    moved, other = store.add(drawn(scan.id)), store.add(drawn(scan.id, 1))
    points, at = ((4.0, 0.0, 0.0), (4.0, 1.0, 1.0)), MORNING + timedelta(hours=1)
    store.move(moved.id, points, at)
    assert store.get(moved.id) == replace(moved, points=points, changed_at=at)
    assert store.get(other.id) == other


def test_deleting_takes_one_and_a_scan_takes_all_of_its_own(engine: Engine) -> None:
    store, scan = AnnotationStore(engine), a_kept_scan(engine)
    gone, stays = store.add(drawn(scan.id)), store.add(drawn(scan.id, 1))
    store.delete(gone.id)
    assert store.of_scan(scan.id) == [stays]
    ScanStore(engine).delete([scan.id])
    assert store.of_scan(scan.id) == []
