"""Training as a person starts it: run, calibrate, judge, log, register; nothing is served by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data.tracking import CHAMPION, Tracking
from models import trainings, weights
from models.task import Task
from models.tasks import SUITABILITY
from services import training
from services.registry import Registry
from tests.labelled import make_labelled


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> str:
    """`suitability`, whose network is small, with batches that fit the made pictures."""
    real = trainings.TRAININGS["suitability"]
    recipe = replace(real.recipe, epochs=2, batch_size=16)
    monkeypatch.setitem(trainings.TRAININGS, "suitability", replace(real, recipe=recipe))
    monkeypatch.setattr("models.suitability.training.PER_CLASS", 32)
    return "suitability"


def test_a_training_is_logged_registered_and_not_promoted(small: str, tmp_path: Path) -> None:
    data = make_labelled(tmp_path / "data")
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "mlflow")
    finished = training.train(small, data, tmp_path / "run", tracking, device="cpu")

    (version,) = tracking.versions(small)
    assert version.version == finished.version.version
    assert version.weights_sha256 == finished.trained.sha256
    assert version.metrics["right_refused_n"] == finished.evaluation.figures["right_refused"].n
    assert {"epoch_loss", "epoch_score", "epoch_learning_rate"} <= set(version.metrics)
    assert tracking.by_alias(small, CHAMPION) is None

    fetched = weights.opened(tracking.files_of(version, tmp_path / "fetched"))
    assert fetched.sha256 == version.weights_sha256
    assert fetched.decision == finished.trained.decision
    assert fetched.sha256 in (tmp_path / "fetched" / weights.CARD).read_text()

    again = training.evaluate(_task(), finished.trained, data, validation_only=True, device="cpu")
    assert again.figures == finished.evaluation.figures


def test_a_promoted_version_is_the_one_that_is_fetched(small: str, tmp_path: Path) -> None:
    data = make_labelled(tmp_path / "data")
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "mlflow")
    finished = training.train(small, data, tmp_path / "run", tracking, epochs=1, device="cpu")
    registry = Registry(tracking, tmp_path / "models", [_task()])
    tracking.set_alias(small, CHAMPION, finished.version.version)
    trained, version = registry._fetched(_task())
    assert (trained.sha256, version) == (finished.trained.sha256, "1")
    # What was fetched serves on without MLflow.
    away = Registry(Tracking("http://127.0.0.1:9", tmp_path), tmp_path / "models", [_task()])
    assert away.local(small)[0].sha256 == trained.sha256
    assert away.card(small) == registry.card(small)


def test_new_shipped_weights_are_registered_and_wait_for_a_person(tmp_path: Path) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "mlflow")
    old = replace(_task(), folder=tmp_path / "old")
    network = old.build()
    weights.save(old.folder, network.state_dict(), weights.opened(_task().folder).decision, {}, {})
    first = Registry(tracking, tmp_path / "models", [old])
    assert first._fetched(old)[1] == "1"
    assert first._fetched(old)[1] == "1"  # the next start registers nothing
    assert len(tracking.versions(old.name)) == 1
    newer = Registry(tracking, tmp_path / "models", [_task()])
    assert newer._fetched(_task())[1] == "1"
    versions = tracking.versions(_task().name)
    assert [one.aliases for one in versions] == [(), (CHAMPION,)]
    assert versions[0].weights_sha256 == weights.opened(_task().folder).sha256


def _task() -> Task:
    return SUITABILITY
