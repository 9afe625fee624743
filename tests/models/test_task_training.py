"""Each task's data, batches, losses and evaluation, on a few made pictures laid out like the real sets."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from data.datasets import brain_slices, chest_xrays, dataset_hash, other_pictures, patient_folds
from data.errors import UnusableDataset
from models import cards, weights
from models.task import Decision
from models.trainings import TRAININGS


def _picture(folder: Path, name: str, array: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array.astype(np.uint8)).save(folder / name)


def _table(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _head(random: np.random.Generator, tumour: bool) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices((64, 64)) - 32
    head = ((rows / 28) ** 2 + (columns / 22) ** 2 < 1) * 90 + random.integers(0, 20, (64, 64))
    at = random.integers(-10, 10, 2)
    mask = ((rows - at[0]) ** 2 + (columns - at[1]) ** 2 < 36) & tumour
    return np.where(mask, 230, head), mask * 255


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base, random = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    lgg, rows = base / "brain_mri" / "tcga_lgg", []
    for patient in range(10):
        for number in range(4):
            image, mask = _head(random, tumour=number in (1, 2))
            name = f"P{patient}_{number}.png"
            _picture(lgg / "images", name, image)
            _picture(lgg / "masks", name, mask)
            facts = {"sex": "FM"[patient % 2], "age": "40", "site": "CS", "has_tumour": int(mask.any())}
            row = {"file": name, "mask_file": name, "patient_id": f"P{patient}", "slice": number}
            rows.append(row | facts)
    _table(lgg / "index.csv", rows)

    cheng, rows = base / "brain_mri" / "cheng_t1ce", []
    for number in range(10):
        image, mask = _head(random, tumour=True)
        _picture(cheng / "images", f"c{number}.png", image)
        _picture(cheng / "masks", f"c{number}.png", mask)
        fold = {"official_patient_fold": number % 5 + 1, "tumour_type": "glioma", "tumour_pixels": 100}
        rows.append({"file": f"c{number}.png", "mask_file": f"c{number}.png"} | fold)
    _table(cheng / "index.csv", rows)

    chest, rows = base / "chest_xray", []
    for number in range(30):
        label = "PNEUMONIA" if number % 3 else "NORMAL"
        _picture(chest / "train" / label, f"x{number}.png", random.integers(0, 255, (48, 48)))
        pathogen = "bacteria" if number % 3 else ""
        row = {"file": f"train/{label}/x{number}.png", "label": label, "patient_id": str(number)}
        copy = "train/NORMAL/x0.png" if number == 3 else ""
        rows.append(row | {"pathogen": pathogen, "duplicate_of": copy})
    _table(chest / "index.csv", rows)

    for number in range(15):
        _picture(
            base / "other" / "photos", f"o{number // 3}__{number}.png", random.integers(0, 255, (50, 70))
        )
    return base


def test_no_patient_is_on_both_sides_of_a_split(folder: Path) -> None:
    places: dict[str, set[int]] = {}
    for one in brain_slices(folder):
        places.setdefault(one.patient, set()).add(one.fold)
    assert all(len(folds) == 1 for folds in places.values())
    originals: dict[str, set[int]] = {}
    for file, _, fold in other_pictures(folder):
        originals.setdefault(file.stem.split("__")[0], set()).add(fold)
    assert all(len(folds) == 1 for folds in originals.values())
    assert patient_folds(["b", "a"]) == patient_folds(["a", "b", "a"])


def test_copies_are_left_out_and_the_hash_knows_the_data(folder: Path) -> None:
    xrays = chest_xrays(folder)
    assert len(xrays) == 29
    files = [one.image for one in xrays]
    assert dataset_hash(files) == dataset_hash(files[::-1])
    assert dataset_hash(files) != dataset_hash(files[1:])


@pytest.mark.parametrize("name", sorted(TRAININGS))
def test_a_task_makes_batches_it_can_learn_from(folder: Path, name: str) -> None:
    training = TRAININGS[name]
    material = training.trainable(folder, replace(training.recipe, size=64))
    order = material.epoch(torch.Generator().manual_seed(1))
    assert len(order) > 8
    batch = [material.batch(order[:8], torch.Generator().manual_seed(2)) for _ in range(2)]
    assert torch.equal(batch[0][0], batch[1][0])  # the same seed, the same augmentation
    inputs, targets = batch[0]
    assert inputs.shape == (8, 1, 64, 64)
    assert torch.isfinite(inputs).all()
    outputs = torch.zeros(_output_shape(name, inputs), requires_grad=True)
    material.loss(outputs, targets).backward()
    assert outputs.grad is not None
    assert outputs.grad.abs().sum() > 0


@pytest.mark.parametrize("name", sorted(TRAININGS))
def test_validation_knows_a_good_network_from_a_blind_one(folder: Path, name: str) -> None:
    training = TRAININGS[name]
    material = training.trainable(folder, replace(training.recipe, size=64))

    def blind(inputs: Tensor) -> Tensor:
        return torch.zeros(_output_shape(name, inputs)) - 1.0

    assert 0 <= material.validate(blind)["score"] <= 2
    if name == "brain-tumour":
        seeing = material.validate(lambda inputs: (inputs - 0.8) * 50)
        assert seeing["score"] > 0.9 > material.validate(blind)["score"]


@pytest.mark.parametrize("name", sorted(TRAININGS))
def test_an_evaluation_gives_figures_with_n_and_a_card(folder: Path, name: str, tmp_path: Path) -> None:
    training = TRAININGS[name]

    def run(inputs: Tensor) -> np.ndarray:
        if name == "brain-tumour":
            return ((inputs - 0.75) * 40).numpy()
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


def test_a_folder_without_data_says_what_is_missing(tmp_path: Path) -> None:
    for name, training in TRAININGS.items():
        with pytest.raises(UnusableDataset, match=str(tmp_path)):
            training.trainable(tmp_path, training.recipe)
        with pytest.raises(UnusableDataset):
            training.evaluator(tmp_path, lambda inputs: inputs.numpy(), None)
        assert name == training.task.name


def test_a_decision_without_calibration_is_the_plain_sigmoid() -> None:
    assert Decision(threshold=0.5).probability(0.0) == 0.5
    assert Decision(threshold=0.5).probability(1e6) == pytest.approx(1.0)
    assert Decision(threshold=0.5, temperature=2.0, bias=1.0).probability(-2.0) == 0.5


def _output_shape(name: str, inputs: Tensor) -> tuple[int, ...]:
    shapes = {
        "brain-tumour": tuple(inputs.shape),
        "pneumonia": (len(inputs), 1),
        "suitability": (len(inputs), 3),
    }
    return shapes[name]
