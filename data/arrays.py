"""Arrays in NumPy's own format, mapped from their files."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

_SMALL = 65536  # bytes; of so few mapping costs more than reading


def mapped(path: Path) -> NDArray[Any]:
    """The array of a file, read-only; of a large one only the parts that are used are read."""
    small = path.stat().st_size < _SMALL
    array = np.load(path, mmap_mode=None if small else "r", allow_pickle=False)
    array.flags.writeable = False
    return cast(NDArray[Any], array)


def write(file: BinaryIO, array: NDArray[Any]) -> None:
    """Write an array to an open file; ValueError for one that holds Python objects.

    Past NumPy's own writing to files, which says of a full disk no more than how much was written.
    """
    np.save(cast(BinaryIO, _Writing(file)), array, allow_pickle=False)


class _Writing:
    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


def release(array: NDArray[Any]) -> None:
    """Let the memory go that a mapped array takes; who looks at it again has it read again."""
    mapping = getattr(array, "_mmap", None)
    if isinstance(mapping, mmap.mmap):
        mapping.madvise(mmap.MADV_DONTNEED)
