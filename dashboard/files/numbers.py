"""Numbers out of addresses and forms, and for whom numbers are asked."""

from __future__ import annotations

import math
from urllib.parse import parse_qsl, urlencode

from flask import request

from data.errors import InvalidInput

AUDIENCE = "audience"
"""The parameter that says for whom numbers are: `inside` the house, or `outside` of it."""


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


def query_without_audience() -> str:
    """The query of the request at hand without the word for whom its numbers are, which is no filter."""
    given = parse_qsl(request.query_string.decode("utf-8", "replace"), keep_blank_values=True)
    return urlencode([(name, value) for name, value in given if name != AUDIENCE])
