"""Reviewed heads as `data.labelled.datasets` reads them: volumes of FLAIR, and single slices of T1.

The reader takes all slices of a patient in `tcga_lgg` for one volume: they are filled up to one size, and
scans of one patient stand apart in their positions.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from data.labelled.datasets import patient_folds
from models.retraining import Grey, PackedScan, Put, ReviewedScan, png, table, told_age

GAP = 10
"""Positions between two scans of one patient."""
FLAIR, CONTRAST = "tcga_lgg", "cheng_t1ce"
COLUMNS = {
    FLAIR: ("file", "mask_file", "patient_id", "slice", "sequence", "study_date", "has_tumour",
            "tumour_pixels", "sex", "age", "histology_code", "grade_code", "site"),
    CONTRAST: ("file", "mask_file", "official_patient_fold", "tumour_type", "tumour_pixels",
               "original_width", "pixel_spacing"),
}  # fmt: skip
_CONTRAST_SEQUENCE = re.compile(
    r"T1.{0,12}(\+|GD|GAD|CE\b|C\b|KM\b|POST|CONTRAST)|(POST|GD|GAD|CONTRAST).{0,12}T1", re.I
)
Size = tuple[int, int]


def volumes_and_slices(scans: Sequence[ReviewedScan], put: Put) -> Iterator[PackedScan]:
    """FLAIR and what is like it as volumes, contrast-enhanced T1 as single slices with their fold."""
    folds, sizes = _folds(scans), _sizes(scans)
    next_position: dict[str, int] = defaultdict(lambda: 1)
    rows: dict[str, list[dict[str, Any]]] = {FLAIR: [], CONTRAST: []}
    for reviewed in scans:
        dataset, patient = _dataset(reviewed), reviewed.patient
        if dataset == CONTRAST:
            slices = _put_slices(put, reviewed, CONTRAST, first=0, size=None)
        else:
            slices = _put_slices(put, reviewed, FLAIR, next_position[patient], sizes[patient])
            next_position[patient] += len(slices) + GAP
        rows[dataset] += [_row(reviewed, folds[patient], *written) for written in slices]
        yield PackedScan(folds[patient], tuple(f"brain_mri/{dataset}/images/{name}" for name, *_ in slices))
    for dataset, columns in COLUMNS.items():
        if rows[dataset]:
            put(f"brain_mri/{dataset}/index.csv", table(rows[dataset], columns))


def _dataset(reviewed: ReviewedScan) -> str:
    return CONTRAST if _CONTRAST_SEQUENCE.search(reviewed.scan.header.sequence or "") else FLAIR


def _folds(scans: Sequence[ReviewedScan]) -> dict[str, int]:
    """Folds of the volumes' patients as the reader makes them; others get what is stated in their table.

    A patient with both kinds stands in one fold of both.
    """
    of_volumes = patient_folds(reviewed.patient for reviewed in scans if _dataset(reviewed) == FLAIR)
    return patient_folds(r.patient for r in scans if r.patient not in of_volumes) | of_volumes


def _sizes(scans: Sequence[ReviewedScan]) -> dict[str, Size]:
    """What all slices of a patient's volumes are filled up to: the reader stacks them."""
    sizes: dict[str, Size] = {}
    for reviewed in scans:
        if _dataset(reviewed) == FLAIR:
            height, width = sizes.get(reviewed.patient, (0, 0))
            sizes[reviewed.patient] = max(height, reviewed.scan.height), max(width, reviewed.scan.width)
    return sizes


def _put_slices(
    put: Put, reviewed: ReviewedScan, dataset: str, first: int, size: Size | None
) -> list[tuple[str, int, int]]:
    """Write a scan's slices with their masks; (file, position, pixels of tumour) of each."""
    assert reviewed.mask is not None
    written = []
    for position, (picture, mask) in enumerate(zip(reviewed.pictures(), reviewed.mask, strict=True), first):
        name = f"{reviewed.patient}_{reviewed.scan.id[:8]}_{position:04d}.png"
        image, drawn = picture, np.asarray(255 * mask, dtype=np.uint8)
        if size is not None:
            image, drawn = _filled(image, size), _filled(drawn, size)
        put(f"brain_mri/{dataset}/images/{name}", png(image))
        put(f"brain_mri/{dataset}/masks/{name}", png(drawn))
        written.append((name, position, int(mask.sum())))
    return written


def _row(reviewed: ReviewedScan, fold: int, name: str, position: int, pixels: int) -> dict[str, Any]:
    header = reviewed.scan.header
    return {
        "file": name,
        "mask_file": name,
        "patient_id": reviewed.patient,
        "slice": position,
        "sequence": "FLAIR",  # the reader's word for what is read as volumes
        "has_tumour": int(pixels > 0),
        "tumour_pixels": pixels,
        "sex": header.sex or "",
        "age": told_age(header.age_years),
        "official_patient_fold": fold,
        "original_width": reviewed.scan.width,
    }


def _filled(picture: Grey, size: Size) -> Grey:
    """The picture in the middle of a black one of (height, width)."""
    spare = [(full - own) for full, own in zip(size, picture.shape, strict=True)]
    return np.pad(picture, [(rest // 2, rest - rest // 2) for rest in spare])
