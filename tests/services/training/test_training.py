"""Training as a person starts it: run, calibrate, judge, log, register; nothing is served by it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from data.errors import InvalidInput
from data.tracking import CHAMPION, Tracking
from models import outside, weights
from models.outside import OutsideEvaluation
from models.task import Task
from models.tasks import PNEUMONIA, SUITABILITY
from models.trainings import training_of
from models.weights import Trained
from services.inference.engine import Engine
from services.training import training
from services.training.plan import planned
from services.versions.registry import Registry
from tests.databases import new_mlflow
from tests.labelled import make_labelled
from tests.outside import evaluation


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> str:
    """`suitability`, whose network is small, with batches that fit the made pictures."""
    real = training_of("suitability")
    recipe = replace(real.recipe, epochs=2, batch_size=16)
    monkeypatch.setattr("models.suitability.training.TRAINING", replace(real, recipe=recipe))
    monkeypatch.setattr("models.suitability.training.PER_CLASS", 32)
    return "suitability"


def test_a_training_is_logged_registered_and_not_promoted(small: str, tmp_path: Path) -> None:
    data = make_labelled(tmp_path / "data")
    tracking = Tracking(new_mlflow(tmp_path), tmp_path / "mlflow")
    finished = training.train(planned(small, {}), data, tmp_path / "run", tracking, device="cpu")
    assert finished is not None

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

    fold = training.validation_fold(_task(), finished.trained)
    again = training.evaluate(_task(), finished.trained, data, fold, device="cpu")
    assert again.figures == finished.evaluation.figures

    # Who trains again finds what it was made of: the split, the environment, every choice.
    split = (tmp_path / "run" / "split.csv").read_text().splitlines()
    assert split[0] == "dataset,patient,part"
    assert {line.rsplit(",", 1)[1] for line in split[1:]} == {"training", "validation"}
    assert finished.trained.facts["recipe"]["spoilt_share"] == 0.25


def test_a_training_is_judged_outside_where_the_data_has_such_pictures(small: str, tmp_path: Path) -> None:
    data = make_labelled(tmp_path / "data")
    pictures = data / "outside" / "suitability_right"
    pictures.mkdir(parents=True)
    (pictures / "a.png").write_bytes(b"a picture")
    (pictures / "index.csv").write_text("file,truth\na.png,normal\n")

    def judge(task: Task, trained: Trained, folder: Path) -> OutsideEvaluation:
        assert (task.name, folder) == (small, data)
        return evaluation(trained.sha256, alarms=10, task=small)

    tracking = Tracking(new_mlflow(tmp_path), tmp_path / "mlflow")
    plan = planned(small, {"epochs": "1"})
    training.train(plan, data, tmp_path / "run", tracking, device="cpu", outside=judge)
    (version,) = tracking.versions(small)
    assert (version.metrics["outside_false_alarms"], version.metrics["outside_false_alarms_n"]) == (0.25, 40)
    fetched = tracking.files_of(version, tmp_path / "fetched")
    assert outside.opened(fetched) == evaluation(version.weights_sha256, alarms=10, task=small)
    assert "## Figures outside the training sources" in (fetched / weights.CARD).read_text()


def test_a_promoted_version_is_the_one_that_is_fetched(small: str, tmp_path: Path) -> None:
    data = make_labelled(tmp_path / "data")
    tracking = Tracking(new_mlflow(tmp_path), tmp_path / "mlflow")
    plan = planned(small, {"epochs": "1"})
    finished = training.train(plan, data, tmp_path / "run", tracking, device="cpu")
    assert finished is not None
    registry = Registry(tracking, tmp_path / "models", [_task()])
    tracking.set_alias(small, CHAMPION, finished.version.version)
    engine = Engine("cpu")
    registry.load_all(engine)
    loaded = engine.loaded(small)
    assert (loaded.weights_sha256, loaded.version) == (finished.trained.sha256, "1")
    # What was fetched serves on without MLflow.
    away = Registry(Tracking("http://127.0.0.1:9", tmp_path), tmp_path / "models", [_task()])
    assert away.local(small)[0].sha256 == loaded.weights_sha256
    assert away.card(small) == registry.card(small)


def test_a_choice_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(InvalidInput, match=r"no choice called depth.*slice_dice"):
        planned("brain-tumour", {"depth": "5"})
    with pytest.raises(InvalidInput, match="no value for epochs"):
        planned("brain-tumour", {"epochs": "many"})
    changed = planned("brain-tumour", {"neighbours": "no", "start": "scratch", "learning_rate": "0.1"})
    assert (changed.choices.neighbours, changed.choices.start, changed.recipe.learning_rate) == (
        False,
        "scratch",
        0.1,
    )


def test_a_shipped_start_has_the_shipped_encoder() -> None:
    with pytest.raises(InvalidInput, match="another encoder"):
        planned("pneumonia", {"start": "shipped", "encoder": "resnet50"})
    assert planned("pneumonia", {"start": "scratch", "encoder": "resnet50"}).choices.encoder == "resnet50"


@pytest.mark.parametrize("task", ["brain-tumour", "pneumonia"])
def test_a_training_starts_with_the_encoder_of_a_version_where_imagenet_s_is_not_asked_for(
    task: str, tmp_path: Path
) -> None:
    asked = {"encoder_from": str(PNEUMONIA.folder), "encoder": "efficientnet-lite0", "size": "64"}
    with pytest.raises(InvalidInput, match="start=scratch"):
        planned(task, asked)
    begun = planned(task, asked | {"start": "scratch"}).material(make_labelled(tmp_path)).network()
    theirs = weights.in_float32(weights.opened(PNEUMONIA.folder))["net.conv_stem.weight"]
    (ours,) = (value for name, value in begun.state_dict().items() if name.endswith("conv_stem.weight"))
    assert torch.equal(ours, theirs)


def test_an_encoder_that_learnt_of_the_held_out_patients_is_refused(tmp_path: Path) -> None:
    asked = {"encoder_from": str(PNEUMONIA.folder), "start": "scratch", "size": "64"}
    asked |= {"encoder": "efficientnet-lite0"}
    data = make_labelled(tmp_path)
    held_out = weights.opened(PNEUMONIA.folder).facts["validation_fold"]
    other = held_out % 5 + 1
    with pytest.raises(InvalidInput, match=f"held out fold {held_out}, not {other}"):
        planned("pneumonia", asked, other).material(data).network()
    planned("pneumonia", asked, held_out).material(data).network()
    planned("brain-tumour", asked, other).material(data).network()  # it saw none of these patients


def test_shipped_weights_are_mixed_into_a_training_that_began_with_them_only() -> None:
    with pytest.raises(InvalidInput, match="start=shipped"):
        planned("brain-tumour", {"kept": "0.5"})
    assert planned("brain-tumour", {"kept": "0.5", "start": "shipped"}).recipe.kept == 0.5


def test_an_evaluation_leaves_its_table_and_curves_behind(tmp_path: Path) -> None:
    data = make_labelled(tmp_path / "data")
    task = PNEUMONIA
    out = tmp_path / "out"
    evaluation = training.evaluate(task, weights.opened(task.folder), data, None, device="cpu", out=out)
    assert {file.name for file in out.iterdir()} == {
        "evaluation.json",
        "worst.png",
        "roc.png",
        "precision.png",
        "calibration.png",
    }
    kept = json.loads((out / "evaluation.json").read_text())
    assert kept["figures"]["auc"]["value"] == evaluation.figures["auc"].value
    assert len(kept["scored"]["truth"]) == 29


def test_new_shipped_weights_are_registered_and_wait_for_a_person(tmp_path: Path) -> None:
    tracking = Tracking(new_mlflow(tmp_path), tmp_path / "mlflow")
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
    assert [version.aliases for version in versions] == [(), (CHAMPION,)]
    assert versions[0].weights_sha256 == weights.opened(_task().folder).sha256


def _task() -> Task:
    return SUITABILITY
