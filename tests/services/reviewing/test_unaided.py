"""Reading without the AI first: who must, who may, what is kept of it, and how it ends."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import (
    BRAIN_TUMOUR,
    EscapeReason,
    Role,
    Scan,
    UnaidedFinding,
    UnaidedReading,
    User,
    Verdict,
)
from services.reviewing.blinding import Blind
from services.reviewing.review import DrawnMask
from services.reviewing.unaided import UnaidedReadings, is_drawn
from tests.services.reviewing.test_review import GREY, NORA, Ward, box

HART = User("hart", "hart", "Dr Hart", Role.CLINICIAN)
HEAD = User("head", "head", "Prof Cole", Role.HEAD)
HIDDEN, OPEN = Blind(model=True, reviews=True), Blind()


class UnaidedWard(Ward):
    """The ward with readings without the AI."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        super().__init__(engine, folder)
        self.unaided_readings = UnaidedReadings(
            self.unaided, self.scans, self.results, self.files, self.audit
        )

    def blind(self, scan: Scan) -> dict[str, Blind]:
        return {user.id: self.blinding.of_scan(scan.id, user) for user in (GREY, HART, HEAD, NORA)}

    def arrived(self, number: int = 0) -> Scan:
        """A scan that came in under the rule and was read since."""
        scan = self.scan(number)
        self.unaided_readings.arrived(scan)
        self.read(scan)
        return scan

    def only(self, scan: Scan) -> UnaidedReading:
        (kept,) = self.unaided.of_scans([scan.id])
        return kept


@pytest.fixture
def ward(engine: Engine, tmp_path: Path) -> UnaidedWard:
    return UnaidedWard(engine, tmp_path)


def drawn(mask: np.ndarray) -> DrawnMask:
    return DrawnMask(gzip.compress(mask.astype(np.uint8).tobytes()))


def test_by_a_rule_the_first_reviewer_who_opens_the_scan_reads_it(ward: UnaidedWard) -> None:
    ward.unaided_readings.set_rule(BRAIN_TUMOUR, 100, HEAD)
    scan = ward.arrived()
    ward.unaided_readings.arrived(scan)  # told again after a stop
    assert ward.only(scan).reader_id is None
    assert ward.blind(scan) == {"grey": HIDDEN, "hart": HIDDEN, "head": OPEN, "nora": OPEN}
    assert ward.blinding.hidden(HART).readings == {scan.id} == ward.blinding.hidden(None).readings
    assert not ward.blinding.hidden(HEAD)
    ward.unaided_readings.open(scan.id, NORA)  # no reviewer
    ward.unaided_readings.open(scan.id, GREY)
    ward.unaided_readings.open(scan.id, HART)
    assert ward.blind(scan) == {"grey": HIDDEN, "hart": OPEN, "head": OPEN, "nora": OPEN}
    kept = ward.only(scan)
    assert (kept.reader_id, kept.reader_name, kept.is_open) == ("grey", "Dr Grey", True)
    assert [event.action for event in ward.audit.recent(2)] == ["unaided.take", "unaided.rule"]


def test_nothing_is_hidden_of_scans_that_came_before_the_rule_or_after_its_end(ward: UnaidedWard) -> None:
    before = ward.arrived(0)
    ward.unaided_readings.set_rule(BRAIN_TUMOUR, 100, HEAD)
    ward.unaided_readings.set_rule("pneumonia", 0, HEAD)
    ward.unaided_readings.set_rule(BRAIN_TUMOUR, 0, HEAD)
    after = ward.arrived(1)
    assert ward.unaided.of_scans([before.id, after.id]) == []
    assert [rule.percent for rule in ward.unaided_readings.rules(BRAIN_TUMOUR, NORA)] == [0, 100]
    for wrong in (-1, 101):
        with pytest.raises(InvalidInput, match="0 to 100"):
            ward.unaided_readings.set_rule(BRAIN_TUMOUR, wrong, HEAD)
    with pytest.raises(NotAllowed):
        ward.unaided_readings.set_rule(BRAIN_TUMOUR, 5, GREY)


def test_the_share_follows_from_the_ids_alone() -> None:
    ids = [f"{number:032x}" for number in range(4000)]
    chosen = {scan_id for scan_id in ids if is_drawn(scan_id, 20)}
    assert 0.17 < len(chosen) / len(ids) < 0.23
    assert chosen < {scan_id for scan_id in ids if is_drawn(scan_id, 40)}
    assert not any(is_drawn(scan_id, 0) for scan_id in ids) and all(is_drawn(scan_id, 100) for scan_id in ids)


