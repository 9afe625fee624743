"""Made folders to import: pictures, a DICOM series spread over folders, a zip, labelled volumes."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests import phantoms

MRI = "1.2.840.10008.5.1.4.1.1.4"


def axial(k: int, lesion_mm: float = 0.0, mark: int = 0) -> np.ndarray:
    """One axial slice of the template as 8-bit grey (rows, columns); a `mark` makes it another one."""
    with Image.open(io.BytesIO(phantoms.axial_png(phantoms.brain(lesion_mm), k))) as picture:
        pixels = np.array(picture)
    pixels[0, 0] = mark
    return pixels


def write_picture(file: Path, pixels: np.ndarray) -> Path:
    """A picture in the format of the file's suffix; WebP without loss."""
    file.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"lossless": True} if file.suffix == ".webp" else {}
    Image.fromarray(pixels).save(file, **options)
    return file


def write_labels(file: Path, rows: list[dict[str, Any]]) -> Path:
    """A table with a header line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", newline="") as csv_file:
        writer = csv.DictWriter(csv_file, names)
        writer.writeheader()
        writer.writerows(rows)
    return file


def write_dicom_slice(file: Path, pixels: np.ndarray, series: str, number: int, patient: str = "D-1") -> Path:
    """One slice of a brain MRI, 4 mm above the one before."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = MRI, generate_uid()
    dataset.SeriesInstanceUID, dataset.StudyInstanceUID = series, series
    dataset.Modality, dataset.BodyPartExamined, dataset.SeriesDescription = "MR", "BRAIN", "FLAIR"
    dataset.PatientID, dataset.PatientName, dataset.InstanceNumber = patient, "Doe^Jane", number
    dataset.ImagePositionPatient = [-90.0, -100.0, 4.0 * number]
    dataset.ImageOrientationPatient, dataset.PixelSpacing = [1, 0, 0, 0, 1, 0], [2.0, 2.0]
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = (pixels.astype("<u2") * 4).tobytes()
    file.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(file, enforce_file_format=True)
    return file


def write_labelled_volume(
    base: Path, patient: str, slices: range, tumour_on: set[int]
) -> list[dict[str, Any]]:
    """WebP slices below images/ with PNG masks below masks/, and their rows; shuffled, as sets are."""
    rows = []
    for number in reversed(slices):
        pixels = axial(number, lesion_mm=15)
        mask = np.zeros(pixels.shape, np.uint8)
        if number in tumour_on:
            mask[30:40, 20:30] = 255
        write_picture(base / "images" / f"{patient}_{number}.webp", pixels)
        write_picture(base / "masks" / f"{patient}_{number}.png", mask)
        rows.append(
            {
                "file": f"{patient}_{number}.webp",
                "mask_file": f"{patient}_{number}.png",
                "patient_id": patient,
                "slice": number,
                "sequence": "FLAIR",
                "study_date": "19960909",
                "has_tumour": int(number in tumour_on),
                "sex": "F",
                "age": 61.0,
                "site": "CS",
            }
        )
    return rows


def write_mixed(base: Path) -> Path:
    """Three pictures, a DICOM series over two folders, a zip of one picture, and things that are no scans."""
    for number in (38, 42, 46):
        write_picture(base / "pictures" / f"slice {number}.png", axial(number))
    series = generate_uid()
    for number in range(6):
        folder = base / ("disk 1" if number % 2 else "disk 2/deep")
        write_dicom_slice(folder / f"IM{number:04d}", axial(38 + 2 * number), series, number)
    with zipfile.ZipFile(base / "sent.zip", "w") as archive:
        archive.writestr("inside.png", phantoms.axial_png(phantoms.brain(), 44))
    (base / "broken.png").write_bytes((base / "pictures" / "slice 38.png").read_bytes()[:900])
    (base / "blank.png").write_bytes(phantoms.png(np.full((128, 128), 0.4)))
    (base / "notes.txt").write_text("Sidecars are passed over.")
    return base
