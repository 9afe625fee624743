"""The random sample: which scans are looked at whatever the model said of them.

A scan belongs to it by its id alone, so that nobody chooses, and so that it is the same sample on every
machine and at every time; a larger share only adds scans to a smaller one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ID_BYTES = 32
SHARE = 0.05
"""Of all scans, as long as nobody set another one."""


def draws(scan_ids: NDArray[np.bytes_] | Sequence[str]) -> NDArray[np.float64]:
    """A number from 0 up to 1 for each scan, evenly spread and without order, that never changes.

    The bytes of an id through the finalizer of SplitMix64 (Steele et al., OOPSLA 2014), 8 at a time.
    """
    ids = np.ascontiguousarray(np.array(scan_ids, dtype=f"S{_ID_BYTES}").reshape(-1))
    state = np.full(len(ids), 0x9E3779B97F4A7C15, dtype=np.uint64)
    for word in ids.view("<u8").reshape(len(ids), _ID_BYTES // 8).T:
        state = _mixed(state ^ word)
    return (state >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def sampled(scan_ids: NDArray[np.bytes_] | Sequence[str], share: float) -> NDArray[np.bool_]:
    """Which of the scans belong to a sample of this share, 0 to 1."""
    return np.asarray(draws(scan_ids) < share)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(state ^ (state >> np.uint64(31)))
