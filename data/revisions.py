"""How often each part of the database was changed: what pages look at, and what is kept in memory goes by."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Engine, bindparam, select, update

from data.database import reading
from data.department_wall import whole_house
from data.lookups import once_in_moment
from data.tables.revisions import revisions

_BUMP = update(revisions).where(revisions.c.name == bindparam("part")).values(value=revisions.c.value + 1)
_ALL = select(revisions.c.name, revisions.c.value)


def bump(connection: Connection, name: str) -> None:
    """Counts up a revision; the row stays locked until the transaction ends.

    Do it before touching rows that others may touch too: whoever takes their locks in another
    order makes MySQL end one of the two with a deadlock.
    """
    connection.execute(_BUMP, {"part": name})


def revisions_now(engine: Engine) -> Mapping[str, int]:
    """How often each part of the database was changed, by its name; within `one_moment` looked up once."""
    with whole_house():  # they are the same whoever asks
        return once_in_moment(engine, _looked_up, engine)


def revision(engine: Engine, name: str) -> int:
    """How often the named part of the database was changed."""
    return revisions_now(engine)[name]


def _looked_up(engine: Engine) -> Mapping[str, int]:
    with reading(engine) as connection:
        return {row.name: int(row.value) for row in connection.execute(_ALL)}
