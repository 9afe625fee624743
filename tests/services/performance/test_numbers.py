"""Performance: every number beside its source, every point beside its cases."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed, NotFound
from data.ledger.in_memory import Ledger
from data.records import BRAIN_TUMOUR, Role, User
from data.stores.audit import AuditLog
from data.stores.refusals import RefusalStore
from data.stores.results import ResultStore
from models.statistics.estimate import Estimate
from models.statistics.proportions import proportion
from services.cohort.cohort import Cohorts, hidden_from_nobody
from services.cohort.small_numbers import Audience, small
from services.performance.assess_ai import COLUMNS
from services.performance.cases import WHAT, Which
from services.performance.charts import history
from services.performance.exports import KINDS, table
from services.performance.metrics import METRICS, figure_words, validated
from services.performance.numbers import MetricPoint, PerformanceQuery
from services.statistics.scoring import scored
from tests.clocks import FAR_EAST, in_zone
from tests.data.builders import a_header, a_kept_scan, a_result
from tests.databases import migrated
from tests.services.performance_department import (
    FIRST,
    NOVEMBER,
    OCTOBER,
    SECOND,
    Department,
    department,
    registered,
    with_history,
)

HEAD = User("h", "head", "Dr Head", Role.HEAD)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = migrated(f"sqlite:///{tmp_path_factory.mktemp('house') / 'house.db'}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def house(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    """A department that no test changes."""
    house = with_history(engine, tmp_path_factory.mktemp("mlflow"))
    yield house
    house.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Department]:
    """An empty department of a test's own."""
    engine = migrated(f"sqlite:///{tmp_path / 'house.db'}")
    house = department(engine, tmp_path)
    yield house
    house.close()
    engine.dispose()


def points(house: Department, address: str) -> list[MetricPoint]:
    return list(house.performance.numbers.shown(house.performance.numbers.asked(address, None)).points)


def opened(house: Department, address: str) -> int:
    """How many cases an address shows."""
    parts = urlsplit(address)
    if parts.path == "/worklist":
        return Cohorts(Ledger(house.engine), RefusalStore(house.engine), dict, hidden_from_nobody).total(
            parse_qs(parts.query), None
        )
    asked = house.performance.numbers.asked(parts.query, None)
    return house.performance.cases.page(asked.which(asked.cases)).total


def test_validation_and_real_use_stand_apart(house: Department) -> None:
    shown = {
        (point.version, point.source, point.synthetic): point for point in points(house, "metric=recall")
    }
    assert set(shown) == {
        ("1", "validation", False), ("2", "validation", False), ("1", "reviewed", False),
        ("2", "reviewed", False), ("2", "reviewed", True),
    }  # fmt: skip
    assert shown["2", "validation", False].figure == proportion(82, 90)
    assert shown["2", "validation", False].kind == "single slices"
    assert shown["1", "reviewed", False].figure == proportion(18, 22)  # October and November
    assert shown["2", "reviewed", True].figure == proportion(6, 6)


def test_months_are_those_of_mlflow(house: Department) -> None:
    logged = {
        (month.version, month.month, month.part, month.synthetic): month.run.metrics
        for month in house.histories.of(BRAIN_TUMOUR).real_use
    }
    for name, metric in METRICS.items():
        for point in points(house, f"by=month&metric={name}") if metric.truth else ():
            if point.source != "validation":
                metrics = logged[point.version, point.month, point.source, point.synthetic]
                assert (point.figure.value, point.figure.n) == (metrics[name], metrics[f"{name}_n"])
                assert point.figure.low == metrics.get(f"{name}_low", point.figure.low)


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.truth])
@pytest.mark.parametrize("by", ["by=version", "by=month", "by=version&part=sample", "by=month&part=sample"])
def test_every_point_opens_as_many_cases_as_it_says(house: Department, by: str, name: str) -> None:
    real = [point for point in points(house, f"{by}&metric={name}") if point.source != "validation"]
    assert len(real) >= 2
    for point in real:
        assert opened(house, point.query) == point.figure.n, point


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    """Two versions in two months on two scanners, of two sexes and two ages."""
    folder = tmp_path_factory.mktemp("mixed")
    engine = migrated(f"sqlite:///{folder / 'house.db'}")
    house = department(engine, folder)
    headers = [a_header(scanner="Skyra", sex="F"), a_header(scanner="Vida", sex="M"),
               a_header(scanner="Skyra", sex="M", age_years=34.0)]  # fmt: skip
    house.read("1", OCTOBER, FIRST, headers=headers)
    house.read("1", NOVEMBER, FIRST[:10], headers=headers)
    house.read("2", NOVEMBER, SECOND, headers=headers)
    house.read_again("2", NOVEMBER, SECOND[:8])
    house.score()
    yield house
    house.close()
    engine.dispose()


