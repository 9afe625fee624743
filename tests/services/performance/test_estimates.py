"""Estimates without truth: what they say of unjudged months, and when they are told no more."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.ledger.blinding import Hidden
from data.records import BRAIN_TUMOUR, Doubt, Judgements, Outcome, Refusal, Role, User
from data.stores.refusals import RefusalStore
from models.statistics.confusion import Confusion
from models.statistics.estimate import Estimate
from models.statistics.estimated_performance import estimated_rates
from models.statistics.proportions import proportion
from services.performance.charts import answers as answers_chart
from services.performance.charts import history
from services.performance.estimate_records import NOT_TRUSTED, TOO_FEW, CheckedPeriod, EstimateCheck, Trust
from services.performance.numbers import BY_MONTH, PerformanceQuery
from services.statistics.scoring import confusion
from tests.databases import migrated
from tests.services.calibrated_house import MONTHS, read_months
from tests.services.performance_department import Department, department

HEAD = User("h", "head", "Dr Head", Role.HEAD)
BY_MONTHS = PerformanceQuery(BRAIN_TUMOUR, "recall", BY_MONTH, version="2")
DOUBTED = (Doubt.NEAR_THRESHOLD, Doubt.NEAR_THRESHOLD, Doubt.UNLIKE_TRAINING)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    """Six months of probabilities that mean what they say; the last one is not reviewed."""
    folder = tmp_path_factory.mktemp("calibrated")
    engine = migrated(f"sqlite:///{folder / 'house.db'}")
    house = department(engine, folder, mlflow="http://127.0.0.1:9")
    read_months(engine, doubted=DOUBTED)
    RefusalStore(engine).add([Refusal("a", "b", "C.", "MR")] * 6, MONTHS[-1])
    RefusalStore(engine).add([Refusal("a", "b", "C.", "CR")] * 9, MONTHS[-1])
    yield house
    house.close()
    engine.dispose()


@pytest.fixture
def wrong(tmp_path: Path) -> Iterator[Department]:
    """The same with many ill among what the model holds for healthy."""
    engine = migrated(f"sqlite:///{tmp_path / 'house.db'}")
    house = department(engine, tmp_path, mlflow="http://127.0.0.1:9")
    read_months(engine, each=30, worse=3.0)
    yield house
    house.close()
    engine.dispose()


def test_a_month_that_nobody_reviewed_has_an_estimate_with_its_interval_and_n(house: Department) -> None:
    points = {point.month: point for point in house.performance.estimates.of(BY_MONTHS).points}
    last = points["2026-08"]
    assert last.withheld == ""
    assert last.figure.n == 40
    assert 0.5 < last.figure.low < last.figure.value < last.figure.high <= 1.0
    assert not [
        point for point in house.performance.numbers.shown(BY_MONTHS).points if point.month == "2026-08"
    ]


def test_an_uncertain_answer_counts_by_the_models_call_as_in_real_use(house: Department) -> None:
    readings = house.judgements.readings(BRAIN_TUMOUR, "2", synthetic=False)
    assert (readings.doubts > 0).sum() == 24
    judged = house.judgements.of(BRAIN_TUMOUR, "2", "2026-03", "2026-03")
    month = readings.in_month("2026-03")
    assert sorted(zip(month.probability.round(5).tolist(), month.positive.tolist(), strict=True)) == sorted(
        zip(judged.probability.astype(np.float32).round(5).tolist(), judged.positive.tolist(), strict=True)
    )
    (point, *_) = house.performance.estimates.of(BY_MONTHS).points
    assert not point.calibrated_on
    assert point.figure == estimated_rates(month.probability.astype(np.float64), month.positive)["recall"]


def test_what_probabilities_say_right_is_found_inside_and_told(house: Department) -> None:
    for metric in ("recall", "specificity", "precision", "accuracy"):
        estimated = house.performance.estimates.of(replace(BY_MONTHS, metric=metric))
        check = estimated.check("2", False)
        assert check is not None
        assert check.trust is Trust.HOLDS, metric
        assert len(check.periods) >= 3
        assert check.coverage == proportion(check.inside, len(check.periods))
        for period in check.periods:
            assert period.reviewed.n >= 10
            assert period.gap.value == pytest.approx(period.reviewed.value - period.estimated.value)


def test_where_probabilities_are_wrong_estimates_are_told_no_more(wrong: Department) -> None:
    estimated = wrong.performance.estimates.of(BY_MONTHS)
    check = estimated.check("2", False)
    assert check is not None
    assert check.trust is Trust.FAILS
    assert estimated.told == []
    assert {point.withheld for point in estimated.points} == {NOT_TRUSTED}
    assert all(np.isnan(point.figure.value) for point in estimated.points)
    drawn = history(wrong.performance.numbers.shown(BY_MONTHS), estimated)
    assert not [trace for trace in drawn["data"] if "without truth" in trace["name"]]


@pytest.mark.parametrize(
    ("inside", "n", "trust"),
    [(0, 0, Trust.UNCHECKED), (0, 1, Trust.UNCHECKED), (2, 2, Trust.UNCHECKED), (0, 2, Trust.FAILS),
     (2, 3, Trust.HOLDS), (1, 3, Trust.FAILS), (5, 6, Trust.HOLDS), (4, 6, Trust.FAILS),
     (10, 12, Trust.HOLDS), (9, 12, Trust.FAILS)],
)  # fmt: skip
def test_estimates_are_trusted_until_fewer_hold_than_chance_allows(inside: int, n: int, trust: Trust) -> None:
    reviewed = Estimate(0.8, 0.6, 0.9, 20)
    holding, missing = Estimate(0.85, 0.8, 0.9, 20), Estimate(0.95, 0.9, 1.0, 20)
    periods = [CheckedPeriod((f"2026-{place:02d}",), holding if place < inside else missing, reviewed)
               for place in range(n)]  # fmt: skip
    assert EstimateCheck("2", False, "reviewed", periods).trust is trust


def test_past_estimates_are_compared_once_for_the_whole_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = migrated(f"sqlite:///{tmp_path / 'house.db'}")
    own, compared = department(engine, tmp_path, mlflow="http://127.0.0.1:9"), list[int]()
    read_months(engine, MONTHS[:4])

    def counting(judged: Judgements) -> Confusion:
        compared.append(len(judged))
        return confusion(judged)

    monkeypatch.setattr("services.performance.estimates.confusion", counting)
    with ThreadPoolExecutor(2) as page:  # the chart, and the section below it
        chart, section = page.map(own.performance.estimates.of, [BY_MONTHS, replace(BY_MONTHS, by="version")])
    assert chart.checks == section.checks and len(chart.checks[0].periods) == 4
    assert len(compared) == 6  # two joined periods of the sample, which are too few, and four of all
    blind = Hidden(frozenset(own.judgements.of(BRAIN_TUMOUR, "2", "2026-03", "2026-03").scan_id))
    for_reader = own.performance.estimates.of(replace(BY_MONTHS, hidden=blind))
    assert for_reader.checks != chart.checks
    often = len(compared)
    read_months(engine, MONTHS[4:])
    assert own.performance.estimates.of(BY_MONTHS).checks != chart.checks
    assert len(compared) > often
    own.close()
    engine.dispose()


def test_few_readings_have_no_estimate_but_their_number(tmp_path: Path) -> None:
    engine = migrated(f"sqlite:///{tmp_path / 'house.db'}")
    own = department(engine, tmp_path, mlflow="http://127.0.0.1:9")
    read_months(engine, MONTHS[:1], 19, reviewed=0)
    (few,) = own.performance.estimates.of(BY_MONTHS).points
    assert (few.withheld, few.figure.n) == (TOO_FEW, 19)
    assert np.isnan(few.figure.value)
    (dice,) = own.performance.estimates.of(replace(BY_MONTHS, metric="dice")).points
    assert dice.withheld == TOO_FEW
    read_months(engine, MONTHS[1:2], 20, reviewed=0)
    assert [point.withheld for point in own.performance.estimates.of(BY_MONTHS).points] == [TOO_FEW, ""]
    own.close()
    engine.dispose()


def test_probabilities_are_corrected_on_the_random_sample_of_earlier_months(house: Department) -> None:
    points = house.performance.estimates.of(BY_MONTHS).points
    calibrated = [point.calibrated_on for point in points]
    sample = house.judgements.of(BRAIN_TUMOUR, "2", sampled=True)
    before = sample.months() < np.datetime64("2026-08", "M")
    assert calibrated[0] == 0
    assert calibrated[-1] == int(before.sum()) >= 40
    assert sorted(calibrated) == calibrated


def test_what_somebody_reads_blind_is_not_in_the_estimate(house: Department) -> None:
    hidden = next(iter(house.judgements.of(BRAIN_TUMOUR, "2", "2026-03", "2026-03").scan_id))
    of = replace(BY_MONTHS, hidden=Hidden(frozenset({hidden})))
    assert house.performance.estimates.of(of).points[0].figure.n == 39
    assert house.performance.answers.of(of)[0].n == 39


def test_expected_dice_of_every_mask_gives_a_mean(house: Department) -> None:
    (whole,) = house.performance.estimates.of(replace(BY_MONTHS, metric="dice", by="version")).points
    assert whole.figure.value == pytest.approx(0.8)
    readings = house.judgements.readings(BRAIN_TUMOUR, "2", synthetic=False)
    assert whole.figure.n == int(readings.positive.sum())


def test_estimates_are_drawn_apart_from_what_is_true(house: Department) -> None:
    shown = house.performance.numbers.shown(BY_MONTHS)
    drawn = history(shown, house.performance.estimates.of(BY_MONTHS))
    (line,) = [trace for trace in drawn["data"] if "estimated without truth" in trace["name"]]
    assert line["line"]["dash"] == "dash"
    assert line["marker"]["symbol"] == "x-thin-open"
    assert len(line["y"]) == len(MONTHS)
    assert len(drawn["data"]) == len(history(shown)["data"]) + 1
    by_version = replace(BY_MONTHS, by="version")
    drawn = history(house.performance.numbers.shown(by_version), house.performance.estimates.of(by_version))
    assert drawn["data"][-1]["name"] == "Estimated without truth"


def test_no_alarm_and_no_goal_knows_of_an_estimate(house: Department) -> None:
    house.performance.goals.set_typed(BRAIN_TUMOUR, "recall", "100", "99.9", HEAD)
    shown = house.performance.numbers.shown(BY_MONTHS)
    assert {point.source for point in shown.points} <= {"reviewed", "validation"}
    assert "2026-08" not in {point.month for point in shown.past_limit}


def test_files_and_answers_hold_estimates_and_answers_in_fields_of_their_own(house: Department) -> None:
    told = house.performance.exports.numbers(BY_MONTHS, HEAD, audience="inside")
    apart = told["estimated_without_truth"]
    assert {number["source"] for number in told["numbers"]} <= {"reviewed", "validation"}
    assert [number["month"] for number in apart["numbers"]] == [f"2026-0{month}" for month in range(3, 9)]
    (check,) = apart["checks"]
    assert check["trust"] == "holds"
    assert check["periods"][0]["difference"]["value"] == pytest.approx(
        check["periods"][0]["reviewed"]["value"] - check["periods"][0]["estimated"]["value"]
    )
    assert [share["uncertain"]["n"] for share in told["answers"]] == [40] * 6
    text = house.performance.exports.export(BY_MONTHS, "csv", HEAD, "inside").content.decode("utf-8-sig")
    assert '\r\nestimated_recall,estimated without truth,"2, 2026-08",share,40,' in text
    assert "\r\nrecall,estimated" not in text
    assert '\r\nanswers,uncertain,"2, 2026-08",share,40,0.1,' in text


def test_outside_the_house_small_numbers_of_answers_are_withheld(house: Department) -> None:
    outside = house.performance.exports.numbers(BY_MONTHS, HEAD, audience="outside")
    for share in outside["answers"]:
        assert share["uncertain"]["value"] is None  # four of forty
        assert share["uncertain"]["note"]
        assert share["reasons"] == {}
        others = [share[name]["value"] for name in ("found", "not_found")]
        assert None in others, "the third share would follow from the other two"
    for check in outside["estimated_without_truth"]["checks"]:
        assert check["periods"]
        assert check["trust"] == "holds"


def test_answers_are_counted_with_reasons_refusals_and_the_way_to_the_scans(house: Department) -> None:
    *_, last = house.performance.answers.of(BY_MONTHS)
    assert (last.month, last.n) == ("2026-08", 40)
    assert last.share(Outcome.UNCERTAIN) == proportion(4, 40)
    assert sum(last.counts.values()) == 40
    assert last.reasons[Doubt.NEAR_THRESHOLD] + last.reasons[Doubt.UNLIKE_TRAINING] == 4
    assert last.reason(Doubt.NEAR_THRESHOLD).n == 4
    assert last.refused == proportion(6, 46), "those of other modalities are another task's"
    address, opened = last.opened[Outcome.UNCERTAIN]
    assert opened == 4
    assert "outcome=uncertain" in address
    drawn = answers_chart(house.performance.answers.of(BY_MONTHS), BY_MONTHS)
    assert drawn["data"][0]["customdata"][-1][0] == address
    (whole,) = house.performance.answers.of(replace(BY_MONTHS, by="version"))
    assert (whole.n, whole.refused) == (240, None)
