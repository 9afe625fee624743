"""What leaves the house is what the page shows, to the digit, and who took it is noted."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from pyarrow import parquet
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed, NotFound
from data.ledger.in_memory import Ledger
from data.records import NOTICE, VERSION, ExportRow, Role, User
from data.stores.audit import AuditLog
from data.stores.refusals import RefusalStore
from data.stores.results import ResultStore
from services.cohort.charts import charts
from services.cohort.cohort import Cohorts, hidden_from_nobody
from services.cohort.comparison import CohortComparison
from services.cohort.counting import Cohort
from services.cohort.exports import MIME, CohortExports, marks_of, sections, table
from services.cohort.small_numbers import FEW, LEAST, Audience, audience_asked, audience_of_pages
from services.cohort.table import TITLES
from services.permissions import TABLE, Permission
from tests.data.builders import a_header, a_kept_scan, a_result
from tests.databases import migrated
from tests.reports.test_tables import from_csv, from_xlsx
from tests.services.cohorts import a_cohort

GREY = User("1", "grey", "Dr Grey", Role.CLINICIAN)
HEAD = User("2", "head", "Prof Head", Role.HEAD)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Twelve scans of the North, three of the South."""
    engine = migrated("sqlite://")
    for number in range(15):
        header = a_header(site="South" if number % 5 == 4 else "North", age_years=40.0 + number)
        scan = a_kept_scan(engine, number * 60, f"P^{number}", header=header)
        ResultStore(engine).add(a_result(scan.id, number * 60 + 1, positive=number % 2 == 0))
    yield engine
    engine.dispose()


@pytest.fixture
def exports(engine: Engine) -> CohortExports:
    ledger = Ledger(engine)
    cohorts = Cohorts(ledger, RefusalStore(engine), lambda: {"brain-tumour": 0.5}, hidden_from_nobody)
    return CohortExports(cohorts, CohortComparison(ledger, hidden_from_nobody), AuditLog(engine))


def _numbers(cohort: Cohort) -> dict[tuple[str, str, str], Any]:
    """What the page shows, as it shows it, from the page's own record."""
    mean_dice = cohort.dice.value if cohort.dice.n else None
    numbers: dict[tuple[str, str, str], Any] = {
        ("summary", "all", "scans"): cohort.scans.n,
        ("summary", "all", "patients"): cohort.patients,
        ("summary", "waiting", "scans"): cohort.waiting.n,
        ("summary", "refused", "refusals"): cohort.refused,
        ("summary", "upload to result", "p90_s"): cohort.upload_to_read_s.p90,
        ("summary", "result to review", "median_s"): cohort.read_to_review_s.median,
        ("agreement", "Dice with a mask that a person drew", "mean"): mean_dice,
        ("agreement", "Dice with a mask that a person drew", "median"): cohort.dice_median,
    }
    if cohort.volume_ml.spread is not None:
        numbers["summary", "tumour volume", "median_ml"] = cohort.volume_ml.spread.median
    for section in ("task", "site", "age", "sex", "version"):
        for bar in getattr(cohort, f"by_{section}"):
            numbers[section, bar.name, "scans"] = bar.n
            assert bar.positive is not None
            numbers[section, bar.name, "share"] = bar.positive.value if bar.positive.n else None
    for bar in cohort.over_time:
        numbers["time", bar.name, "scans"] = bar.n
    for name, n in cohort.refusals_by_reason:
        numbers["refusals", name, "refusals"] = n
    return numbers


@pytest.mark.parametrize("n", [0, 1, 300])
def test_the_table_says_what_the_page_says(n: int) -> None:
    cohort = a_cohort(5, n)
    rows = {(row.section, row.name, row.quantity): row.value for row in table(cohort) if not row.group}
    for key, value in _numbers(cohort).items():
        assert rows[key] == value, key
    assert len(rows) == sum(not row.group for row in table(cohort))


def test_shares_carry_their_interval_and_sizes_their_site() -> None:
    cohort = a_cohort(6, 300)
    rows = table(cohort)
    share = next(row for row in rows if row.section == "age" and row.quantity == "share")
    figure = next(bar.positive for bar in cohort.by_age if bar.name == share.name)
    assert figure is not None
    assert (share.value, share.low, share.high, share.n) == (figure.value, figure.low, figure.high, figure.n)
    sizes = [(row.group, row.name, row.n) for row in rows if row.section == "size_by_site"]
    assert sizes == [(site, bar.name, bar.n) for site, bars in cohort.sizes_by_site.items() for bar in bars]


