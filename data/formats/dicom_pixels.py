"""DICOM pixels: every frame as grey values, MONOCHROME1 turned, padding taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array

from data.errors import RefusedScan
from data.formats.arrays import COLOUR, grey
from data.formats.dicom import number, read_pixels_too, text_of, value_of
from data.formats.dicom_frames import Frame, classic_rescale
from data.formats.limits import Limits, check_size, unreadable

INCOMPLETE = RefusedScan("incomplete", "This file is incomplete: a part of the picture is missing.")
_RUST_PANIC = "PanicException"  # a crash of the RLE decoder, which is no Exception
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_LAYOUT = (("SamplesPerPixel", 1, 4), ("BitsAllocated", 1, 64), ("BitsStored", 1, 64))


@dataclass(frozen=True)
class Picture:
    """Grey values of a frame (rows, columns), and which of them are padding."""

    values: NDArray[Any]
    padding: NDArray[np.bool_] | None = None


class Pixels:
    """Decodes frames, keeping the last file open as long as its frames are asked for."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._file: object = None
        self._dataset = Dataset()
        self._frames: NDArray[Any] = np.empty(0)

    def picture(self, frame: Frame) -> Picture:
        """The grey values of one frame.

        Raises RefusedScan: `colour`, `incomplete`, `compression`, `too_large`.
        """
        if self._file != frame.instance.member.path:
            self._open(frame)
        values = self._frames[frame.index]
        padding = _padding(self._dataset, values)
        grey_values = _rescaled(self._dataset, values, frame)
        if text_of(self._dataset, "PhotometricInterpretation") == "MONOCHROME1":
            grey_values = _inverted(self._dataset, grey_values, frame)
        return Picture(grey_values, padding)

    def _open(self, frame: Frame) -> None:
        self._frames = np.empty(0)
        self._dataset = read_pixels_too(frame.instance.member.path)
        self._frames = _decoded(self._dataset, self._limits)
        self._file = frame.instance.member.path
        if frame.index >= len(self._frames):
            raise INCOMPLETE


def _decoded(dataset: Dataset, limits: Limits) -> NDArray[Any]:
    """All frames as (frames, rows, columns), stored values."""
    _check_layout(dataset, limits)
    samples = int(number(dataset, "SamplesPerPixel") or 1)
    array = _decode(dataset)
    if text_of(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        array = apply_color_lut(array, dataset)
        samples = 3
    if samples > 1:
        if array.shape[-1] < 3:
            raise COLOUR
        array = grey(array[..., :3])
    return array[None] if array.ndim == 2 else array


def _check_layout(dataset: Dataset, limits: Limits) -> None:
    if not any(name in dataset for name in _PIXELS):
        raise RefusedScan("not_an_image", "This DICOM file holds no picture.")
    if all(value_of(dataset, name) is None for name in _PIXELS):
        raise INCOMPLETE
    for keyword, low, high in _LAYOUT:
        value = number(dataset, keyword)
        if value is not None and not low <= value <= high:
            raise RefusedScan("unreadable", "The description of the picture in this file makes no sense.")
    counts = [int(number(dataset, name) or 0) for name in ("Rows", "Columns")]
    counts.append(int(number(dataset, "NumberOfFrames") or 1))
    counts.append(int(number(dataset, "SamplesPerPixel") or 1))
    bits = int(number(dataset, "BitsAllocated") or 16)
    check_size(limits, *counts, item_bytes=max(1, bits // 8))


def _decode(dataset: Dataset) -> NDArray[Any]:
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_compressed or syntax.is_deflated:
        return _uncompressed(dataset)
    try:
        return pixel_array(dataset)
    except NotImplementedError as error:
        raise _unsupported(syntax.name) from error
    except Exception as error:
        if "scan stop must be 63" not in str(error):
            raise
    except BaseException as error:
        if type(error).__name__ != _RUST_PANIC:
            raise
        raise unreadable() from error
    _mend_spectral_selection(dataset)
    return pixel_array(dataset)


def _uncompressed(dataset: Dataset) -> NDArray[Any]:
    try:
        return pixel_array(dataset)
    except ValueError as error:
        if "less than expected" in str(error):
            raise INCOMPLETE from error
        raise


def _unsupported(name: str) -> RefusedScan:
    return RefusedScan(
        "compression",
        f"Lightbox cannot read the compression of this file ({name}); please export it uncompressed.",
    )


def _mend_spectral_selection(dataset: Dataset) -> None:
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


def _padding(dataset: Dataset, values: NDArray[Any]) -> NDArray[np.bool_] | None:
    first = number(dataset, "PixelPaddingValue")
    if first is None:
        return None
    other = number(dataset, "PixelPaddingRangeLimit")
    low, high = sorted((first, first if other is None else other))
    marked: NDArray[np.bool_] = (values >= low) & (values <= high)
    return marked if marked.any() else None


def _rescaled(dataset: Dataset, values: NDArray[Any], frame: Frame) -> NDArray[Any]:
    table = value_of(dataset, "ModalityLUTSequence")
    if table is not None and len(table):
        return np.asarray(apply_modality_lut(values, dataset))
    rescale = frame.rescale or classic_rescale(dataset)
    if rescale is None or rescale == (1.0, 0.0):
        return values
    slope, intercept = rescale
    if slope == 1.0 and intercept == int(intercept) and abs(intercept) < 2**30 and values.dtype.itemsize <= 2:
        return _small(values.astype(np.int32) + np.int32(intercept))
    return (values.astype(np.float64) * slope + intercept).astype(np.float32)


def _inverted(dataset: Dataset, values: NDArray[Any], frame: Frame) -> NDArray[Any]:
    """Bright for dark, over the range that the stored bits can hold."""
    table = value_of(dataset, "ModalityLUTSequence")
    if values.dtype.kind == "f" and "PixelData" not in dataset or (table is not None and len(table)):
        return np.asarray(values.max(initial=0) - values)
    bits = int(number(dataset, "BitsStored") or 16)
    signed = bool(number(dataset, "PixelRepresentation"))
    mirror = -1.0 if signed else float(2**bits - 1)  # v -> mirror - v
    slope, intercept = frame.rescale or classic_rescale(dataset) or (1.0, 0.0)
    whole = mirror * slope + 2 * intercept
    if values.dtype.kind == "f":
        return (whole - values).astype(values.dtype)
    mirrored: NDArray[Any] = int(whole) - values.astype(np.int64)
    info = np.iinfo(values.dtype)
    if info.min <= mirrored.min(initial=0) and mirrored.max(initial=0) <= info.max:
        return mirrored.astype(values.dtype)
    return mirrored


def _small(values: NDArray[np.int32]) -> NDArray[Any]:
    """As 16 bit where the values fit."""
    fits = values.min(initial=0) >= -(2**15) and values.max(initial=0) < 2**15
    return values.astype(np.int16) if fits else values
