"""Labelled brain slices of nobody, laid out as `train` and `evaluate` read them: small, made in seconds.

The heads are drawn like those of `app.py demo`, to try the notebooks; their figures say nothing of patients.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.labelled.phantoms import MARK, Look, PhantomLesion, head, nifti
from data.labelled.poses import Grid

GRID = Grid(24, 112, 96, 6.0, 2.0)
APART = (-3, -1, 1, 3)  # slices that are taken, counted from a lesion's middle
MIDDLE = 13  # where there is none
SITES = ("North", "South")
BRIGHTEST = 0.99  # of all voxels, which becomes white
Mask = NDArray[np.bool_]


def make(folder: Path, patients: int = 10, seed: int = 1) -> Path:
    """Write `patients` heads below `folder`, every second one with a lesion, and return `folder`.

    Each gives four axial slices as 8-bit PNG of 112 x 96 pixels, a mask (0 or 255) for each, and rows of
    `brain_mri/tcga_lgg/index.csv`. The same seed makes the same pictures.
    """
    generator = np.random.default_rng(seed)
    base, rows = folder / "brain_mri" / "tcga_lgg", []
    for part in ("images", "masks"):
        (base / part).mkdir(parents=True, exist_ok=True)
    for number in range(patients):
        rows += _patient(base, number, generator)
    with (base / "index.csv").open("w", newline="") as csv_file:
        writer = csv.DictWriter(csv_file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def _patient(base: Path, number: int, generator: np.random.Generator) -> list[dict[str, Any]]:
    site = SITES[number % 3 == 0]
    look = Look(noise=0.02 if site == "North" else 0.05, bias=0.1, blur=0.6, gain=1000)
    lesion = PhantomLesion(generator.uniform(15, 60), generator.uniform(0.75, 1)) if number % 2 else None
    phantom = head(GRID, look, lesion, generator)
    top = np.quantile(phantom.voxels, BRIGHTEST)
    facts = {
        "patient_id": f"P{number:02d}",
        "sex": "FM"[number // 2 % 2],
        "age": int(generator.integers(30, 80)),
    }
    rows = []
    for place in _places(phantom.mask):
        name = f"P{number:02d}_{place}.png"
        picture = (phantom.voxels[:, :, place] / top).clip(0, 1) * 255
        mask = phantom.mask[:, :, place]
        _picture(base / "images" / name, picture)
        _picture(base / "masks" / name, mask * 255.0)
        row = {"file": name, "mask_file": name, "slice": place, "site": site, "has_tumour": int(mask.any())}
        rows.append(facts | row)
    return rows


def volume(file: Path, seed: int = 4) -> Path:
    """Write one head with a lesion as a NIfTI volume, which says that it is SYNTHETIC, and return `file`."""
    generator = np.random.default_rng(seed)
    whole = head(
        Grid(24, 224, 224, 5.0, 1.0), Look(0.02, 0.08, 0.5, 1200), PhantomLesion(35, 0.95), generator
    )
    file.write_bytes(nifti(whole.voxels, whole.affine, MARK))
    return file


def _places(mask: Mask) -> list[int]:
    """Which slices of a head are taken."""
    ill = np.flatnonzero(mask.any(axis=(0, 1)))
    middle = round(float(ill.mean())) if len(ill) else MIDDLE
    return [min(max(middle + step, 0), mask.shape[2] - 1) for step in APART]


def _picture(file: Path, plane: NDArray[Any]) -> None:
    """A plane (i, j) as a radiologist sees it: the face up, the patient's right at the left."""
    Image.fromarray(np.flipud(plane.T).astype(np.uint8)).save(file)
