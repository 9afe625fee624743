"""What every table shares: one metadata, one way to name constraints, one kind of id."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, MetaData, String

from data.columns import ID_LENGTH

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=_NAMES)

# utf8mb4_bin: MySQL's default takes "a" and "A", even "a" and "ä", for the same key.
MYSQL: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
}


def id_column(name: str = "id") -> Column[str]:
    """A table's own key: a UUID in hex."""
    return Column(name, String(ID_LENGTH), primary_key=True)


def reference(name: str, target: str) -> Column[str]:
    """The id of a row of another table, such as "scans.id"; that row must exist."""
    return Column(name, String(ID_LENGTH), ForeignKey(target), nullable=False)
