"""DICOM pixels: every frame as grey values, inverted ones turned, padding marked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import RLELossless

from data.errors import RefusedScan
from data.formats.arrays import COLOUR, grey
from data.formats.dicom.display import (
    is_for_processing,
    is_inverted,
    is_projection,
    made_presentable,
    shown,
    words_on,
)
from data.formats.dicom.frames import Frame, rescale_in
from data.formats.dicom.stored_words import aligned, with_sign
from data.formats.dicom.syntax import mend_spectral_selection, read_pixels_too
from data.formats.dicom.tables import table_in
from data.formats.dicom.values import number, text_of, value_of
from data.formats.limits import Limits, check_size, unreadable

INCOMPLETE = RefusedScan("incomplete", "This file is incomplete: a part of the picture is missing.")
_RUST_PANIC = "PanicException"  # a crash of the RLE decoder, which is no Exception
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_LAYOUT = (("SamplesPerPixel", 1, 4), ("BitsAllocated", 1, 64), ("BitsStored", 1, 64))
_PADDINGS = ("PixelPaddingValue", "FloatPixelPaddingValue", "DoubleFloatPixelPaddingValue")
_LIMITS = ("PixelPaddingRangeLimit", "FloatPixelPaddingRangeLimit", "DoubleFloatPixelPaddingRangeLimit")
_ALIKE = 0.998  # of the correlation; slices some millimetres apart stay well below
_SIGNED = "The file says that its values have no sign, but they plainly have one; they were read with it."
_NO_SLOPE = "The file's rescale slope is not a number to multiply by, so its values were taken as they are."


@dataclass(frozen=True)
class Picture:
    """Grey values of a frame (rows, columns), and which of them are padding."""

    values: NDArray[Any]
    padding: NDArray[np.bool_] | None = None


class Pixels:
    """Decodes frames, keeping the last file open as long as its frames are asked for.

    `warnings` are what was odd about the pictures so far, each once.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._file: object = None
        self._dataset = Dataset()
        self._frames: NDArray[Any] = np.empty(0)
        self.warnings: list[str] = []

    def stored(self, frame: Frame) -> NDArray[Any]:
        """The stored values (rows, columns) of one frame.

        Raises RefusedScan: `colour`, `incomplete`, `compression`, `too_large`.
        """
        if self._file != frame.instance.member.path:
            self._open(frame)
        values: NDArray[Any] = self._frames[frame.index]
        return values

    def picture(self, frame: Frame) -> Picture:
        """The grey values of one frame. Raises like `stored`."""
        values = self.stored(frame)
        padding = _padding(self._dataset, values)
        return Picture(self._grey(frame, values, padding), padding)

    def _grey(self, frame: Frame, values: NDArray[Any], padding: NDArray[np.bool_] | None) -> NDArray[Any]:
        dataset = self._dataset
        modality = _rescaled(dataset, values, frame)
        if _slope_is_useless(dataset, frame):
            self._warn(_NO_SLOPE)
        if is_projection(dataset):
            if frame.index == 0:
                self._warn(*words_on(dataset))
            through, odd = shown(dataset, frame, modality, padding)
            self._warn(*odd)
            if through is not None:
                return through
            ready = made_presentable(dataset, modality) if is_for_processing(dataset) else None
            if ready is not None:
                return ready
        return _inverted(dataset, modality, frame) if is_inverted(dataset) else modality

    def _warn(self, *words: str) -> None:
        self.warnings += [word for word in words if word not in self.warnings]

    def _open(self, frame: Frame) -> None:
        self._frames = np.empty(0)
        self._dataset = read_pixels_too(frame.instance.member.path)
        self._frames = _decoded(self._dataset, self._limits)
        signed = with_sign(self._dataset, self._frames) if frame.is_slice else None
        if signed is not None:
            self._frames, self._dataset.PixelRepresentation = signed, 1
            self._warn(_SIGNED)
        self._file = frame.instance.member.path
        if frame.index >= len(self._frames):
            raise INCOMPLETE


