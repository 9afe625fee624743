"""The pictures that the gate learns from: brain MRI, chest X-rays, and everything else.

"Everything else" is of three sorts: pictures under `other/` of the data folder (any grey image
files, in subfolders named after their source), drawings made here (pages of text, gradients,
noise, shapes), and right scans spoilt so that they must not be read (inverted, lying X-rays,
small cut-outs, shuffled tiles).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from data.errors import UnusableDataset
from data.labelled.datasets import brain_slices, chest_xrays, grey_image, other_pictures
from models.imaging import normalised, to_square
from models.suitability import network

BRAIN, CHEST, NEITHER = 0, 1, 2


def validation_pictures(folder: Path, fold: int | None) -> tuple[Tensor, Tensor]:
    """Pictures (uint8, n, 1, size, size) and classes of one fold, or of all, with made ones beside."""
    listed = [(file, kind) for file, kind, of in listed_pictures(folder) if fold is None or of == fold]
    images = loaded_pictures([file for file, _ in listed], network.INPUT_SIZE)
    return with_made_pictures(images, torch.tensor([kind for _, kind in listed]), network.INPUT_SIZE)


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


def listed_pictures(folder: Path) -> list[tuple[Path, int, int]]:
    """(file, class, fold) of every picture."""
    brain = [
        labelled for labelled in brain_slices(folder) if labelled.has_tumour or _holds_a_head(labelled.image)
    ]
    listed = [(labelled.image, BRAIN, labelled.fold) for labelled in brain]
    listed += [(xray.image, CHEST, xray.fold) for xray in chest_xrays(folder)]
    others = other_pictures(folder)
    if not others:
        raise UnusableDataset(f"No pictures of other things were found under {folder / 'other'}.")
    return listed + [(file, _class_of(source), fold) for file, source, fold in others]


def with_made_pictures(images: Tensor, classes: Tensor, size: int) -> tuple[Tensor, Tensor]:
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


def loaded_pictures(files: list[Path], size: int) -> Tensor:
    """Pictures as uint8 (n, 1, size, size), each normalised on its own."""
    images = torch.zeros(len(files), 1, size, size, dtype=torch.uint8)
    for index, file in enumerate(tqdm(files, desc="reading pictures", mininterval=5)):
        square = to_square(normalised(grey_image(file)[None]), size)
        images[index] = (square[0] * 255).round().to(torch.uint8)
    return images
