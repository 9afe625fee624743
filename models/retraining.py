"""Reviewed scans as the labelled folder that a task's trainer reads: what retraining packs are made of.

A layout takes reviewed scans and a place to put files, and yields what it wrote of each scan, in order. It
names nobody: patients go by pseudonyms, and great ages are told as one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.labelled.datasets import patient_folds
from data.records import Scan

OLDEST_TOLD = 89
"""Of who is older only that is told: so few are that an age may give them away."""

Mask = NDArray[np.bool_]
Grey = NDArray[np.uint8]
Put = Callable[[str, str | bytes], None]
"""Takes a file's path in the pack and its content."""


@dataclass(frozen=True)
class ReviewedScan:
    """A scan with what is true of it; `pictures` loads (slices, height, width) in 8 bits."""

    scan: Scan
    patient: str  # pseudonym
    positive: bool
    mask: Mask | None  # (slices, height, width), of tasks that draw one
    pictures: Callable[[], Grey]


@dataclass(frozen=True)
class PackedScan:
    """Where a scan went: its patient's fold, 1 to 5, and its pictures' paths in the pack."""

    fold: int
    files: tuple[str, ...]


Layout = Callable[[Sequence[ReviewedScan], Put], Iterator[PackedScan]]


@dataclass(frozen=True)
class LabelledPictures:
    """The layout of one picture and one label a scan, listed in `FOLDER/index.csv`.

    `file` is a picture's path below the folder, out of its {label} and {name}; `patient` is what the task's
    reader makes folds by, out of a {patient}.
    """

    folder: str
    labels: Mapping[bool, str]
    file: str = "images/{name}"
    columns: tuple[str, ...] = ("file", "label", "patient_id")
    constants: Mapping[str, str] = field(default_factory=dict)
    patient: str = "{patient}"

    def __call__(self, scans: Sequence[ReviewedScan], put: Put) -> Iterator[PackedScan]:
        """Write them; the table comes last."""
        folds = patient_folds(self._reader_s_patient(reviewed) for reviewed in scans)
        rows = []
        for reviewed in scans:
            label = self.labels[reviewed.positive]
            name = f"{reviewed.patient}_{reviewed.scan.id[:8]}.png"
            file = self.file.format(label=label, name=name)
            put(f"{self.folder}/{file}", png(reviewed.pictures()[0]))
            rows.append({"file": file, "label": label, "patient_id": reviewed.patient, **self.constants})
            yield PackedScan(folds[self._reader_s_patient(reviewed)], (f"{self.folder}/{file}",))
        if rows:
            put(f"{self.folder}/index.csv", table(rows, self.columns))

    def _reader_s_patient(self, reviewed: ReviewedScan) -> str:
        return self.patient.format(patient=reviewed.patient)


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows as CSV; what a row lacks is empty, what no column asks for is left out."""
    memory = io.StringIO()
    writer = csv.DictWriter(memory, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return memory.getvalue()


def png(picture: Grey) -> bytes:
    """(height, width) as a file."""
    memory = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(memory, "PNG")
    return memory.getvalue()


def told_age(years: float | None) -> str:
    """An age in whole years, that of the oldest as one number; empty where it is unknown."""
    return "" if years is None else f"{min(years, OLDEST_TOLD + 1):.0f}"