@pytest.mark.parametrize("by", ["version", "month"])
def test_real_use_of_a_choice_is_of_exactly_those_cases(mixed: Department, by: str) -> None:
    house, choices = mixed, mixed.performance.numbers.choices(BRAIN_TUMOUR)
    assert choices["scanner"] == ["Siemens Skyra", "Siemens Vida"] and choices["age"] == ["30-39", "60-69"]
    whole = {
        (point.version, point.month, point.synthetic): point.figure.n
        for point in points(house, f"metric=recall&by={by}")
        if point.source == "reviewed"
    }
    for dimension in ("sex", "scanner", "age"):
        parts: Counter[tuple[str, str, bool]] = Counter()
        for name in choices[dimension]:
            of = urlencode({dimension: name})
            for point in points(house, f"metric=recall&by={by}&{of}"):
                if point.source == "reviewed":
                    parts[point.version, point.month, point.synthetic] += point.figure.n
                    which = Which(
                        BRAIN_TUMOUR, point.version, point.month, synthetic=point.synthetic, what="ill",
                        group=f"{dimension}:{name}",
                    )  # fmt: skip
                    judged = house.performance.cases.of(which)
                    assert point.figure == proportion(int(judged.positive.sum()), len(judged))
                    assert opened(house, point.query) == point.figure.n
        assert parts == whole, dimension


def test_what_is_not_counted_by_a_choice_is_not_told_of_all_instead(mixed: Department) -> None:
    house = mixed
    asked = house.performance.numbers.asked("metric=latency_p50_ms&sex=F", HEAD)
    assert {point.source for point in house.performance.numbers.shown(asked).points} <= {"validation"}
    told = house.performance.exports.numbers(asked, HEAD, every=True)
    assert told["chosen"] == {"sex": "F"} and told["answers"] == []
    assert told["estimated_without_truth"]["numbers"] == []
    assert set(told["cases"]["coverage"].values()) == {None}
    everything = house.performance.numbers.asked("metric=recall&vs=1&version=2", HEAD)
    beside = house.performance.pairs.compared(replace(everything, sex="F")).origins
    assert len(beside) < len(house.performance.pairs.compared(everything).origins)


def test_a_choice_tells_nobody_outside_what_the_whole_does_not(mixed: Department) -> None:
    """A group less its complement: what is told of F and of all would tell of M."""
    house = mixed
    asked = house.performance.numbers.asked("metric=recall&by=month&sex=F", HEAD)
    (told,) = house.performance.exports.told([house.performance.numbers.shown(asked)], Audience.OUTSIDE)
    real = [point for point in told.points if point.source == "reviewed"]
    inside = [point for point in house.performance.numbers.shown(asked).points if point.source == "reviewed"]
    whole = house.performance.numbers.shown(replace(asked, sex="")).points
    all_ill = {(point.version, point.month, point.synthetic): point.figure.n for point in whole}
    assert len(real) == len(inside) >= 2
    for shown, kept in zip(real, inside, strict=True):
        rest = all_ill[kept.version, kept.month, kept.synthetic] - kept.figure.n
        if small(kept.figure.n) or small(rest):
            assert shown.withheld, (kept, rest)


