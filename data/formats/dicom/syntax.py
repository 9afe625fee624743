"""Whole DICOM files, with the transfer syntax that their pixels really have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID

from data.errors import RefusedScan
from data.formats.dicom.values import number, value_of

_ITEM = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
_RETIRED_JPEG = {f"1.2.840.10008.1.2.4.{number}" for number in (52, 53, 54, 55, 56)}
_JPEG_BASELINE = UID("1.2.840.10008.1.2.4.50")
_JPEG_EXTENDED = UID("1.2.840.10008.1.2.4.51")
_JPEG_FRAMES = {  # the start of frame marker of a JPEG -> the transfer syntax that it belongs to
    0xC0: _JPEG_BASELINE,
    0xC1: _JPEG_EXTENDED,
    0xC3: UID("1.2.840.10008.1.2.4.57"),
    0xF7: UID("1.2.840.10008.1.2.4.80"),
}
_JPEG_2000 = UID("1.2.840.10008.1.2.4.90")
_JPEG_2000_STARTS = (b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
_GE_BIG_ENDIAN_PIXELS = "1.2.840.113619.5.2"  # all else in it is implicit little endian
_PRIVATE = RefusedScan(
    "compression",
    "This file is compressed in a way of its scanner's maker that only they can read; please export it in a "
    "standard transfer syntax.",
)
_COUNTS = (
    *("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"),
    *("PixelRepresentation", "SamplesPerPixel", "PlanarConfiguration", "NumberOfFrames"),
)


def read_whole(file: Path) -> Dataset:
    """The whole dataset, with the transfer syntax of its pixels whatever the file says of it.

    Raises RefusedScan `compression` for a vendor's own one that cannot be read.
    """
    dataset = pydicom.dcmread(file, force=True)
    if dataset.file_meta.get("TransferSyntaxUID") is None:
        dataset.file_meta.TransferSyntaxUID = _guessed_syntax(dataset)
    if dataset.file_meta.TransferSyntaxUID.is_private:
        _as_standard(dataset)
    true = _true_syntax(dataset)
    if true is not None:
        dataset.file_meta.TransferSyntaxUID = true
    return dataset


def read_pixels_too(file: Path) -> Dataset:
    """The whole dataset, ready to be decoded: counts are integers, and there is at least one frame."""
    dataset = read_whole(file)
    if dataset.file_meta.TransferSyntaxUID in _RETIRED_JPEG:
        # The decoder reads every JPEG process; only pydicom's table leaves the retired ones out.
        dataset.file_meta.TransferSyntaxUID = _JPEG_EXTENDED
    for keyword in _COUNTS:
        value = value_of(dataset, keyword)
        count = None if isinstance(value, int) else number(dataset, keyword)
        if count is not None:
            setattr(dataset, keyword, int(count))
    if value_of(dataset, "NumberOfFrames") == 0:
        del dataset.NumberOfFrames
    return dataset


def _as_standard(dataset: Dataset) -> None:
    """A vendor's own transfer syntax as the standard's, where pixels are uncompressed by their length.

    Raises RefusedScan `compression` where they are not.
    """
    value = value_of(dataset, "PixelData")
    if not isinstance(value, bytes) or len(value) != _native_length(dataset):
        raise _PRIVATE
    if (
        dataset.file_meta.TransferSyntaxUID == _GE_BIG_ENDIAN_PIXELS
        and number(dataset, "BitsAllocated") == 16
    ):
        dataset.PixelData = np.frombuffer(value, ">u2").astype("<u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = _guessed_syntax(dataset)


def _guessed_syntax(dataset: Dataset) -> UID:
    implicit, little = dataset.original_encoding
    if implicit:
        return pydicom.uid.ImplicitVRLittleEndian
    return pydicom.uid.ExplicitVRBigEndian if little is False else pydicom.uid.ExplicitVRLittleEndian


def _true_syntax(dataset: Dataset) -> UID | None:
    """Another transfer syntax than the one declared, where the pixels are plainly of that."""
    raw = dataset.get_item("PixelData") if "PixelData" in dataset else None
    value = None if raw is None else raw.value
    if not isinstance(value, bytes):
        return None
    declared = dataset.file_meta.TransferSyntaxUID
    says_native = declared.is_deflated or not declared.is_compressed
    right_length = len(value) == _native_length(dataset)
    if value.startswith(_ITEM) and (_undefined_length(raw) or not right_length):
        return _syntax_of(_first_fragment(value)) if says_native else None
    return _guessed_syntax(dataset) if right_length and not says_native else None


def _undefined_length(raw: Any) -> bool:
    return getattr(raw, "length", None) == 0xFFFFFFFF or bool(getattr(raw, "is_undefined_length", False))


def _native_length(dataset: Dataset) -> int:
    length = 1
    for keyword, default in (("Rows", 0), ("Columns", 0), ("SamplesPerPixel", 1), ("NumberOfFrames", 1)):
        length *= int(number(dataset, keyword) or default)
    length = (length * int(number(dataset, "BitsAllocated") or 16) + 7) // 8
    return length + length % 2


def _first_fragment(value: bytes) -> bytes:
    """The first bytes of the fragment after the table of offsets."""
    at = 8 + int.from_bytes(value[4:8], "little")
    return value[at + 8 : at + 8 + 4096]


def _syntax_of(fragment: bytes) -> UID | None:
    """The transfer syntax of a compressed frame by its first bytes, None where they tell nothing."""
    if fragment.startswith(b"\xff\xd8"):
        return _syntax_of_jpeg(fragment)
    if fragment.startswith(_JPEG_2000_STARTS):
        return _JPEG_2000
    segments, first = int.from_bytes(fragment[:4], "little"), int.from_bytes(fragment[4:8], "little")
    return pydicom.uid.RLELossless if 1 <= segments <= 15 and first == 64 else None


def _syntax_of_jpeg(fragment: bytes) -> UID | None:
    at = 2
    while at + 4 <= len(fragment) and fragment[at] == 0xFF:
        if fragment[at + 1] in _JPEG_FRAMES:
            return _JPEG_FRAMES[fragment[at + 1]]
        at += 2 + int.from_bytes(fragment[at + 2 : at + 4], "big")
    return None


def mend_spectral_selection(dataset: Dataset) -> None:
    """Old writers left the scan's spectral selection at 0..0 in sequential JPEG, where it is 0..63."""
    count = int(number(dataset, "NumberOfFrames") or 1)
    frames = generate_frames(dataset.PixelData, number_of_frames=count)
    dataset.PixelData = encapsulate([_with_full_spectrum(bytes(frame)) for frame in frames])


def _with_full_spectrum(jpeg: bytes) -> bytes:
    """The JPEG with the end of spectral selection of its first scan set to 63."""
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] == 0xDA:
            end = at + 2 + length  # ... Ss, Se, AhAl
            return jpeg[: end - 2] + b"\x3f" + jpeg[end - 1 :]
        at += 2 + length
    return jpeg
