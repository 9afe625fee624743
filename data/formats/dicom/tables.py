"""Lookup tables of DICOM files (PS3.3 C.11.1 and C.11.2): stored values to others by a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from data.formats.dicom.values import number, number_list, value_of


@dataclass(frozen=True)
class LookupTable:
    """Values of `entries` for the numbers from `first` on; those outside get the nearest."""

    entries: NDArray[np.uint16]
    first: int
    bits: int

    def applied(self, values: NDArray[Any]) -> NDArray[np.uint16]:
        """The entry of each value, which is rounded where it is no whole number."""
        whole = np.rint(values) if values.dtype.kind == "f" else values
        index = np.clip(whole.astype(np.int64) - self.first, 0, len(self.entries) - 1)
        entries: NDArray[np.uint16] = self.entries[index]
        return entries

    @property
    def highest(self) -> int:
        """The highest value that an entry may have."""
        return max((1 << self.bits) - 1, int(self.entries.max(initial=0)))


def table_in(dataset: Dataset, sequence: str) -> LookupTable | None:
    """The first usable table of a sequence, None where there is none."""
    items = value_of(dataset, sequence)
    for item in [] if items is None or isinstance(items, (str, bytes)) else items:
        table = _table(item, dataset)
        if table is not None:
            return table
    return None


def _table(item: Dataset, dataset: Dataset) -> LookupTable | None:
    descriptor = number_list(item, "LUTDescriptor")
    if descriptor is None or len(descriptor) != 3:
        return None
    count, first, bits = int(descriptor[0]) & 0xFFFF or 1 << 16, int(descriptor[1]), int(descriptor[2])
    entries = _entries(value_of(item, "LUTData"), count, dataset)
    if entries is None or not len(entries) or not 1 <= bits <= 16:
        return None
    signed = bool(number(dataset, "PixelRepresentation"))
    if signed and first >= 1 << 15:  # written without its sign
        first -= 1 << 16
    return LookupTable(entries, first, bits)


def _entries(data: Any, count: int, dataset: Dataset) -> NDArray[np.uint16] | None:
    if isinstance(data, bytes):
        one_byte_each = len(data) in (count, count + count % 2) and count > 1
        order = ">" if dataset.original_encoding[1] is False else "<"
        kind = "u1" if one_byte_each else f"{order}u2"
        usable = data if one_byte_each else data[: len(data) // 2 * 2]
        return np.frombuffer(usable, dtype=kind).astype(np.uint16)[:count]
    if isinstance(data, int):
        data = [data]
    if data is None or isinstance(data, str):
        return None
    return np.array([int(entry) & 0xFFFF for entry in data], dtype=np.uint16)[:count]
