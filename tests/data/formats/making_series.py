"""A series of six slices, and how to make it odd."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from data.formats import Decoded, decode
from tests.data.formats.making import affine_of, save, slices_of

AXIAL = affine_of(((0, 1, 2), (-1, -1, 1)), (0.9, 0.9, 5.0))
SAGITTAL = affine_of(((1, 2, 0), (-1, -1, 1)), (0.9, 0.9, 5.0))
SHAPE = (10, 12, 6)
VOLUME = (np.arange(720).reshape(SHAPE) % 499 + 1).astype(np.int16)
ML = 0.9 * 0.9 * 5 / 1000
Slices = list[Dataset]


def stored(change: int = 0, affine: NDArray[np.float64] = AXIAL, **elements: Any) -> Slices:
    """The phantom's slices, all values greater by `change`."""
    series = slices_of(
        VOLUME + np.int16(change), affine, **{"SeriesDescription": "AX", "SliceThickness": 5} | elements
    )
    for dataset in series:
        dataset.SliceLocation = f"{float(dataset.ImagePositionPatient[2]):.3f}"
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return series


def each(series: Slices, **elements: Any) -> Slices:
    """The slices with elements set, a function of the slice's index or one value; None removes."""
    for index, dataset in enumerate(series):
        for keyword, value in elements.items():
            value = value(index) if callable(value) else value
            if value is None:
                del dataset[keyword]
            else:
                setattr(dataset, keyword, value)
    return series


def raw(series: Slices, keyword: str, vr: str, value: Any) -> Slices:
    """The slices with one element in a value representation that is not its own."""
    for dataset in series:
        dataset.add_new(keyword, vr, value)
    return series


def moved(series: Slices, mm: float | Callable[[int], float], axis: int = 2) -> Slices:
    """The slices moved along an axis of the patient."""
    for index, dataset in enumerate(series):
        place = list(dataset.ImagePositionPatient)
        place[axis] = f"{float(place[axis]) + (mm(index) if callable(mm) else mm):.4f}"
        dataset.ImagePositionPatient = place
    return series


def written(series: Iterable[Dataset], folder: Path) -> Path:
    """The slices as files, under names that say nothing."""
    folder.mkdir()
    for index, dataset in enumerate(series):
        save(dataset, folder / f"{(index * 7) % 101:03d}-{index}")
    return folder


def stored_twice() -> Slices:
    series = stored()
    return series + [copy.deepcopy(dataset) for dataset in series]


def private(series: Slices, group: int, creator: str, element: int, vr: str, value: Any) -> Slices:
    for dataset in series:
        dataset.private_block(group, creator, create=True).add_new(element, vr, value)
    return series


def with_commas(dataset: Dataset) -> Dataset:
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient"):
        text = "\\".join(f"{float(value):.4f}".replace(".", ",") for value in dataset[keyword].value)
        dataset.add_new(keyword, "LO", text)
    return dataset


def left_aligned(dataset: Dataset) -> Dataset:
    dataset.BitsStored, dataset.HighBit = 12, 15
    dataset.PixelData = (np.frombuffer(dataset.PixelData, np.int16) << 4).tobytes()
    return dataset


def with_overlay(dataset: Dataset) -> Dataset:
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, 0
    values = np.frombuffer(dataset.PixelData, np.uint16).copy()
    values[::3] |= 0x8000
    dataset.PixelData = values.tobytes()
    return dataset


def compressed(dataset: Dataset) -> Dataset:
    dataset.compress(RLELossless)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def read(series: Iterable[Dataset], tmp_path: Path) -> Decoded:
    return decode(written(series, tmp_path / "upload"), "upload")