def test_points_of_readings_open_the_worklist_where_it_shows_exactly_them(house: Department) -> None:
    by_month = {
        (point.version, point.month, point.synthetic): point
        for point in points(house, "by=month&metric=latency_p50_ms")
    }
    november = by_month["1", "2026-11", False]
    assert november.query.startswith("/worklist?")
    assert opened(house, november.query) == november.figure.n == 10
    assert by_month["1", "2026-10", False].query == ""  # some of them show another version's result now


def test_response_times_are_of_all_months_also_of_those_without_a_review(own: Department) -> None:
    at = [datetime(2026, month, 5, 9, tzinfo=UTC) for month in (9, 10, 11)]
    for number, moment in enumerate(at):
        for reading in range(4):
            scan = a_kept_scan(own.engine, name=f"P {number} {reading}", created_at=moment)
            result = a_result(scan.id, created_at=moment)
            taken = {"read": 100.0 * (number + 1) + reading}
            made = replace(result.provenance, model_version="1", timings_ms=taken)
            ResultStore(own.engine).add(replace(result, provenance=made))
    own.score()
    by_month = {point.month: point for point in points(own, "by=month&metric=latency_p50_ms")}
    assert {month: point.figure.value for month, point in by_month.items()} == {
        "2026-09": 101.5,
        "2026-10": 201.5,
        "2026-11": 301.5,
    }
    (of_version,) = points(own, "by=version&metric=latency_p50_ms")
    assert (of_version.month, of_version.figure.value, of_version.figure.n) == ("", 201.5, 12)
    (slowest,) = points(own, "by=version&metric=latency_p95_ms")
    assert slowest.figure.value == np.quantile([100 * m + r for m in (1, 2, 3) for r in range(4)], 0.95)
    assert opened(own, of_version.query) == 12


def test_a_month_opens_the_cases_that_it_counted_in_any_time_zone(own: Department) -> None:
    with in_zone(FAR_EAST):  # November begins there at ten in the morning of 31 October
        own.read("1", datetime(2026, 10, 31, 9, tzinfo=UTC), [(1, 1)] * 3)
        own.score()
        shown = {point.month: point for point in points(own, "by=month&metric=accuracy")}
        assert {month: point.figure.n for month, point in shown.items()} == {"2026-10": 1, "2026-11": 2}
        for point in shown.values():
            assert opened(own, point.query) == point.figure.n


def test_cases_that_the_worklist_can_say_are_opened_there(house: Department) -> None:
    def address(version: str, month: str, what: str) -> str:
        return house.performance.cases.address(Which(BRAIN_TUMOUR, version, month, what=what))

    assert address("1", "2026-11", "all").startswith("/worklist?")
    assert address("2", "2026-11", "miss").startswith("/worklist?")
    # A scan that was read again shows its latest result in the worklist: another number would be there.
    assert address("1", "2026-10", "all").startswith("/performance?")
    for what in WHAT:
        for version in ("1", "2"):
            which = Which(BRAIN_TUMOUR, version, what=what)
            assert opened(house, house.performance.cases.address(which)) == len(
                house.performance.cases.of(which)
            )


def test_groups_open_as_many_cases_as_they_say(house: Department) -> None:
    asked = house.performance.numbers.asked("version=2", None)
    groups = house.performance.details.groups(asked)
    assert [group.n for group in groups["size"]] == [7, 5]
    for dimension, members in groups.items():
        for member in members:
            address = house.performance.cases.address(
                replace(asked.which(), group=f"{dimension}:{member.name}")
            )
            assert opened(house, address) == member.n


def test_cases_come_the_most_wrong_first(house: Department) -> None:
    page = house.performance.cases.page(Which(BRAIN_TUMOUR, "1"))
    assert (page.total, page.last) == (30, 1)
    wrong = [row.positive != row.truth_positive for row in page.rows]
    assert wrong == [True] * 6 + [False] * 24


def test_the_live_version_is_told_with_who_approved_it(house: Department) -> None:
    shown = house.performance.numbers.shown(house.performance.numbers.asked("", None))
    assert shown.live is not None
    assert (shown.live.version.version, shown.live.by, shown.live.reason) == ("2", "Dr Head", "Fewer misses.")
    assert f"{shown.live.since:%Y-%m-%d}" == "2026-11-01"
    assert (shown.asked.version, shown.challenger) == ("2", "1")


