"""What is known of a database at the moment that it was copied at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, inspect, select, table, text

_REVISIONS = "alembic_version"


@dataclass(frozen=True)
class Snapshot:
    """A copied database: its rows can be read by `connection`, as they were then."""

    connection: Connection
    revision: str
    """Of the schema; empty where no migration has run."""
    counts: Mapping[str, int]
    """Rows by table."""


def counted(connection: Connection) -> dict[str, int]:
    """Rows of every table that this connection sees."""
    names = sorted(inspect(connection).get_table_names())
    return {
        name: int(connection.execute(select(func.count()).select_from(table(name))).scalar_one())
        for name in names
    }


def revision_of(connection: Connection) -> str:
    """The revision of the schema, empty where there is none."""
    if _REVISIONS not in inspect(connection).get_table_names():
        return ""
    return str(connection.execute(text(f"SELECT version_num FROM {_REVISIONS}")).scalar_one_or_none() or "")  # noqa: S608
