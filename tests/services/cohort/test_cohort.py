"""Statistics count right, and behind every number stand exactly its cases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput
from data.ledger.in_memory import Ledger
from data.ledger.worklist import WorklistStore
from data.records import PNEUMONIA, SYNTHETIC_REFUSALS, Refusal, ScanStatus, Verdict, WorklistQuery
from data.stores.refusals import RefusalStore, keep
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from services.cohort.cohort import Cohorts, hidden_from_nobody
from services.cohort.counting import Bar, Cohort, KeyFigure, periods
from services.cohort.filters import filters_of, query_of
from tests.data.builders import a_header, a_kept_scan, a_result, a_review, measured
from tests.databases import migrated

DAY = 24 * 60


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """120 scans of every kind, over 80 days."""
    engine = migrated("sqlite://")
    random = np.random.default_rng(0)
    for number in range(120):
        _one(engine, random, number)
    refused = [Refusal("a.dcm", "modality", "This is a CT scan.", "CT", "Siemens Skyra", "Site 1")] * 3
    RefusalStore(engine).add([*refused, Refusal("b.txt", "not_an_image", "This is no image.")])
    yield engine
    engine.dispose()


def _one(engine: Engine, random: np.random.Generator, number: int) -> None:
    chest = bool(random.random() < 0.4)
    header = a_header(
        modality="CR" if chest else "MR",
        sex=random.choice(["F", "M", None]),
        age_years=None if random.random() < 0.1 else float(random.integers(1, 99)),
        site=random.choice(["North", "South", None]),
        manufacturer=random.choice(["Siemens", "GE"]),
        scanner=random.choice(["One", "Two"]),
    )
    at = number * DAY * 80 / 120
    scan = a_kept_scan(
        engine, at, f"P^{number % 70}", header=header, **({"task": PNEUMONIA} if chest else {})
    )
    if random.random() < 0.1:
        ScanStore(engine).set_status(scan.id, ScanStatus.FAILED, "It broke.")
    if random.random() < 0.15:
        return
    ScanStore(engine).set_status(scan.id, ScanStatus.READ)
    positive = bool(random.random() < 0.6)
    changes: dict[str, Any] = {"task": scan.task, "positive": positive, "probability": float(random.random())}
    changes |= {"measurements": None, "has_mask": False}
    if not chest:
        volume = None if random.random() < 0.2 else float(random.lognormal(2, 1.5))
        changes |= {"measurements": measured(volume), "has_mask": True}
        changes |= {"head_position": (float(random.random()), float(random.random()))}
    result = ResultStore(engine).add(a_result(scan.id, at + float(random.exponential(3)), **changes))
    if random.random() < 0.5:
        verdict = random.choice([Verdict.ACCEPTED, Verdict.REJECTED] + [Verdict.CORRECTED] * (not chest))
        said: dict[str, Any] = {"verdict": Verdict(verdict), "truth_positive": bool(random.random() < 0.6)}
        if verdict == Verdict.CORRECTED:
            said |= {"measurements": measured(float(random.lognormal(2, 1))), "dice": float(random.random())}
        ReviewStore(engine).add(a_review(scan.id, result.id, at + 60, **said))


@pytest.fixture
def cohorts(engine: Engine) -> Cohorts:
    return Cohorts(Ledger(engine), RefusalStore(engine), lambda: {"brain-tumour": 0.2}, hidden_from_nobody)


def _worklist_total(engine: Engine, filters: Any) -> int:
    """The other end: what the worklist counts for the same filters, by its own way through the address."""
    asked = filters_of(query_of(filters))
    return WorklistStore(engine, Ledger(engine)).page(WorklistQuery(filters=asked), True).total


def _numbers(cohort: Cohort) -> Iterator[tuple[str, Bar | KeyFigure]]:
    for name, value in vars(cohort).items():
        if isinstance(value, KeyFigure):
            yield name, value
        elif isinstance(value, list):
            yield from ((f"{name} {bar.name}", bar) for bar in value if isinstance(bar, Bar))
        elif isinstance(value, dict) and name.startswith("sizes_by"):
            yield from ((f"{name} {group}", bar) for group, bars in value.items() for bar in bars)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"site": ("North",)},
        {"sex": ("F", "unknown"), "result": ("positive",)},
        {"age": ("30-39", "40-49"), "task": ("brain-tumour",)},
        {"status": ("read",), "review": ("corrected", "rejected")},
        {"size": ("1 to 10 mL",)},
        {"from": ("2026-12-01",), "to": ("2026-12-20",)},
        {"scanner": ("Nobody's",)},
    ],
)
def test_behind_every_number_stand_exactly_its_cases(
    engine: Engine, cohorts: Cohorts, filters: dict[str, Any]
) -> None:
    cohort = cohorts.cohort(filters, None)
    seen = 0
    for name, number in _numbers(cohort):
        assert _worklist_total(engine, number.filters) == number.n, name
        seen += 1
    assert seen > (20 if cohort.scans.n else 4)


def test_the_parts_add_up_to_the_whole(cohorts: Cohorts) -> None:
    cohort = cohorts.cohort({}, None)
    for bars in (
        cohort.by_age,
        cohort.by_sex,
        cohort.by_task,
        cohort.by_site,
        cohort.by_review,
        cohort.over_time,
    ):
        assert sum(bar.n for bar in bars) == cohort.scans.n == 120
    for bars in (cohort.by_result, cohort.by_size, cohort.by_chance, cohort.by_truth, cohort.by_place):
        assert sum(bar.n for bar in bars) == 120
    assert {bar.name for bar in cohort.by_sex} == {"F", "M", "unknown"}  # unknown is a class, not dropped


def test_a_number_is_what_counting_by_hand_gives(engine: Engine, cohorts: Cohorts) -> None:
    cohort = cohorts.cohort({"task": ("brain-tumour",)}, None)
    columns = Ledger(engine).columns()
    brain = columns.codes["task"] == columns.names["task"].index("brain-tumour")
    positive = columns.numbers["positive"][brain]
    volumes = columns.numbers["volume_ml"][brain][positive == 1]
    share = cohort.positive.share
    assert share is not None
    assert (cohort.positive.n, share.n) == (int((positive == 1).sum()), int((~np.isnan(positive)).sum()))
    assert share.low < share.value < share.high
    spread = cohort.volume_ml.spread
    assert spread is not None
    assert spread.median == pytest.approx(np.nanmedian(volumes))
    assert cohort.patients == len(np.unique(columns.patients[brain]))
    assert cohort.upload_to_read_s.p90 == pytest.approx(
        np.nanpercentile((columns.numbers["read_us"] - columns.numbers["created_us"])[brain] / 1e6, 90)
    )


def test_a_chart_goes_on_showing_what_else_could_be_chosen(cohorts: Cohorts) -> None:
    everything, north = cohorts.cohort({}, None), cohorts.cohort({"site": ("North",)}, None)
    assert [bar.name for bar in north.by_site] == [bar.name for bar in everything.by_site]
    assert sum(bar.n for bar in north.by_age) == north.scans.n < 120


def test_refusals_are_counted_by_what_is_known_of_them(cohorts: Cohorts) -> None:
    cohort = cohorts.cohort({}, None)
    assert cohort.refused == 4
    assert cohort.refusals_by_reason == [("modality", 3), ("not_an_image", 1)]
    assert cohort.refusals_by_scanner == [("Siemens Skyra", 3), ("unknown", 1)]
    assert cohorts.cohort({"site": ("Site 1",)}, None).refused == 3
    by_sex = cohorts.cohort({"sex": ("F",), "modality": ("CT",)}, None)
    assert (by_sex.refused, by_sex.refused_filtered_by) == (3, ("modality", "synthetic"))
    assert by_sex.refused_share is None  # of how many cannot be said: no refusal tells a sex
    share = cohort.refused_share
    assert share is not None
    assert (share.n, share.value) == (cohort.scans.n + 4, 4 / (cohort.scans.n + 4))


def test_refusals_of_the_demonstration_count_with_synthetic_scans_alone(
    engine: Engine, cohorts: Cohorts
) -> None:
    made = Refusal("d.dcm", "blank", "There is nothing on it.", "MR")
    with engine.begin() as connection:
        keep(connection, [made], None, refusal_id=f"{SYNTHETIC_REFUSALS}{'0' * 8}")
    assert cohorts.cohort({"synthetic": ("no",)}, None).refused == 4
    assert cohorts.cohort({"synthetic": ("yes",)}, None).refusals_by_reason == [("blank", 1)]
    assert [kept.refusal for kept in cohorts.refusals({"synthetic": ("yes",)})] == [made]


def test_an_answer_is_kept_until_something_changes(engine: Engine, cohorts: Cohorts) -> None:
    first = cohorts.cohort({"site": ("North",)}, None)
    assert cohorts.cohort({"site": ["North", "North"]}, None) is first
    ids = [row.scan_id for row in WorklistStore(engine, Ledger(engine)).page(WorklistQuery(), True).rows[:1]]
    ScanStore(engine).set_status(ids[0], ScanStatus.READ)
    assert cohorts.cohort({"site": ("North",)}, None) is not first


def test_an_address_is_read_as_it_was_written(cohorts: Cohorts) -> None:
    filters = {"site": ("A & B", "Ä/ö?"), "from": ("2026-01-01",)}
    asked = cohorts.asked("?" + cohorts.query_of(filters))
    assert asked.said == filters
    assert asked.filters == filters | {"synthetic": ("no",)}
    assert asked.vs is None
    assert cohorts.asked("?site=A&vs=site%3DB").vs == "site=B"
    assert cohorts.asked("?site=A&vs=").vs == ""
    with pytest.raises(InvalidInput, match="nothing called colour"):
        cohorts.cohort(cohorts.asked("?colour=red").filters, None)


def test_charts_carry_the_query_of_each_point(cohorts: Cohorts) -> None:
    cohort = cohorts.cohort({}, None)
    figures = cohorts.charts(cohort)
    site = figures["site"]["data"][0]
    assert site["x"] == [bar.n for bar in cohort.by_site]
    assert filters_of(site["customdata"][0]) == {"site": (cohort.by_site[0].name,), "synthetic": ("no",)}
    place = figures["place"]["data"][0]
    drawn = sum(n for row in place["z"] for n in row if n)
    assert drawn == sum(bar.n for bar in cohort.by_place if bar.name != "none")


@pytest.mark.parametrize(
    ("first", "last", "n", "start"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), 1, date(2026, 1, 1)),
        (date(2026, 1, 1), date(2026, 2, 15), 46, date(2026, 1, 1)),
        (date(2026, 1, 1), date(2026, 6, 30), 27, date(2025, 12, 29)),
        (date(2024, 1, 15), date(2026, 6, 30), 30, date(2024, 1, 1)),
    ],
)
def test_time_is_cut_into_days_weeks_or_months(first: date, last: date, n: int, start: date) -> None:
    cut = periods(first, last)
    assert (len(cut), cut[0][0]) == (n, start)
    assert cut[-1][0] <= last <= cut[-1][1]
    assert all((after[0] - before[1]).days == 1 for before, after in zip(cut, cut[1:], strict=False))
