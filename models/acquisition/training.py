"""Training of `acquisition`: one linear layer on an ImageNet network, on many small sources."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from data.errors import UnusableDataset
from models import augmentation
from models.acquisition import network
from models.acquisition.evaluation import AcquisitionEvaluator
from models.acquisition.pictures import ShownScan, shown_scans, without_copies
from models.acquisition.task import TASK, Shown
from models.device import Device, mixed_precision
from models.pretrained import Start
from models.suitability.pictures import CHEST, drawn_picture, spoilt
from models.training import Metrics, Recipe, Training

RECIPE = Recipe(
    epochs=1, batch_size=64, learning_rate=1e-4, size=network.INPUT_SIZE, weight_decay=0.05, averaging=0.9
)
VALIDATION_FOLD = 4
PER_EPOCH = 512
REGULARISATION = 0.2
"""C of the logistic regression that the last layer begins as; it was chosen by cross-validation."""
FIT_ITERATIONS = 100
ABSENT = -8.0
"""Logit of a class of which there was no picture."""
GEOMETRY = augmentation.GeometryRange(rotation_deg=12, scale=(0.85, 1.2), shift=0.06, flip=True, aspect=0.08)


@dataclass(frozen=True)
class AcquisitionChoices:
    """What can be changed of the recipe, to see what it is worth."""

    start: Start = Start.WHEEL
    spoilt_share: float = 0.35  # of what is neither: frontal X-rays made wrong
    drawn_share: float = 0.1  # of what is neither: drawings


CHOICES = AcquisitionChoices()


class AcquisitionTraining:
    """Pictures of every class in memory; each class counts alike, and so do a class' sources."""

    def __init__(
        self,
        folder: Path,
        recipe: Recipe = RECIPE,
        validation_fold: int = VALIDATION_FOLD,
        choices: AcquisitionChoices = CHOICES,
    ) -> None:
        scans = shown_scans(folder, recipe.size)
        self._choices, self._size = choices, recipe.size
        self.files = sorted({file for scan in scans for file in scan.files})
        self._validation = [scan for scan in scans if scan.fold == validation_fold and not scan.extra]
        others = [scan for scan in scans if scan.fold != validation_fold]
        if not self._validation or not others:
            raise UnusableDataset(f"Fold {validation_fold} of {folder} leaves nothing to learn or to judge.")
        self._training = without_copies(others, self._validation)
        self._images = torch.cat([scan.pictures for scan in self._training])
        self._classes = _classes(self._training)
        self._weights = _weights(self._training)
        self._frontal = (self._classes == Shown.FRONTAL_CHEST).nonzero()[:, 0]
        self._validation_images = torch.cat([scan.pictures for scan in self._validation])
        self._validation_classes = _classes(self._validation)

    def network(self) -> nn.Module:
        """The ImageNet network, its last layer fitted to the pictures as they are."""
        built = network.build(self._choices.start)
        built.load_state_dict(built.state_dict() | self._fitted)
        return built

    @cached_property
    def _fitted(self) -> dict[str, Tensor]:
        """The last layer as a logistic regression on scaled features, and that scale.

        A linear layer has one best fit: to solve for it is quicker than to walk there.
        """
        seen = _features(network.build(self._choices.start), self._images)
        scaler = StandardScaler().fit(seen)
        classes = self._classes.numpy()
        weights = self._weights.numpy() * len(classes) / float(self._weights.sum())
        fit = LogisticRegression(C=REGULARISATION, max_iter=FIT_ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # what follows goes on from there
            fit.fit(scaler.transform(seen), classes, sample_weight=weights)
        weight = torch.zeros(network.CLASSES, seen.shape[1])
        bias = torch.full((network.CLASSES,), ABSENT)
        rows = fit.classes_ if len(fit.classes_) > 2 else fit.classes_[1:]
        weight[rows] = torch.from_numpy(fit.coef_).float()
        bias[rows] = torch.from_numpy(fit.intercept_).float()
        return {
            "scale.running_mean": torch.from_numpy(scaler.mean_).float(),
            "scale.running_var": torch.from_numpy(scaler.var_).float(),
            "classify.weight": weight,
            "classify.bias": bias,
        }

    def epoch(self, generator: torch.Generator) -> Tensor:
        """As many pictures of each class and source, drawn with replacement."""
        return torch.multinomial(self._weights, PER_EPOCH, replacement=True, generator=generator)

    def batch(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Augmented pictures (n, 1, s, s) and their classes (n,)."""
        images, classes = self._images[items].float() / 255, self._classes[items]
        fate = torch.rand(len(items), generator=generator)
        random = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
        for index in (classes == Shown.NEITHER).nonzero()[:, 0].tolist():
            if float(fate[index]) < self._choices.spoilt_share and len(self._frontal):
                right = self._images[self._frontal[int(random.integers(len(self._frontal)))], 0].float() / 255
                images[index, 0] = spoilt(right, CHEST, random)
            elif float(fate[index]) > 1 - self._choices.drawn_share:
                images[index, 0] = drawn_picture(self._size, random)
        moved, _ = augmentation.random_geometry(images, None, GEOMETRY, generator)
        moved = augmentation.random_bias_field(moved, generator, strength=0.2)
        moved = augmentation.random_contrast(moved, generator, strength=0.3)
        moved = augmentation.random_resolution(moved, generator)
        return augmentation.random_noise(moved, generator), classes

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy over the classes."""
        return functional.cross_entropy(outputs, targets, label_smoothing=0.02)

    def split(self) -> list[tuple[str, str, str]]:
        """(dataset, patient, part) of every scan."""
        parts = (("training", self._training), ("validation", self._validation))
        return sorted({(scan.dataset, scan.patient, part) for part, scans in parts for scan in scans})

    def scores(self, predict: Callable[[Tensor], Tensor]) -> dict[str, list[float]]:
        """1 for every validation picture whose class is told right."""
        return {"right": self._right(predict).float().tolist()}

    def validate(self, predict: Callable[[Tensor], Tensor]) -> Metrics:
        """Accuracy of each class on pictures of patients never trained on; `score` is their mean."""
        right = self._right(predict)
        metrics = {
            f"accuracy_{shown.name.lower()}": float(right[self._validation_classes == shown].float().mean())
            for shown in Shown
            if bool((self._validation_classes == shown).any())
        }
        return metrics | {"score": float(np.mean(list(metrics.values())))}

    def _right(self, predict: Callable[[Tensor], Tensor]) -> Tensor:
        logits = torch.cat([predict(part.float() / 255) for part in self._validation_images.split(128)])
        return logits.argmax(1) == self._validation_classes


@torch.inference_mode()
def _features(built: nn.Module, images: Tensor) -> NDArray[np.float32]:
    assert isinstance(built, network.AcquisitionNetwork)
    placed = built.eval().to(memory_format=torch.channels_last)
    seen = []
    for part in tqdm(images.split(64), desc="features", mininterval=5):
        with mixed_precision(Device("cpu")):
            seen.append(placed.features(part.float() / 255).float())
    features: NDArray[np.float32] = torch.cat(seen).numpy()
    return features


def _classes(scans: list[ShownScan]) -> Tensor:
    return torch.tensor([int(scan.shown) for scan in scans for _ in scan.pictures])


def _weights(scans: list[ShownScan]) -> Tensor:
    """Of every picture: classes alike; within one the roots of datasets', then of scans', sizes count."""
    weights = []
    for scan in scans:
        weights += [len(scan.pictures) ** -0.5] * len(scan.pictures)
    each = torch.tensor(weights, dtype=torch.float64)
    classes = _classes(scans)
    keys = [f"{int(scan.shown)} {scan.dataset}" for scan in scans for _ in scan.pictures]
    names = {key: number for number, key in enumerate(sorted(set(keys)))}
    datasets = torch.tensor([names[key] for key in keys])
    each = each / torch.bincount(datasets, each)[datasets].sqrt()
    return each / torch.bincount(classes, each)[classes]


TRAINING = Training(TASK, AcquisitionTraining, RECIPE, CHOICES, VALIDATION_FOLD, AcquisitionEvaluator)
