"""Bringing encrypted columns under the key in force, and which keys they are under now."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Engine,
    Table,
    Text,
    bindparam,
    case,
    func,
    null,
    or_,
    select,
    type_coerce,
    update,
)

from data.database import reading, writing
from data.encryption import MARK, PREFIX_LENGTH, Encrypted, EncryptedDate, Keyring, key_id, keyring_of
from data.free_pages import overwrite_deleted
from data.tables import metadata

_AT_ONCE = 500


def keys_in_use(engine: Engine) -> set[str]:
    """The ids of the keys that any value is under; "" where one is kept plain."""
    keys: set[str] = set()
    with reading(engine) as connection:
        for columns in _encrypted_columns().values():
            # One look at each table: this is asked at every start.
            for row in connection.execute(select(*map(_begins, columns)).distinct()):
                keys |= {key_id(begin) for begin in row if begin is not None}
    return keys


def bring_under_current_key(engine: Engine) -> int:
    """Keep every value as the keys of this engine say (`encrypt_with`); how many rows were kept anew.

    A part of a table in a transaction each: who is interrupted goes on where it ended. Plain texts do not
    stay behind in free pages, as far as the database can be told so (`data.free_pages`). Raises InvalidInput
    for a value under a key that is not known.
    """
    keyring = keyring_of(engine)
    changed = {
        table.name: _bring_table(engine, table, columns, keyring)
        for table, columns in _encrypted_columns().items()
    }
    if any(changed.values()):
        overwrite_deleted(engine, [name for name, rows in changed.items() if rows])
    return sum(changed.values())


def _encrypted_columns() -> dict[Table, list[Column[Any]]]:
    """Of each table that has any."""
    tables: dict[Table, list[Column[Any]]] = {}
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Encrypted | EncryptedDate):
                tables.setdefault(table, []).append(column)
    return tables


def _begins(column: Column[Any]) -> ColumnElement[str | None]:
    """What tells the key of a value: "" of a plain one, NULL of none."""
    raw = type_coerce(column, Text)
    encrypted = func.substr(raw, 1, len(MARK)) == MARK
    return case((raw.is_(None), null()), (encrypted, func.substr(raw, 1, PREFIX_LENGTH)), else_="")


def _bring_table(engine: Engine, table: Table, columns: list[Column[Any]], keyring: Keyring) -> int:
    (key,) = table.primary_key.columns
    raw = {column.name: type_coerce(column, Text) for column in columns}
    behind = or_(*(_is_behind(each, keyring) for each in raw.values()))
    query = select(key.label("key"), *(each.label(name) for name, each in raw.items())).where(behind)
    query = query.where(key > bindparam("after")).order_by(key).limit(_AT_ONCE)
    renew = update(table).where(key == bindparam("of_row"))
    renew = renew.values({name: type_coerce(bindparam(f"new_{name}"), Text) for name in raw})
    count, after = 0, ""
    while True:
        with writing(engine) as connection:
            rows = connection.execute(query, {"after": after}).all()
            if not rows:
                return count
            connection.execute(renew, [_renewed(row._mapping, columns, keyring) for row in rows])
        count, after = count + len(rows), rows[-1].key


def _is_behind(raw: ColumnElement[str], keyring: Keyring) -> ColumnElement[bool]:
    if keyring.prefix:
        return func.substr(raw, 1, len(keyring.prefix)) != keyring.prefix
    return func.substr(raw, 1, len(MARK)) == MARK


def _renewed(row: Any, columns: list[Column[Any]], keyring: Keyring) -> dict[str, str | None]:
    values: dict[str, str | None] = {"of_row": row["key"]}
    for column in columns:
        kind: Any = column.type
        kept = row[column.name]
        if kept is not None:
            text = keyring.text(kept, kind.column, lookup=kind.lookup)
            kept = keyring.kept(text, kind.column, lookup=kind.lookup)
        values[f"new_{column.name}"] = kept
    return values
