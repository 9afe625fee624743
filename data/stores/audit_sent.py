"""How far events of the audit trail were sent to other systems."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from data.database import reading, writing
from data.tables import audit_sent


class AuditSentStore:
    """One row a destination; one server at a time sends there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def number(self, destination: str) -> int:
        """The number of the last event that was sent there; 0 before the first."""
        query = select(audit_sent.c.number).where(audit_sent.c.destination == destination)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def claim(self, destination: str, who: str, at: datetime, span: timedelta) -> bool:
        """Whether `who` may send there now; a claim ends by itself, should its holder die."""
        self._make(destination)
        free = or_(
            audit_sent.c.claimed_until.is_(None),
            audit_sent.c.claimed_until < at,
            audit_sent.c.claimed_by == who,
        )
        claimed = (
            update(audit_sent)
            .where(audit_sent.c.destination == destination, free)
            .values(claimed_by=who, claimed_until=at + span)
        )
        with writing(self._engine) as connection:
            return connection.execute(claimed).rowcount == 1

    def release(self, destination: str, who: str) -> None:
        """Let others send there."""
        mine = (audit_sent.c.destination == destination) & (audit_sent.c.claimed_by == who)
        with writing(self._engine) as connection:
            connection.execute(update(audit_sent).where(mine).values(claimed_by=None, claimed_until=None))

    def move(self, destination: str, number: int) -> None:
        """Events up to this one were sent."""
        there = audit_sent.c.destination == destination
        with writing(self._engine) as connection:
            connection.execute(update(audit_sent).where(there).values(number=number))

    def _make(self, destination: str) -> None:
        known = select(audit_sent.c.destination).where(audit_sent.c.destination == destination)
        with reading(self._engine) as connection:
            if connection.execute(known).first() is not None:
                return
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(audit_sent).values(destination=destination, number=0))
        except IntegrityError:  # another server was first
            return
