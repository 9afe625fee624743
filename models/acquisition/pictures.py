"""What `acquisition` learns from and is judged by: every labelled set, and the collections from elsewhere.

The words of a collection's index say what a picture shows. Where they do not (`by_eye.csv`), a
person looked at it and wrote down which sequence it is; what nobody was sure of is left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from data import formats
from data.errors import UnusableDataset
from data.labelled.collections import NO_FOLD, CollectedFile, collected_files
from data.labelled.datasets import brain_slices, chest_xrays, grey_image
from data.records import DecodedScan
from models.acquisition.task import Shown
from models.imaging import normalised, to_square
from models.suitability.task import MIDDLE, middle_slices

BY_EYE = Path(__file__).with_name("by_eye.csv")
XRAYS, SLICES = 10, 3
"""Of the labelled X-rays and contrast-enhanced slices one in so many is used: there are far more of them
than of anything else."""
VOLUME_SLICES, PLANE_SLICES = 24, 8
NEARLY_CUBIC_MM, LEAST_SLICES = 2.6, 60
"""Volumes this fine are looked at in the two other planes too, so that each sequence is known in all."""
COPY_SIZE, COPY = 24, 0.97
"""Pictures whose thumbnails of this side correlate by more than this are copies of one another."""
_SEQUENCES = {
    "FLAIR": Shown.FLAIR,
    "T1c": Shown.T1_CONTRAST,
    "T1": Shown.T1,
    "T2": Shown.T2,
    "PD": Shown.PROTON_DENSITY,
    "MRA": Shown.OTHER_MRI,
    "other": Shown.OTHER_MRI,
}


@dataclass(frozen=True)
class ShownScan:
    """A scan as the network sees it, and what it shows."""

    pictures: Tensor  # uint8 (n, 1, size, size)
    shown: Shown
    dataset: str
    patient: str
    fold: int
    files: tuple[Path, ...]
    extra: bool = False  # more slices of a scan that is there already: to be trained on only


@lru_cache(maxsize=1)
def shown_scans(folder: Path, size: int) -> tuple[ShownScan, ...]:
    """Everything below `folder` of which it is known what it shows.

    Raises UnusableDataset where there are no collections, or one of the labelled sets is missing.
    """
    collected = [file for file in (*collected_files(folder), *_beside(folder)) if _shown(file) is not None]
    if not collected:
        raise UnusableDataset(f"No collections (outside/, training/) were found under {folder}.")
    scans = list(_labelled(folder, size))
    for file in tqdm(collected, desc="reading collections", mininterval=5):
        scans += _collected(file, size)
    return tuple(scans)


def without_copies(scans: Iterable[ShownScan], judged: Iterable[ShownScan]) -> list[ShownScan]:
    """`scans` without those of unknown patients that are copies of something in `judged`."""
    known = torch.cat([_thumbnails(scan.pictures) for scan in judged])
    return [
        scan
        for scan in scans
        if scan.fold != NO_FOLD or float((_thumbnails(scan.pictures) @ known.T).max()) <= COPY
    ]


def _thumbnails(pictures: Tensor) -> Tensor:
    """(n, 1, size, size) -> (n, side * side), of mean 0 and length 1, so that products are correlations."""
    small = functional.interpolate(pictures.float(), size=(COPY_SIZE,) * 2, mode="bilinear", antialias=True)
    flat = small.flatten(1)
    return functional.normalize(flat - flat.mean(dim=1, keepdim=True))


def _labelled(folder: Path, size: int) -> Iterator[ShownScan]:
    """FLAIR volumes, contrast-enhanced T1 slices and frontal chest X-rays of the labelled sets."""
    volumes: dict[str, list[Path]] = {}
    folds: dict[str, int] = {}
    for number, labelled in enumerate(brain_slices(folder)):
        if labelled.dataset == "tcga_lgg":
            volumes.setdefault(labelled.patient, []).append(labelled.image)
            folds[labelled.patient] = labelled.fold
            continue
        if number % SLICES:
            continue
        picture = _squares(grey_image(labelled.image)[None], size)
        files = (labelled.image,)
        yield ShownScan(picture, Shown.T1_CONTRAST, labelled.dataset, labelled.patient, labelled.fold, files)
    for patient, images in volumes.items():
        chosen = middle_slices(np.array(images))
        slices = np.stack([grey_image(image) for image in chosen])
        squares = _squares(slices, size)
        yield ShownScan(squares, Shown.FLAIR, "tcga_lgg", patient, folds[patient], tuple(chosen))
    for xray in chest_xrays(folder)[::XRAYS]:
        picture = _squares(grey_image(xray.image)[None], size)
        yield ShownScan(picture, Shown.FRONTAL_CHEST, "chest_xray", xray.patient, xray.fold, (xray.image,))


def _collected(collected: CollectedFile, size: int) -> list[ShownScan]:
    shown = _shown(collected)
    assert shown is not None
    about = (shown, collected.collection, collected.source, collected.fold, (collected.file,))
    if not collected.file.name.endswith((".nii", ".nii.gz")):
        return [ShownScan(_squares(grey_image(collected.file)[None], size), *about)]
    scan = formats.decode(collected.file, collected.file.name).scans[0]
    as_read = ShownScan(_squares(middle_slices(scan.array), size), *about)
    return [as_read, *(ShownScan(more, *about, extra=True) for more in _more_of(scan, size))]


def _more_of(scan: DecodedScan, size: int) -> Iterator[Tensor]:
    """More slices of a volume, and its other planes where its voxels are nearly cubes."""
    volume, spacing = scan.array, scan.spacing
    yield _squares(volume[_spread(len(volume), *MIDDLE, VOLUME_SLICES)], size)
    if spacing.slice_mm is None or spacing.in_plane is None:
        return
    if spacing.slice_mm > NEARLY_CUBIC_MM or len(volume) < LEAST_SLICES:
        return
    for axis, across_mm in ((1, spacing.in_plane[1]), (2, spacing.in_plane[0])):
        turned = np.moveaxis(volume, axis, 0)[:, ::-1]  # the head's top is up
        cut = normalised(turned[_spread(len(turned), 0.25, 0.75, PLANE_SLICES)])
        in_mm = [max(1, round(cut.shape[1] * spacing.slice_mm)), max(1, round(cut.shape[2] * across_mm))]
        even = functional.interpolate(torch.from_numpy(cut)[:, None], size=in_mm, mode="bilinear")
        yield _bytes(to_square(even[:, 0].numpy(), size))


def _spread(length: int, low: float, high: float, most: int) -> NDArray[np.int64]:
    spread: NDArray[np.int64] = np.unique(
        np.linspace(low * (length - 1), high * (length - 1), most).round().astype(np.int64)
    )
    return spread


def _squares(slices: NDArray[np.generic], size: int) -> Tensor:
    return _bytes(to_square(normalised(slices), size))


def _bytes(squares: Tensor) -> Tensor:
    return (squares.clamp(0, 1) * 255).round().to(torch.uint8)


def _shown(collected: CollectedFile) -> Shown | None:
    """What a collected file shows; None where that is not known."""
    by_eye = _by_eye().get((collected.collection, collected.file.name))
    if by_eye is not None:
        return _SEQUENCES[by_eye]
    if collected.collection.startswith("brain"):
        return _SEQUENCES.get(collected.what)
    if "lateral" in collected.what:
        return Shown.LATERAL_CHEST
    if collected.what.startswith("frontal") and "inverted" not in collected.what:
        return Shown.FRONTAL_CHEST
    return Shown.NEITHER if collected.collection.startswith("chest") else None


def _beside(folder: Path) -> Iterator[CollectedFile]:
    """Files of `by_eye.csv` that stand in folders without an index."""
    for collection, name in _by_eye():
        file = folder / collection / name
        if file.exists():
            yield CollectedFile(file, collection, "", "", name, NO_FOLD)


@lru_cache(maxsize=1)
def _by_eye() -> dict[tuple[str, str], str]:
    with BY_EYE.open(newline="") as csv_file:
        return {(row["folder"], row["file"]): row["sequence"] for row in csv.DictReader(csv_file)}
