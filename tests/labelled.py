"""A few made pictures, laid out like the real labelled sets."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def make_labelled(base: Path) -> Path:
    """Brain slices, X-rays and other pictures under `base`, which comes back."""
    random = np.random.default_rng(0)
    lgg, rows = base / "brain_mri" / "tcga_lgg", []
    for patient in range(10):
        for number in range(4):
            image, mask = _head(random, tumour=number in (1, 2))
            name = f"P{patient}_{number}.png"
            _picture(lgg / "images", name, image)
            _picture(lgg / "masks", name, mask)
            facts = {"sex": "FM"[patient % 2], "age": "40", "site": "CS", "has_tumour": int(mask.any())}
            row = {"file": name, "mask_file": name, "patient_id": f"P{patient}", "slice": number}
            rows.append(row | facts)
    _table(lgg / "index.csv", rows)

    cheng, rows = base / "brain_mri" / "cheng_t1ce", []
    for number in range(10):
        image, mask = _head(random, tumour=True)
        _picture(cheng / "images", f"c{number}.png", image)
        _picture(cheng / "masks", f"c{number}.png", mask)
        fold = {"official_patient_fold": number % 5 + 1, "tumour_type": "glioma", "tumour_pixels": 100}
        rows.append({"file": f"c{number}.png", "mask_file": f"c{number}.png"} | fold)
    _table(cheng / "index.csv", rows)

    chest, rows = base / "chest_xray", []
    for number in range(30):
        label = "PNEUMONIA" if number % 3 else "NORMAL"
        _picture(chest / "train" / label, f"x{number}.png", random.integers(0, 255, (48, 48)))
        pathogen = "bacteria" if number % 3 else ""
        row = {"file": f"train/{label}/x{number}.png", "label": label, "patient_id": str(number)}
        copy = "train/NORMAL/x0.png" if number == 3 else ""
        rows.append(row | {"pathogen": pathogen, "duplicate_of": copy})
    _table(chest / "index.csv", rows)

    _collections(base, random)
    for number in range(15):
        _picture(
            base / "other" / "photos", f"o{number // 3}__{number}.png", random.integers(0, 255, (50, 70))
        )
    return base


def _collections(base: Path, random: np.random.Generator) -> None:
    """Pictures from elsewhere, each of its own source: heads of four sequences, films of three views."""
    for name, kinds in (
        ("brain_healthy", ("T1", "T2", "FLAIR", "T1c")),
        ("chest_wrong", ("lateral", "Hand")),
    ):
        rows = []
        for number in range(24):
            what = kinds[number % len(kinds)]
            _picture(base / "outside" / name, f"{name}{number}.png", _head(random, tumour=False)[0])
            rows.append(
                {"file": f"{name}{number}.png", "sequence": what, "patient_or_source": f"{name} {number}"}
            )
        _table(base / "outside" / name / "index.csv", rows)


def _picture(folder: Path, name: str, array: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array.astype(np.uint8)).save(folder / name)


def _table(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as csv_file:
        writer = csv.DictWriter(csv_file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _head(random: np.random.Generator, tumour: bool) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices((64, 64)) - 32
    head = ((rows / 28) ** 2 + (columns / 22) ** 2 < 1) * 90 + random.integers(0, 20, (64, 64))
    at = random.integers(-10, 10, 2)
    mask = ((rows - at[0]) ** 2 + (columns - at[1]) ** 2 < 36) & tumour
    return np.where(mask, 230, head), mask * 255
