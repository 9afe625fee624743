"""Training of `brain-tumour`: slices of two sources, validated on patients never trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from data.datasets import LabelledSlice, brain_slices, grey_image
from data.errors import UnusableDataset
from models import augmentation
from models.brain_tumour import network
from models.imaging import normalised, to_square
from models.training import Metrics, Recipe

RECIPE = Recipe(epochs=7, batch_size=16, learning_rate=6e-4, size=network.INPUT_SIZE)
VALIDATION_FOLD = 4
EMPTY_PER_EPOCH = 1.2  # empty FLAIR slices drawn an epoch, as a share of those with tumour
GEOMETRY = augmentation.GeometryRange(rotation_deg=20, scale=(0.7, 1.35), shift=0.1, shear=0.08)


class BrainTumourTraining:
    """The slices of every fold but `validation_fold`, held in memory at the network's size."""

    def __init__(self, folder: Path, recipe: Recipe = RECIPE, validation_fold: int = VALIDATION_FOLD) -> None:
        slices = brain_slices(folder)
        self.files = [one.image for one in slices] + [one.mask for one in slices]
        self.training = [one for one in slices if one.fold != validation_fold]
        self.validation = [one for one in slices if one.fold == validation_fold]
        if not any(one.has_tumour for one in self.training) or not self.validation:
            raise UnusableDataset("The brain set needs slices with tumour in at least two folds.")
        self._images, self._masks = load_slices(self.training, recipe.size)
        self._validation_images, self._validation_masks = load_slices(self.validation, recipe.size)
        filled = torch.tensor([one.has_tumour for one in self.training])
        self._filled, self._empty = filled.nonzero()[:, 0], (~filled).nonzero()[:, 0]

    def network(self) -> nn.Module:
        """A freshly initialised U-Net."""
        return network.build()

    def epoch(self, generator: torch.Generator) -> Tensor:
        """All slices with tumour and a fresh sample of empty ones, shuffled."""
        empty = self._empty[torch.randperm(len(self._empty), generator=generator)]
        flair = sum(one.has_tumour and one.dataset == "tcga_lgg" for one in self.training)
        items = torch.cat([self._filled, empty[: int(EMPTY_PER_EPOCH * flair)]])
        return items[torch.randperm(len(items), generator=generator)]

    def batch(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Augmented slices (n, 1, s, s) and masks of the same shape."""
        images, masks = self._images[items].float() / 255, self._masks[items].float()
        moved, moved_masks = augmentation.random_geometry(images, masks, GEOMETRY, generator)
        moved = augmentation.random_bias_field(moved, generator)
        moved = augmentation.random_contrast(moved, generator)
        moved = augmentation.random_resolution(moved, generator)
        assert moved_masks is not None
        return augmentation.random_noise(moved, generator), moved_masks

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Binary cross-entropy, soft Dice over the batch, and soft Dice of each slice with a tumour.

        The Dice of the batch counts what is drawn on empty slices; the Dice of a slice lets a small
        lesion weigh as much as a large one.
        """
        entropy = functional.binary_cross_entropy_with_logits(outputs, targets)
        probability = outputs.sigmoid()
        overlap = (probability * targets).sum((1, 2, 3))
        total = probability.sum((1, 2, 3)) + targets.sum((1, 2, 3))
        of_batch = 1 - (2 * overlap.sum() + 1) / (total.sum() + 1)
        filled = targets.amax((1, 2, 3)) > 0
        of_slices = ((1 - (2 * overlap + 1) / (total + 1)) * filled).sum() / filled.sum().clamp(min=1)
        return entropy + of_batch + 0.5 * of_slices

    def validate(self, predict: Callable[[Tensor], Tensor]) -> Metrics:
        """Mean per-patient volume Dice (FLAIR) and mean slice Dice (T1), at probability 0.5."""
        found = torch.cat([predict(part.float() / 255) for part in self._validation_images.split(32)]) > 0
        scores = volume_dice(self.validation, found.numpy()[:, 0], self._validation_masks.numpy()[:, 0])
        metrics = {f"dice_{dataset}": float(np.mean(values)) for dataset, values in scores.items() if values}
        return metrics | {"score": float(np.mean(list(metrics.values())))}


def volume_dice(
    slices: Iterable[LabelledSlice], found: np.ndarray, truth: np.ndarray
) -> dict[str, list[float]]:
    """Dataset -> Dice of each patient's whole volume; both empty counts as 1."""
    sums: dict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.zeros(2))
    for one, ours, theirs in zip(slices, found, truth, strict=True):
        overlap = np.logical_and(ours, theirs).sum()
        sums[one.dataset, one.patient] += (overlap, ours.sum() + theirs.sum())
    scores: dict[str, list[float]] = defaultdict(list)
    for (dataset, _), (overlap, total) in sums.items():
        scores[dataset].append(2 * overlap / total if total else 1.0)
    return dict(scores)


def load_slices(slices: list[LabelledSlice], size: int) -> tuple[Tensor, Tensor]:
    """Images (uint8) and masks (bool) as (n, 1, size, size); intensities normalised a volume."""
    volumes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, one in enumerate(slices):
        volumes[one.dataset, one.patient].append(index)
    images = torch.zeros(len(slices), 1, size, size, dtype=torch.uint8)
    masks = torch.zeros(len(slices), 1, size, size, dtype=torch.bool)
    for members in tqdm(volumes.values(), desc="reading slices", mininterval=5):
        stack = normalised(np.stack([grey_image(slices[index].image) for index in members]))
        drawn = np.stack([grey_image(slices[index].mask) > 127 for index in members]).astype(np.float32)
        images[members] = (to_square(stack, size) * 255).round().to(torch.uint8)
        masks[members] = to_square(drawn, size) > 0.5
    return images, masks
