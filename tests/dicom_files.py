"""DICOM series as they are kept in the house, and what judges the objects that are made of them."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from data.formats import decode, kept_series
from data.formats.kept_files import keep_scan
from data.formats.members import Member
from data.records import DecodedScan, Provenance
from reports.dicom.origin import Origin, Subject
from tests.data.formats.making import save

SAID = {
    "StudyInstanceUID": "1.2.840.99.1",
    "SeriesInstanceUID": "1.2.840.99.1.2",
    "FrameOfReferenceUID": "1.2.840.99.1.3",
    "StudyDate": "20260102",
    "StudyTime": "101500",
    "StudyID": "7",
    "SeriesDescription": "T2 FLAIR",
    "Manufacturer": "Acme",
    "PatientSex": "F",
    "SliceThickness": "3",
}
MADE = Provenance(
    "brain-tumour", "2", "ab" * 32, "zscore-v1", "cd" * 32, "cpu", "float32", "lightbox 0.2.0, torch"
)
MOMENT = datetime(2026, 11, 20, 8, 30, 0, 125000, tzinfo=UTC)


def kept(series: Iterable[Dataset], folder: Path) -> tuple[DecodedScan, Path]:
    """What decoding a series gives, and the zip that is kept of it."""
    sent = folder / "sent"
    sent.mkdir(parents=True)
    files = [save(dataset, sent / f"{number:03d}") for number, dataset in enumerate(series)]
    decoded = decode(sent, "series")
    assert decoded.refusals == () and len(decoded.scans) == 1
    # In another order than that of the slices, so that it cannot be taken for it.
    return decoded.scans[0], keep_scan([Member(file.name, file) for file in reversed(files)], folder, 0)


def origin_of(scan: DecodedScan, archive: Path, **changes: Any) -> Origin:
    """What the objects of a result of this scan share."""
    said: dict[str, Any] = {
        "subject": Subject("P-7K3QX"), "provenance": MADE, "key": "a result", "moment": MOMENT
    }  # fmt: skip
    return Origin(source=kept_series(archive, scan.grid, scan.array), **said | changes)


def opened(content: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(content))


def faults(content: bytes, folder: Path) -> list[str]:
    """The errors that dciodvfy names in an object of a kind that it knows; skips where it is missing."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    file = folder / "judged.dcm"
    file.write_bytes(content)
    done = subprocess.run([program, str(file)], capture_output=True, text=True, timeout=120)
    said = (done.stdout + done.stderr).splitlines()
    assert said, "dciodvfy said nothing"
    return [line for line in said if line.startswith("Error")]
