"""The history of models from an MLflow server on PostgreSQL, which is killed and comes back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import Busy, NotFound
from data.tracking import CHALLENGER, CHAMPION, Tracking
from services.performance.history import Histories
from tests.integration.servers import MlflowServer, mlflow_server, postgresql

pytestmark = pytest.mark.integration

TASK = "brain-tumour"
EXPERIMENT = f"lightbox-{TASK}"


@pytest.fixture(scope="module")
def server() -> Iterator[MlflowServer]:
    with postgresql() as url, mlflow_server(url) as running:
        yield running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.performance.task_history.FRESH_S", 0.0)


def a_version(tracking: Tracking, epochs: int) -> str:
    run_id = tracking.start_run(EXPERIMENT, "train", {"data_sha256": "abc"})
    for epoch in range(epochs):
        numbers = {"epoch_loss": 1 / (1 + epoch), "epoch_dice": 0.5 if epoch else math.nan}
        tracking.log_metrics(run_id, numbers, epoch)
    tracking.log_metrics(run_id, {"dice_flair": 0.8, "dice_flair_low": 0.7, "dice_flair_n": 31})
    tracking.log_json(run_id, "model/evaluation.json", {"n": 31})
    tracking.end_run(run_id)
    return tracking.register(TASK, run_id, "hash", "Trained here.").version


def test_a_server_is_read_in_bulk_killed_and_comes_back(server: MlflowServer, tmp_path: Path) -> None:
    tracking = Tracking(server.url, tmp_path)
    for epochs in (4, 6, 3):
        a_version(tracking, epochs)
    tracking.set_alias(TASK, CHAMPION, "2")
    tracking.tag_version(TASK, "2", {"lightbox.promoted_by": "ada"})
    tags = {"kind": "real-use", "version": "2", "month": "2026-10", "part": "reviewed", "synthetic": "no"}
    month = tracking.start_run(
        f"{EXPERIMENT}-real-use", "v2", {}, {f"lightbox.{key}": value for key, value in tags.items()}
    )
    tracking.log_metrics(month, {"recall": 0.9, "recall_low": 0.8, "recall_n": 40, "read_n": 90})

    histories = Histories(tracking, tmp_path / "cache", [TASK])
    histories.warm()
    before = histories.of(TASK)
    assert before.trouble is None
    assert [entry.version.version for entry in before.versions] == ["3", "2", "1"]
    champion = before.versions[1]
    assert champion.version.aliases == (CHAMPION,)
    assert champion.version.tags["lightbox.promoted_by"] == "ada"
    assert (champion.figures["dice_flair"].value, champion.figures["dice_flair"].n) == (0.8, 31)
    assert before.real_use[0].figures["recall"].n == 40
    curves = {version: histories.curves(TASK, version) for version in ("1", "2", "3")}
    assert [len(curve["epoch_loss"]) for curve in curves.values()] == [4, 6, 3]
    assert curves["1"]["epoch_dice"] == [(1, 0.5), (2, 0.5), (3, 0.5)]
    runs = [entry.run for entry in before.versions if entry.run is not None]
    client = tracking._client
    for run in runs:  # the public way, a metric of a run at a time
        points = [
            (metric.step, metric.value) for metric in client.get_metric_history(run.run_id, "epoch_loss")
        ]
        assert tracking.curves([run])[run.run_id]["epoch_loss"] == points
    assert histories.artifact(TASK, "2", "model/evaluation.json") == b'{"n": 31}'
    with pytest.raises(NotFound):
        histories.artifact(TASK, "2", "model/../../mlflow.log")

    server.kill()
    away = histories.refresh(TASK)
    assert away.trouble is not None
    assert "what is shown was read on" in away.trouble
    assert (away.versions, away.real_use) == (before.versions, before.real_use)
    assert histories.curves(TASK, "2") == curves["2"]
    histories.close()
    restarted = Histories(Tracking(server.url, tmp_path), tmp_path / "cache", [TASK])
    assert restarted.of(TASK).versions == before.versions
    assert restarted.curves(TASK, "2") == curves["2"]
    assert restarted.artifact(TASK, "2", "model/evaluation.json") == b'{"n": 31}'
    restarted.refresh(TASK)
    with pytest.raises(Busy):
        restarted.artifact(TASK, "1", "model/evaluation.json")

    server.start()
    a_version(tracking, 2)
    tracking.set_alias(TASK, CHALLENGER, "4")
    back = restarted.refresh(TASK)
    assert back.trouble is None
    assert [entry.version.version for entry in back.versions] == ["4", "3", "2", "1"]
    assert back.versions[0].version.aliases == (CHALLENGER,)
    assert len(restarted.curves(TASK, "4")["epoch_loss"]) == 2
    restarted.close()


def test_what_a_server_cannot_give_in_one_answer(
    server: MlflowServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking = Tracking(server.url, tmp_path)
    for name in ("a", "b"):
        run_id = tracking.start_run("long", name, {}, {"a": "b"})
        for step in range(40):
            tracking.log_metrics(run_id, {"epoch_loss": step / 2}, step)
    runs = tracking.runs("long", {"a": "b"})
    whole = tracking.curves(runs)
    assert [len(value["epoch_loss"]) for value in whole.values()] == [40, 40]
    monkeypatch.setattr("data.tracking.curves._MOST", 60)
    monkeypatch.setattr("data.tracking.curves.POINTS", 10)
    for curves in tracking.curves(runs).values():
        points = curves["epoch_loss"]
        assert (len(points), points[0], points[-1]) == (10, (0, 0.0), (39, 19.5))
    # A server, or a proxy before it, that does not know the address: the public way serves.
    monkeypatch.setattr("data.tracking.curves._BULK", "/ajax-api/2.0/mlflow/metrics/no-such-address")
    assert tracking.curves(runs) == whole
