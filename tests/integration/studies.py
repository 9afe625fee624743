"""Studies made to be sent: brain MR and chest CR, small, each with voxels of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from scipy import ndimage

from tests import phantoms
from tests.data.formats.making import picture, save, slices_of

CR = "1.2.840.10008.5.1.4.1.1.1"
SLICES = 4
SIDE = 96
_ROOT = "1.2.840.99.200"


@dataclass(frozen=True)
class Study:
    """The files of a study, and what the reading should say of its series."""

    uid: str
    files: Sequence[Path]
    series: int
    scans: int

    @property
    def refused(self) -> int:
        """Series that Lightbox does not read."""
        return self.series - self.scans


def brain_study(number: int, folder: Path) -> Study:
    """A FLAIR series that is read; in every fifth study a localiser, which is refused."""
    uid, random = f"{_ROOT}.1.{number}", np.random.default_rng(number)
    instances = _flair(uid, random)
    localiser = number % 5 == 0
    if localiser:
        said = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"], "SeriesDescription": "localizer"}
        instances.append(_picture(uid, 2, _noise(random), BodyPartExamined="HEAD", **said))
    return Study(uid, _saved(instances, folder), 1 + localiser, 1)


def chest_study(number: int, folder: Path) -> Study:
    """A frontal film that is read; in every second study a lateral one too, which is refused."""
    uid, random = f"{_ROOT}.2.{number}", np.random.default_rng(10_000 + number)
    said = {"SOPClassUID": CR, "Modality": "CR", "BodyPartExamined": "CHEST"}
    instances = [_picture(uid, 1, chest_film(random), ViewPosition="PA", **said)]
    lateral = number % 2 == 0
    if lateral:
        instances.append(_picture(uid, 2, chest_film(random), ViewPosition="LL", **said))
    return Study(uid, _saved(instances, folder), 1 + lateral, 1)


def foot_study(number: int, folder: Path) -> Study:
    """A foot from two sides, which is refused."""
    uid, random = f"{_ROOT}.3.{number}", np.random.default_rng(20_000 + number)
    said = {"SOPClassUID": CR, "Modality": "CR", "BodyPartExamined": "FOOT"}
    instances = [_picture(uid, series, _noise(random), **said) for series in (1, 2)]
    return Study(uid, _saved(instances, folder), 2, 0)


def chest_film(random: np.random.Generator) -> NDArray[np.uint16]:
    """A drawn chest, 12 bits: lungs, spine, heart, ribs; the gate takes it for one."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    body = np.exp(-((x / 0.95) ** 8 + (y / 1.3) ** 8))
    film = 0.75 * body + 0.18 * np.exp(-((x / 0.1) ** 2)) * body
    for centre in (-0.42, 0.42):
        film -= 0.55 / (1 + np.exp((((x - centre) / 0.3) ** 2 + ((y + 0.05) / 0.6) ** 2 - 1) * 6))
    heart = np.exp(-(((x - 0.12) / 0.3) ** 4 + ((y - 0.35) / 0.28) ** 4))
    film = np.maximum(film, 0.75 * heart * body) + 0.25 * np.exp(-(((y - 0.85) / 0.25) ** 2)) * body
    ribs = (np.abs(x) > 0.1) & (np.abs(x) < 0.8)
    for height in np.linspace(-0.75, 0.6, 9):
        rib = height + 0.25 * (np.abs(x) - 0.4) ** 2 - 0.18 * np.abs(x)
        film += 0.09 * np.exp(-(((y - rib) / 0.025) ** 2)) * ribs
    film = ndimage.gaussian_filter(film + random.normal(0, 0.015, film.shape), 0.7)
    return (np.clip(film, 0, 1) * 4000).astype(np.uint16)


def _flair(uid: str, random: np.random.Generator) -> list[Dataset]:
    voxels, affine = phantoms.brain(15.0)[:, :, 36 : 36 + SLICES], phantoms.mni()[1]
    noisy = (voxels + random.normal(0, 8, voxels.shape)).clip(0).astype(np.int16)
    said = {"SeriesDescription": "T2 FLAIR", "BodyPartExamined": "BRAIN"}
    return slices_of(noisy, affine, **_of(uid, 1), **said)


def _picture(uid: str, series: int, pixels: NDArray[np.uint16], **said: object) -> Dataset:
    return picture(pixels, BitsStored=12, HighBit=11, **_of(uid, series), **said)


def _of(uid: str, series: int) -> dict[str, str]:
    patient = uid.rsplit(".", 2)
    names = {"PatientID": f"S-{patient[1]}-{patient[2]}", "PatientName": f"Storm^{patient[1]}-{patient[2]}"}
    return names | {"StudyInstanceUID": uid, "SeriesInstanceUID": f"{uid}.{series}"}


def _noise(random: np.random.Generator) -> NDArray[np.uint16]:
    return random.integers(0, 4000, (SIDE, SIDE)).astype(np.uint16)


def _saved(instances: Sequence[Dataset], folder: Path) -> list[Path]:
    """Files that are named by their SOPInstanceUID."""
    folder.mkdir(parents=True, exist_ok=True)
    return [save(dataset, folder / f"{dataset.SOPInstanceUID}.dcm") for dataset in instances]
