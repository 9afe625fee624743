"""Each task's data, batches, losses and evaluation, on a few made pictures laid out like the real sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from data.errors import UnusableDataset
from data.labelled.datasets import brain_slices, chest_xrays, dataset_hash, other_pictures, patient_folds
from models import cards, weights
from models.task import Decision
from models.tasks import ALL
from models.training import Training
from models.trainings import training_of
from tests.labelled import make_labelled


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_labelled(tmp_path_factory.mktemp("data"))


def test_no_patient_is_on_both_sides_of_a_split(folder: Path) -> None:
    places: dict[str, set[int]] = {}
    for brain_slice in brain_slices(folder):
        places.setdefault(brain_slice.patient, set()).add(brain_slice.fold)
    assert all(len(folds) == 1 for folds in places.values())
    originals: dict[str, set[int]] = {}
    for file, _, fold in other_pictures(folder):
        originals.setdefault(file.stem.split("__")[0], set()).add(fold)
    assert all(len(folds) == 1 for folds in originals.values())
    assert patient_folds(["b", "a"]) == patient_folds(["a", "b", "a"])


def test_copies_are_left_out_and_the_hash_knows_the_data(folder: Path) -> None:
    xrays = chest_xrays(folder)
    assert len(xrays) == 29
    files = [xray.image for xray in xrays]
    assert dataset_hash(files) == dataset_hash(files[::-1])
    assert dataset_hash(files) != dataset_hash(files[1:])


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_task_makes_batches_it_can_learn_from(folder: Path, name: str) -> None:
    training = training_of(name)
    material = _material(training, folder, 64)
    order = material.epoch(torch.Generator().manual_seed(1))
    assert len(order) > 8
    batch = [material.batch(order[:8], torch.Generator().manual_seed(2)) for _ in range(2)]
    assert torch.equal(batch[0][0], batch[1][0])  # the same seed, the same augmentation
    inputs, targets = batch[0]
    assert inputs.shape == (8, training.task.channels, 64, 64)
    assert torch.isfinite(inputs).all()
    outputs = torch.zeros(_output_shape(name, inputs), requires_grad=True)
    material.loss(outputs, targets).backward()
    assert outputs.grad is not None
    assert outputs.grad.abs().sum() > 0


@pytest.mark.parametrize("name", sorted(ALL))
def test_validation_knows_a_good_network_from_a_blind_one(folder: Path, name: str) -> None:
    training = training_of(name)
    material = _material(training, folder, 64)

    def blind(inputs: Tensor) -> Tensor:
        return torch.zeros(_output_shape(name, inputs)) - 1.0

    assert 0 <= material.validate(blind)["score"] <= 2
    if name == "brain-tumour":
        seeing = material.validate(lambda inputs: (inputs[:, 1:2] - 0.8) * 50)
        assert seeing["score"] > 0.9 > material.validate(blind)["score"]


@pytest.mark.parametrize("name", sorted(ALL))
def test_an_evaluation_gives_figures_with_n_and_a_card(folder: Path, name: str, tmp_path: Path) -> None:
    training = training_of(name)

    def run(inputs: Tensor) -> np.ndarray:
        if name == "brain-tumour":
            return ((inputs[:, 1:2] - 0.75) * 40).repeat(1, 2, 1, 1).numpy()
        random = np.random.default_rng(int(inputs.sum() * 10))
        return random.normal(size=_output_shape(name, inputs)).astype(np.float32)

    evaluator = training.evaluator(folder, run, training.validation_fold)
    decision = evaluator.calibrated()
    assert 0 <= decision.threshold <= 1
    evaluation = evaluator.evaluated(decision)
    assert evaluation.figures
    assert all(figure.n > 0 for figure in evaluation.figures.values())
    if name == "brain-tumour":
        assert evaluation.figures["dice_flair"].value > 0.9
        assert evaluation.figures["dice_flair"].n == 2  # patients of one fold, not slices
        assert evaluation.figures["presence_recall"].n == 4 + 2
        assert [case["dice"] for case in evaluation.cases] == sorted(
            case["dice"] for case in evaluation.cases
        )
    saved = weights.save(tmp_path, {"a": torch.zeros(1)}, decision, {}, {"validation_fold": 4})
    text = cards.card(training.task, saved, evaluation)
    assert saved.sha256 in text
    assert "| n |" in text


def test_calibration_drops_satellites_where_none_is_a_tumour(tmp_path: Path) -> None:
    """A spot in two slices of each patient, far smaller than the tumour and outlined by nobody."""
    folder = make_labelled(tmp_path)
    for file in (folder / "brain_mri" / "tcga_lgg" / "images").glob("*_[12].png"):
        picture = np.array(Image.open(file))
        picture[5:7, 31:34] = 240
        Image.fromarray(picture).save(file)

    def bright(inputs: Tensor) -> np.ndarray:
        return ((inputs[:, 1:2] - 0.75) * 40).repeat(1, 2, 1, 1).numpy()

    training = training_of("brain-tumour")
    evaluator = training.evaluator(folder, bright, training.validation_fold)
    decision = evaluator.calibrated()
    assert decision.least_satellite > 0
    without, among = (
        evaluator.evaluated(replace(decision, least_satellite=least)).figures
        for least in (decision.least_satellite, 0)
    )
    assert (without["false_lesions_flair"].value, among["false_lesions_flair"].value) == (0, 1)
    assert without["dice_flair"].value > among["dice_flair"].value
    saved = weights.save(tmp_path / "saved", {"a": torch.zeros(1)}, decision, {}, {"validation_fold": 4})
    said = f"and those under {decision.least_satellite} beside a piece ten times as large"
    assert said in cards.card(training.task, saved, evaluator.evaluated(decision))


def test_a_folder_without_data_says_what_is_missing(tmp_path: Path) -> None:
    for name in ALL:
        training = training_of(name)
        with pytest.raises(UnusableDataset, match=str(tmp_path)):
            _material(training, tmp_path, 64)
        with pytest.raises(UnusableDataset):
            training.evaluator(tmp_path, lambda inputs: inputs.numpy(), None)
        assert name == training.task.name


def test_a_decision_without_calibration_is_the_plain_sigmoid() -> None:
    assert Decision(threshold=0.5).probability(0.0) == 0.5
    assert Decision(threshold=0.5).probability(1e6) == pytest.approx(1.0)
    assert Decision(threshold=0.5, temperature=2.0, bias=1.0).probability(-2.0) == 0.5


def _material(training: Training, folder: Path, size: int) -> Any:
    recipe = replace(training.recipe, size=size)
    return training.trainable(folder, recipe, training.validation_fold, training.choices)


def _output_shape(name: str, inputs: Tensor) -> tuple[int, ...]:
    shapes = {
        "brain-tumour": (len(inputs), 1, *inputs.shape[2:]),
        "pneumonia": (len(inputs), 1),
        "suitability": (len(inputs), 3),
        "acquisition": (len(inputs), 9),
    }
    return shapes[name]
