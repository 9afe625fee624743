"""Training of `pneumonia`, validated on patients never trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss
from tqdm import tqdm

from data.errors import UnusableDataset
from data.labelled.datasets import LabelledXray, chest_scans, chest_xrays, grey_image
from models import augmentation
from models.distillation import Teacher
from models.encoders import Encoder
from models.imaging import normalised, stretched
from models.pneumonia import network
from models.pneumonia.adults import ADULTS, JUDGED_FOLDS, adult_films
from models.pneumonia.evaluation import PneumoniaEvaluator
from models.pneumonia.task import TASK
from models.pretrained import Start, encoder_folder, started
from models.statistics.areas import auc
from models.training import Metrics, Recipe, Training, right_and_wrong

RECIPE = Recipe(epochs=10, batch_size=32, learning_rate=6e-4, size=network.INPUT_SIZE, weight_decay=0.02)
VALIDATION_FOLD = 4
GEOMETRY = augmentation.GeometryRange(
    rotation_deg=12, scale=(0.85, 2.2), shift=0.06, flip=True, aspect=0.15, wander=True
)
ADULT_TURNS = 5
"""How often an adult's film is seen an epoch: there are fifty times as many of children."""


class Loss(StrEnum):
    """What a wrong answer costs."""

    ENTROPY = "entropy"
    FOCAL = "focal"  # sure answers count little (Lin et al., ICCV 2017)


@dataclass(frozen=True)
class PneumoniaChoices:
    """What can be left out of the recipe, to see what it is worth."""

    encoder: Encoder = network.ENCODER
    start: Start = Start.WHEEL
    encoder_from: str = ""  # the folder of a version, of any task, whose encoder to start from
    loss: Loss = Loss.ENTROPY
    smoothing: float = 0.02  # how far a label is taken off 0 and 1
    dropout: float = network.DROPOUT
    augmented: bool = True
    exposure: float = 0.5  # strength of random gamma, gain and offset
    adults: bool = True
    distilled: float = 0.0  # share of what is learnt from the shipped version's answers


CHOICES = PneumoniaChoices()
COMPARISONS = {
    "optimisers": ("optimiser=nadam", "optimiser=adam", "optimiser=sgd,learning_rate=0.02"),
    "losses": ("loss=focal", "smoothing=0"),
    "regularisation": ("dropout=0", "dropout=0.5", "weight_decay=0", "optimiser=adam,weight_decay=0.0001"),
    "augmentation": ("augmented=no", "exposure=0", "adults=no"),
    "encoders": ("encoder=efficientnet-lite2", "encoder=resnet50,start=scratch,distilled=0.5"),
}


