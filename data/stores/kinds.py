"""Rows that the database has counted by kind, real or made for a demonstration, as counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from data.records import KindCount


def by_kind(rows: Iterable[Row[Any]]) -> dict[tuple[Any, ...], KindCount]:
    """Rows of (what they are grouped by …, whether the scan is made, how many) -> counts by the former.

    Made is NULL where the scan is gone: it counts as real, since it was of somebody.
    """
    counted: dict[tuple[Any, ...], KindCount] = {}
    for row in rows:
        *grouped_by, made, n = tuple[Any, ...](row)
        key, of_kind = tuple(grouped_by), KindCount(synthetic=n) if made else KindCount(real=n)
        counted[key] = counted.get(key, KindCount()).plus(of_kind)
    return counted
