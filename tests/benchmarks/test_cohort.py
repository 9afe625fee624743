"""The statistics and the worklist at a million scans: against the naive ways, and against ten thousand."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, func, select

import data.stores.results
from data.database import migrate, open_database, reading
from data.ledger.in_memory import Ledger
from data.ledger.worklist import WorklistStore
from data.records import Role, ScanStatus, User, WorklistQuery
from data.stores.refusals import RefusalStore
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from data.tables import ledger, results, reviews, scans
from services.cohort.cohort import Cohorts, hidden_from_nobody
from services.cohort.comparison import CohortComparison
from services.cohort.counting import Counting
from services.cohort.filters import tidy
from tests.benchmarks.population import SITES, populate
from tests.data.builders import a_kept_scan, a_result
from tests.databases import migrated
from tests.integration.servers import postgresql

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

LARGE = int(os.environ.get("LIGHTBOX_BENCH_SCANS", "1000000"))
SMALL = 10_000
VIEWS: list[dict[str, tuple[str, ...]]] = [
    {},
    *({"site": (site,)} for site in SITES if site),
    {"task": ("brain-tumour",)},
    {"sex": ("F",)},
    {"age": ("60-69", "70-79")},
    {"from": ("2025-01-01",), "to": ("2025-06-30",)},
    {"task": ("pneumonia",), "result": ("positive",), "site": ("North clinic",)},
    {"review": ("corrected",)},
    {"scanner": ("Siemens Skyra", "GE Signa")},
    {"version": ("pneumonia 2",), "sex": ("M", "unknown")},
]
LISTS = [
    WorklistQuery(0, 50),
    WorklistQuery(0, 50, filters={"task": ("brain-tumour",), "review": ("none",)}),
    WorklistQuery(0, 50, filters={"site": ("North clinic",), "result": ("positive",)}),
    WorklistQuery(0, 50, sort=(("patient", False),)),
    WorklistQuery(0, 50, sort=(("probability", True),)),
    WorklistQuery(0, 50, sort=(("volume_ml", True),)),
    WorklistQuery(500_000, 50),
    WorklistQuery(0, 50, search="novak 0012"),
    WorklistQuery(0, 50, search="flair meyer"),
]
HEAD = User("h", "h", "H", Role.HEAD)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def houses(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[int, Any]]:
    folder = tmp_path_factory.mktemp(request.param)
    with _databases(request.param, folder) as addresses:
        made = {}
        for n, address in zip((SMALL, LARGE), addresses, strict=True):
            engine = migrated(address) if request.param == "sqlite" else open_database(address)
            migrate(engine)
            populate(engine, n, n // 5)
            made[n] = SimpleNamespace(engine=engine, ledger=Ledger(engine))
        yield made
        for house in made.values():
            house.engine.dispose()


@contextmanager
def _databases(kind: str, folder: Path) -> Iterator[list[str]]:
    if kind == "sqlite":
        yield [f"sqlite:///{folder / f'{name}.db'}" for name in ("small", "large")]
        return
    with postgresql() as small, postgresql() as large:
        yield [small, large]


def _p95(calls: list[Callable[[], Any]]) -> float:
    seconds = []
    for call in calls:
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return float(np.percentile(seconds, 95))


def _page(house: Any, filters: dict[str, tuple[str, ...]]) -> None:
    """What the page's callback does for a choice that was not asked before, up to the JSON it sends."""
    from plotly.io.json import to_json_plotly

    from dashboard.pages.cohort import show

    cohorts = Cohorts(
        house.ledger, RefusalStore(house.engine), lambda: {"pneumonia": 0.4}, hidden_from_nobody
    )
    services = SimpleNamespace(numbers=cohorts, comparison=CohortComparison(house.ledger, hidden_from_nobody))
    to_json_plotly(show(services, HEAD, cohorts.query_of(filters)))  # type: ignore[arg-type]


def _count(house: Any, filters: dict[str, tuple[str, ...]]) -> None:
    """The numbers alone."""
    Counting(house.ledger.columns(), tidy(filters)).cohort([])


def _change(house: Any, number: int) -> float:
    """Seconds until a changed scan counts."""
    columns = house.ledger.columns()
    scan_id = columns.scan_ids[columns.rows[number]].decode()
    ScanStore(house.engine).set_status(scan_id, ScanStatus.READ)
    return _seconds(house.ledger.columns)