class PneumoniaTraining:
    """The X-rays of every fold but `validation_fold`, held in memory at the network's size."""

    def __init__(
        self,
        folder: Path,
        recipe: Recipe = RECIPE,
        validation_fold: int = VALIDATION_FOLD,
        choices: PneumoniaChoices = CHOICES,
    ) -> None:
        self._choices, self._fold = choices, validation_fold
        self._teacher = Teacher(TASK, validation_fold) if choices.distilled else None
        xrays = chest_xrays(folder)
        self.files = [xray.image for xray in xrays]
        self.training = [xray for xray in xrays if xray.fold != validation_fold]
        self.validation = [xray for xray in xrays if xray.fold == validation_fold]
        if len({xray.pneumonia for xray in self.validation}) < 2:
            raise UnusableDataset("The chest set needs X-rays with and without pneumonia in every fold.")
        adults = adult_films(folder) if choices.adults else []
        self.files += [film.image for film in adults]
        self.training += [film for film in adults if film.fold not in JUDGED_FOLDS]
        self._images = load_xrays(self.training, recipe.size)
        self._validation_images = load_xrays(self.validation, recipe.size)
        self._labels = torch.tensor([float(xray.pneumonia) for xray in self.training])
        self._adult = torch.tensor([xray.dataset == ADULTS for xray in self.training])
        self._weights = torch.ones_like(self._labels)
        # Both classes weigh the same in the loss, of children and of adults, however many of each there are.
        for group in (self._adult, ~self._adult):
            share = self._labels[group].mean()
            self._weights[group] = torch.where(self._labels[group] > 0, 0.5 / share, 0.5 / (1 - share))

    def network(self) -> nn.Module:
        """A classifier that starts from ImageNet, or from the version in the task's folder."""
        choices = self._choices
        encoder_from = encoder_folder(choices.encoder_from, TASK, self._fold)
        built = network.build(choices.encoder, choices.start, choices.dropout, encoder_from)
        return started(built, choices.start, TASK, self._fold)

    def epoch(self, generator: torch.Generator) -> Tensor:
        """Every child's X-ray once and the adults' several times, shuffled."""
        items = torch.cat(
            [torch.arange(len(self._labels)), self._adult.nonzero()[:, 0].repeat(ADULT_TURNS - 1)]
        )
        return items[torch.randperm(len(items), generator=generator)]

    def batch(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Augmented X-rays (n, 1, s, s); targets (n, 2) are the smoothed label and the weight."""
        choices, images = self._choices, self._images[items].float() / 255
        if choices.augmented:
            images = self._augmented(images, generator)
        labels = choices.smoothing + (1 - 2 * choices.smoothing) * self._labels[items]
        if self._teacher is not None:
            labels = self._teacher.softened(images, labels, choices.distilled)
        return images, torch.stack([labels, self._weights[items]], dim=1)

    def _augmented(self, images: Tensor, generator: torch.Generator) -> Tensor:
        moved, _ = augmentation.random_geometry(images, None, GEOMETRY, generator)
        moved = augmentation.random_bias_field(moved, generator, strength=0.2)
        moved = augmentation.random_contrast(moved, generator, self._choices.exposure)
        moved = augmentation.random_resolution(moved, generator)
        return augmentation.random_noise(moved, generator)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The recipe's loss of logits (n, 1), weighted."""
        label, weight = targets[:, 0], targets[:, 1]
        if self._choices.loss is Loss.FOCAL:
            # Without alpha; four times it is the entropy of an even guess.
            focal: Tensor = sigmoid_focal_loss(outputs[:, 0], label, alpha=-1)
            return 4 * (focal * weight).mean()
        return functional.binary_cross_entropy_with_logits(outputs[:, 0], label, weight=weight)

    def split(self) -> list[tuple[str, str, str]]:
        """(dataset, patient, part) of every patient."""
        return [
            (xray.dataset, xray.patient, part)
            for part, xrays in (("training", self.training), ("validation", self.validation))
            for xray in xrays
        ]

    def scores(self, predict: Callable[[Tensor], Tensor]) -> dict[str, list[float]]:
        """Log-likelihood of every validation X-ray's label."""
        return {"log_likelihood": functional.logsigmoid(self._signed(predict)).tolist()}

    def validate(self, predict: Callable[[Tensor], Tensor]) -> Metrics:
        """AUC on the validation patients, and rates at probability 0.5."""
        truth, signed = self._truth(), self._signed(predict)
        logits = torch.where(truth, signed, -signed)
        area = auc(truth.numpy(), logits.double().numpy()).value
        return right_and_wrong(truth, logits > 0) | {"auc": area, "score": area}

    def _signed(self, predict: Callable[[Tensor], Tensor]) -> Tensor:
        """Logits of the validation X-rays, turned so that positive is right."""
        parts = self._validation_images.split(64)
        logits = torch.cat([predict(part.float() / 255) for part in parts])[:, 0]
        return torch.where(self._truth(), logits, -logits)

    def _truth(self) -> Tensor:
        return torch.tensor([xray.pneumonia for xray in self.validation])


def load_xrays(xrays: list[LabelledXray], size: int) -> Tensor:
    """X-rays as uint8 (n, 1, size, size), intensities normalised an image."""
    images = torch.zeros(len(xrays), 1, size, size, dtype=torch.uint8)
    for index, xray in enumerate(tqdm(xrays, desc="reading X-rays", mininterval=5)):
        square = stretched(normalised(grey_image(xray.image)[None]), size)
        images[index] = (square[0] * 255).round().to(torch.uint8)
    return images


TRAINING = Training(
    TASK,
    PneumoniaTraining,
    RECIPE,
    CHOICES,
    VALIDATION_FOLD,
    PneumoniaEvaluator,
    chest_scans,
    COMPARISONS,
)
