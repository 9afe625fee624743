"""How often each part of the database was changed: what pages look at, and what is kept in memory goes by."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Engine, bindparam, select, update

from data.database import looked_up_in_moment, reading
from data.tables.revisions import revisions

_BUMP = update(revisions).where(revisions.c.name == bindparam("part")).values(value=revisions.c.value + 1)
_ALL = select(revisions.c.name, revisions.c.value)
_LOOKED_UP = "revisions"


def bump(connection: Connection, name: str) -> None:
    """Counts up a revision; the row stays locked until the transaction ends.

    Do it before touching rows that others may touch too: whoever takes their locks in another
    order makes MySQL end one of the two with a deadlock.
    """
    connection.execute(_BUMP, {"part": name})


def revisions_now(engine: Engine) -> Mapping[str, int]:
    """How often each part of the database was changed, by its name; within `one_moment` looked up once."""
    looked_up = looked_up_in_moment(engine)
    known: Mapping[str, int] | None = None if looked_up is None else looked_up.get(_LOOKED_UP)
    if known is None:
        with reading(engine) as connection:
            known = {row.name: int(row.value) for row in connection.execute(_ALL)}
        if looked_up is not None:
            looked_up[_LOOKED_UP] = known
    return known


def revision(engine: Engine, name: str) -> int:
    """How often the named part of the database was changed."""
    return revisions_now(engine)[name]