def test_errors_and_what_a_threshold_would_do(house: Department) -> None:
    asked = house.performance.numbers.asked("version=1", None)
    errors = house.performance.details.errors(asked)
    cells = (errors.confusion.hit, errors.confusion.miss, errors.confusion.false_alarm)
    assert (*cells, errors.confusion.right_negative, errors.n) == (18, 4, 2, 6, 30)
    for threshold in (0.0, 0.2, 0.37, 0.6, 1.0):
        counts, figures = house.performance.details.at(asked, threshold)
        expected = scored(house.performance.cases.of(asked.which()), threshold)
        assert counts.n == 30
        assert {name: figures[name] for name in ("recall", "far", "precision", "f1")} == pytest.approx(
            {name: expected[name] for name in ("recall", "far", "precision", "f1")}, nan_ok=True
        )
    with pytest.raises(InvalidInput):
        house.performance.details.at(asked, 1.2)


def test_validation_is_shown_from_the_runs_own_evaluation(house: Department) -> None:
    asked = house.performance.numbers.asked("version=2&of=validation", None)
    errors = house.performance.details.errors(asked)
    assert (errors.confusion.hit, errors.confusion.miss, errors.confusion.false_alarm) == (5, 1, 1)
    assert errors.figures["recall"] == proportion(5, 6)
    assert errors.addresses == {}
    assert [case.name for case in house.performance.details.validation_cases(asked, HEAD)] == [
        "TCGA_1",
        "TCGA_2",
    ]
    training = house.performance.details.training(asked)
    assert training.curves["epoch_loss"] == [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3))]
    assert training.data_sha256 == "ab" * 32
    assert training.pictures == ["model/worst.png"]
    assert house.performance.details.picture(asked, "model/worst.png").startswith(b"\x89PNG")
    for path in ("model/settings.json", "../mlflow.db", "model/none.png"):
        with pytest.raises(NotFound):
            house.performance.details.picture(asked, path)


def test_two_versions_are_compared_on_the_scans_that_both_read(house: Department) -> None:
    pair = house.performance.pairs.compared(house.performance.numbers.asked("version=1&vs=2", None))
    assert pair.result.n == 8
    assert sum(pair.result.count(outcome) for outcome in ("win", "lose", "tie")) == 8
    with pytest.raises(InvalidInput):
        house.performance.pairs.compared(house.performance.numbers.asked("version=1&vs=1", None))


def test_how_much_is_judged_is_told(house: Department) -> None:
    told = house.performance.numbers.coverage(house.performance.numbers.asked("version=2", None))
    assert (told.read, told.reviewed) == (len(SECOND) + 8, len(SECOND))  # eight were read again by it
    first = house.performance.numbers.coverage(
        house.performance.numbers.asked("version=1&month=2026-11", None)
    )
    assert (first.read, first.reviewed) == (10, 10)
    proposed = house.performance.numbers.proposals(house.performance.numbers.asked("version=2", None))
    again = {result.scan_id for result in house.results[:8]}
    assert {proposal.scan_id for proposal in proposed} <= again


@pytest.mark.parametrize(
    "address",
    ["task=nothing", "metric=luck", "by=week", "part=some", "month=2026-13", "month=x", "colour=red"],
)
def test_what_does_not_exist_is_refused_in_a_sentence(house: Department, address: str) -> None:
    with pytest.raises(InvalidInput):
        house.performance.numbers.asked(address, None)


def test_an_address_says_what_it_was_made_of(house: Department) -> None:
    asked = house.performance.numbers.asked(
        "task=pneumonia&metric=auc&by=month&version=7&month=2026-10&vs=3&cases=ill", None
    )
    assert house.performance.numbers.asked(asked.query(), None) == asked


