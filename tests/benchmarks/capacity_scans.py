"""Scans of the sizes that hospitals send, drawn, each with pixels of its own: for what a scan costs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data.labelled import phantoms
from data.labelled.phantoms import Look, PhantomLesion
from data.labelled.poses import Grid
from tests.data.formats.making import affine_of, picture, save, slices_of
from tests.integration.studies import CR, chest_film

SIDE = 2200
_SERIES_GRID = Grid(36, 512, 512, 4.0, 0.45)
_VOLUME_GRID = Grid(160, 256, 256, 1.0, 0.95)
_LOOK = Look(noise=0.02, bias=0.1, blur=0.5, gain=1000)


@dataclass(frozen=True)
class Sample:
    """A kind of scan as it is sent."""

    words: str
    file: str
    task: str
    inputs: int  # of the network
    opening_is_short: bool  # by its file's name and table of contents
    limit_s: float  # how long 95 of 100 may take from arrival to result
    content: Callable[[int], bytes]  # of a number, the same for the same


def film(number: int) -> bytes:
    """A CR film of 2,200 x 2,200 pixels of 12 bits, uncompressed: 9.2 MiB."""
    with TemporaryDirectory() as folder:
        said = {"SOPClassUID": CR, "Modality": "CR", "BodyPartExamined": "CHEST", "ViewPosition": "PA"}
        dataset = picture(_film_pixels(number), BitsStored=12, HighBit=11, **_of(number), **said)
        return save(dataset, Path(folder) / "film.dcm").read_bytes()


def series(number: int) -> bytes:
    """A FLAIR series of 36 slices of 512 x 512, DICOM files in a zip: 18 MiB opened."""
    return _zipped(_SERIES_GRID, number)


def volume(number: int) -> bytes:
    """A FLAIR volume of 160 slices of 256 x 256, DICOM files in a zip: 20 MiB opened."""
    return _zipped(_VOLUME_GRID, number)


def _film_pixels(number: int) -> NDArray[np.uint16]:
    drawn = _large_film()
    noise = np.random.default_rng(number).integers(0, 30, drawn.shape, dtype=np.uint16)
    return drawn + noise


@cache
def _large_film() -> NDArray[np.uint16]:
    small = chest_film(np.random.default_rng(1)).astype(np.float32)
    large = ndimage.zoom(small, SIDE / len(small), order=1)
    return large.clip(0, 4000).astype(np.uint16)


@cache
def _head(grid: Grid) -> NDArray[np.int16]:
    lesion = PhantomLesion(20, 0.8)
    return phantoms.head(grid, _LOOK, lesion, np.random.default_rng(1)).voxels.astype(np.int16)


def _zipped(grid: Grid, number: int) -> bytes:
    head = _head(grid)
    voxels = head + np.random.default_rng(number).integers(0, 9, head.shape, dtype=np.int16)
    sizes = (grid.pixel_mm, grid.pixel_mm, grid.slice_mm)
    said = {"SeriesDescription": "AX FLAIR", "BodyPartExamined": "HEAD", "BitsStored": 16, "HighBit": 15}
    datasets = slices_of(voxels, affine_of(((0, 1, 2), (-1, -1, 1)), sizes), **_of(number), **said)
    packed = io.BytesIO()
    with TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w") as archive:
        for place, dataset in enumerate(datasets):
            archive.write(save(dataset, Path(folder) / f"{place:03d}.dcm"), f"{place:03d}.dcm")
    return packed.getvalue()


def _of(number: int) -> dict[str, Any]:
    study = f"1.2.840.99.300.{number}"
    patient = {"PatientID": f"C-{number}", "PatientName": f"Capacity^{number}"}
    return patient | {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1"}


FILM = Sample("film", "film.dcm", "pneumonia", 1, True, 120, film)
SERIES = Sample("36 slices", "series.zip", "brain-tumour", 36, False, 600, series)
VOLUME = Sample("160 slices", "volume.zip", "brain-tumour", 160, False, 600, volume)
SAMPLES = (FILM, SERIES, VOLUME)
