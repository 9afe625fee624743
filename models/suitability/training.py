"""Training of `suitability`: brain MRI and chest X-rays against everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models import augmentation
from models.suitability import network
from models.suitability.evaluation import SuitabilityEvaluator
from models.suitability.pictures import (
    BRAIN,
    CHEST,
    NEITHER,
    drawn_picture,
    listed_pictures,
    loaded_pictures,
    spoilt,
    with_made_pictures,
)
from models.suitability.task import TASK
from models.training import Metrics, Recipe, Training

RECIPE = Recipe(epochs=10, batch_size=64, learning_rate=1e-3, size=network.INPUT_SIZE, weight_decay=0.03)
VALIDATION_FOLD = 4
PER_CLASS = 2400  # pictures of each class an epoch
DRAWN_SHARE, SPOILT_SHARE = 0.15, 0.25
GEOMETRY = augmentation.GeometryRange(rotation_deg=15, scale=(0.75, 1.3), shift=0.1)


@dataclass(frozen=True)
class Choices:
    """What can be changed of the recipe, to see what it is worth."""

    spoilt_share: float = SPOILT_SHARE


CHOICES = Choices()


class SuitabilityTraining:
    """Pictures of the three classes in memory; drawings and spoilt scans are made as they are needed."""

    def __init__(
        self,
        folder: Path,
        recipe: Recipe = RECIPE,
        validation_fold: int = VALIDATION_FOLD,
        choices: Choices = CHOICES,
    ) -> None:
        listed = self._listed = listed_pictures(folder)
        self._choices = choices
        self._fold = validation_fold
        self.files = [file for file, _, _ in listed]
        self.size = recipe.size
        images = loaded_pictures(self.files, recipe.size)
        classes = torch.tensor([kind for _, kind, _ in listed])
        held_out = torch.tensor([fold == validation_fold for _, _, fold in listed])
        self._images, self._classes = images[~held_out], classes[~held_out]
        self._validation_images, self._validation_classes = with_made_pictures(
            images[held_out], classes[held_out], recipe.size
        )

    def network(self) -> nn.Module:
        """A freshly initialised network."""
        return network.build()

    def epoch(self, generator: torch.Generator) -> Tensor:
        """The same number of pictures of each class, drawn with replacement."""
        drawn = []
        for kind in (BRAIN, CHEST, NEITHER):
            members = (self._classes == kind).nonzero()[:, 0]
            drawn.append(members[torch.randint(len(members), (PER_CLASS,), generator=generator)])
        items = torch.cat(drawn)
        return items[torch.randperm(len(items), generator=generator)]

    def batch(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Augmented pictures (n, 1, s, s) and their classes (n,)."""
        images, classes = self._images[items].float() / 255, self._classes[items].clone()
        moved, _ = augmentation.random_geometry(images, None, GEOMETRY, generator)
        moved = augmentation.random_bias_field(moved, generator, strength=0.2)
        moved = augmentation.random_contrast(moved, generator)
        moved = augmentation.random_resolution(moved, generator)
        fate = torch.rand(len(items), generator=generator)
        seed = int(torch.randint(2**31, (1,), generator=generator))
        random = np.random.default_rng(seed)
        for index in (fate < self._choices.spoilt_share).nonzero()[:, 0].tolist():
            if classes[index] != NEITHER:
                moved[index, 0] = spoilt(moved[index, 0], int(classes[index]), random)
                classes[index] = NEITHER
        for index in (fate > 1 - DRAWN_SHARE).nonzero()[:, 0].tolist():
            if classes[index] == NEITHER:
                moved[index, 0] = drawn_picture(self.size, random)
        return augmentation.random_noise(moved, generator), classes

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy over the three classes."""
        return functional.cross_entropy(outputs, targets, label_smoothing=0.02)

    def split(self) -> list[tuple[str, str, str]]:
        """(class, picture, part) of every picture; files of one original share a fold."""
        names = {BRAIN: "brain", CHEST: "chest", NEITHER: "neither"}
        return [
            (names[kind], file.name, "validation" if fold == self._fold else "training")
            for file, kind, fold in self._listed
        ]

    def scores(self, predict: Callable[[Tensor], Tensor]) -> dict[str, list[float]]:
        """1 for every validation picture that is told right."""
        logits = torch.cat([predict(part.float() / 255) for part in self._validation_images.split(128)])
        return {"right": (logits.argmax(1) == self._validation_classes).float().tolist()}

    def validate(self, predict: Callable[[Tensor], Tensor]) -> Metrics:
        """Accuracy of each class on pictures from sources and patients never trained on."""
        logits = torch.cat([predict(part.float() / 255) for part in self._validation_images.split(128)])
        right = logits.argmax(1) == self._validation_classes
        named = {"brain": BRAIN, "chest": CHEST, "neither": NEITHER}
        metrics = {
            f"accuracy_{name}": float(right[self._validation_classes == kind].float().mean())
            for name, kind in named.items()
        }
        return metrics | {"score": min(metrics.values()) + float(np.mean(list(metrics.values())))}


TRAINING = Training(TASK, SuitabilityTraining, RECIPE, CHOICES, VALIDATION_FOLD, SuitabilityEvaluator)
