"""Bulk imports: which folders, which items are in them, and what became of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Engine, Row, bindparam, delete, func, insert, select, update

from data.codec import from_json, to_json
from data.database import now, reading, writing
from data.errors import NotFound
from data.records import Import, ImportFile, ImportItem, ImportProgress, ImportState, ItemState, Refusal
from data.tables import import_items, imports

_AT_ONCE = 500
_ENDED = (ImportState.DONE, ImportState.FAILED)


class ImportStore:
    """Imports and their items."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, record: Import) -> Import:
        """Keeps a new import."""
        with writing(self._engine) as connection:
            connection.execute(insert(imports).values(**vars(record) | {"state": record.state.value}))
        return record

    def get(self, import_id: str) -> Import | None:
        """The import, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(imports).where(imports.c.id == import_id)).one_or_none()
        return None if row is None else _import(row)

    def recent(self, limit: int) -> list[Import]:
        """The latest imports, newest first."""
        query = select(imports).order_by(imports.c.created_at.desc(), imports.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_import(row) for row in connection.execute(query)]

    def with_state(self, states: Collection[ImportState]) -> list[Import]:
        """Imports in any of these states, oldest first."""
        query = select(imports).where(imports.c.state.in_([state.value for state in states]))
        with reading(self._engine) as connection:
            ordered = query.order_by(imports.c.created_at, imports.c.id)
            return [_import(row) for row in connection.execute(ordered)]

    def move(
        self,
        import_id: str,
        to: ImportState,
        *,
        only_from: Collection[ImportState] = tuple(ImportState),
        failure: str | None = None,
    ) -> bool:
        """Takes the import to another state; False where it was in none of `only_from`."""
        here = (imports.c.id == import_id) & imports.c.state.in_([state.value for state in only_from])
        values = {"state": to.value, "failure": failure, "finished_at": now() if to in _ENDED else None}
        with writing(self._engine) as connection:
            return connection.execute(update(imports).where(here).values(values)).rowcount == 1

    def replace_items(self, import_id: str, items: Iterable[ImportItem]) -> None:
        """Keeps the items of an import in the place of those it had."""
        remaining = iter(items)
        with writing(self._engine) as connection:
            connection.execute(delete(import_items).where(import_items.c.import_id == import_id))
            while chunk := [_values(item) for item in islice(remaining, _AT_ONCE)]:
                connection.execute(insert(import_items), chunk)

    def waiting(self, import_id: str) -> Iterator[ImportItem]:
        """The items that are still to do, in their order; those settled meanwhile are left out."""
        number = -1
        while chunk := self._waiting_after(import_id, number):
            yield from chunk
            number = chunk[-1].number

    def _waiting_after(self, import_id: str, number: int) -> list[ImportItem]:
        mine = (import_items.c.import_id == import_id) & (import_items.c.state == ItemState.WAITING.value)
        query = select(import_items).where(mine & (import_items.c.number > number))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(import_items.c.number).limit(_AT_ONCE))
            return [_item(row) for row in rows]

    def settle(self, item: ImportItem) -> bool:
        """Keeps what became of an item; False where another run of the import was first."""
        outcome = {name: value for name, value in _values(item).items() if name in _OUTCOME}
        with writing(self._engine) as connection:
            return connection.execute(_SETTLE, outcome | {"of_item": item.id}).rowcount == 1

    def retry_failed(self, import_id: str) -> None:
        """Items that failed wait again."""
        failed = (import_items.c.import_id == import_id) & (import_items.c.state == ItemState.FAILED.value)
        values = {"state": ItemState.WAITING.value, "refusals": "[]", "refused": 0}
        with writing(self._engine) as connection:
            connection.execute(update(import_items).where(failed).values(values))

    def progress(self, import_id: str) -> ImportProgress:
        """How far the import is."""
        counted = [func.sum(import_items.c[name]) for name in ("added", "known", "labelled", "refused")]
        query = select(import_items.c.state, func.count(), *counted).group_by(import_items.c.state)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(import_items.c.import_id == import_id)).all()
        states = {row[0]: int(row[1]) for row in rows}
        added, known, labelled, refused = (sum(int(row[2 + index]) for row in rows) for index in range(4))
        done, failed = states.get(ItemState.DONE.value, 0), states.get(ItemState.FAILED.value, 0)
        return ImportProgress(sum(states.values()), done, failed, added, known, labelled, refused)

    def refusals(self, import_id: str) -> list[Refusal]:
        """Everything that was not read, in the items' order."""
        mine = (import_items.c.import_id == import_id) & (import_items.c.refused > 0)
        query = select(import_items.c.refusals).where(mine).order_by(import_items.c.number)
        with reading(self._engine) as connection:
            texts = list(connection.execute(query).scalars())
        refusals: list[Refusal] = []
        for text in texts:
            refusals += from_json(tuple[Refusal, ...], text)
        return refusals

    def require(self, import_id: str) -> Import:
        """The import; raises NotFound."""
        known = self.get(import_id)
        if known is None:
            raise NotFound("There is no such import.")
        return known


_OUTCOME = {"state", "scan_ids", "refusals", "added", "known", "labelled", "refused"}
# Made once: making a statement takes longer than carrying it out.
_SETTLE = update(import_items).where(
    import_items.c.id == bindparam("of_item"), import_items.c.state == ItemState.WAITING.value
)


def _values(item: ImportItem) -> dict[str, Any]:
    return vars(item) | {
        "files": to_json(item.files),
        "state": item.state.value,
        "scan_ids": to_json(item.scan_ids),
        "refusals": to_json(item.refusals),
        "refused": len(item.refusals),
    }


def _import(row: Row[Any]) -> Import:
    values = {name: row._mapping[name] for name in Import.__dataclass_fields__}
    return Import(**values | {"state": ImportState(row.state)})


def _item(row: Row[Any]) -> ImportItem:
    values = {name: row._mapping[name] for name in ImportItem.__dataclass_fields__}
    values |= {
        "files": from_json(tuple[ImportFile, ...], row.files),
        "state": ItemState(row.state),
        "scan_ids": from_json(tuple[str, ...], row.scan_ids),
        "refusals": from_json(tuple[Refusal, ...], row.refusals),
    }
    return ImportItem(**values)