class PictureComparison:
    """Compares pictures by their stored values, which takes reading them."""

    def __init__(self, limits: Limits) -> None:
        self._pixels = Pixels(limits)

    def digest(self, frame: Frame) -> bytes:
        """What the stored values of a frame are hashed to. Raises what decoding raises."""
        return hashlib.sha256(self._pixels.stored(frame).tobytes()).digest()

    def different(self, frames: Sequence[Frame]) -> list[Frame]:
        """The first of each of the different pictures among `frames`."""
        seen: dict[bytes, Frame] = {}
        for frame in frames:
            seen.setdefault(self.digest(frame), frame)
        return list(seen.values())

    def look_alike(self, first: Frame, second: Frame) -> bool:
        """Whether two pictures are one but for what compression changes."""
        values = self._pixels.stored(first).ravel().astype(np.float64)
        other = self._pixels.stored(second).ravel().astype(np.float64)
        if values.size != other.size or not values.std() or not other.std():
            return bool(np.array_equal(values, other))
        return float(np.corrcoef(values, other)[0, 1]) > _ALIKE


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
        return aligned(dataset, _uncompressed(dataset))
    try:
        if not get_decoder(syntax).is_available:  # a decoder that is optional is not installed
            raise _unsupported(syntax.name)
        if syntax == RLELossless:  # whose words are those of the file, unlike those of other coders
            return aligned(dataset, pixel_array(dataset, correct_unused_bits=False))
        return pixel_array(dataset)
    except NotImplementedError as error:
        raise _unsupported(syntax.name) from error
    except RuntimeError as error:
        if "scan stop must be 63" not in str(error):
            raise
    except BaseException as error:
        if type(error).__name__ != _RUST_PANIC:
            raise
        raise unreadable() from error
    mend_spectral_selection(dataset)
    return pixel_array(dataset)


def _uncompressed(dataset: Dataset) -> NDArray[Any]:
    try:
        return pixel_array(dataset, correct_unused_bits=False)
    except ValueError as error:
        if "less than expected" in str(error):
            raise INCOMPLETE from error
        raise


def _unsupported(name: str) -> RefusedScan:
    return RefusedScan(
        "compression",
        f"Lightbox cannot read the compression of this file ({name}); please export it uncompressed.",
    )


def _padding(dataset: Dataset, values: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Which values are padding, whatever the value representation of the numbers that say so."""
    first = _first_number(dataset, _PADDINGS)
    if first is None:
        return None
    limit = _first_number(dataset, _LIMITS)
    ends = (first, first if limit is None else limit)
    low, high = sorted(_in_range(end, values.dtype) for end in ends)
    marked: NDArray[np.bool_] = (values >= low) & (values <= high)
    return marked if marked.any() else None


def _first_number(dataset: Dataset, keywords: tuple[str, ...]) -> float | None:
    return next((value for keyword in keywords if (value := number(dataset, keyword)) is not None), None)


def _in_range(value: float, dtype: np.dtype[Any]) -> float:
    """A number that was written as if stored values had (or had not) a sign, as they have it."""
    if dtype.kind not in "iu":
        return value
    info = np.iinfo(dtype)
    if info.min <= value <= info.max:
        return value
    return (int(value) - info.min) % (1 << info.bits) + info.min


def _rescaled(dataset: Dataset, values: NDArray[Any], frame: Frame) -> NDArray[Any]:
    table = table_in(dataset, "ModalityLUTSequence")
    if table is not None:
        return table.applied(values)
    rescale = frame.rescale or rescale_in(dataset)
    if rescale is None or rescale == (1.0, 0.0):
        return values
    slope, intercept = rescale
    if slope == 1.0 and intercept == int(intercept) and abs(intercept) < 2**30 and values.dtype.itemsize <= 2:
        return _small(values.astype(np.int32) + np.int32(intercept))
    return (values.astype(np.float64) * slope + intercept).astype(np.float32)


def _slope_is_useless(dataset: Dataset, frame: Frame) -> bool:
    stated = "RescaleSlope" in dataset and value_of(dataset, "RescaleSlope") not in (None, "")
    return stated and frame.rescale is None and rescale_in(dataset) is None


def _inverted(dataset: Dataset, values: NDArray[Any], frame: Frame) -> NDArray[Any]:
    """Bright for dark, over the range that the stored bits can hold."""
    if values.dtype.kind == "f" and "PixelData" not in dataset or "ModalityLUTSequence" in dataset:
        return np.asarray(values.max(initial=0) - values)
    bits = int(number(dataset, "BitsStored") or 16)
    signed = bool(number(dataset, "PixelRepresentation"))
    mirror = -1.0 if signed else float(2**bits - 1)  # v -> mirror - v
    slope, intercept = frame.rescale or rescale_in(dataset) or (1.0, 0.0)
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