def test_rows_stand_in_the_order_of_the_page() -> None:
    sections = list(dict.fromkeys(row.section for row in table(a_cohort(7, 300))))
    assert sections == [title for title in TITLES if title in sections]


def _kept(row: dict[str, str]) -> tuple[Any, ...]:
    numbers = (float(row[name]) if row[name] else None for name in ("n", "value", "low", "high"))
    return (row["section"], row["name"], *numbers, row["note"])


@pytest.mark.parametrize("audience", list(Audience))
def test_every_kind_of_file_holds_the_same_numbers(exports: CohortExports, audience: Audience) -> None:
    filters = {"site": ("North", "South")}
    rows = [ExportRow(**row) for row in exports.numbers(filters, HEAD, audience)["numbers"]]
    numbers = [(row.section, row.name, row.n, row.value, row.low, row.high, row.note) for row in rows]

    told = from_csv(exports.export(filters, "csv", HEAD, audience).content)
    assert [_kept(row) for row in told if row["section"] != "about"] == numbers
    cells = from_xlsx(exports.export(filters, "xlsx", HEAD, audience).content)[1:]
    assert [(cell[0], cell[2], *cell[4:8], cell[8] or "") for cell in cells] == numbers
    read = parquet.read_table(
        io.BytesIO(exports.export(filters, "parquet", HEAD, audience).content)
    ).to_pylist()
    assert [ExportRow(**row) for row in read] == rows
    told_json = json.loads(exports.export(filters, "json", HEAD, audience).content)
    assert told_json["numbers"] == [asdict(row) for row in rows]


def test_what_leaves_the_house_has_no_small_numbers_and_what_stays_has_all(exports: CohortExports) -> None:
    for user in (GREY, HEAD):
        for audience, note in ((None, ""), ("outside", FEW), ("inside", "")):
            answer = exports.numbers({}, user, audience)
            south = next(
                row for row in answer["numbers"] if (row["section"], row["name"]) == ("site", "South")
            )
            assert (south["note"], south["n"]) == (note, None if note else 3)
            assert answer["small_numbers_hidden"] is bool(note)
            kept = {row["name"] for row in answer["numbers"] if row["section"] == "site" and not row["note"]}
            assert kept == (set() if note else {"North", "South"})


def test_what_stays_in_the_house_says_so_and_is_for_who_may_open_scans(
    exports: CohortExports, engine: Engine
) -> None:
    name, content, _ = exports.export({}, "csv", HEAD, "inside")
    assert name.endswith("-for-the-house.csv")
    (said,) = (
        row["note"] for row in from_csv(content) if row["name"] == "Small numbers" or "HOUSE" in row["note"]
    )
    assert "FOR THE HOUSE ONLY" in said
    assert AuditLog(engine).recent(1)[0].subject == "csv, for the house"
    with pytest.raises(InvalidInput):
        exports.numbers({}, HEAD, "everybody")
    with pytest.raises(NotAllowed):
        audience_asked("inside", User("3", "root", "Root", Role.ADMIN))
    assert audience_of_pages(User("3", "root", "Root", Role.ADMIN)) is Audience.OUTSIDE


def test_who_sees_statistics_may_open_the_scans_behind_them() -> None:
    """So pages show every number: nobody sees one whose cases they may not see."""
    assert set(TABLE[Permission.SEE_STATISTICS].roles) <= set(TABLE[Permission.SEE_SCANS].roles)


def test_charts_draw_what_is_withheld_as_withheld() -> None:
    for seed in range(4):
        cohort = a_cohort(seed, 120)
        rows = table(cohort, withheld_beside=[])
        told = {(row.section, row.name): row for row in rows if row.quantity == "scans" and not row.group}
        drawn = charts(cohort, {"brain-tumour": 0.5}, marks_of(rows))
        for section, along in (("site", "y"), ("review", "x"), ("size", "x")):
            for trace in drawn[section]["data"]:
                numbers = trace["x" if along == "y" else "y"]
                for name, n in zip(trace[along], numbers, strict=True):
                    row = told[section, name]
                    assert trace["name"] == row.note if row.note else (n == row.n and "name" not in trace)
        assert any("pattern" in trace["marker"] for trace in drawn["size_by_site"]["data"])
        counts = drawn["place"]["data"][0]["z"]
        assert not any(0 < (n or 0) < LEAST for line in counts for n in line)


def test_nothing_withheld_leaves_the_charts_alone() -> None:
    cohort = a_cohort(3, 120)
    drawn = charts(cohort, {}, marks_of(table(cohort)))
    assert not any(
        "pattern" in trace.get("marker", {}) for figure in drawn.values() for trace in figure["data"]
    )


