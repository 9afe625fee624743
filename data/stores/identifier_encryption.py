"""Bringing encrypted columns under the key in force, and which keys they are under now."""

from __future__ import annotations

from collections.abc import Iterator
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
    or_,
    select,
    type_coerce,
    update,
)

from data.database import reading, writing
from data.encryption import MARK, Encrypted, EncryptedDate, Keyring, key_id, keyring_of
from data.free_pages import overwrite_deleted
from data.tables import metadata

_AT_ONCE = 500
_PREFIX = len(MARK) + 8


def keys_in_use(engine: Engine) -> dict[str, int]:
    """How many values are under each key, by its id; those kept plain under ""."""
    counts: dict[str, int] = {}
    with reading(engine) as connection:
        for _, column in _encrypted_columns():
            raw = type_coerce(column, Text)
            begins = case((func.substr(raw, 1, 1) == MARK, func.substr(raw, 1, _PREFIX)), else_="")
            query = select(begins.label("begins"), func.count()).where(raw.is_not(None)).group_by("begins")
            for begin, count in connection.execute(query):
                counts[key_id(begin)] = counts.get(key_id(begin), 0) + int(count)
    return counts


def bring_under_current_key(engine: Engine) -> int:
    """Keep every value as the keys of this engine say (`encrypt_with`); how many rows were kept anew.

    A part of a table in a transaction each: who is interrupted goes on where it ended. Plain texts do not
    stay behind in free pages, as far as the database can be told so (`data.free_pages`). Raises InvalidInput
    for a value under a key that is not known.
    """
    keyring = keyring_of(engine)
    tables = {table: None for table, _ in _encrypted_columns()}
    changed = {table.name: _bring_table(engine, table, keyring) for table in tables}
    if any(changed.values()):
        overwrite_deleted(engine, [name for name, rows in changed.items() if rows])
    return sum(changed.values())


def _encrypted_columns() -> Iterator[tuple[Table, Column[Any]]]:
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Encrypted | EncryptedDate):
                yield table, column


def _bring_table(engine: Engine, table: Table, keyring: Keyring) -> int:
    (key,) = table.primary_key.columns
    columns = [column for owner, column in _encrypted_columns() if owner is table]
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
    return func.substr(raw, 1, 1) == MARK


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
