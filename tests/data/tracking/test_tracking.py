"""MLflow in a folder: what is logged is found again, in bulk, whoever logged it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

import data.tracking.curves
from data.errors import NotFound
from data.tracking import CHALLENGER, CHAMPION, Tracking
from tests.databases import new_mlflow

_numbers = count()


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    folder = tmp_path_factory.mktemp("mlflow")
    return Tracking(new_mlflow(folder), folder / "artifacts")


@pytest.fixture
def name() -> Iterator[str]:
    yield f"named {next(_numbers)}"


def test_runs_are_found_by_their_tags_newest_first(tracking: Tracking, name: str) -> None:
    many = {f"choice {number}": number for number in range(130)}
    first = tracking.start_run(name, "first", many, {"lightbox.kind": "real-use", "who": "d'Arc"})
    second = tracking.start_run(name, "second", {}, {"lightbox.kind": "real-use"})
    tracking.start_run(name, "other", {}, {"lightbox.kind": "rehearsal"})
    tracking.tag_run(first, {"month": "2026-10"})
    tracking.log_metrics(first, {"auc": 0.8, "dice": math.nan}, step=0)
    tracking.log_metrics(first, {"auc": 0.9, "far": math.inf}, step=1)
    tracking.end_run(first)

    newer, older = tracking.runs(name, {"lightbox.kind": "real-use"})
    assert (newer.run_id, older.run_id) == (second, first)
    assert (newer.ended, older.ended) == (False, True)
    assert older.started_at is not None
    assert older.ended_at is not None
    assert older.started_at <= older.ended_at
    assert older.parameters == {key: str(value) for key, value in many.items()}
    assert (older.metrics, older.steps) == ({"auc": 0.9}, {"auc": 1, "far": 1})
    assert (older.experiment, older.name, older.tags["month"]) == (name, "first", "2026-10")
    assert [run.run_id for run in tracking.runs(name, {"lightbox.kind": "real-use", "who": "d'Arc"})] == [
        first
    ]
    assert tracking.runs("nobody's", {"lightbox.kind": "real-use"}) == []

    tracking.delete_runs([second, "0" * 32])
    assert [run.run_id for run in tracking.runs(name, {"lightbox.kind": "real-use"})] == [first]


def test_an_experiment_that_was_deleted_takes_new_runs(tracking: Tracking, name: str) -> None:
    tracking.start_run(name, "before", {})
    client = tracking._client
    client.delete_experiment(client.get_experiment_by_name(name).experiment_id)
    run_id = tracking.start_run(name, "after", {}, {"a": "b"})
    assert [run.run_id for run in tracking.runs(name, {"a": "b"})] == [run_id]


def test_the_files_of_a_run(tracking: Tracking, name: str, tmp_path: Path) -> None:
    run_id = tracking.start_run(name, "run", {})
    tracking.log_json(run_id, "rehearsal.json", {"n": 100})
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "card.md").write_text("# A card")
    tracking.log_files(run_id, tmp_path / "model")
    assert tracking.artifacts(run_id) == ["model/card.md", "rehearsal.json"]
    assert tracking.artifacts(run_id, "model") == ["model/card.md"]
    assert tracking.artifact(run_id, "model/card.md") == b"# A card"
    assert tracking.read_json(run_id, "rehearsal.json") == {"n": 100}
    for path in ("", "model", "model/other", "../mlflow.db", "model/../rehearsal.json", "/etc/passwd"):
        with pytest.raises(NotFound):
            tracking.artifact(run_id, path)


def test_versions_with_aliases_and_tags_without_asking_for_each_run(
    tracking: Tracking, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        run_id = tracking.start_run(name, "train", {})
        tracking.log_metrics(run_id, {"auc": 0.7 + number / 10})
        made = tracking.register(name, run_id, f"hash {number}", "Made here.")
    assert (made.version, made.metrics["auc"], made.weights_sha256) == ("3", pytest.approx(0.9), "hash 2")
    tracking.set_alias(name, CHAMPION, "1")
    tracking.set_alias(name, CHALLENGER, "3")
    tracking.tag_version(name, "1", {"lightbox.promoted_by": "ada", "lightbox.reason": "better"})

    def one_by_one(*_: object) -> None:
        raise AssertionError("a run was asked for by itself")

    monkeypatch.setattr("mlflow.MlflowClient.get_run", one_by_one)
    versions = tracking.versions(name)
    assert [version.version for version in versions] == ["3", "2", "1"]
    assert [version.metrics["auc"] for version in versions] == pytest.approx([0.9, 0.8, 0.7])
    assert [version.aliases for version in versions] == [(CHALLENGER,), (), (CHAMPION,)]
    assert versions[2].tags["lightbox.promoted_by"] == "ada"
    monkeypatch.undo()
    champion = tracking.by_alias(name, CHAMPION)
    assert champion is not None
    assert (champion.version, champion.metrics["auc"]) == ("1", pytest.approx(0.7))

    tracking.delete_alias(name, CHALLENGER)
    tracking.delete_alias(name, CHALLENGER)
    assert tracking.by_alias(name, CHALLENGER) is None
    assert tracking.versions("nobody's") == []


def test_a_strangers_version_and_runs_elsewhere(tracking: Tracking, name: str) -> None:
    client = tracking._client
    client.create_registered_model(name)
    client.create_model_version(name, source="s3://elsewhere/model")
    elsewhere = tracking.start_run(f"{name} elsewhere", "notebook", {})
    gone = tracking.start_run(name, "gone", {})
    tracking.log_metrics(elsewhere, {"val accuracy/Ü": 0.5})
    client.create_model_version(name, source="somewhere", run_id=elsewhere)
    tracking.delete_runs([gone])
    bare = tracking.versions(name)[1]
    assert (bare.run_id, bare.metrics, bare.weights_sha256, bare.tags) == (None, {}, "", {})
    assert tracking.versions(name)[0].metrics == {"val accuracy/Ü": 0.5}
    client.create_model_version(name, source="gone", run_id="f" * 32)
    tracking.set_alias(name, CHAMPION, "3")
    champion = tracking.by_alias(name, CHAMPION)
    assert champion is not None
    assert (champion.run_id, champion.metrics) == ("f" * 32, {})
    by_id = tracking.runs_by_id([elsewhere, gone, "f" * 32, ""], name)
    assert {run_id: run.experiment for run_id, run in by_id.items()} == {
        elsewhere: f"{name} elsewhere",
        gone: name,
    }


def test_curves_of_many_runs_are_those_that_the_client_reads_one_by_one(
    tracking: Tracking, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        run_id = tracking.start_run(name, "train", {}, {"a": "b"})
        for epoch in range(4 + number):
            tracking.log_metrics(run_id, {"epoch_loss": 1 / (1 + epoch), "val/acc": number + epoch}, epoch)
        tracking.log_metrics(run_id, {"epoch_loss": math.inf}, 99)
        tracking.log_metrics(run_id, {"auc": 0.9})
    runs = tracking.runs(name, {"a": "b"})
    curves = tracking.curves(runs)
    assert [len(curves[run.run_id]["epoch_loss"]) for run in runs] == [6, 5, 4]
    assert curves[runs[0].run_id] == {
        "epoch_loss": [(epoch, pytest.approx(1 / (1 + epoch))) for epoch in range(6)],
        "val/acc": [(epoch, 2.0 + epoch) for epoch in range(6)],
    }

    def changed(*_: object) -> None:
        raise AttributeError("MLflow's insides have changed")

    monkeypatch.setattr(data.tracking.curves, "_rows", changed)
    assert tracking.curves(runs) == curves


def test_a_long_curve_is_thinned_and_keeps_its_ends(
    tracking: Tracking, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data.tracking.curves, "POINTS", 10)
    run_id = tracking.start_run(name, "train", {}, {"a": "b"})
    for step in range(95):
        tracking.log_metrics(run_id, {"epoch_loss": step / 2}, step)
    (curves,) = tracking.curves(tracking.runs(name, {"a": "b"})).values()
    points = curves["epoch_loss"]
    assert 8 <= len(points) <= 12
    assert (points[0], points[-1]) == ((0, 0.0), (94, 47.0))
    assert all(value == step / 2 for step, value in points)
    assert max(after - before for (before, _), (after, _) in zip(points, points[1:], strict=False)) <= 10
