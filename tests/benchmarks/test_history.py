"""The history of 50 versions among 1,000 runs of 100 epochs: against the naive client and MLflow's own UI."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from data.tracking import Tracking
from services.performance.history import Histories
from tests.benchmarks.trackings import METRICS, TASK, fill
from tests.integration.servers import MlflowServer, mlflow_server, postgresql

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]

RUNS, EPOCHS, VERSIONS = 1000, 100, 50
PART = 10  # of all runs, a tenth is read the naive way and the time is scaled
KEYS = [f"epoch_{name}" for name in METRICS]
UI_POINTS = 320  # a run and metric, as MLflow's pages ask for


@dataclass(frozen=True)
class House:
    name: str
    tracking: Tracking
    server: MlflowServer


@pytest.fixture(scope="module", params=["SQLite in the folder", "an MLflow server on PostgreSQL"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("mlflow")
    if request.param.startswith("SQLite"):
        url = f"sqlite:///{folder / 'mlflow.db'}"
        tracking = fill(url, folder, RUNS, EPOCHS, VERSIONS)
        with mlflow_server(url) as server:
            yield House(request.param, tracking, server)
    else:
        with postgresql() as url:
            fill(url.replace("postgresql:", "postgresql+psycopg:"), folder, RUNS, EPOCHS, VERSIONS)
            with mlflow_server(url) as server:
                yield House(request.param, Tracking(server.url, folder), server)


def _seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _page(histories: Histories, version: str = str(VERSIONS)) -> None:
    """What the page asks for when it opens: everything of the task, and one version's curves."""
    history = histories.of(TASK)
    curves = histories.curves(TASK, version)
    assert (history.trouble, len(history.versions), len(history.real_use)) == (None, VERSIONS, 72)
    assert {len(points) for points in curves.values()} == {EPOCHS}


def _naive(tracking: Tracking, runs: int) -> None:
    """The versions, their runs by search_runs, and every metric's history of `runs` of them."""
    client = tracking._client
    versions = client.search_model_versions(f"name = '{TASK}'")
    for name in (f"lightbox-{TASK}", f"lightbox-{TASK}-real-use"):
        page = client.search_runs([client.get_experiment_by_name(name).experiment_id], max_results=1000)
        assert page
    behind = (
        [version.run_id for version in versions] if runs <= VERSIONS else [f"{n:032x}" for n in range(runs)]
    )
    for run_id in behind[:runs]:
        for key in KEYS:
            assert len(client.get_metric_history(run_id, key)) == EPOCHS


def _ui(server: MlflowServer, run_ids: list[str], experiment: str) -> None:
    """What MLflow's own page asks for to draw the eight curves of these runs beside the list of all."""
    asked = json.dumps({"experiment_ids": [experiment], "max_results": 100}).encode()
    _got(f"{server.url}/ajax-api/2.0/mlflow/runs/search", asked)
    for key in KEYS:
        query = urlencode({"run_ids": run_ids, "metric_key": key, "max_results": UI_POINTS}, doseq=True)
        answer = _got(f"{server.url}/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{query}")
        assert len(answer["metrics"]) == EPOCHS * len(run_ids)


def _got(url: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


def test_the_history_against_the_naive_client_and_the_ui(house: House, tmp_path: Path) -> None:
    tracking, client = house.tracking, house.tracking._client
    experiment = client.get_experiment_by_name(f"lightbox-{TASK}").experiment_id
    newest = [version.run_id for version in tracking.registered(TASK)]
    _ui(house.server, newest[:1], experiment)  # what a server imports with its first answer is nobody's time

    places = iter(str(number) for number in range(99))

    def opened() -> Histories:
        return Histories(tracking, tmp_path / next(places), [TASK])

    colds = []
    for fresh in (opened(), opened(), opened()):
        colds.append(_seconds(lambda made=fresh: _page(made)))
        fresh.close()  # before it reads ahead, which the next would have to wait for
    cold = sorted(colds)[1]
    histories = opened()
    worked = time.process_time()
    whole = _seconds(lambda: _everything(histories))
    worked = time.process_time() - worked
    warm = sorted(_seconds(lambda v=n: _page(histories, str(v))) for n in range(1, VERSIONS + 1))
    p95 = warm[int(0.95 * len(warm))]
    later = []
    for _ in range(3):
        time.sleep(5.5)  # until it is old enough for news to be asked for
        later.append(_seconds(lambda: _page(histories)))
    kept = Histories(tracking, histories._cache._folder, [TASK])
    restarted = _seconds(lambda: _page(kept))

    listing = _seconds(lambda: _naive(tracking, 0))
    page = _seconds(lambda: _naive(tracking, 1))
    naively = time.process_time()
    behind = _seconds(lambda: _naive(tracking, VERSIONS))
    naively = time.process_time() - naively
    every = listing + PART * (_seconds(lambda: _naive(tracking, RUNS // PART)) - listing)
    ui = _seconds(lambda: _ui(house.server, newest, experiment))
    ui_one = _seconds(lambda: _ui(house.server, newest[:1], experiment))
    histories.close()
    print(f"\n{house.name}: {RUNS:,} runs x {EPOCHS} epochs x {len(KEYS)} metrics, {VERSIONS} versions")
    print(
        f"  the page: cold {_ms(cold)}, after a restart {_ms(restarted)}, warm p95 {_ms(p95)}, "
        f"warm when news is asked for {_ms(max(later))}"
    )
    print(
        f"  the naive client for the same page {_ms(page)}: {page / cold:.1f} times the cold page, "
        f"{page / p95:.0f} times the warm one; MLflow's UI for that version's curves {_ms(ui_one)}"
    )
    print(
        f"  all {VERSIONS} versions with their curves: cold {_ms(whole)}, the naive client {_ms(behind)} "
        f"({behind / whole:.1f} times; {naively / worked:.1f} by this process's processor time), "
        f"MLflow's UI {_ms(ui)} ({ui / whole:.1f} times); then kept"
    )
    print(
        f"  the naive client for all {RUNS:,} runs {_ms(every)} (scaled from a tenth): "
        f"{every / whole:.0f} times all versions cold, {every / cold:.0f} times the cold page"
    )


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:,.1f} ms" if seconds < 0.1 else f"{1000 * seconds:,.0f} ms"


def _everything(histories: Histories) -> None:
    histories.warm()
    for number in range(1, VERSIONS + 1):
        assert len(histories.curves(TASK, str(number))) == len(KEYS)
