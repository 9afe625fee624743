"""Reviews: who may, of which result, and what stands beside it afterwards."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed, NotFound, UnchangedMask
from data.files import FileStore
from data.ledger.in_memory import Ledger
from data.ledger.worklist import WorklistStore
from data.packing import packed
from data.records import RejectReason, Result, Role, Scan, User, Verdict, WorklistQuery
from data.stores.audit import AuditLog
from data.stores.results import ResultStore
from data.stores.review_requests import ReviewRequestStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.second_readings import SecondReadingStore
from data.stores.unaided import UnaidedStore
from reports.masks import mask_nifti
from services import keys
from services.reviewing.blinding import Blinding
from services.reviewing.chosen_scans import MOST
from services.reviewing.gallery import ScanGallery
from services.reviewing.pictures import CORRECTED, Pictures
from services.reviewing.requests import LONGEST_WHY, ReviewRequests
from services.reviewing.review import LONGEST_REASON, MaskFile, Remarks, Reviews
from services.reviewing.second_readings import SecondReadings
from tests.dashboard.clinic import drawn_mask
from tests.data.builders import a_kept_scan, a_result, a_review, a_scan, measured
from tests.text_detectors import NoText, screening_by

GREY = User("grey", "grey", "Dr Grey", Role.CLINICIAN)
NORA = User("nora", "nora", "Nora Field", Role.MLOPS)
SHAPE = (4, 20, 24)


class Ward:
    """Scans with pixels and results, and the services over them."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.files = engine, FileStore(str(folder / "files"))
        self.scans, self.results, self.kept = ScanStore(engine), ResultStore(engine), ReviewStore(engine)
        self.pictures = Pictures(
            self.scans, self.results, self.kept, self.files, screening_by(NoText(), engine, self.files)
        )
        self.gallery = ScanGallery(self.files, self.pictures)
        self.audit = AuditLog(engine)
        self.told: list[Result] = []
        self.second = SecondReadings(SecondReadingStore(engine), self.results, self.audit)
        self.unaided = UnaidedStore(engine)
        self.blinding = Blinding(self.second, self.unaided, self.scans.changes_token)
        self.reviews = Reviews(
            self.scans, self.results, self.kept, self.files, self.pictures, self.audit, self.second,
            self.blinding,             self.told.append,
        )  # fmt: skip
        self.requests = ReviewRequests(ReviewRequestStore(engine), self.scans, self.audit)

    def scan(self, number: int = 0) -> Scan:
        slices, height, width = SHAPE
        grid = replace(a_scan("p").grid, shape=(width, height, slices))
        scan = a_kept_scan(self.engine, number, slices=slices, height=height, width=width, grid=grid)
        pixels = np.random.default_rng(number).integers(0, 900, SHAPE).astype(np.int16)
        self.files.put_array(keys.array(scan.id), pixels)
        return scan

    def read(self, scan: Scan, minutes: float = 0, *, has_mask: bool = True, positive: bool = True) -> Result:
        result = a_result(scan.id, minutes, has_mask=has_mask, positive=positive)
        self.files.put(keys.mask(result.id), packed(box(3)))
        return self.results.add(result)

    def corrected(self, scan: Scan, result: Result, side: int, minutes: float) -> str:
        review = a_review(
            scan.id,
            result.id,
            minutes,
            verdict=Verdict.CORRECTED,
            measurements=measured(),
            truth_positive=True,
        )
        self.files.put(keys.corrected_mask(review.id), packed(box(side)))
        return self.kept.add(review).id

    def verdict_in_worklist(self, scan: Scan) -> Verdict | None:
        page = WorklistStore(self.engine, Ledger(self.engine)).page(WorklistQuery(), with_identity=False)
        (row,) = [row for row in page.rows if row.scan_id == scan.id]
        return row.verdict


