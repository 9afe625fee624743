"""Labelled image sets on disk: what `train` and `evaluate` read.

A folder is laid out as

    brain_mri/tcga_lgg/{index.csv,images/,masks/}     FLAIR slices, patients, volumes
    brain_mri/cheng_t1ce/{index.csv,images/,masks/}   contrast-enhanced T1 slices
    chest_xray/{index.csv,train/,test/}               labelled X-rays
    other/SOURCE/*                                    pictures of other things, for `suitability`

Any of them may be missing. Splits are by patient, never by slice.
"""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.errors import UnusableDataset

LABELLED_FOLDERS = frozenset({"brain_mri", "chest_xray", "other"})
"""What lies directly below a folder of labelled sets: never a set from outside, whatever it is called."""

FOLDS = 5
SPLIT_SEED = 20261120
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"}


@dataclass(frozen=True)
class LabelledSlice:
    """One brain slice with its tumour mask."""

    image: Path
    mask: Path
    dataset: str
    patient: str
    position: int
    fold: int
    has_tumour: bool
    sex: str | None = None
    age: float | None = None
    site: str | None = None
    tumour_type: str | None = None


@dataclass(frozen=True)
class LabelledXray:
    """One chest X-ray with its label."""

    image: Path
    pneumonia: bool
    patient: str
    fold: int
    pathogen: str | None = None
    dataset: str = "chest_xray"


@dataclass(frozen=True)
class LabelledScan:
    """A labelled scan as somebody would upload it: one picture, or the slices of a volume in order."""

    files: tuple[Path, ...]
    dataset: str
    patient: str
    fold: int
    sex: str | None = None
    age: float | None = None
    site: str | None = None


def brain_scans(folder: Path) -> list[LabelledScan]:
    """Every labelled brain below `folder`: each slice alone, and each patient's slices as a volume.

    Raises UnusableDataset as `brain_slices` does.
    """
    slices = brain_slices(folder)
    volumes: dict[tuple[str, str], list[LabelledSlice]] = {}
    for picture in slices:
        volumes.setdefault((picture.dataset, picture.patient), []).append(picture)
    several = [members for members in volumes.values() if len(members) > 1]
    return [_scan(members) for members in (*several, *([picture] for picture in slices))]


def _scan(members: Sequence[LabelledSlice]) -> LabelledScan:
    first = members[0]
    files = tuple(member.image for member in members)
    return LabelledScan(files, first.dataset, first.patient, first.fold, first.sex, first.age, first.site)


def chest_scans(folder: Path) -> list[LabelledScan]:
    """Every labelled chest X-ray below `folder`; raises UnusableDataset as `chest_xrays` does."""
    return [
        LabelledScan((xray.image,), "chest_xray", xray.patient, xray.fold) for xray in chest_xrays(folder)
    ]


def brain_slices(folder: Path) -> list[LabelledSlice]:
    """Every labelled brain slice below `folder`, in volume order.

    Raises UnusableDataset if `folder` holds no brain set at all.
    """
    slices = _lgg(folder / "brain_mri" / "tcga_lgg") + _cheng(folder / "brain_mri" / "cheng_t1ce")
    if not slices:
        raise UnusableDataset(f"No brain MRI with masks was found under {folder}.")
    return slices


def chest_xrays(folder: Path) -> list[LabelledXray]:
    """Every labelled chest X-ray below `folder`, pixel-identical copies left out.

    Raises UnusableDataset if there is none.
    """
    base = folder / "chest_xray"
    rows = [row for row in index_rows(base / "index.csv") if not row.get("duplicate_of")]
    if not rows:
        raise UnusableDataset(f"No labelled chest X-rays were found under {folder}.")
    # A patient number is unique only together with the pathogen.
    patients = [f"{row.get('pathogen') or 'normal'}:{row['patient_id']}" for row in rows]
    folds = patient_folds(patients)
    return [
        LabelledXray(
            image=base / row["file"],
            pneumonia=row["label"].upper() == "PNEUMONIA",
            patient=patient,
            fold=folds[patient],
            pathogen=row.get("pathogen") or None,
        )
        for row, patient in zip(rows, patients, strict=True)
    ]


def other_pictures(folder: Path) -> list[tuple[Path, str, int]]:
    """(file, source, fold) of every picture under `other/`.

    The fold goes by the part of a file's name before "__", so that cuts of one original, named
    `original__1.png`, `original__2.png`, stay together.
    """
    base = folder / "other"
    files = sorted(file for file in base.rglob("*") if file.suffix.lower() in PICTURES)
    originals = [f"{file.parent.name}/{file.stem.split('__')[0]}" for file in files]
    folds = patient_folds(originals)
    return [
        (file, file.relative_to(base).parts[0], folds[original])
        for file, original in zip(files, originals, strict=True)
    ]


def patient_folds(patients: Iterable[str], folds: int = FOLDS) -> dict[str, int]:
    """Patient -> fold 1..`folds`; the same patients always get the same folds."""
    unique = sorted(set(patients))
    random.Random(SPLIT_SEED).shuffle(unique)
    return {patient: index % folds + 1 for index, patient in enumerate(unique)}


def dataset_hash(files: Sequence[Path]) -> str:
    """SHA-256 over names and bytes of `files`: two runs with one hash saw the same data."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def grey_image(file: Path) -> NDArray[np.uint8]:
    """The picture as (height, width), 8 bit grey."""
    with Image.open(file) as picture:
        return np.asarray(picture.convert("L"))


def _lgg(base: Path) -> list[LabelledSlice]:
    rows = index_rows(base / "index.csv")
    folds = patient_folds(row["patient_id"] for row in rows)
    slices = [
        LabelledSlice(
            image=base / "images" / row["file"],
            mask=base / "masks" / row["mask_file"],
            dataset="tcga_lgg",
            patient=row["patient_id"],
            position=int(row["slice"]),
            fold=folds[row["patient_id"]],
            has_tumour=row["has_tumour"] == "1",
            sex=row.get("sex") or None,
            age=float(row["age"]) if row.get("age") else None,
            site=row.get("site") or None,
            tumour_type="glioma",
        )
        for row in rows
    ]
    return sorted(slices, key=lambda picture: (picture.patient, picture.position))


def _cheng(base: Path) -> list[LabelledSlice]:
    return [
        LabelledSlice(
            image=base / "images" / row["file"],
            mask=base / "masks" / row["mask_file"],
            dataset="cheng_t1ce",
            # No patient numbers exist; the author's folds are patient-level.
            patient=Path(row["file"]).stem,
            position=0,
            fold=int(row["official_patient_fold"]),
            has_tumour=int(row["tumour_pixels"]) > 0,
            tumour_type=row.get("tumour_type") or None,
        )
        for row in index_rows(base / "index.csv")
    ]


def index_rows(index: Path) -> list[dict[str, str]]:
    """The rows of a set's table; none where there is no such file."""
    if not index.exists():
        return []
    with index.open(newline="") as csv_file:
        return list(csv.DictReader(csv_file))
