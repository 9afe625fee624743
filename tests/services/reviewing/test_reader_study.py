"""Reader alone, AI, and reader with AI: what counts, how it is counted, and who is told of few."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from data.errors import NotAllowed
from data.records import BRAIN_TUMOUR, EscapeReason, RejectReason, Role, Scan, UnaidedFinding, User
from services.cohort.small_numbers import Audience
from services.reviewing.reader_study import ReaderStudies
from tests.services.reviewing.test_review import GREY, box
from tests.services.reviewing.test_unaided import HART, HEAD, UnaidedWard, drawn

PRESENT, ABSENT, UNSURE = UnaidedFinding.PRESENT, UnaidedFinding.ABSENT, UnaidedFinding.UNSURE
ADMIN = User("root", "root", "Root", Role.ADMIN)


@pytest.fixture
def ward(engine: Engine, tmp_path: Path) -> UnaidedWard:
    return UnaidedWard(engine, tmp_path)


def studies(ward: UnaidedWard) -> ReaderStudies:
    return ReaderStudies(ward.unaided, ward.results, ward.kept, ward.files, ward.blinding)


def case(
    ward: UnaidedWard, number: int, alone: UnaidedFinding, ai: bool, after: bool | None, side: int = 0
) -> Scan:
    """A scan that Dr Grey reads without the AI, and says afterwards what is true."""
    scan = ward.scan(number)
    ward.read(scan, positive=ai)
    ward.unaided_readings.ask([scan.id], GREY)
    if side:
        ward.unaided_readings.keep_mask(scan.id, GREY, drawn(box(side)))
    ward.unaided_readings.give(scan.id, GREY, alone)
    if after is ai:
        ward.reviews.accept(scan.id, GREY)
    elif after is None:
        ward.reviews.unsure(scan.id, GREY)
    else:
        ward.reviews.reject(scan.id, GREY, RejectReason.OTHER_DISEASE, "", after)
    return scan


def test_three_readings_of_the_same_scans_are_compared(ward: UnaidedWard) -> None:
    case(ward, 0, PRESENT, True, True, side=3)  # as the AI, mask for mask
    case(ward, 1, ABSENT, True, True)  # changes towards the AI
    case(ward, 2, ABSENT, False, False)
    case(ward, 3, ABSENT, True, False)  # stays
    case(ward, 4, UNSURE, True, None)
    case(ward, 5, PRESENT, False, None)  # changes, and not towards the AI
    case(ward, 6, PRESENT, True, True, side=5)
    study = studies(ward).of_task(BRAIN_TUMOUR, GREY, Audience.INSIDE)
    assert (study.given, study.shown_before, study.judged, study.changed, study.to_ai) == (7, 0, 7, 2, 1)
    alone, both, change = study.pairings
    assert [pairing.agree for pairing in study.pairings] == [3, 4, 5]
    assert [pairing.n for pairing in study.pairings] == [7, 7, 7]
    # Alone P A A A U P P, with the AI P P A A U U P: 5 of 7 alike; by chance (3*3 + 3*2 + 1*2) / 49.
    chance = (3 * 3 + 3 * 2 + 1 * 2) / 49
    assert change.kappa.value == pytest.approx((5 / 7 - chance) / (1 - chance))
    assert change.kappa.low < change.kappa.value < change.kappa.high
    overlap = (1.0 + 2 * 18 / (18 + 50)) / 2
    assert (alone.dice.n, alone.dice.value) == (2, pytest.approx(overlap))
    assert (change.dice.n, change.dice.value) == (2, pytest.approx(overlap))
    assert both.dice.value == 1.0


def test_an_escape_counts_nowhere_and_so_does_a_verdict_of_somebody_else(ward: UnaidedWard) -> None:
    shown, open_, unjudged, others = (ward.scan(number) for number in range(4))
    for scan in (shown, open_, unjudged, others):
        ward.read(scan)
        ward.unaided_readings.ask([scan.id], GREY)
    ward.unaided_readings.show_result(shown.id, GREY, EscapeReason.URGENT)
    ward.reviews.accept(shown.id, GREY)
    for scan in (unjudged, others):
        ward.unaided_readings.give(scan.id, GREY, ABSENT)
    ward.reviews.accept(others.id, HART)
    study = studies(ward).of_task(BRAIN_TUMOUR, HEAD)
    assert (study.given, study.shown_before, study.judged) == (2, 1, 0)
    said = ward.reviews.accept(unjudged.id, GREY)
    assert studies(ward).of_task(BRAIN_TUMOUR, GREY).judged == 1
    ward.reviews.take_back(said.id, HEAD)
    assert studies(ward).of_task(BRAIN_TUMOUR, GREY).judged == 0
    assert studies(ward).of_task("pneumonia", GREY).given == 0


def test_what_leaves_the_house_tells_of_no_few(ward: UnaidedWard) -> None:
    for number in range(4):
        case(ward, number, ABSENT, True, True)
    few = studies(ward).of_task(BRAIN_TUMOUR, HEAD)
    assert few.withheld and few.pairings == ()
    assert not studies(ward).of_task(BRAIN_TUMOUR, HEAD, Audience.INSIDE).withheld
    for number in range(4, 7):
        case(ward, number, PRESENT, True, True)
    study = studies(ward).of_task(BRAIN_TUMOUR, HEAD)
    assert (study.judged, study.changed, study.to_ai) == (7, None, None)  # four of seven
    alone, both, _ = study.pairings
    assert (alone.agree, both.agree) == (None, 7)
    assert studies(ward).of_task(BRAIN_TUMOUR, HEAD, Audience.INSIDE).changed == 4
    with pytest.raises(NotAllowed):
        studies(ward).of_task(BRAIN_TUMOUR, ADMIN)


def test_a_scan_that_the_viewer_reads_blind_is_left_out(ward: UnaidedWard) -> None:
    scan = case(ward, 0, PRESENT, True, True)
    ward.unaided_readings.ask([scan.id], HART)
    assert studies(ward).of_task(BRAIN_TUMOUR, HART).given == 0
    ward.unaided_readings.give(scan.id, HART, PRESENT)
    assert studies(ward).of_task(BRAIN_TUMOUR, HART).given == 2
