"""Training of `brain-tumour`: slices of two sources, validated on patients never trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from data.errors import UnusableDataset
from data.labelled.datasets import LabelledSlice, brain_scans, brain_slices, grey_image
from models import augmentation
from models.brain_tumour import healthy, network
from models.brain_tumour.evaluation import BrainTumourEvaluator
from models.brain_tumour.losses import Loss, loss_of
from models.brain_tumour.task import TASK
from models.distillation import Teacher
from models.encoders import Encoder
from models.imaging import head_squares, to_square
from models.pretrained import Start, encoder_folder, started
from models.training import Metrics, Recipe, Training, right_and_wrong

RECIPE = Recipe(epochs=20, batch_size=16, learning_rate=7e-4, size=network.INPUT_SIZE, warmup=0.04)
VALIDATION_FOLD = 4
EMPTY_PER_EPOCH = 1.2  # empty FLAIR slices drawn an epoch, as a share of those with tumour
UNKNOWN_CONTRAST = 0.3  # share of slices without tumour shown in a contrast that no scanner makes
LONE = 0.4  # share of FLAIR slices shown without their neighbours, as a single picture is
STRIPPED = 0.15  # share shown without skull and scalp
SKULL_PX = (7.0, 15.0)  # how much of the head that takes away, in the network's pixels
GEOMETRY = augmentation.GeometryRange(rotation_deg=20, scale=(0.75, 1.3), shift=0.1, shear=0.08)


@dataclass(frozen=True)
class BrainTumourChoices:
    """What can be left out of the recipe, to see what it is worth."""

    encoder: Encoder = network.ENCODER
    start: Start = Start.WHEEL
    encoder_from: str = ""  # the folder of a version, of any task, whose encoder to start from
    neighbours: bool = True
    loss: Loss = Loss.ENTROPY_DICE
    slice_dice: float = 1.0
    dropout: float = 0.0  # of the decoder's last features
    augmented: bool = True
    healthy: bool = True  # mirrored halves and collected slices without a tumour
    distilled: float = 0.0  # share of what is learnt from the shipped version's answers


CHOICES = BrainTumourChoices()
COMPARISONS = {
    "optimisers": ("optimiser=nadam", "optimiser=adam", "optimiser=sgd,learning_rate=0.02"),
    "losses": ("loss=focal-dice", "loss=entropy-tversky", "loss=entropy", "slice_dice=0"),
    "regularisation": (
        "dropout=0.2",
        "weight_decay=0",
        "weight_decay=0.1",
        "optimiser=adam,weight_decay=0.0001",
    ),
    "augmentation": ("augmented=no", "healthy=no", "neighbours=no"),
    "encoders": ("encoder=efficientnet-lite0", "encoder=resnet50,start=scratch,distilled=0.5"),
}


class BrainTumourTraining:
    """The slices of every fold but `validation_fold`, held in memory at the network's size."""

    def __init__(
        self,
        folder: Path,
        recipe: Recipe = RECIPE,
        validation_fold: int = VALIDATION_FOLD,
        choices: BrainTumourChoices = CHOICES,
    ) -> None:
        slices = brain_slices(folder)
        self.files = [labelled.image for labelled in slices] + [labelled.mask for labelled in slices]
        self.training = [labelled for labelled in slices if labelled.fold != validation_fold]
        self.validation = [labelled for labelled in slices if labelled.fold == validation_fold]
        if not any(labelled.has_tumour for labelled in self.training) or not self.validation:
            raise UnusableDataset("The brain set needs slices with tumour in at least two folds.")
        self._choices, self._fold = choices, validation_fold
        self._teacher = Teacher(TASK, validation_fold) if choices.distilled else None
        self._seen = LoadedSlices(self.training, recipe.size)
        self._held_out = LoadedSlices(self.validation, recipe.size)
        filled = torch.tensor([labelled.has_tumour for labelled in self.training])
        flair = torch.tensor([labelled.dataset == "tcga_lgg" for labelled in self.training])
        self._filled, self._empty = filled.nonzero()[:, 0], (~filled).nonzero()[:, 0]
        self.healthy = healthy.healthy_pictures(folder) if choices.healthy else []
        self.files += self.healthy
        if choices.healthy:
            contrast = self._filled[~flair[self._filled]]
            halves = healthy.mirrored_halves(self._seen.images[contrast], self._seen.masks[contrast])
            self._seen.add_lone(torch.cat([_squares(self.healthy, recipe.size), halves]))
        self._healthy = torch.arange(len(self.training), len(self._seen.images))
        self._flair = functional.pad(flair, (0, len(self._healthy)))

    def network(self) -> nn.Module:
        """A U-Net, its encoder from ImageNet or all of it from the version in the task's folder."""
        choices = self._choices
        encoder_from = encoder_folder(choices.encoder_from, TASK, self._fold)
        built = network.build(choices.encoder, choices.start, choices.dropout, encoder_from)
        return started(built, choices.start, TASK, self._fold)

    def epoch(self, generator: torch.Generator) -> Tensor:
        """All slices with tumour, all healthy ones and a fresh sample of empty ones, shuffled."""
        empty = self._empty[torch.randperm(len(self._empty), generator=generator)]
        flair = int(self._flair[self._filled].sum())
        items = torch.cat([self._filled, empty[: int(EMPTY_PER_EPOCH * flair)], self._healthy])
        return items[torch.randperm(len(items), generator=generator)]

    def batch(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Augmented slices with neighbours (n, 3, s, s) and targets (n, 1, s, s) in [0, 1]."""
        images, masks = self._seen.stacked(items), self._seen.masks[items].float()
        if not self._choices.neighbours:
            images = augmentation.as_lone_picture(images, torch.ones(len(items), dtype=torch.bool))
        if self._choices.augmented:
            images, masks = self._augmented(images, masks, items, generator)
        if self._teacher is not None:
            masks = self._teacher.softened(images, masks, self._choices.distilled)
        return images, masks

    def _augmented(
        self, images: Tensor, masks: Tensor, items: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        images = augmentation.random_stripping(
            images, self._seen.depths[items], generator, STRIPPED, SKULL_PX
        )
        lone = (torch.rand(len(items), generator=generator) < LONE) & self._flair[items]
        images = augmentation.as_lone_picture(images, lone)
        if self._choices.healthy:
            unknown = torch.rand(len(items), generator=generator) < UNKNOWN_CONTRAST
            unknown &= ~masks.flatten(1).any(dim=1)
            images = augmentation.random_tissue_contrast(images, unknown, generator)
        moved, moved_masks = augmentation.random_geometry(images, masks, GEOMETRY, generator)
        moved = augmentation.random_bias_field(moved, generator)
        moved = augmentation.random_contrast(moved, generator)
        moved = augmentation.random_resolution(moved, generator)
        assert moved_masks is not None
        return augmentation.random_noise(moved, generator), moved_masks

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The recipe's loss of logits (n, 1, s, s)."""
        return loss_of(self._choices.loss, outputs, targets, self._choices.slice_dice)

    def split(self) -> list[tuple[str, str, str]]:
        """(dataset, patient, part) of every patient; of a T1 slice, whose patient is unknown, the slice."""
        return [
            (labelled.dataset, labelled.patient, part)
            for part, slices in (("training", self.training), ("validation", self.validation))
            for labelled in slices
        ]

    def scores(self, predict: Callable[[Tensor], Tensor]) -> dict[str, list[float]]:
        """Dice of each validation patient's volume (FLAIR) and of each slice (T1), at probability 0.5."""
        return volume_dice(self.validation, self._drawn(predict), self._held_out.masks.numpy()[:, 0])

    def validate(self, predict: Callable[[Tensor], Tensor]) -> Metrics:
        """Mean Dice of each dataset; of slices, whether anything is drawn where there is something."""
        drawn, truth = self._drawn(predict), self._held_out.masks[:, 0]
        scores = volume_dice(self.validation, drawn, truth.numpy())
        metrics = {f"dice_{dataset}": float(np.mean(values)) for dataset, values in scores.items() if values}
        called = torch.from_numpy(drawn).flatten(1).any(dim=1)
        rates = right_and_wrong(truth.flatten(1).any(dim=1), called)
        return metrics | rates | {"score": float(np.mean(list(metrics.values())))}

    def _drawn(self, predict: Callable[[Tensor], Tensor]) -> np.ndarray:
        parts = [self._held_out.stacked(part) for part in torch.arange(len(self.validation)).split(32)]
        if not self._choices.neighbours:
            parts = [part[:, 1:2].expand_as(part) for part in parts]
        drawn: np.ndarray = (torch.cat([predict(part) for part in parts])[:, 0] > 0).numpy()
        return drawn


def volume_dice(
    slices: Iterable[LabelledSlice], drawn: np.ndarray, truth: np.ndarray
) -> dict[str, list[float]]:
    """Dataset -> Dice of each patient's whole volume; both empty counts as 1."""
    sums: dict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.zeros(2))
    for labelled, ours, theirs in zip(slices, drawn, truth, strict=True):
        overlap = np.logical_and(ours, theirs).sum()
        sums[labelled.dataset, labelled.patient] += (overlap, ours.sum() + theirs.sum())
    scores: dict[str, list[float]] = defaultdict(list)
    for (dataset, _), (overlap, total) in sums.items():
        scores[dataset].append(2 * overlap / total if total else 1.0)
    return dict(scores)