def box(side: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[1:3, 4 : 4 + side, 6 : 6 + side] = True
    return mask


@pytest.fixture
def ward(engine: Engine, tmp_path: Path) -> Ward:
    return Ward(engine, tmp_path)


@pytest.mark.parametrize("positive", [True, False])
def test_accepting_says_that_the_result_is_true(ward: Ward, positive: bool) -> None:
    scan = ward.scan()
    result = ward.read(scan, positive=positive)
    review = ward.reviews.accept(scan.id, GREY)
    assert (review.verdict, review.truth_positive, review.result_id) == (
        Verdict.ACCEPTED,
        positive,
        result.id,
    )
    assert (review.reviewer_id, review.reviewer_name, review.reason) == ("grey", "Dr Grey", None)
    assert ward.kept.current(scan.id) == review and ward.told == [result]
    event = ward.audit.recent(1)[0]
    assert (event.user_id, event.action, event.subject) == ("grey", "review.accepted", scan.id)


@pytest.mark.parametrize("truth", [True, False, None])
def test_rejecting_needs_a_reason_and_may_leave_the_truth_open(ward: Ward, truth: bool | None) -> None:
    scan = ward.scan()
    result = ward.read(scan)
    with pytest.raises(InvalidInput, match="say why"):
        ward.reviews.reject(scan.id, GREY, RejectReason.OTHER, " \n ", truth)
    assert ward.kept.current(scan.id) is None and ward.told == []
    review = ward.reviews.reject(scan.id, GREY, RejectReason.OTHER, " " + "x" * (LONGEST_REASON + 1), truth)
    assert review.truth_positive is truth and review.reason == "x" * LONGEST_REASON
    assert review.reason_code is RejectReason.OTHER
    assert ward.kept.current(scan.id) == review
    review = ward.reviews.reject(scan.id, GREY, RejectReason.MISSED, " ", truth)
    assert (review.reason_code, review.reason) == (RejectReason.MISSED, None)
    assert ward.kept.current(scan.id) == review and ward.told == [result] * 2


def test_a_correction_measures_the_mask_and_compares_it(ward: Ward, tmp_path: Path) -> None:
    scan, file = ward.scan(), tmp_path / "mask.nii.gz"
    result = ward.read(scan)
    file.write_bytes(mask_nifti(box(5), scan.grid))
    review = ward.reviews.correct(scan.id, GREY, MaskFile(file, file.name), Remarks(comment="  too small "))
    assert (review.verdict, review.truth_positive, review.comment) == (Verdict.CORRECTED, True, "too small")
    assert review.measurements is not None and review.measurements.voxels == 2 * 5 * 5
    assert review.dice == pytest.approx(2 * 18 / (18 + 50))
    assert (ward.pictures.mask(scan.id, CORRECTED) == box(5)).all()
    assert ward.kept.current(scan.id) == review and ward.told == [result]


def test_the_ais_own_mask_is_no_correction(ward: Ward, tmp_path: Path) -> None:
    scan, file = ward.scan(), tmp_path / "mask.nii.gz"
    result = ward.read(scan)
    file.write_bytes(mask_nifti(box(3), scan.grid))
    sent = [MaskFile(file, file.name), drawn_mask(box(3))]
    for mask in sent:
        with pytest.raises(UnchangedMask, match="accept the result"):
            ward.reviews.correct(scan.id, GREY, mask)
    assert ward.kept.of_scan(scan.id) == ward.told == []
    ward.corrected(scan, result, 5, 1)
    with pytest.raises(UnchangedMask):  # back from a correction: accepting says that too
        ward.reviews.correct(scan.id, GREY, sent[0])
    smaller = drawn_mask(box(2))
    assert ward.reviews.correct(scan.id, GREY, smaller).verdict is Verdict.CORRECTED


def test_an_outline_under_an_answer_that_denies_it_is_a_correction(ward: Ward) -> None:
    scan = ward.scan()
    ward.read(scan, positive=False)
    review = ward.reviews.correct(scan.id, GREY, drawn_mask(box(3)))
    assert (review.verdict, review.truth_positive) == (Verdict.CORRECTED, True)


def test_an_empty_mask_is_kept_only_where_it_is_meant(ward: Ward, tmp_path: Path) -> None:
    scan, file = ward.scan(), tmp_path / "mask.nii.gz"
    ward.read(scan)
    file.write_bytes(mask_nifti(np.zeros(SHAPE, dtype=bool), scan.grid))
    with pytest.raises(InvalidInput, match="meant to be empty"):
        ward.reviews.correct(scan.id, GREY, MaskFile(file, file.name))
    assert ward.kept.current(scan.id) is None
    emptied = ward.reviews.correct(scan.id, GREY, MaskFile(file, file.name, empty=True))
    assert (emptied.truth_positive, emptied.reason, emptied.dice) == (False, None, 0.0)


def test_of_several_labels_those_count_that_are_named(ward: Ward, tmp_path: Path) -> None:
    scan, file = ward.scan(), tmp_path / "mask.nii"
    ward.read(scan)
    image = nib.Nifti1Image.from_bytes(gzip.decompress(mask_nifti(box(5), scan.grid)))
    labels = np.asarray(image.dataobj).copy()
    (at, *_) = np.argwhere(labels)
    labels[tuple(at)] = 4
    file.write_bytes(nib.Nifti1Image(labels, image.affine, image.header).to_bytes())
    with pytest.raises(InvalidInput, match=r"several labels \(1, 4\)"):
        ward.reviews.correct(scan.id, GREY, MaskFile(file, file.name))
    for named, voxels in (("4", 1), ("1", 2 * 5 * 5 - 1), ("all", 2 * 5 * 5)):
        review = ward.reviews.correct(scan.id, GREY, MaskFile(file, file.name, labels=named))
        assert review.measurements is not None and review.measurements.voxels == voxels


def test_a_correction_that_does_not_fit_keeps_nothing(ward: Ward, tmp_path: Path) -> None:
    scan, without = ward.scan(), ward.scan(1)
    ward.read(scan)
    ward.read(without, has_mask=False)
    file = tmp_path / "mask.nii.gz"
    file.write_bytes(mask_nifti(np.zeros((3, 20, 24), dtype=bool), replace(scan.grid, shape=(24, 20, 3))))
    with pytest.raises(InvalidInput):
        ward.reviews.correct(scan.id, GREY, MaskFile(file, file.name))
    with pytest.raises(InvalidInput, match="Only the mask of a segmentation"):
        ward.reviews.correct(without.id, GREY, MaskFile(file, file.name))
    assert ward.kept.of_scan(scan.id) == ward.kept.of_scan(without.id) == ward.told == []


def test_what_cannot_be_reviewed_says_why(ward: Ward) -> None:
    scan = ward.scan()
    with pytest.raises(InvalidInput, match="has not been read yet"):
        ward.reviews.accept(scan.id, GREY)
    with pytest.raises(NotFound):
        ward.reviews.accept("0" * 32, GREY)
    ward.read(scan)
    with pytest.raises(NotAllowed):
        ward.reviews.accept(scan.id, NORA)


# --- A review of an older result ---


def test_a_review_of_an_older_result_does_not_stand_beside_the_new_one(ward: Ward) -> None:
    scan = ward.scan()
    old = ward.read(scan, 0)
    new = ward.read(scan, 1)
    late = ward.kept.add(a_review(scan.id, old.id, 2, verdict=Verdict.REJECTED, reason="no"))
    assert ward.kept.current(scan.id) is None and ward.verdict_in_worklist(scan) is None
    assert ward.kept.of_scan(scan.id) == [late]
    own = ward.reviews.accept(scan.id, GREY)
    assert own.result_id == new.id and ward.kept.current(scan.id) == own
    assert ward.verdict_in_worklist(scan) is Verdict.ACCEPTED
    ward.kept.add(a_review(scan.id, old.id, 3, verdict=Verdict.REJECTED, reason="again"))
    assert ward.kept.current(scan.id) == own and ward.verdict_in_worklist(scan) is Verdict.ACCEPTED


def test_a_new_result_waits_for_its_own_review(ward: Ward) -> None:
    scan = ward.scan()
    ward.read(scan, 0)
    ward.reviews.accept(scan.id, GREY)
    assert ward.verdict_in_worklist(scan) is Verdict.ACCEPTED
    ward.read(scan, 1)
    assert ward.kept.current(scan.id) is None and ward.verdict_in_worklist(scan) is None


def test_a_review_of_another_scans_result_touches_neither(ward: Ward) -> None:
    scan, other = ward.scan(0), ward.scan(1)
    ward.read(scan)
    of_other = ward.read(other)
    ward.kept.add(a_review(scan.id, of_other.id, 1))
    assert ward.kept.current(scan.id) is None and ward.kept.current(other.id) is None


def test_the_corrected_mask_is_that_of_the_current_review(ward: Ward) -> None:
    scan = ward.scan()
    old = ward.read(scan, 0)
    ward.corrected(scan, old, 5, 1)
    assert ward.pictures.mask(scan.id, CORRECTED).sum() == 2 * 5 * 5
    new = ward.read(scan, 2)
    with pytest.raises(NotFound, match="no corrected mask"):
        ward.pictures.mask(scan.id, CORRECTED)
    ward.corrected(scan, new, 7, 3)
    ward.corrected(scan, new, 9, 4)
    ward.corrected(scan, old, 11, 5)
    assert ward.pictures.mask(scan.id, CORRECTED).sum() == 2 * 9 * 9
    ward.kept.add(a_review(scan.id, new.id, 6))  # accepting says that the AI's own mask is right
    with pytest.raises(NotFound, match="no corrected mask"):
        ward.pictures.mask(scan.id, CORRECTED)


def test_a_scan_without_a_result_has_no_corrected_mask(ward: Ward) -> None:
    scan = ward.scan()
    with pytest.raises(NotFound, match="no corrected mask"):
        ward.pictures.mask(scan.id, CORRECTED)
    assert ward.gallery.thumbnail(scan.id).startswith(b"\x89PNG")


# --- Requests for reviews ---


def test_a_request_is_open_until_the_scan_is_reviewed_after_it(ward: Ward) -> None:
    scan = ward.scan()
    result = ward.read(scan)
    ward.reviews.accept(scan.id, GREY)
    assert ward.requests.ask([scan.id, scan.id, "0" * 32], " noise \n of it ", NORA) == 1
    (request,) = ward.requests.open()
    assert (request.why, request.asked_by, request.asked_name) == ("noise of it", "nora", "Nora Field")
    assert ward.requests.of_scan(scan.id) == request
    ward.kept.add(a_review(scan.id, result.id, 0))  # of long before
    assert ward.requests.open() == [request]
    ward.reviews.accept(scan.id, GREY)
    assert ward.requests.open() == [] and ward.requests.of_scan(scan.id) is None


def test_how_many_may_be_asked_for_at_once(ward: Ward) -> None:
    for wanted in ([], [f"{number:032x}" for number in range(MOST + 1)]):
        with pytest.raises(InvalidInput, match="Choose 1 to 200 scans"):
            ward.requests.ask(wanted, "why", NORA)
    assert ward.requests.ask([f"{number:032x}" for number in range(MOST)], "why", NORA) == 0
    with pytest.raises(InvalidInput, match="Say why"):
        ward.requests.ask([ward.scan().id], " ", NORA)
    scan = ward.scan(1)
    ward.requests.ask([scan.id], "x" * (LONGEST_WHY + 1), NORA)
    assert ward.requests.open()[0].why == "x" * LONGEST_WHY


def test_taking_a_request_back_is_noted_and_only_some_may(ward: Ward) -> None:
    scan = ward.scan()
    ward.requests.ask([scan.id], "why", NORA)
    (request,) = ward.requests.open()
    with pytest.raises(NotAllowed):
        ward.requests.withdraw(request.id, GREY)
    assert ward.requests.open() == [request]
    ward.requests.withdraw(request.id, NORA)
    assert ward.requests.open() == []
    event = ward.audit.recent(1)[0]
    assert (event.user_id, event.action, event.subject) == ("nora", "review.withdraw", request.id)
