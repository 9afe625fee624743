"""What people write on model cards."""

from __future__ import annotations

from sqlalchemy import Engine, insert, select

from data.database import reading, writing
from data.records import CardStatement
from data.tables import card_statements


class CardStatementStore:
    """Every statement stays; the newest of an attribute counts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, said: CardStatement) -> None:
        """Keeps a statement."""
        with writing(self._engine) as connection:
            connection.execute(insert(card_statements).values(**vars(said)))

    def latest(self, task: str, version: str) -> dict[str, CardStatement]:
        """What counts of a version, by attribute."""
        mine = (card_statements.c.task == task) & (card_statements.c.version == version)
        query = select(card_statements).where(mine)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(card_statements.c.created_at, card_statements.c.id))
            return {row.key: CardStatement(**row._mapping) for row in rows}
