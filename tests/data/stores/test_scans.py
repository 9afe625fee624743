from __future__ import annotations

import pytest

from data.errors import NotFound
from data.records import MrSequence, RecognisedBy, RecognisedSequence, ScanStatus, Verdict
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from tests.data.builders import a_header, a_kept_scan, a_result, a_review, a_scan, measured


@pytest.fixture
def scans(engine):
    return ScanStore(engine)


def test_a_scan_comes_back_as_it_was(engine, scans):
    scan = a_kept_scan(engine)
    assert scans.get(scan.id) == scan
    assert scans.by_content(scan.content_sha256) == scan
    assert scans.get("nothing") is None


def test_the_same_content_is_kept_once(engine, scans):
    first = a_kept_scan(engine)
    again = a_scan(first.patient_id, content_sha256=first.content_sha256)
    assert scans.add(again) == (first, False)
    assert scans.get(again.id) is None


def test_a_header_full_of_rubbish_is_kept(engine, scans):
    scan = a_kept_scan(
        engine, header=a_header(sequence="T1\x00" + "x" * 500, scanner="\udcff", body_part=None)
    )
    kept = scans.get(scan.id)
    assert kept.header.sequence == "T1" + "x" * 253
    assert kept.header.scanner == "?"
    assert kept.header.body_part is None


def test_the_status_changes_with_its_reason(engine, scans):
    scan = a_kept_scan(engine)
    scans.set_status(scan.id, ScanStatus.FAILED, "The model could not be loaded.")
    assert scans.get(scan.id).failure == "The model could not be loaded."
    scans.set_status(scan.id, ScanStatus.READ)
    assert scans.get(scan.id).failure is None
    with pytest.raises(NotFound):
        scans.set_status("nothing", ScanStatus.READ)


def test_scans_are_found_by_state_oldest_first(engine, scans):
    late = a_kept_scan(engine, 5)
    early = a_kept_scan(engine, 1)
    read = a_kept_scan(engine, 3, status=ScanStatus.READ)
    assert scans.ids_with_status([ScanStatus.WAITING]) == [early.id, late.id]
    assert scans.ids_with_status(set(ScanStatus)) == [early.id, read.id, late.id]
    assert sum(scans.counts(synthetic=True).values()) == 0
    assert (
        scans.counts()
        == scans.counts(synthetic=False)
        == {
            ScanStatus.WAITING: 2,
            ScanStatus.READING: 0,
            ScanStatus.READ: 1,
            ScanStatus.FAILED: 0,
            ScanStatus.CANCELLED: 0,
        }
    )
    assert [scan.id for scan in scans.of_patient(late.patient_id)] == [late.id, read.id, early.id]


def test_the_token_changes_with_every_change(engine, scans):
    tokens = [scans.changes_token()]
    scan = a_kept_scan(engine)
    tokens.append(scans.changes_token())
    scans.set_status(scan.id, ScanStatus.READING)
    tokens.append(scans.changes_token())
    result = ResultStore(engine).add(a_result(scan.id))
    tokens.append(scans.changes_token())
    ReviewStore(engine).add(a_review(scan.id, result.id))
    tokens.append(scans.changes_token())
    assert len(set(tokens)) == 5
    assert scans.changes_token() == tokens[-1]


def test_results_come_back_and_the_latest_counts(engine):
    results = ResultStore(engine)
    scan = a_kept_scan(engine)
    assert results.latest(scan.id) is None
    first, second = a_result(scan.id, 1), a_result(scan.id, 2, measurements=None, has_mask=False)
    for result in (first, second, first):  # a repeated reading changes nothing
        results.add(result)
    assert results.get(first.id) == first
    assert results.get("nothing") is None
    assert results.latest(scan.id) == second
    assert results.of_scan(scan.id) == [second, first]


def test_reviews_come_back_and_the_latest_counts(engine):
    reviews = ReviewStore(engine)
    scan = a_kept_scan(engine)
    result = ResultStore(engine).add(a_result(scan.id))
    rejected = a_review(
        scan.id, result.id, 1, verdict=Verdict.REJECTED, reason="an artefact", truth_positive=False
    )
    corrected = a_review(
        scan.id, result.id, 2, verdict=Verdict.CORRECTED, measurements=measured(20.0), dice=0.81
    )
    reviews.add(rejected)
    reviews.add(corrected)
    assert reviews.get(rejected.id) == rejected
    assert reviews.current(scan.id) == corrected
    assert reviews.of_scan(scan.id) == [corrected, rejected]


def test_a_new_result_has_no_review_yet_and_the_old_one_is_not_lost(engine):
    results, reviews = ResultStore(engine), ReviewStore(engine)
    scan = a_kept_scan(engine)
    old = results.add(a_result(scan.id, 1))
    review = reviews.add(a_review(scan.id, old.id, 2))
    results.add(a_result(scan.id, 3))
    assert reviews.current(scan.id) is None
    assert reviews.of_scan(scan.id) == [review]
    late = reviews.add(a_review(scan.id, old.id, 4))  # sent just as the new result came
    assert reviews.current(scan.id) is None
    assert reviews.of_scan(scan.id) == [late, review]


def test_what_a_scan_was_recognised_as_is_kept(engine, scans):
    recognised = RecognisedSequence(MrSequence.FLAIR, RecognisedBy.PICTURE, 0.93, "2", "abc")
    asked = a_kept_scan(engine, recognised=recognised)
    assert scans.get(asked.id).recognised == recognised
    assert scans.get(a_kept_scan(engine).id).recognised is None
