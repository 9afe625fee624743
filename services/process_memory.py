"""Memory that this process has freed, and that the C library holds on to.

A server of many threads that reads now a film and now a volume would keep what the largest took, in every
thread's own part of the heap. Only glibc is told anything; others are left as they are.
"""

from __future__ import annotations

import ctypes
import platform

ARENAS = 2
"""Parts of the heap that all threads share; glibc makes eight for each core."""
_M_ARENA_MAX = -8  # of malloc.h


def share_arenas() -> None:
    """Have all threads from now on share few parts of the heap; before the first is started."""
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Hand freed pages to the system, wherever in the heap they lie."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
