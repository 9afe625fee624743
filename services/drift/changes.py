"""How a share changed between the two sides of a drift run, or of a window's parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from models.statistics.estimate import Estimate
from models.statistics.proportions import difference


def change(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, float] | None:
    """The second share minus the first with its 95 % interval; None where either is of nothing.

    Both are shares as a snapshot tells them: value, low, high, n. The interval is Newcombe's
    (`models.statistics.proportions.difference`).
    """
    changed = difference(Estimate.of_plain(second), Estimate.of_plain(first))
    if math.isnan(changed.value):
        return None
    return {"value": changed.value, "low": changed.low, "high": changed.high}
