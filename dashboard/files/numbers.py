"""Numbers out of addresses and forms."""

from __future__ import annotations

import math

from data.errors import InvalidInput


def finite_number(text: str | None, refusal: str) -> float | None:
    """The number that a text says, None for None; raises InvalidInput with `refusal` for any other text."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidInput(refusal)
    return value
