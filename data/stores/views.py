"""Saved views of the cohort page: a name, and the query that it stands for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.columns import folded
from data.database import reading, writing
from data.records import SavedView
from data.tables import views


class ViewStore:
    """Saved views; names that differ only by case are one name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, view: SavedView) -> SavedView:
        """Keeps a view; one of the same name gives way to it, but lends it its id."""
        try:
            with writing(self._engine) as connection:
                return _written(connection, view)
        except IntegrityError:  # somebody was first with this name, between our look and our writing
            with writing(self._engine) as connection:
                return _written(connection, view)

    def get(self, view_id: str) -> SavedView | None:
        """The view, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(views).where(views.c.id == view_id)).one_or_none()
        return None if row is None else _view(row)

    def all(self) -> list[SavedView]:
        """Every view, by name."""
        with reading(self._engine) as connection:
            return [_view(row) for row in connection.execute(select(views).order_by(views.c.name_key))]

    def delete(self, view_id: str) -> None:
        """Forgets a view; nothing happens where there is none."""
        with writing(self._engine) as connection:
            connection.execute(delete(views).where(views.c.id == view_id))


def _written(connection: Connection, view: SavedView) -> SavedView:
    key = folded(view.name)
    known = connection.execute(select(views.c.id).where(views.c.name_key == key)).scalar_one_or_none()
    if known is None:
        connection.execute(insert(views).values(**vars(view), name_key=key))
        return view
    kept = replace(view, id=known)
    connection.execute(update(views).where(views.c.id == known).values(**vars(kept), name_key=key))
    return kept


def _view(row: Row[Any]) -> SavedView:
    return SavedView(row.id, row.name, row.query, row.made_by, row.created_at)
