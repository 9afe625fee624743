"""Verdicts that say no truth, and reviews that are taken back: who may, and what counts afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed, NotFound, Outdated
from data.records import LesionCall, LesionVerdict, RejectReason, Role, User, Verdict
from reports.masks import mask_nifti
from services.reviewing.pictures import CORRECTED
from services.reviewing.review import MaskFile, Remarks, Seen, may_take_back
from tests.data.builders import a_review
from tests.services.reviewing.test_review import GREY, NORA, Ward, box

HART = User("hart", "hart", "Dr Hart", Role.CLINICIAN)
HEAD = User("head", "head", "Prof Cole", Role.HEAD)


@pytest.fixture
def ward(engine: Engine, tmp_path: Path) -> Ward:
    return Ward(engine, tmp_path)


def test_the_one_before_counts_again(ward: Ward, tmp_path: Path) -> None:
    scan, file = ward.scan(), tmp_path / "mask.nii.gz"
    result = ward.read(scan)
    file.write_bytes(mask_nifti(box(5), scan.grid))
    corrected = ward.reviews.correct(scan.id, GREY, MaskFile(file, file.name))
    accepted = ward.reviews.accept(scan.id, HART)
    with pytest.raises(NotFound):
        ward.pictures.mask(scan.id, CORRECTED)
    taking = ward.reviews.take_back(accepted.id, HART, Remarks(comment=" slipped "))
    assert (taking.verdict, taking.takes_back, taking.comment) == (
        Verdict.TAKING_BACK,
        accepted.id,
        "slipped",
    )
    assert ward.kept.current(scan.id) == corrected
    assert ward.verdict_in_worklist(scan) is Verdict.CORRECTED
    assert (ward.pictures.mask(scan.id, CORRECTED) == box(5)).all()
    assert ward.told == [result] * 3
    event = ward.audit.recent(1)[0]
    assert (event.user_id, event.action, event.subject, event.detail) == (
        "hart",
        "review.taking-back",
        scan.id,
        accepted.id,
    )
    ward.reviews.take_back(corrected.id, GREY)
    assert ward.kept.current(scan.id) is None and ward.verdict_in_worklist(scan) is None
    assert len(ward.kept.of_scan(scan.id)) == 4


def test_one_s_own_or_with_a_permission_anybody_s(ward: Ward) -> None:
    scan = ward.scan()
    result = ward.read(scan)
    review = ward.reviews.accept(scan.id, GREY)
    label = ward.kept.add(a_review(scan.id, result.id, verdict=Verdict.LABELLED, reviewer_id=""))
    for user in (HART, NORA):
        for kept in (review, label):
            with pytest.raises(NotAllowed):
                ward.reviews.take_back(kept.id, user)
            assert not may_take_back(kept, user)
    assert may_take_back(review, GREY) and not may_take_back(label, GREY)
    assert may_take_back(review, HEAD) and may_take_back(label, HEAD)
    ward.reviews.take_back(review.id, HEAD)
    assert ward.kept.current(scan.id) == label
    ward.reviews.take_back(label.id, HEAD)
    assert ward.kept.current(scan.id) is None


def test_what_is_taken_back_stays_so(ward: Ward) -> None:
    scan = ward.scan()
    ward.read(scan)
    review = ward.reviews.unsure(scan.id, GREY)
    assert (review.verdict, review.truth_positive) == (Verdict.UNSURE, None)
    taking = ward.reviews.take_back(review.id, GREY)
    with pytest.raises(InvalidInput, match="taken back already"):
        ward.reviews.take_back(review.id, GREY)
    for unknown in (taking.id, "0" * 32):
        with pytest.raises(NotFound):
            ward.reviews.take_back(unknown, GREY)
    assert [kept.id for kept in ward.kept.of_scan(scan.id)] == [taking.id, review.id]


def test_a_request_is_open_again_when_its_review_is_taken_back(ward: Ward) -> None:
    scan = ward.scan()
    ward.read(scan)
    ward.requests.ask([scan.id], "noise", NORA)
    review = ward.reviews.accept(scan.id, GREY)
    assert ward.requests.open() == []
    ward.reviews.take_back(review.id, GREY)
    assert [request.scan_id for request in ward.requests.open()] == [scan.id]


def test_nobody_overwrites_what_they_have_not_seen(ward: Ward, tmp_path: Path) -> None:
    scan, file = ward.scan(), tmp_path / "mask.nii.gz"
    first = ward.read(scan)
    file.write_bytes(mask_nifti(box(5), scan.grid))
    begun = Remarks(Seen(first.id, None), minutes=2.5)
    accepted = ward.reviews.accept(scan.id, GREY, begun)
    assert (accepted.parent_id, accepted.minutes) == (None, 2.5)
    for act in (
        lambda: ward.reviews.accept(scan.id, HART, begun),
        lambda: ward.reviews.unsure(scan.id, HART, begun),
        lambda: ward.reviews.reject(scan.id, HART, RejectReason.ARTEFACT, remarks=begun),
        lambda: ward.reviews.correct(scan.id, HART, MaskFile(file, file.name), begun),
        lambda: ward.reviews.take_back(accepted.id, GREY, begun),
    ):
        with pytest.raises(Outdated, match="Somebody reviewed this result meanwhile"):
            act()
    assert ward.kept.of_scan(scan.id) == [accepted] and ward.told == [first]
    assert list(ward.files.keys("reviews")) == []
    second = ward.read(scan, 1)
    with pytest.raises(Outdated, match="read again meanwhile"):
        ward.reviews.accept(scan.id, HART, Remarks(Seen(first.id, accepted.id)))
    after = ward.reviews.unsure(scan.id, HART, Remarks(Seen(second.id, None)))
    assert ward.reviews.accept(scan.id, HART).parent_id == after.id


@pytest.mark.parametrize("minutes", [-0.1, 1440.1])
def test_minutes_are_those_of_a_day_at_most(ward: Ward, minutes: float) -> None:
    scan = ward.scan()
    ward.read(scan)
    with pytest.raises(InvalidInput, match="minutes"):
        ward.reviews.accept(scan.id, GREY, Remarks(minutes=minutes))
    for fitting in (0.0, 1440.0):
        assert ward.reviews.accept(scan.id, GREY, Remarks(minutes=fitting)).minutes == fitting


# --- Lesion by lesion ---


def test_each_lesion_may_be_judged_and_accepting_says_that_all_are_right(ward: Ward) -> None:
    scan = ward.scan()
    ward.read(scan)  # of one lesion
    wrong, right = LesionVerdict(1, LesionCall.WRONG), LesionVerdict(1, LesionCall.RIGHT)
    for said in (wrong, LesionVerdict(1, LesionCall.OUTLINE_WRONG)):
        with pytest.raises(InvalidInput, match="every lesion is right"):
            ward.reviews.accept(scan.id, GREY, Remarks(lesions=(said,)))
    for unknown in (
        (LesionVerdict(0, LesionCall.RIGHT),),
        (LesionVerdict(2, LesionCall.RIGHT),),
        (wrong,) * 2,
    ):
        with pytest.raises(InvalidInput, match="no such lesion"):
            ward.reviews.unsure(scan.id, GREY, Remarks(lesions=unknown))
    assert ward.kept.of_scan(scan.id) == []
    ward.reviews.accept(scan.id, GREY, Remarks(lesions=(right,)))
    rejected = ward.reviews.reject(
        scan.id, GREY, RejectReason.OTHER_DISEASE, remarks=Remarks(lesions=(wrong,))
    )
    assert ward.kept.get(rejected.id) == rejected
    assert rejected.lesions == (wrong,)