class LoadedSlices:
    """Slices in memory at the network's size: what a reading would show the network, and the truth.

    `images` (n, 1, s, s) uint8, `masks` bool, `depths` uint8 (pixels below the head's outline);
    `before` and `after` say where each slice's neighbours in its volume stand.
    """

    def __init__(self, slices: list[LabelledSlice], size: int) -> None:
        volumes: dict[tuple[str, str], list[int]] = defaultdict(list)
        for index, labelled in enumerate(slices):
            volumes[labelled.dataset, labelled.patient].append(index)
        shape = (len(slices), 1, size, size)
        self.images = torch.zeros(shape, dtype=torch.uint8)
        self.masks = torch.zeros(shape, dtype=torch.bool)
        self.depths = torch.zeros(shape, dtype=torch.uint8)
        self.before = torch.arange(len(slices))
        self.after = torch.arange(len(slices))
        for members in tqdm(volumes.values(), desc="reading slices", mininterval=5):
            stack = np.stack([grey_image(slices[index].image) for index in members])
            drawn = np.stack([grey_image(slices[index].mask) > 127 for index in members])
            squares, window = head_squares(stack, size)
            self.images[members] = _bytes(squares)
            self.masks[members] = to_square(drawn.astype(np.float32), size, window) > 0.5
            self.depths[members] = _depths(squares)
            self.before[members[1:]] = torch.tensor(members[:-1], dtype=torch.long)
            self.after[members[:-1]] = torch.tensor(members[1:], dtype=torch.long)

    def add_lone(self, pictures: Tensor) -> None:
        """Take in pictures (n, 1, s, s) uint8 without neighbours and without a tumour; there may be none."""
        if not len(pictures):
            return
        alone = torch.arange(len(self.images), len(self.images) + len(pictures))
        self.before, self.after = torch.cat([self.before, alone]), torch.cat([self.after, alone])
        self.images = torch.cat([self.images, pictures])
        self.masks = torch.cat([self.masks, torch.zeros_like(pictures, dtype=torch.bool)])
        self.depths = torch.cat([self.depths, _depths(pictures.float() / 255)])

    def stacked(self, items: Tensor) -> Tensor:
        """Slices between their neighbours, (n, 3, s, s) in [0, 1]."""
        three = (self.before[items], items, self.after[items])
        return torch.cat([self.images[each] for each in three], dim=1).float() / 255


def _squares(files: Sequence[Path], size: int) -> Tensor:
    """Pictures as a reading would show them to the network, (n, 1, s, s) uint8."""
    squares = [_bytes(head_squares(grey_image(file)[None], size)[0]) for file in files]
    return torch.cat([torch.zeros(0, 1, size, size, dtype=torch.uint8), *squares])


def _bytes(squares: Tensor) -> Tensor:
    return (squares * 255).round().to(torch.uint8)


def _depths(squares: Tensor) -> Tensor:
    """Distance of every pixel from the outline of its slice's head, up to 255 pixels."""
    heads = [
        ndimage.binary_fill_holes(ndimage.uniform_filter(square[0].numpy(), 3) > 0.06) for square in squares
    ]
    distances = [
        np.minimum(ndimage.distance_transform_edt(np.pad(head, 1))[1:-1, 1:-1], 255) for head in heads
    ]
    return torch.from_numpy(np.stack(distances)[:, None]).to(torch.uint8)


TRAINING = Training(
    TASK,
    BrainTumourTraining,
    RECIPE,
    CHOICES,
    VALIDATION_FOLD,
    BrainTumourEvaluator,
    brain_scans,
    COMPARISONS,
)
