"""Scans made to measure: NIfTI volumes and DICOM files with marked voxels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

MR = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"

ORIENTATIONS = [
    (axes, signs)
    for axes in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def rotation(degrees: Sequence[float]) -> NDArray[np.float64]:
    """Rotation about x, then y, then z."""
    turned = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        first, second = [index for index in range(3) if index != axis]
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        turned = turn @ turned
    return turned


def affine_of(
    orientation: Any, sizes: Sequence[float], degrees: Sequence[float] = (0, 0, 0)
) -> NDArray[np.float64]:
    """Source axis a runs along world axis axes[a] with signs[a], then everything is turned a little."""
    axes, signs = orientation
    directions = np.zeros((3, 3))
    for source, (world, sign) in enumerate(zip(axes, signs, strict=True)):
        directions[world, source] = sign
    affine = np.eye(4)
    affine[:3, :3] = rotation(degrees) @ directions @ np.diag(sizes)
    affine[:3, 3] = (11.0, -23.0, 7.0)
    return affine


def marked(shape: tuple[int, int, int], at: tuple[int, int, int]) -> NDArray[np.int16]:
    """Zeros with one bright voxel."""
    array = np.zeros(shape, dtype=np.int16)
    array[at] = 1000
    return array


def write_nifti(array: NDArray[Any], affine: NDArray[Any], file: Path) -> Path:
    image = nib.Nifti1Image(array, affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, file)
    return file


def picture(pixels: NDArray[Any], **elements: Any) -> Dataset:
    """A DICOM image of (rows, columns) with what every image has, and `elements`."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.SOPClassUID = elements.pop("SOPClassUID", MR)
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = "1.2.3"
    dataset.SeriesInstanceUID = "1.2.3.4"
    dataset.Modality = "MR"
    dataset.PatientName = "Test^Patient"
    dataset.PatientID = "T-1"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes() + b"\x00" * (pixels.nbytes % 2)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def save(dataset: Dataset, file: Path) -> Path:
    dataset.file_meta.TransferSyntaxUID = dataset.file_meta.get("TransferSyntaxUID", ExplicitVRLittleEndian)
    dataset["PixelData"].VR = "OW"
    dataset.save_as(file, enforce_file_format=True)
    return file


def geometry_of(
    affine: NDArray[np.float64],
) -> tuple[list[float], list[float], list[float], NDArray[np.float64]]:
    """(orientation, pixel spacing, first position, step) in LPS of an affine from voxels to RAS."""
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    column, row = lps[:3, 0], lps[:3, 1]
    spacing = [float(np.linalg.norm(row)), float(np.linalg.norm(column))]
    orientation = [*(column / spacing[1]), *(row / spacing[0])]
    return (
        [float(value) for value in orientation],
        spacing,
        [float(value) for value in lps[:3, 3]],
        lps[:3, 2],
    )


def write_series(
    volume: NDArray[Any],
    affine: NDArray[np.float64],
    folder: Path,
    order: Sequence[int] | None = None,
    **elements: Any,
) -> Path:
    """A series of (column, row, slice) in the order given, which says nothing of the slices' places."""
    folder.mkdir(parents=True, exist_ok=True)
    every = slices_of(volume, affine, **elements)
    for name, index in enumerate(order or range(volume.shape[2])):
        every[index].InstanceNumber = name + 1
        save(every[index], folder / f"file{name:03d}")
    return folder


def slices_of(volume: NDArray[Any], affine: NDArray[np.float64], **elements: Any) -> list[Dataset]:
    """The slices of (column, row, slice) as datasets, numbered from 1."""
    orientation, spacing, origin, step = geometry_of(affine)
    slices = []
    for index in range(volume.shape[2]):
        dataset = picture(np.ascontiguousarray(volume[:, :, index].T), **elements)
        dataset.ImageOrientationPatient = [f"{value:.10f}" for value in orientation]
        dataset.ImagePositionPatient = [f"{value:.8f}" for value in np.array(origin) + index * step]
        dataset.PixelSpacing = [f"{value:.8f}" for value in spacing]
        dataset.InstanceNumber = index + 1
        slices.append(dataset)
    return slices


def enhanced(volume: NDArray[Any], affine: NDArray[np.float64], **elements: Any) -> Dataset:
    """An enhanced multi-frame image of (column, row, slice)."""
    orientation, spacing, origin, step = geometry_of(affine)
    frames = np.ascontiguousarray(volume.transpose(2, 1, 0))
    dataset = picture(frames, SOPClassUID=ENHANCED_MR, NumberOfFrames=len(frames), **elements)
    shared, measures, plane = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [f"{value:.8f}" for value in spacing]
    plane.ImageOrientationPatient = [f"{value:.10f}" for value in orientation]
    shared.PixelMeasuresSequence = DicomSequence([measures])
    shared.PlaneOrientationSequence = DicomSequence([plane])
    dataset.SharedFunctionalGroupsSequence = DicomSequence([shared])
    groups = []
    for index in range(len(frames)):
        group, place = Dataset(), Dataset()
        place.ImagePositionPatient = [f"{value:.8f}" for value in np.array(origin) + index * step]
        group.PlanePositionSequence = DicomSequence([place])
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = DicomSequence(groups)
    return dataset


def nested(file: Path, depth: int) -> Path:
    """Put sequences within sequences, `depth` deep, before a file's first element."""
    raw = file.read_bytes()
    first = raw.index(b"\x08\x00\x16\x00UI")
    start = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    file.write_bytes(raw[:first] + start * depth + end * depth + raw[first:])
    return file
