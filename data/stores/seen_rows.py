"""Which rows who asks may read: a look before acts whose transactions are not narrowed to departments."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, Engine, select

from data.database import reading


def seen_of(engine: Engine, column: Column[Any], ids: Collection[str]) -> list[str]:
    """Those of these ids of a table that there are for who asks (`data.department_wall`), in their order."""
    with reading(engine) as connection:
        here = set(connection.execute(select(column).where(column.in_(ids))).scalars())
    return [each for each in ids if each in here]
