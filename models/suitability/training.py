"""Training of `suitability`: brain MRI and chest X-rays against everything else.

"Everything else" is of three sorts: pictures under `other/` of the data folder (any grey image
files, in subfolders named after their source), drawings made here (pages of text, gradients,
noise, shapes), and right scans spoilt so that they must not be read (inverted, lying X-rays,
small cut-outs, shuffled tiles).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from data.datasets import brain_slices, chest_xrays, grey_image, other_pictures
from data.errors import UnusableDataset
from models import augmentation
from models.imaging import normalised, to_square
from models.suitability import network
from models.training import Metrics, Recipe

RECIPE = Recipe(epochs=10, batch_size=64, learning_rate=1e-3, size=network.INPUT_SIZE, weight_decay=0.03)
VALIDATION_FOLD = 4
BRAIN, CHEST, NEITHER = 0, 1, 2
PER_CLASS = 2400  # pictures of each class an epoch
DRAWN_SHARE, SPOILT_SHARE = 0.15, 0.25
GEOMETRY = augmentation.GeometryRange(rotation_deg=15, scale=(0.75, 1.3), shift=0.1)


class SuitabilityTraining:
    """Pictures of the three classes in memory; drawings and spoilt scans are made as they are needed."""

    def __init__(self, folder: Path, recipe: Recipe = RECIPE, validation_fold: int = VALIDATION_FOLD) -> None:
        listed = _listed(folder)
        self.files = [file for file, _, _ in listed]
        self.size = recipe.size
        images = _load(self.files, recipe.size)
        classes = torch.tensor([kind for _, kind, _ in listed])
        held_out = torch.tensor([fold == validation_fold for _, _, fold in listed])
        self._images, self._classes = images[~held_out], classes[~held_out]
        self._validation_images, self._validation_classes = _with_made(
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
        for index in (fate < SPOILT_SHARE).nonzero()[:, 0].tolist():
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


def validation_pictures(folder: Path, fold: int | None = VALIDATION_FOLD) -> tuple[Tensor, Tensor]:
    """Pictures (uint8, n, 1, size, size) and classes of one fold, or of all, with made ones beside."""
    listed = [(file, kind) for file, kind, of in _listed(folder) if fold is None or of == fold]
    images = _load([file for file, _ in listed], network.INPUT_SIZE)
    return _with_made(images, torch.tensor([kind for _, kind in listed]), network.INPUT_SIZE)


def spoilt(image: Tensor, kind: int, random: np.random.Generator) -> Tensor:
    """A right scan (size, size) made wrong: a cut-out, shuffled tiles, or an X-ray inverted or lying."""
    ways = ["cut_out", "shuffled"] + (["inverted", "lying", "upside_down"] if kind == CHEST else ["inverted"])
    way = random.choice(ways)
    size = image.shape[-1]
    if way == "inverted":
        return image.max() - image
    if way == "lying":
        return torch.rot90(image, int(random.choice([1, 3])))
    if way == "upside_down":
        return torch.flip(image, dims=[0])
    if way == "shuffled":
        tile = size // 4
        places = random.permutation(16)
        tiles = [image[i // 4 * tile :, i % 4 * tile :][:tile, :tile] for i in places]
        return torch.cat([torch.cat(tiles[row * 4 : row * 4 + 4], 1) for row in range(4)])
    side = int(size * random.uniform(0.18, 0.34))
    top, left = random.integers(size // 4, 3 * size // 4 - side, 2)
    part = image[top : top + side, left : left + side][None, None]
    return functional.interpolate(part, size=(size, size), mode="bilinear")[0, 0]


def drawn_picture(size: int, random: np.random.Generator) -> Tensor:
    """A page of text, a gradient, noise, shapes or a plot, (size, size) in [0, 1]."""
    way = random.choice(["text", "gradient", "noise", "shapes", "blank"])
    if way == "noise":
        coarse = torch.from_numpy(random.random((1, 1, *random.integers(2, size, 2)), dtype=np.float32))
        return functional.interpolate(coarse, size=(size, size), mode="bilinear")[0, 0]
    if way == "gradient":
        ramp = np.linspace(0, 1, size, dtype=np.float32)
        return torch.from_numpy(np.outer(ramp, ramp) if random.random() < 0.5 else np.tile(ramp, (size, 1)))
    light, dark = (255, 0) if random.random() < 0.7 else (0, 255)
    page = Image.new("L", (size * 3, size * 3), light)
    pen = ImageDraw.Draw(page)
    if way == "text":
        for line in range(4, size * 3, int(random.integers(9, 30))):
            letters = "".join(
                chr(int(code)) for code in random.integers(33, 126, int(random.integers(0, 60)))
            )
            pen.text((int(random.integers(4, 30)), line), letters, fill=dark)
    elif way == "shapes":
        for _ in range(int(random.integers(1, 12))):
            x0, y0 = random.integers(0, size * 2, 2)
            x1, y1 = x0 + random.integers(5, size * 2), y0 + random.integers(5, size * 2)
            draw = pen.ellipse if random.random() < 0.6 else pen.rectangle
            draw((int(x0), int(y0), int(x1), int(y1)), fill=int(random.integers(256)))
    small = page.resize((size, size), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.asarray(small, dtype=np.float32) / 255)


def _listed(folder: Path) -> list[tuple[Path, int, int]]:
    """(file, class, fold) of every picture."""
    brain = [one for one in brain_slices(folder) if one.has_tumour or _holds_a_head(one.image)]
    listed = [(one.image, BRAIN, one.fold) for one in brain]
    listed += [(one.image, CHEST, one.fold) for one in chest_xrays(folder)]
    others = other_pictures(folder)
    if not others:
        raise UnusableDataset(f"No pictures of other things were found under {folder / 'other'}.")
    return listed + [(file, _class_of(source), fold) for file, source, fold in others]


def _with_made(images: Tensor, classes: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Validation pictures and, beside them, spoilt ones and drawings from a fixed seed."""
    random = np.random.default_rng(0)
    made = [drawn_picture(size, random) for _ in range(100)]
    for kind in (BRAIN, CHEST):
        for index in (classes == kind).nonzero()[:100, 0].tolist():
            made.append(spoilt(images[index, 0].float() / 255, kind, random))
    extra = (torch.stack(made)[:, None].clamp(0, 1) * 255).round().to(torch.uint8)
    return torch.cat([images, extra]), torch.cat([classes, torch.full((len(made),), NEITHER)])


def _class_of(source: str) -> int:
    """Pictures in folders named `brain_mri...` or `chest_xray...` are right scans of more kinds."""
    if source.startswith("brain_mri"):
        return BRAIN
    return CHEST if source.startswith("chest_xray") else NEITHER


def _holds_a_head(file: Path) -> bool:
    return float((grey_image(file) > 25).mean()) > 0.1


def _load(files: list[Path], size: int) -> Tensor:
    images = torch.zeros(len(files), 1, size, size, dtype=torch.uint8)
    for index, file in enumerate(tqdm(files, desc="reading pictures", mininterval=5)):
        square = to_square(normalised(grey_image(file)[None]), size)
        images[index] = (square[0] * 255).round().to(torch.uint8)
    return images
