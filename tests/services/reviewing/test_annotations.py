"""Hand measurements: whose they are, what they may be, and what the audit trail keeps of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import AnnotationKind, Role, Scan, Spacing, User
from data.records.annotations import Point
from data.stores.annotations import AnnotationStore
from data.stores.audit import AuditLog
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from data.stores.second_readings import SecondReadingStore
from data.stores.unaided import UnaidedStore
from services.reviewing.annotations import MOST, Annotations
from services.reviewing.blinding import Blinding
from services.reviewing.second_readings import SecondReadings
from tests.data.builders import a_kept_scan, a_scan

GREY = User("grey", "grey", "Dr Grey", Role.CLINICIAN)
COLE = User("cole", "cole", "Dr Cole", Role.CLINICIAN)
HEAD = User("hall", "hall", "Dr Hall", Role.HEAD)
NORA = User("nora", "nora", "Nora Field", Role.MLOPS)
ADMIN = User("root", "root", "Root", Role.ADMIN)
RULER, BOTH, ANGLE = AnnotationKind.RULER, AnnotationKind.BIDIRECTIONAL, AnnotationKind.ANGLE
LINE: list[Point] = [(4, 10, 10), (4, 10, 25)]


class Ward:
    """A scan of 6 x 30 x 40 voxels at 3 x 2 x 1 mm, and the service."""

    def __init__(self, engine: Engine) -> None:
        self.audit, self.store = AuditLog(engine), AnnotationStore(engine)
        scans = ScanStore(engine)
        second = SecondReadings(SecondReadingStore(engine), ResultStore(engine), self.audit)
        blinding = Blinding(second, UnaidedStore(engine), scans.changes_token)
        self.annotations = Annotations(self.store, scans, self.audit, blinding)
        self.engine = engine
        self.scan = self.kept()

    def kept(self, name: str = "Doe^Jane", **changes: object) -> Scan:
        grid = replace(a_scan("p").grid, shape=(40, 30, 6), affine=None)
        shape = {"slices": 6, "height": 30, "width": 40}
        given = {"spacing": Spacing(3.0, 2.0, 1.0), "grid": grid} | shape | changes
        return a_kept_scan(self.engine, 0, name, **given)

    def drawn(self, user: User = GREY) -> str:
        return self.annotations.add(self.scan.id, user, RULER, 0, LINE).annotation.id

    def said(self, user: User = GREY) -> list[str]:
        return [each.words for each in self.annotations.of_scan(self.scan.id, user).annotations]


@pytest.fixture
def ward(engine: Engine) -> Ward:
    return Ward(engine)


def test_what_is_drawn_is_measured_and_everybody_who_sees_scans_sees_it(ward: Ward) -> None:
    ward.drawn()
    both = [(2, 5, 5), (2, 5, 17), (2, 3, 9), (2, 7, 9)]
    ward.annotations.add(ward.scan.id, GREY, BOTH, 0, both)
    ward.annotations.add(ward.scan.id, COLE, ANGLE, 1, [(0, 7, 0), (0, 7, 9), (3, 7, 9)])
    for user in (GREY, COLE, HEAD, NORA):
        assert ward.said(user) == ["15.0 mm", "12.0 × 8.0 mm", "90.0°"]
    with pytest.raises(NotFound, match="no such scan"):
        ward.said(ADMIN)


def test_without_spacing_the_words_are_pixels(ward: Ward) -> None:
    film = ward.kept("Roe", spacing=Spacing())
    kept = ward.annotations.add(film.id, GREY, RULER, 0, LINE)
    assert (kept.words, kept.values.unit) == ("15.0 px", "px")


def test_the_author_moves_it_and_its_sizes_follow(ward: Ward) -> None:
    drawn = ward.drawn()
    moved = ward.annotations.move(ward.scan.id, drawn, GREY, [(4, 0, 0), (4, 10, 0)])
    assert moved.words == "20.0 mm" and moved.annotation.slice_index == 4
    assert moved.annotation.changed_at > moved.annotation.created_at
    with pytest.raises(NotAllowed, match="Only its author"):
        ward.annotations.move(ward.scan.id, drawn, COLE, LINE)
    assert ward.said() == ["20.0 mm"]


def test_who_may_delete_whose(ward: Ward) -> None:
    for user, allowed in ((COLE, False), (NORA, False), (GREY, True), (HEAD, True)):
        drawn = ward.drawn(GREY)
        if allowed:
            ward.annotations.delete(ward.scan.id, drawn, user)
            assert ward.store.get(drawn) is None
        else:
            with pytest.raises(NotAllowed):
                ward.annotations.delete(ward.scan.id, drawn, user)
            assert ward.store.get(drawn) is not None


def test_each_is_told_what_they_may_do(ward: Ward) -> None:
    ward.drawn(GREY)
    rights = {}
    for user in (GREY, COLE, HEAD):
        (seen,) = ward.annotations.of_scan(ward.scan.id, user).annotations
        rights[user.name] = (seen.may_move, seen.may_delete)
    assert rights == {"grey": (True, True), "cole": (False, False), "hall": (False, True)}


def test_whoever_lost_the_right_to_measure_loses_it_for_their_own_too(ward: Ward) -> None:
    drawn = ward.drawn(GREY)
    moved_on = replace(GREY, role=Role.MLOPS)
    (seen,) = ward.annotations.of_scan(ward.scan.id, moved_on).annotations
    assert not seen.may_move and not seen.may_delete
    with pytest.raises(NotAllowed):
        ward.annotations.delete(ward.scan.id, drawn, moved_on)


def test_one_of_another_scan_is_none_here(ward: Ward) -> None:
    other, drawn = ward.kept("Roe", content_sha256="9" * 64), ward.drawn()
    with pytest.raises(NotFound, match="no such measurement"):
        ward.annotations.move(other.id, drawn, GREY, LINE)
    with pytest.raises(NotFound, match="no such measurement"):
        ward.annotations.delete(other.id, drawn, GREY)
    assert ward.said() == ["15.0 mm"]


@pytest.mark.parametrize(
    ("kind", "axis", "points", "sentence"),
    [
        (RULER, 0, LINE[:1], "has 2 points"),
        (RULER, 0, [*LINE, LINE[0]], "has 2 points"),
        (ANGLE, 0, LINE, "has 3 points"),
        (RULER, 3, LINE, "has 2 points on a slice"),
        (RULER, -1, LINE, "has 2 points on a slice"),
        (RULER, 0, [(4, 10, 10), (4, 10, 39.6)], "outside"),
        (RULER, 0, [(4, -0.6, 10), (4, 10, 10)], "outside"),
        (RULER, 0, [(6, 10, 10), (6, 10, 20)], "outside"),
        (RULER, 0, [(4, 10, float("nan")), (4, 10, 20)], "outside"),
        (RULER, 0, [(4, 10, 10), (4, 10, float("inf"))], "outside"),
        (RULER, 0, [(4, 10, 10), (5, 10, 20)], "on one slice"),
        (RULER, 1, LINE[:1] + [(4, 11, 10)], "on one slice"),
        (RULER, 0, [(4.5, 10, 10), (4.5, 10, 20)], "on one slice"),
        (RULER, 0, [LINE[0], LINE[0]], "same point"),
        (ANGLE, 0, [LINE[0], LINE[0], LINE[1]], "same point"),
        (ANGLE, 0, [LINE[0], LINE[1], LINE[1]], "same point"),
        (BOTH, 0, [(4, 5, 5), (4, 5, 20), (4, 2, 9), (4, 2, 9)], "same point"),
        (BOTH, 0, [(4, 5, 5), (4, 5, 20), (4, 2, 9), (4, 8, 11)], "not perpendicular"),
    ],
)
def test_what_is_no_measurement_is_refused(
    ward: Ward, kind: AnnotationKind, axis: int, points: list[Point], sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        ward.annotations.add(ward.scan.id, GREY, kind, axis, points)
    assert ward.said() == []


def test_points_reach_to_the_outer_edge_of_the_outer_voxels(ward: Ward) -> None:
    edges = [(5, -0.5, -0.5), (5, 29.5, -0.5)]
    assert ward.annotations.add(ward.scan.id, GREY, RULER, 0, edges).words == "60.0 mm"


def test_a_scan_does_not_fill_up_for_ever(ward: Ward) -> None:
    for _ in range(MOST):
        drawn = ward.drawn()
    with pytest.raises(InvalidInput, match=f"can hold {MOST}"):
        ward.drawn()
    ward.annotations.delete(ward.scan.id, drawn, GREY)
    ward.drawn()


def test_the_audit_trail_says_who_drew_moved_and_deleted_what(ward: Ward) -> None:
    drawn = ward.drawn(GREY)
    ward.annotations.move(ward.scan.id, drawn, GREY, [(4, 0, 0), (4, 10, 0)])
    ward.annotations.delete(ward.scan.id, drawn, HEAD)
    events = [(event.action, event.user_id, event.detail) for event in reversed(ward.audit.recent(3))]
    assert events == [
        ("annotation.added", "grey", f"ruler {drawn}: 15.0 mm"),
        ("annotation.moved", "grey", f"ruler {drawn}: 20.0 mm"),
        ("annotation.deleted", "hall", f"ruler {drawn}: 20.0 mm"),
    ]
    assert {event.subject for event in ward.audit.recent(3)} == {ward.scan.id}