def _naive(engine: Engine) -> None:
    """Everything into pandas, grouped there."""
    joined = scans.outerjoin(results, scans.c.latest_result_id == results.c.id)
    joined = joined.outerjoin(reviews, results.c.current_review_id == reviews.c.id)
    names = ("created_at", "site", "scanner", "sex", "age_years", "task")
    columns: list[Any] = [scans.c[name] for name in names]
    columns += [results.c.positive, results.c.probability, results.c.volume_ml, reviews.c.verdict]
    with engine.connect() as connection:
        frame = pd.read_sql(select(*columns).select_from(joined), connection)
    for by in ("site", "scanner", "sex", "task", "verdict"):
        frame.groupby(by, dropna=False)["positive"].agg(["size", "mean"])
    frame["volume_ml"].median()


def _grouped(engine: Engine) -> None:
    """The same counts asked of the database, each by its own GROUP BY over the joined tables."""
    joined = scans.outerjoin(results, scans.c.latest_result_id == results.c.id)
    joined = joined.outerjoin(reviews, results.c.current_review_id == reviews.c.id)
    with reading(engine) as connection:
        for column in (scans.c.site, scans.c.scanner, scans.c.sex, scans.c.task, reviews.c.verdict):
            query = select(column, results.c.positive, func.count()).select_from(joined)
            connection.execute(query.group_by(column, results.c.positive)).all()


def _seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def test_the_page_and_the_worklist_at_a_million(houses: dict[int, Any]) -> None:
    kind = houses[LARGE].engine.dialect.name
    loading = _seconds(houses[LARGE].ledger.columns)
    houses[SMALL].ledger.columns()
    for house in houses.values():
        _page(house, VIEWS[1])  # what is imported with the first page is nobody's growth
    # In turns: the machine may be busier at one time than at another.
    page: dict[int, Any] = {n: [] for n in houses}
    count: dict[int, Any] = {n: [] for n in houses}
    for _ in range(3):
        for view in VIEWS:
            for n, house in houses.items():
                page[n].append(_seconds(lambda v=view, h=house: _page(h, v)))
                count[n].append(_seconds(lambda v=view, h=house: _count(h, v)))
    page = {n: float(np.percentile(seconds, 95)) for n, seconds in page.items()}
    count = {n: float(np.percentile(seconds, 95)) for n, seconds in count.items()}
    listed = {}
    for n, house in houses.items():
        store = WorklistStore(house.engine, house.ledger)
        for query in LISTS:
            store.page(query, True)
        listed[n] = _p95([lambda q=query, s=store: s.page(q, True) for query in LISTS for _ in range(3)])
    large = houses[LARGE].engine
    naive, grouped = _seconds(lambda: _naive(large)), _seconds(lambda: _grouped(large))
    followed = np.median([_change(houses[LARGE], number) for number in range(20)])
    print(
        f"\n{kind}, {LARGE:,} scans (loaded once in {loading:.1f} s): a page's numbers and charts p95 "
        f"{1000 * page[LARGE]:.1f} ms, at {SMALL:,} {1000 * page[SMALL]:.1f} ms: "
        f"{page[LARGE] / page[SMALL]:.2f} times as long (the numbers alone {1000 * count[LARGE]:.1f} ms and "
        f"{1000 * count[SMALL]:.1f} ms); "
        f"{naive / page[LARGE]:.0f} times as fast as reading everything into pandas, "
        f"{grouped / page[LARGE]:.0f} times as fast as five GROUP BYs over the tables; "
        f"worklist p95 {1000 * listed[LARGE]:.0f} ms, at {SMALL:,} {1000 * listed[SMALL]:.0f} ms; "
        f"a change counts after {1000 * followed:.1f} ms"
    )  # fmt: skip


def test_what_the_ledger_costs_a_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = migrated(f"sqlite:///{tmp_path / 'house.db'}")
    ids = [a_kept_scan(engine, number, f"P^{number}").id for number in range(400)]
    store = ResultStore(engine)
    real = data.results.note_result

    taken: dict[bool, list[float]] = {True: [], False: []}
    for number, scan_id in enumerate(ids):  # in turns, as the disk may be busier at one time than at another
        noted, result = number % 2 == 0, a_result(scan_id)
        monkeypatch.setattr(data.results, "note_result", real if noted else lambda *_: None)
        taken[noted].append(_seconds(lambda added=result: store.add(added)))
    ratio = np.median(taken[True][20:]) / np.median(taken[False][20:])
    print(f"\na result with its ledger line takes {ratio:.2f} times as long as without (medians)")
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(ledger)).scalar_one() == 400
    assert ScanStore(engine).get(ids[0]) is not None
