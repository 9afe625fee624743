"""Boards: their rows, and the panels inside a row as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from data.database import reading, writing
from data.records import Board, BoardChoice, BoardPanel
from data.tables import boards


class BoardStore:
    """Boards. A row is locked while it is changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, board: Board) -> Board:
        """Keeps a new one."""
        with writing(self._engine) as connection:
            connection.execute(insert(boards).values(_values(board)))
        return board

    def get(self, board_id: str) -> Board | None:
        """The board, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(boards).where(boards.c.id == board_id)).one_or_none()
        return None if row is None else _board(row)

    def all(self) -> list[Board]:
        """Every board, what was changed last first."""
        query = select(boards).order_by(boards.c.changed_at.desc(), boards.c.id)
        with reading(self._engine) as connection:
            return [_board(row) for row in connection.execute(query)]

    def change(self, board_id: str, change: Callable[[Board | None], Board]) -> Board:
        """Puts what `change` makes of a board in its place; it raises where there is no board."""
        mine = boards.c.id == board_id
        with writing(self._engine) as connection:
            row = connection.execute(select(boards).where(mine).with_for_update()).one_or_none()
            made = change(None if row is None else _board(row))
            connection.execute(update(boards).where(mine).values(_values(made)))
            return made

    def delete(self, board_id: str) -> None:
        """Forgets a board; nothing happens where there is none."""
        with writing(self._engine) as connection:
            connection.execute(delete(boards).where(boards.c.id == board_id))


def _values(board: Board) -> dict[str, Any]:
    values = {name: value for name, value in vars(board).items() if name not in ("panels", "choice")}
    return values | vars(board.choice) | {"panels": json.dumps([vars(panel) for panel in board.panels])}


def _board(row: Row[Any]) -> Board:
    return Board(
        id=row.id,
        title=row.title,
        panels=tuple(BoardPanel(**panel) for panel in json.loads(row.panels)),
        choice=BoardChoice(row.months, row.site, row.scanner, row.sex, row.age),
        shared=row.shared,
        owner_id=row.owner_id,
        owner_name=row.owner_name,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
