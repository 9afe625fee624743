"""The clock of the house, set to another time zone for a while."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

FAR_EAST = "Pacific/Kiritimati"
"""Fourteen hours ahead of UTC: its month begins at ten in the morning of the last day of the one before."""


@contextmanager
def in_zone(zone: str) -> Iterator[None]:
    """While it is open this process lives in `zone`."""
    with pytest.MonkeyPatch.context() as here:
        here.setenv("TZ", zone)
        time.tzset()
        yield
    time.tzset()