def test_a_chapter_without_numbers_has_no_chart() -> None:
    cohort = a_cohort(3, 0)
    made = sections(table(cohort), charts(cohort, {}, {}))
    assert all(section.figure is None for section in made if "Refusals" not in section.title)


def test_a_chart_of_one_class_says_no_more_than_its_table() -> None:
    cohort = a_cohort(3, 120)
    rows = [row for row in table(cohort) if row.section != "site" or row.name == cohort.by_site[0].name]
    drawn = {made.title: made.figure for made in sections(rows, charts(cohort, {}, {}))}
    assert drawn["Scans by site"] is None
    assert drawn["Scans by task"] is not None


def test_what_is_measured_of_outlines_has_chapters_where_there_are_some() -> None:
    with_and_without = [
        [section.title for section in sections(table(cohort), charts(cohort, {}, {}))]
        for cohort in (a_cohort(3, 120), a_cohort(3, 0))
    ]
    of_outlines = {"size", "size_by_site", "size_by_scanner", "place"}
    assert with_and_without == [
        list(TITLES.values()),
        [title for name, title in TITLES.items() if name not in of_outlines],
    ]


def test_a_threshold_is_drawn_where_its_task_is_counted() -> None:
    cohort = a_cohort(3, 120)
    tasks = {bar.name for bar in cohort.by_task}
    drawn = charts(cohort, dict.fromkeys(tasks, 0.42) | {"another-task": 0.73}, {})["chance"]
    words = str(drawn["layout"])
    assert "0.42" in words and "0.73" not in words


def test_a_file_says_what_it_is(exports: CohortExports) -> None:
    name, content, mime = exports.export({"site": ("North", "South"), "sex": ("F",)}, "csv", HEAD)
    assert name.startswith("lightbox-cohort-20")
    assert (name.rpartition(".")[2], mime) == ("csv", MIME["csv"])
    about = {row["name"]: row["note"] for row in from_csv(content) if row["section"] == "about"}
    assert about["Filters"] == "site North or South; sex F; real scans"
    assert (about["By"], about["Lightbox"], about["Notice"]) == ("Prof Head", VERSION, NOTICE)
    assert {"Counted", "Small numbers", "Refusals"} <= set(about)


def test_files_of_made_scans_say_so_where_nobody_can_miss_it(engine: Engine, exports: CohortExports) -> None:
    scan = a_kept_scan(engine, 9000, "P^made", synthetic=True)
    ResultStore(engine).add(a_result(scan.id, 9001))
    made = {"synthetic": ("yes",)}
    assert exports.export(made, "csv", HEAD).name.startswith("lightbox-cohort-SYNTHETIC-20")
    book = exports.export(made, "xlsx", HEAD).content
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        assert b'name="SYNTHETIC numbers"' in parts.read("xl/workbook.xml")
    assert "SYNTHETIC" not in exports.export({}, "csv", HEAD).name


def test_every_file_that_leaves_is_noted(exports: CohortExports, engine: Engine) -> None:
    exports.export({"site": ("North",)}, "json", HEAD)
    (event,) = AuditLog(engine).recent(1)
    assert (event.user_id, event.action, event.subject, event.detail) == (
        HEAD.id, "cohort.export", "json", "site=North&synthetic=no",
    )  # fmt: skip


def test_what_does_not_exist_is_refused_and_not_noted(exports: CohortExports, engine: Engine) -> None:
    before = AuditLog(engine).recent(1)
    with pytest.raises(InvalidInput):
        exports.export({"colour": ("red",)}, "csv", GREY)
    with pytest.raises(NotFound):
        exports.export({}, "exe", GREY)
    assert AuditLog(engine).recent(1) == before


def test_a_comparison_is_told_in_full_or_not_at_all(exports: CohortExports) -> None:
    north, south = {"site": ("North",)}, {"site": ("South",)}
    for audience in Audience:
        differences = {
            difference["name"]: difference
            for difference in exports.compared(north, south, HEAD, audience)["differences"]
        }
        hidden = audience is Audience.OUTSIDE
        assert differences["positive"]["n"] == ([None, None] if hidden else [12, 3])
        assert differences["age_years"]["values"][1] == (None if hidden else 49.0)
        assert differences["age_years"]["note"] == (FEW if hidden else "")
    everything = exports.compared(north, {}, GREY)
    assert everything["second"] == {}


def test_the_pdf_is_made_of_the_same_rows(exports: CohortExports) -> None:
    name, content, mime = exports.export({}, "pdf", HEAD)
    assert (name.rpartition(".")[2], mime, content[:5]) == ("pdf", "application/pdf", b"%PDF-")