def test_a_new_version_and_month_appear_by_themselves(own: Department, tmp_path: Path) -> None:
    assert points(own, "") == []
    registered(own.tracking, tmp_path / "new", recall=proportion(70, 80))
    own.read("1", NOVEMBER, FIRST[:3])
    own.score()
    assert {point.source for point in points(own, "")} == {"validation", "reviewed"}
    own.read("9", NOVEMBER, FIRST[:3])  # nobody registered it
    own.score()
    shown = own.performance.numbers.shown(own.performance.numbers.asked("by=version", None))
    assert {point.version for point in shown.points} == {"1", "9"}
    drawn = history(shown)
    versions = [name.split("<br>")[0] for name in drawn["layout"]["xaxis"]["ticktext"]]
    assert versions == ["9", "1"]
    assert [trace["name"] for trace in drawn["data"]] == ["Validation, single slices", "Real use"]


def test_without_an_evaluation_that_is_said(own: Department, tmp_path: Path) -> None:
    registered(own.tracking, tmp_path / "bare", recall=proportion(70, 80), scored=False)
    own.histories.refresh(BRAIN_TUMOUR)
    errors = own.performance.details.errors(own.performance.numbers.asked("of=validation", None))
    assert errors.n == 0
    assert "evaluation.json" in errors.absent
    assert own.performance.details.errors(own.performance.numbers.asked("", None)).absent.startswith(
        "No reading of this task"
    )


def test_where_there_are_only_synthetic_cases_they_are_shown(own: Department) -> None:
    own.read("1", NOVEMBER, FIRST[:3], synthetic=True)
    assert own.performance.numbers.asked("", None).synthetic
    assert not own.performance.numbers.asked("synthetic=no", None).synthetic


def test_while_mlflow_is_away_real_use_is_still_told(tmp_path: Path) -> None:
    engine = migrated(f"sqlite:///{tmp_path / 'house.db'}")
    house = department(engine, tmp_path, mlflow="http://127.0.0.1:9")
    house.read("1", NOVEMBER, FIRST[:4])
    shown = house.performance.numbers.shown(house.performance.numbers.asked("version=1", None))
    assert shown.trouble is not None
    assert "MLflow" in shown.trouble
    assert [point.figure for point in shown.points] == [proportion(4, 4)]
    house.close()
    engine.dispose()


def test_goals_are_typed_as_they_are_shown(own: Department) -> None:
    goals = own.performance.goals
    kept = goals.set_typed(BRAIN_TUMOUR, "recall", "95 %", "90", HEAD)
    assert (kept.goal, kept.alert_limit) == (0.95, 0.9)
    assert goals.set_typed(BRAIN_TUMOUR, "latency_p95_ms", "800", "2000", HEAD).alert_limit == 2000.0
    assert goals.set_typed(BRAIN_TUMOUR, "dice", "0,85", "", HEAD).goal == 0.85
    assert set(goals.of(BRAIN_TUMOUR)) == {"recall", "latency_p95_ms", "dice"}
    goals.set_typed(BRAIN_TUMOUR, "dice", "", "", HEAD)
    assert "dice" not in goals.of(BRAIN_TUMOUR)
    assert AuditLog(own.engine).recent(1)[0].action == "performance.goal"
    assert goals.set_typed(BRAIN_TUMOUR, "far", "0.5 %", "1 %", HEAD).goal == 0.005
    assert goals.set_typed(BRAIN_TUMOUR, "latency_p50_ms", "700 ms", "", HEAD).goal == 700.0
    with pytest.raises(InvalidInput, match="Write 90 for 90 %, or 0.9 % if you mean that little"):
        goals.set_typed(BRAIN_TUMOUR, "recall", "0.9", "", HEAD)
    wrong = [
        ("recall", "x", ""),
        ("recall", "120", ""),
        ("recall", "90", "95"),
        ("far", "5", "3"),
        ("auc", "9", ""),
    ]
    for metric, goal, limit in wrong:
        with pytest.raises(InvalidInput):
            goals.set_typed(BRAIN_TUMOUR, metric, goal, limit, HEAD)
    with pytest.raises(NotAllowed):
        goals.set_typed(BRAIN_TUMOUR, "recall", "95", "90", replace(HEAD, role=Role.CLINICIAN))


