"""Choices of a recipe beside each other: trained once, compared case by case, read out of MLflow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import app
from data.errors import InvalidInput
from data.tracking import Tracking
from models.trainings import training_of
from services.training import comparison
from services.training.comparison import Comparison, as_markdown, asked_choices, compare
from tests.databases import new_mlflow
from tests.labelled import make_labelled

TASK = "suitability"


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """A small recipe of a task whose network is small."""
    real = training_of(TASK)
    recipe = replace(real.recipe, epochs=1, batch_size=16)
    sets = {"spoiling": ("spoilt_share=0", "spoilt_share=0.5,learning_rate=0.002")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.suitability.training.TRAINING", replace(real, recipe=recipe, comparisons=sets))
        patch.setattr("models.suitability.training.PER_CLASS", 16)
        yield


@pytest.fixture(scope="module")
def trained(small: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled data, and the recipe and one choice trained on two folds of it."""
    folder = tmp_path_factory.mktemp("trained")
    make_labelled(folder / "data")
    _compared(folder, ["spoilt_share=0"], folds=(2, 3))
    return folder


def _tracking(folder: Path) -> Tracking:
    return Tracking(new_mlflow(folder), folder / "mlflow")


def _compared(folder: Path, choices: Sequence[str], folds: tuple[int, ...] = (2,)) -> list[tuple[str, int]]:
    asked = Comparison(TASK, asked_choices(TASK, choices), {"seed": "3"}, folds, folder / "data")
    table = compare(asked, folder / "runs", _tracking(folder), device="cpu")
    return [(row.choice, row.difference.n) for row in table]


def test_the_recipe_comes_first_and_a_set_stands_for_its_choices() -> None:
    assert asked_choices(TASK, ["spoiling"]) == ("", "spoilt_share=0", "spoilt_share=0.5,learning_rate=0.002")
    assert asked_choices(TASK, []) == asked_choices(TASK, ["spoiling"])
    assert asked_choices(TASK, ["epochs=2", "epochs=2"]) == ("", "epochs=2")
    with pytest.raises(InvalidInput, match="known sets are spoiling"):
        asked_choices(TASK, ["colours"])
    with pytest.raises(InvalidInput, match="no choice called depth"):
        asked_choices(TASK, ["depth=5"])


@pytest.mark.parametrize("task", ["brain-tumour", "pneumonia"])
def test_every_choice_that_a_task_names_is_one(task: str) -> None:
    sets = training_of(task).comparisons
    assert {"optimisers", "losses", "regularisation", "augmentation", "encoders"} <= set(sets)
    assert len(asked_choices(task, [])) > 12


def test_what_was_trained_before_is_not_trained_again(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _tracking(trained).versions(TASK) == []

    def untouched(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(comparison, "fit", untouched)
    again = _compared(trained, ["spoilt_share=0"], folds=(2, 3))
    assert {choice for choice, _ in again} == {"", "spoilt_share=0"}
    # Fewer folds are fewer cases of the same runs; another choice has to be trained.
    fewer = _compared(trained, ["spoilt_share=0"])
    assert all(0 < few < many for (_, few), (_, many) in zip(fewer, again, strict=True))
    with pytest.raises(AssertionError, match="trained again"):
        _compared(trained, ["spoilt_share=1"])


def test_differences_are_of_the_same_cases(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Comparison(TASK, ("", "spoilt_share=0"), {"seed": "3"}, (2, 3), trained / "data")
    random = np.random.default_rng(1)
    kept = {name: random.random(40).tolist() for name in ("plain 2", "plain 3", "changed 2", "changed 3")}

    def scores(self: Tracking, run_id: str, file_name: str) -> object:
        run = self.runs_by_id([run_id])[run_id]
        side = "changed" if run.parameters["spoilt_share"] == "0.0" else "plain"
        return {"slices": kept[f"{side} {run.parameters['validation_fold']}"]}

    monkeypatch.setattr(Tracking, "read_json", scores)
    plain, changed = compare(asked, trained / "runs", _tracking(trained), device="cpu")
    gaps = np.subtract(kept["changed 2"] + kept["changed 3"], kept["plain 2"] + kept["plain 3"])
    assert changed.difference.n == 80
    assert changed.difference.value == pytest.approx(gaps.mean())
    assert changed.difference.low < gaps.mean() < changed.difference.high
    assert plain.difference.value == 0
    table = as_markdown([plain, changed]).splitlines()
    assert table[2].startswith("| the recipe | slices | 80 | 2, 3 |")
    assert f"{gaps.mean():+.3f}" in table[3]


def test_the_command_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_labelled(tmp_path / "data")
    home = {"LIGHTBOX_HOME": str(tmp_path / "home")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in home.items():
            patch.setenv(name, value)
        assert app.main(["train", TASK, "--data", str(tmp_path / "data"), "--compare", "spoilt_share=0"]) == 0
    printed = capsys.readouterr().out
    assert "| the recipe |" in printed
    assert "| spoilt_share=0 |" in printed


def test_several_folds_are_validated_on_each_and_register_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_labelled(tmp_path / "data")
    monkeypatch.setenv("LIGHTBOX_HOME", str(tmp_path / "home"))
    assert app.main(["train", TASK, "--data", str(tmp_path / "data"), "--fold", "1", "2"]) == 0
    _, _, *rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert rows
    assert all(row.startswith("| the recipe |") and "| 1, 2 |" in row for row in rows)
    home = tmp_path / "home"
    assert Tracking(f"sqlite:///{home}/mlflow.db", home / "mlflow").versions(TASK) == []
