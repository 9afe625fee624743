"""Two people read a result, neither knowing what the other one says; a third decides where they differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import BRAIN_TUMOUR, RejectReason, Role, Scan, User, Verdict
from reports.masks import mask_nifti
from services.reviewing.agreement import ReaderAgreement
from services.reviewing.blinding import seen_by
from services.reviewing.review import MaskFile, Remarks, Seen
from tests.services.reviewing.test_review import GREY, NORA, Ward, box

HART = User("hart", "hart", "Dr Hart", Role.CLINICIAN)
KHAN = User("khan", "khan", "Dr Khan", Role.CLINICIAN)
HEAD = User("head", "head", "Prof Cole", Role.HEAD)


@pytest.fixture
def ward(engine: Engine, tmp_path: Path) -> Ward:
    return Ward(engine, tmp_path)


def corrected(ward: Ward, scan: Scan, user: User, side: int, folder: Path) -> None:
    file = folder / f"{user.id}.nii.gz"
    file.write_bytes(mask_nifti(box(side), scan.grid))
    ward.reviews.correct(scan.id, user, MaskFile(file, file.name))


def known(ward: Ward, scan: Scan, user: User) -> set[str]:
    """Whose reviews a person is shown."""
    seen = seen_by(ward.blinding.of_scan(scan.id, user), ward.kept.of_scan(scan.id), user)
    return {review.reviewer_id for review in seen}


def test_the_second_reader_sees_the_first_one_s_only_afterwards(ward: Ward) -> None:
    scan = ward.scan()
    result = ward.read(scan)
    first = ward.reviews.accept(scan.id, GREY)
    assert not ward.blinding.of_scan(scan.id, HART).reviews
    assert ward.second.ask([scan.id], " a  hard case ", NORA) == 1
    assert ward.second.ask([scan.id], "again", NORA) == 0
    people = (GREY, HART, KHAN, HEAD, NORA)
    assert {user.id: ward.blinding.of_scan(scan.id, user).reviews for user in people} == {
        "grey": False, "hart": True, "khan": True, "head": False, "nora": False,
    }  # fmt: skip
    assert (known(ward, scan, HART), known(ward, scan, HEAD)) == (set(), {"grey"})
    # What the blind reader has seen is no review at all, and that is not held against them.
    second = ward.reviews.unsure(scan.id, HART, Remarks(Seen(result.id, None)))
    assert second.parent_id is None
    assert known(ward, scan, HART) == known(ward, scan, KHAN) == {"grey", "hart"}
    double = ward.second.of_scan(scan.id)
    assert double is not None
    assert (double.readings, double.asked.why) == ((first, second), "a hard case")
    assert (double.is_open, double.agrees, double.needs_a_third) == (False, False, True)


def test_what_was_said_blind_is_the_reading(ward: Ward) -> None:
    scan = ward.scan()
    ward.read(scan)
    ward.second.ask([scan.id], "why", HEAD)
    ward.reviews.unsure(scan.id, GREY)
    ward.reviews.accept(scan.id, GREY)  # one reader, however often, and nobody else has said anything yet
    double = ward.second.of_scan(scan.id)
    assert double is not None and double.is_open
    assert [reading.verdict for reading in double.readings] == [Verdict.ACCEPTED]
    ward.reviews.accept(scan.id, HART)
    ward.reviews.unsure(scan.id, GREY)  # after both are known
    double = ward.second.of_scan(scan.id)
    assert double is not None
    assert [reading.verdict for reading in double.readings] == [Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert double.agrees and not double.needs_a_third


def test_a_third_decides_and_that_counts(ward: Ward) -> None:
    scan = ward.scan()
    ward.read(scan)
    ward.second.ask([scan.id], "why", NORA)
    ward.reviews.accept(scan.id, GREY)
    other = ward.reviews.reject(scan.id, HART, RejectReason.ARTEFACT, "", False)
    for user in (GREY, HART):
        with pytest.raises(InvalidInput, match="Dr Grey and Dr Hart have read this scan and do not agree"):
            ward.reviews.unsure(scan.id, user)
    decision = ward.reviews.reject(scan.id, KHAN, RejectReason.OTHER_DISEASE, "", False)
    double = ward.second.of_scan(scan.id)
    assert double is not None and double.adjudication == decision == ward.kept.current(scan.id)
    ward.reviews.take_back(other.id, HART)  # then the third is the second reader
    double = ward.second.of_scan(scan.id)
    assert double is not None
    assert [reading.reviewer_id for reading in double.readings] == ["grey", "khan"]


def test_another_reading_by_the_ai_needs_another_asking(ward: Ward) -> None:
    scan = ward.scan()
    ward.read(scan)
    ward.second.ask([scan.id], "why", NORA)
    ward.read(scan, 1)
    assert ward.second.of_scan(scan.id) is None and not ward.blinding.of_scan(scan.id, GREY).reviews


def test_what_cannot_be_asked_says_why(ward: Ward) -> None:
    scan = ward.scan()
    with pytest.raises(InvalidInput, match="has been read by the AI"):
        ward.second.ask([scan.id], "why", NORA)
    ward.read(scan)
    with pytest.raises(InvalidInput, match="why two people"):
        ward.second.ask([scan.id], " ", NORA)
    for wanted in ([], [scan.id] * 201):
        with pytest.raises(InvalidInput, match="1 to 200"):
            ward.second.ask(wanted, "why", NORA)
    with pytest.raises(NotFound):
        ward.second.withdraw(scan.id, HEAD)
    ward.second.ask([scan.id], "why", GREY)
    with pytest.raises(NotAllowed):
        ward.second.withdraw(scan.id, GREY)
    ward.second.withdraw(scan.id, HEAD)
    assert ward.second.of_scan(scan.id) is None
    ward.second.ask([scan.id], "why", GREY)
    ward.scans.delete([scan.id])
    assert ward.second.of_task(BRAIN_TUMOUR) == []


def test_agreement_is_counted_over_what_two_have_read(ward: Ward, tmp_path: Path) -> None:
    agreement = ReaderAgreement(ward.second, ward.files)
    cases = [ward.scan(number) for number in range(4)]
    for scan in cases:
        ward.read(scan)
    ward.second.ask([scan.id for scan in cases], "why", NORA)
    ward.reviews.accept(cases[0].id, GREY)
    corrected(ward, cases[0], HART, 5, tmp_path)
    corrected(ward, cases[1], GREY, 4, tmp_path)
    corrected(ward, cases[1], HART, 4, tmp_path)
    ward.reviews.reject(cases[2].id, GREY, RejectReason.ARTEFACT, "", False)
    ward.reviews.accept(cases[2].id, HART)
    ward.reviews.accept(cases[3].id, GREY)
    figures = agreement.of_task(BRAIN_TUMOUR, HEAD)
    assert (figures.asked, figures.waiting, figures.undecided, figures.decided) == (4, 1, 1, 0)
    assert (figures.dice.n, figures.truth_kappa.n, figures.verdict_kappa.n) == (2, 3, 3)
    overlap = 2 * 18 / (18 + 50)
    assert figures.dice.value == pytest.approx(np.mean([overlap, 1.0]))
    # Verdicts: accepted/corrected, corrected/corrected, rejected/accepted: one of three alike.
    assert figures.verdict_kappa.value == pytest.approx((1 / 3 - 3 / 9) / (1 - 3 / 9))
    assert figures.truth_kappa.value == pytest.approx(0.0)
    ward.reviews.accept(cases[2].id, KHAN)
    after = agreement.of_task(BRAIN_TUMOUR, HEAD)
    assert (after.undecided, after.decided) == (0, 1)