def test_files_and_answer_hold_the_same_digits(house: Department) -> None:
    asked = house.performance.numbers.asked("by=month", None)
    export = house.performance.exports.export(asked, "csv", HEAD, "inside")
    lines = list(csv.DictReader(io.StringIO(export.content.decode("utf-8-sig"))))
    told = [line for line in lines if line["section"] in METRICS]
    answer = house.performance.exports.numbers(asked, HEAD, every=True, audience="inside")["numbers"]
    shown = [point for view in house.performance.numbers.every(asked) for point in view.points]
    assert len(told) == len(answer) == len(shown) > 40
    for line, number, point in zip(told, answer, shown, strict=True):
        figure = point.figure
        assert number["value"] == figure.value == float(line["value"])
        assert number["n"] == figure.n == int(line["n"])
        for end in ("low", "high"):
            known = getattr(figure, end)
            assert number[end] == (known if math.isfinite(known) else None)
            assert line[end] == (repr(known) if math.isfinite(known) else "")
    assert len(table(house.performance.numbers.every(asked))) == len(told)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_written_and_noted(house: Department, kind: str) -> None:
    export = house.performance.exports.export(
        house.performance.numbers.asked("metric=dice", None), kind, HEAD
    )
    assert export.name.endswith(f".{kind}")
    assert export.content
    if kind == "png":
        assert export.content.startswith(b"\x89PNG")
    event = AuditLog(house.engine).recent(1)[0]
    assert (event.action, event.subject) == ("performance.export", kind)


def test_other_kinds_are_not_there(house: Department) -> None:
    with pytest.raises(NotFound):
        house.performance.exports.export(house.performance.numbers.asked("", None), "exe", HEAD)


def test_assess_ai_gets_its_columns_and_no_identity(house: Department) -> None:
    export = house.performance.assess_ai.export(
        house.performance.numbers.asked("version=1&month=2026-11", None), HEAD
    )
    rows = list(csv.DictReader(io.StringIO(export.content.decode("utf-8-sig"))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 10
    row = rows[0]
    assert (row["Result Indicator"], row["Software Version"], row["Study Date"]) == (
        "Positive",
        "1",
        "2026-11-20",
    )
    assert (row["Inference Date"], row["Body Part Examined"], row["Modality"]) == ("2026-11-12", "HEAD", "MR")
    assert {line["Race"] for line in rows} == {""}
    assert "Person" not in export.content.decode()


def test_validation_figures_are_found_by_their_names() -> None:
    estimate = Estimate(0.9, 0.8, 1.0, 10)
    named = ("recall", "presence_recall", "volume_presence_recall", "dice_flair", "dice_flair_median",
             "presence_frr_at_far5", "poor_share_flair", "site_a_recall")  # fmt: skip
    figures = dict.fromkeys(named, estimate)
    assert set(validated("recall", figures)) == {"", "single slices", "whole volumes", "site a"}
    assert set(validated("dice", figures)) == {"FLAIR"}
    assert validated("far", figures) == validated("frr", figures) == {}


def test_an_address_leaves_out_what_is_as_usual() -> None:
    assert PerformanceQuery(BRAIN_TUMOUR).query() == "task=brain-tumour&synthetic=no"
    assert (
        PerformanceQuery(BRAIN_TUMOUR, vs="2", synthetic=True).query()
        == "task=brain-tumour&synthetic=yes&vs=2"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("recall", "Recall"),
        ("presence_recall", "Recall, single slices"),
        ("volume_presence_frr", "Miss rate (FRR), whole volumes"),
        ("dice_flair", "Dice, FLAIR"),
        ("dice_t1ce_median", "Dice, median, contrast-enhanced T1"),
        ("adult_auc", "AUC, adults"),
        ("outside_specificity", "Specificity, outside the training sources"),
        ("presence_frr_at_far5", "Miss rate where 5 % of the healthy are called ill, single slices"),
        ("lateral_refused", "Lateral chest X-rays that were refused"),
        ("oblique_refused", "Oblique refused"),
    ],
)
def test_figures_of_validation_have_words_for_people(name: str, said: str) -> None:
    assert figure_words(name) == said
