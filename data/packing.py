"""Arrays as small bytes: NumPy's own format under zlib. Masks shrink a thousandfold."""

from __future__ import annotations

import hashlib
import zlib
from typing import IO, Any, cast

import numpy as np
from numpy.lib.format import read_array
from numpy.typing import NDArray


def packed(array: NDArray[Any]) -> bytes:
    """The array as bytes; raises ValueError for one that holds Python objects."""
    stream = _Packing()
    np.save(cast(IO[bytes], stream), array, allow_pickle=False)
    return stream.whole()


def unpacked(content: bytes) -> NDArray[Any]:
    """The array that `packed` was given. Raises ValueError or zlib.error for anything else."""
    stream = _Unpacking(content)
    array: NDArray[Any] = read_array(cast(IO[bytes], stream), allow_pickle=False)
    stream.check_end()
    return array


class _Packing:
    """What NumPy writes a few megabytes at a time, so that there is no second copy of a volume."""

    def __init__(self) -> None:
        self._zlib = zlib.compressobj(level=1)
        self._pieces: list[bytes] = []

    def write(self, content: bytes) -> None:
        self._pieces.append(self._zlib.compress(content))

    def whole(self) -> bytes:
        return b"".join((*self._pieces, self._zlib.flush()))


class _Unpacking:
    """The same the other way round."""

    def __init__(self, content: bytes) -> None:
        self._zlib = zlib.decompressobj()
        self._waiting = content

    def read(self, size: int) -> bytes:
        content = self._zlib.decompress(self._waiting, size)
        self._waiting = self._zlib.unconsumed_tail
        return content

    def check_end(self) -> None:
        if self.read(1) or not self._zlib.eof:
            raise ValueError("an array was not packed whole")


def mask_sha256(mask: NDArray[np.bool_]) -> str:
    """The hash of a mask (slices, height, width): of its voxels, a byte each."""
    return hashlib.sha256(np.ascontiguousarray(mask, dtype=bool).view(np.uint8).data).hexdigest()
