"""Windows by name: which intensities are black and white for whom looks at what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHEST = "CHEST"
_HEAD_SHARES = {"Bright tissue": (60.0, 99.9), "Dark tissue": (0.5, 85.0)}
_CHEST_SHARES = {"Lungs": (0.5, 65.0), "Bones": (45.0, 99.9)}


@dataclass(frozen=True)
class NamedWindow:
    """`low` is black and `high` white, in the scan's own intensities."""

    name: str
    low: float
    high: float


def named_windows(
    array: NDArray[Any],
    default: tuple[float, float, float, float],
    body_part: str,
    stated: tuple[float, float] | None = None,
) -> tuple[NamedWindow, ...]:
    """The windows to choose from for (slices, height, width), the one to open with first.

    That is the one `stated` by the file, where it shows anything.

    Percentiles of the intensities, named with them: neither MRI nor a film that was processed for display
    has units by which a window for lungs or bones could be fixed. `default` is (low, high, minimum, maximum).
    """
    low, high, minimum, maximum = default
    shares = _CHEST_SHARES if body_part == CHEST else _HEAD_SHARES
    sample = np.asarray(array[:: max(1, len(array) // 24)], dtype=np.float32)[:, ::2, ::2]
    own = [] if stated is None else [NamedWindow("The file's own", *stated)]
    windows = [window for window in own if window.low < maximum and window.high > minimum]
    windows.append(NamedWindow("Default", low, high))
    windows.append(NamedWindow("Full range", minimum, max(maximum, minimum + 1)))
    for name, share in shares.items():
        ends = np.percentile(sample, share)
        if ends[1] > ends[0]:
            words = f"{name} (percentiles {share[0]:g} to {share[1]:g})"
            windows.append(NamedWindow(words, float(ends[0]), float(ends[1])))
    return tuple(windows)