def test_a_reading_is_kept_for_good_beside_the_verdict(ward: UnaidedWard) -> None:
    scan = ward.scan()
    assert ward.unaided_readings.ask([scan.id], GREY).n == 1
    with pytest.raises(InvalidInput, match="has not read this scan yet"):
        ward.unaided_readings.give(scan.id, GREY, UnaidedFinding.ABSENT)
    result = ward.read(scan)
    assert ward.blind(scan) == {"grey": HIDDEN, "hart": OPEN, "head": OPEN, "nora": OPEN}
    with pytest.raises(InvalidInput, match="without the AI first"):
        ward.reviews.accept(scan.id, GREY)
    ward.unaided_readings.open(scan.id, GREY)
    said = ward.unaided_readings.give(scan.id, GREY, UnaidedFinding.ABSENT, comment=" clear ", seconds=75)
    assert ward.only(scan) == said
    assert (said.finding, said.result_id, said.comment, said.seconds) == (
        UnaidedFinding.ABSENT, result.id, "clear", 75,
    )  # fmt: skip
    for again in (
        lambda: ward.unaided_readings.give(scan.id, GREY, UnaidedFinding.PRESENT),
        lambda: ward.unaided_readings.show_result(scan.id, GREY, EscapeReason.URGENT),
        lambda: ward.unaided_readings.keep_mask(scan.id, GREY, drawn(box(3))),
    ):
        with pytest.raises(NotFound):
            again()
    assert not ward.unaided.end(replace(said, finding=UnaidedFinding.PRESENT))
    assert ward.only(scan) == said and ward.blind(scan)["grey"] == OPEN
    assert ward.reviews.accept(scan.id, GREY).verdict is Verdict.ACCEPTED


def test_an_own_mask_is_drawn_measured_and_frozen(ward: UnaidedWard) -> None:
    scan = ward.scan()
    ward.read(scan)
    ward.unaided_readings.ask([scan.id], GREY)
    with pytest.raises(NotFound):
        ward.unaided_readings.mask(scan.id, GREY)
    ward.unaided_readings.keep_mask(scan.id, GREY, drawn(box(3)))
    assert ward.unaided_readings.keep_mask(scan.id, GREY, drawn(box(5))) == ward.only(scan).mask_id
    assert int(ward.unaided_readings.mask(scan.id, GREY).sum()) == 50
    with pytest.raises(NotFound):
        ward.unaided_readings.keep_mask(scan.id, HART, drawn(box(3)))
    with pytest.raises(InvalidInput, match="drawn a finding"):
        ward.unaided_readings.give(scan.id, GREY, UnaidedFinding.ABSENT)
    said = ward.unaided_readings.give(scan.id, GREY, UnaidedFinding.PRESENT)
    assert said.measurements is not None and said.measurements.voxels == 50
    assert said.seconds is not None and 0 <= said.seconds < 60


def test_the_result_can_be_shown_at_once_and_then_nothing_counts(ward: UnaidedWard) -> None:
    ward.unaided_readings.set_rule(BRAIN_TUMOUR, 100, HEAD)
    scan = ward.arrived()
    left = ward.unaided_readings.show_result(scan.id, HART, EscapeReason.URGENT)
    assert (left.reader_id, left.escape_reason, left.is_given, left.is_open) == (
        "hart", EscapeReason.URGENT, False, False,
    )  # fmt: skip
    assert set(ward.blind(scan).values()) == {OPEN}
    assert ward.audit.recent(1)[0].detail == "urgent"
    assert ward.reviews.accept(scan.id, HART)
    with pytest.raises(NotFound):
        ward.unaided_readings.show_result(scan.id, HART, EscapeReason.URGENT)


def test_who_was_shown_the_result_cannot_read_without_it(ward: UnaidedWard) -> None:
    scan, other = ward.scan(0), ward.scan(1)
    ward.read(scan)
    ward.blinding.note_shown([scan.id], GREY)
    ward.blinding.note_shown([scan.id, other.id], NORA)
    assert not ward.unaided_readings.may_ask(scan.id, GREY) and ward.unaided_readings.may_ask(scan.id, HART)
    asked = ward.unaided_readings.ask([scan.id, other.id], GREY)
    assert (asked.n, asked.seen) == (1, 1)
    assert ward.unaided.of_scans([scan.id]) == []
    ward.reviews.accept(scan.id, HART)
    assert not ward.unaided_readings.may_ask(scan.id, HART)  # a review says as much
    assert not ward.unaided_readings.may_ask(other.id, GREY)  # is to do so already
    with pytest.raises(NotAllowed):
        ward.unaided_readings.ask([scan.id], NORA)


def test_what_others_said_of_a_hidden_result_is_hidden_too(ward: UnaidedWard) -> None:
    scan = ward.scan()
    ward.read(scan)
    for user in (GREY, HART):
        ward.unaided_readings.ask([scan.id], user)
    ward.unaided_readings.give(scan.id, HART, UnaidedFinding.PRESENT)
    assert [kept.reader_id for kept in ward.blinding.unaided_of_scan(scan.id, GREY)] == ["grey"]
    assert [kept.reader_id for kept in ward.blinding.unaided_of_scan(scan.id, HEAD)] == ["hart"]
    ward.unaided_readings.give(scan.id, GREY, UnaidedFinding.UNSURE)
    assert len(ward.blinding.unaided_of_scan(scan.id, GREY)) == 2
    ward.second.ask([scan.id], "why", NORA)
    ward.reviews.accept(scan.id, HART)
    assert ward.blinding.of_scan(scan.id, GREY) == Blind(model=False, reviews=True)
    assert [kept.reader_id for kept in ward.blinding.unaided_of_scan(scan.id, GREY)] == ["grey"]


def test_a_scan_that_leaves_the_house_takes_its_readings_along(ward: UnaidedWard) -> None:
    scan = ward.scan()
    ward.unaided_readings.ask([scan.id], GREY)
    ward.blinding.note_shown([scan.id], HART)
    ward.scans.delete([scan.id])
    assert ward.unaided.of_scans([scan.id]) == [] and not ward.unaided.seen([scan.id], "hart")
    assert not ward.blinding.hidden(GREY)
