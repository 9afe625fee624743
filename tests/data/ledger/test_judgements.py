"""What counts as the truth of a result, and how results and truths are counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select

from data.database import reading
from data.errors import InvalidInput
from data.ledger.judgements import JudgementStore
from data.ledger.rows import recount
from data.ledger.sample import draws, sampled
from data.records import BRAIN_TUMOUR, Judgements, ReadCount, Result, Review, Scan, Verdict
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.tables import ledger
from tests.clocks import FAR_EAST, in_zone
from tests.data.builders import a_header, a_kept_scan, a_result, a_review, measured

NOVEMBER = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
def store(engine: Engine) -> JudgementStore:
    return JudgementStore(engine, share=1.0)


def read(engine: Engine, version: str = "3", at: datetime = NOVEMBER, **changes: Any) -> tuple[Scan, Result]:
    scan = a_kept_scan(engine)
    return scan, read_again(engine, scan, version, at, **changes)


def read_again(
    engine: Engine, scan: Scan, version: str = "3", at: datetime = NOVEMBER, **changes: Any
) -> Result:
    result = a_result(scan.id, created_at=at, **changes)
    made_by = replace(result.provenance, model_version=version)
    return ResultStore(engine).add(replace(result, provenance=made_by))


def review(engine: Engine, result: Result, minutes: float = 0, **changes: Any) -> Review:
    return ReviewStore(engine).add(a_review(result.scan_id, result.id, minutes, **changes))


def test_an_accepted_mask_is_right_and_has_no_dice(engine: Engine, store: JudgementStore) -> None:
    scan, result = read(engine, measurements=measured(12.5))
    review(engine, result)
    (judgement,) = store.of(BRAIN_TUMOUR)
    assert (judgement.scan_id, judgement.result_id) == (scan.id, result.id)
    assert (judgement.truth_positive, judgement.dice, judgement.outlined) == (True, None, True)
    assert (judgement.volume_ml, judgement.truth_volume_ml) == (12.5, 12.5)
    assert (judgement.version, judgement.created_at) == ("3", NOVEMBER)
    assert (judgement.sex, judgement.age_years) == ("F", 61.5)
    assert judgement.scanner == "Siemens Skyra"
    assert judgement.latency_ms == 12.5  # the sum of its stages
    assert judgement.sampled


def dice_in_ledger(engine: Engine, scan: Scan) -> float | None:
    with reading(engine) as connection:
        query = select(ledger.c.dice).where(ledger.c.scan_id == scan.id)
        return connection.execute(query).scalar_one()


@pytest.mark.parametrize(
    ("result", "said", "truth", "dice", "outlined"),
    [
        ({}, {"verdict": Verdict.CORRECTED, "truth_positive": True, "dice": 0.7}, True, 0.7, True),
        ({}, {"verdict": Verdict.REJECTED, "truth_positive": False}, False, None, False),
        ({}, {"verdict": Verdict.REJECTED, "truth_positive": True}, True, None, True),
        ({}, {"verdict": Verdict.LABELLED, "truth_positive": True}, True, None, False),
        ({}, {"verdict": Verdict.LABELLED, "truth_positive": True, "dice": 0.9}, True, 0.9, False),
        ({}, {"verdict": Verdict.ACCEPTED, "truth_positive": True, "dice": 0.9}, True, None, True),
        ({}, {"verdict": Verdict.CORRECTED, "truth_positive": False, "dice": 0.0}, False, None, False),
        ({"positive": False}, {"truth_positive": False}, False, None, False),
        ({"positive": False}, {"verdict": Verdict.REJECTED, "truth_positive": True}, True, None, False),
        (
            {"positive": False},
            {"verdict": Verdict.CORRECTED, "truth_positive": True, "dice": 0.0},
            True,
            0.0,
            False,
        ),
        ({"has_mask": False}, {"truth_positive": True}, True, None, False),
    ],
)
def test_truth_and_dice_of_each_kind_of_review(
    engine: Engine,
    store: JudgementStore,
    result: dict[str, Any],
    said: dict[str, Any],
    truth: bool,
    dice: float | None,
    outlined: bool,
) -> None:
    scan, read_one = read(engine, **result)
    review(engine, read_one, **said)
    (judgement,) = store.of(BRAIN_TUMOUR)
    assert (judgement.truth_positive, judgement.dice, judgement.outlined) == (truth, dice, outlined)
    assert dice_in_ledger(engine, scan) == dice, "the cohort page would count another Dice"
    recount(engine)
    assert dice_in_ledger(engine, scan) == dice


def test_the_current_review_counts_and_may_leave_the_truth_open(
    engine: Engine, store: JudgementStore
) -> None:
    _, result = read(engine)
    assert len(store.of(BRAIN_TUMOUR)) == 0
    review(engine, result, 1, verdict=Verdict.REJECTED, truth_positive=None)
    assert len(store.of(BRAIN_TUMOUR)) == 0
    review(engine, result, 5, verdict=Verdict.REJECTED, truth_positive=False)
    review(engine, result, 3, verdict=Verdict.ACCEPTED, truth_positive=True)  # written late, said before
    assert [judgement.truth_positive for judgement in store.of(BRAIN_TUMOUR)] == [False]
    unsure = review(engine, result, 9, verdict=Verdict.UNSURE)
    assert len(store.of(BRAIN_TUMOUR)) == 0
    review(engine, result, 10, verdict=Verdict.TAKING_BACK, takes_back=unsure.id)
    assert [judgement.truth_positive for judgement in store.of(BRAIN_TUMOUR)] == [False]


def test_an_older_result_s_truth_stays_and_may_still_change(engine: Engine, store: JudgementStore) -> None:
    scan, first = read(engine, "3")
    review(engine, first)
    second = read_again(engine, scan, "4")
    assert [judgement.version for judgement in store.of(BRAIN_TUMOUR)] == ["3"]
    review(engine, first, 7, verdict=Verdict.REJECTED, truth_positive=False)  # no longer the latest
    assert [judgement.truth_positive for judgement in store.of(BRAIN_TUMOUR, "3")] == [False]
    review(engine, second, 8, verdict=Verdict.REJECTED, truth_positive=False)
    assert sorted(judgement.version for judgement in store.of(BRAIN_TUMOUR)) == ["3", "4"]


def test_filters_and_counts(engine: Engine, store: JudgementStore) -> None:
    for month, version, known in [(9, "3", True), (10, "3", False), (10, "3", True), (10, "4", True)]:
        _, result = read(engine, version, datetime(2026, month, 30, 23, 59, tzinfo=UTC))
        if known:
            review(engine, result)
    assert len(store.of(BRAIN_TUMOUR)) == 3
    assert len(store.of(BRAIN_TUMOUR, "3", "2026-10")) == 1
    assert len(store.of(BRAIN_TUMOUR, last_month="2026-09")) == 1
    assert len(store.of(BRAIN_TUMOUR, synthetic=True)) == 0
    assert len(store.of("pneumonia")) == 0
    assert store.read_counts(BRAIN_TUMOUR) == {
        ("3", "2026-09", False): ReadCount(1, 1, 1, 1),
        ("3", "2026-10", False): ReadCount(2, 1, 2, 1),
        ("4", "2026-10", False): ReadCount(1, 1, 1, 1),
    }
    assert list(store.latencies(BRAIN_TUMOUR, "3", "2026-10", False)) == [12.5, 12.5]
    with pytest.raises(InvalidInput, match="month"):
        store.of(BRAIN_TUMOUR, first_month="October")


def test_months_are_those_of_the_house(engine: Engine) -> None:
    with in_zone(FAR_EAST):  # November begins there at ten in the morning of 31 October
        store = JudgementStore(engine, share=1.0)
        for at in (datetime(2026, 10, 31, 9, 59, tzinfo=UTC), datetime(2026, 10, 31, 10, tzinfo=UTC)):
            review(engine, read(engine, "3", at)[1])
        november = store.of(BRAIN_TUMOUR, first_month="2026-11")
        assert [judged.created_at.hour for judged in november] == [10]
        assert [str(month) for month in november.months()] == ["2026-11"]
        assert store.read_counts(BRAIN_TUMOUR) == {
            ("3", "2026-10", False): ReadCount(1, 1, 1, 1),
            ("3", "2026-11", False): ReadCount(1, 1, 1, 1),
        }
        assert len(store.readings(BRAIN_TUMOUR, "3", synthetic=False).in_month("2026-10")) == 1
        assert len(store.latencies(BRAIN_TUMOUR, "3", "2026-11", False)) == 1
        assert len(store.latencies(BRAIN_TUMOUR, "3", "2026-12", False)) == 0


def test_what_is_deleted_counts_no_more_and_synthetic_is_apart(engine: Engine, store: JudgementStore) -> None:
    made = a_kept_scan(engine, synthetic=True)
    review(engine, read_again(engine, made))
    _, real = read(engine)
    review(engine, real)
    assert [judgement.synthetic for judgement in store.of(BRAIN_TUMOUR, synthetic=True)] == [True]
    ScanStore(engine).delete([made.id])
    assert [judgement.scan_id for judgement in store.of(BRAIN_TUMOUR)] == [real.scan_id]
    assert list(store.read_counts(BRAIN_TUMOUR)) == [("3", "2026-11", False)]
    recount(engine)
    assert len(store.of(BRAIN_TUMOUR)) == 1


def test_changes_of_any_size_give_what_reading_all_anew_gives(
    engine: Engine, store: JudgementStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.ledger.judgements.MOST_CHANGES", 2)
    for n in (1, 2, 3, 5):
        for _ in range(n):
            _, result = read(engine)
            review(engine, result)
        anew = JudgementStore(engine, share=1.0)
        assert sorted(store.of(BRAIN_TUMOUR).result_id) == sorted(anew.of(BRAIN_TUMOUR).result_id)
        assert store.read_counts(BRAIN_TUMOUR) == anew.read_counts(BRAIN_TUMOUR)


def test_two_versions_on_the_same_scans_share_the_scan_s_truth(engine: Engine, store: JudgementStore) -> None:
    scan, first = read(engine, "3")
    review(engine, first, verdict=Verdict.CORRECTED, truth_positive=True, dice=0.6)
    second = read_again(engine, scan, "4", NOVEMBER + timedelta(hours=1), positive=False)
    read(engine, "4")  # of a scan that version 3 never saw
    third, fourth = store.paired(BRAIN_TUMOUR, "3", "4")
    assert (third[0].result_id, fourth[0].result_id) == (first.id, second.id)
    assert (len(third), len(fourth)) == (1, 1)
    assert (third[0].truth_positive, fourth[0].truth_positive) == (True, True)
    assert (third[0].dice, fourth[0].dice) == (0.6, None)
    assert [len(side) for side in store.paired(BRAIN_TUMOUR, "3", "9")] == [0, 0]
    unsure = review(engine, second, 1, verdict=Verdict.UNSURE)  # of the newest result: nobody knows any more
    assert [len(side) for side in store.paired(BRAIN_TUMOUR, "3", "4")] == [0, 0]
    review(engine, second, 2, verdict=Verdict.TAKING_BACK, takes_back=unsure.id)
    assert [len(side) for side in store.paired(BRAIN_TUMOUR, "3", "4")] == [1, 1]
    review(engine, second, 3, verdict=Verdict.REJECTED, truth_positive=False)
    third, fourth = store.paired(BRAIN_TUMOUR, "3", "4")
    assert (third[0].truth_positive, fourth[0].truth_positive) == (False, False)


def test_only_sampled_scans_that_wait_are_proposed_oldest_month_first(
    engine: Engine, store: JudgementStore
) -> None:
    _, late = read(engine, at=datetime(2026, 12, 1, tzinfo=UTC))
    _, early = read(engine, at=datetime(2026, 10, 1, tzinfo=UTC))
    _, done = read(engine)
    review(engine, done)
    assert [row[0] for row in store.unreviewed(BRAIN_TUMOUR, "3", 10)] == [early.scan_id, late.scan_id]
    assert len(store.unreviewed(BRAIN_TUMOUR, None, 1)) == 1
    assert JudgementStore(engine, share=0.0).unreviewed(BRAIN_TUMOUR, None, 10) == []


def test_the_sample_is_fixed_even_and_grows_with_its_share() -> None:
    ids = [f"{number:032x}" for number in range(20_000)]
    small, large = sampled(ids, 0.05), sampled(ids, 0.2)
    assert 0.045 < small.mean() < 0.055
    assert (large[small]).all()
    assert np.array_equal(sampled(ids[::-1], 0.05), small[::-1])
    assert draws(["0" * 32])[0] == pytest.approx(draws(["f" * 32, "0" * 32])[1])
    assert draws(["0" * 32])[0] == pytest.approx(0.88480548, abs=1e-8)  # for ever


def test_columns_and_rows_say_the_same(engine: Engine, store: JudgementStore) -> None:
    scan = a_kept_scan(engine, header=a_header(sex=None, age_years=None, site=None))
    review(engine, read_again(engine, scan, measurements=None))
    judgements = store.of(BRAIN_TUMOUR)
    (row,) = judgements
    assert (row.sex, row.age_years, row.site, row.volume_ml) == (None, None, None, None)
    assert list(Judgements.of([row])) == [row]
    assert [str(month) for month in judgements.months()] == ["2026-11"]
