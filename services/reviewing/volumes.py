"""Scans, unpacked masks and heat maps, kept in memory while somebody looks at them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from cachetools import LRUCache, cached
from numpy.typing import NDArray

from data.files import FileStore
from data.packing import unpacked

MEMORY_BYTES = 512 << 20


def kept_volumes(files: FileStore, memory_bytes: int = MEMORY_BYTES) -> Callable[[str], NDArray[Any]]:
    """A reader of packed arrays by their key; what was asked for last stays, up to `memory_bytes` in all.

    An array that is larger than that is read anew each time. Safe between threads: those that ask for the
    same key at once wait for one of them to unpack it. Arrays are read-only. Raises NotFound.
    """
    kept: LRUCache[str, NDArray[Any]] = LRUCache(memory_bytes, getsizeof=lambda array: array.nbytes)

    # A file never changes under its key, so that keeping it cannot go stale.
    @cached(kept, key=str, condition=threading.Condition())
    def volume(key: str) -> NDArray[Any]:
        array = unpacked(files.get(key))
        array.flags.writeable = False
        return array

    return volume


def kept_arrays(files: FileStore, memory_bytes: int = MEMORY_BYTES) -> Callable[[str], NDArray[Any]]:
    """A reader of whole arrays by their key, read-only; those asked for last stay open.

    From a disk they are mapped and take no memory of their own; from a store elsewhere they are fetched
    once, and not again for every few slices. Safe between threads. Raises NotFound.
    """
    kept: LRUCache[str, NDArray[Any]] = LRUCache(memory_bytes, getsizeof=lambda array: array.nbytes)
    return cached(kept, key=str, condition=threading.Condition())(files.get_array)
