"""What people say is wrong with results, and what they are answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, insert, select, update

from data.codec import from_json, to_json
from data.database import reading, writing
from data.records import CRITICAL, Feedback, FeedbackAnswer, FeedbackCategory, FeedbackState, KindCount
from data.stores.kinds import by_kind
from data.tables import feedback, scans

_OF_SCANS = feedback.outerjoin(scans, scans.c.id == feedback.c.scan_id)
_MADE = scans.c.synthetic
_CRITICAL = feedback.c.category.in_([category.value for category in CRITICAL])


class FeedbackStore:
    """Messages; none is deleted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, message: Feedback) -> Feedback:
        """Keeps a message."""
        with writing(self._engine) as connection:
            connection.execute(insert(feedback).values(_values(message)))
        return message

    def get(self, feedback_id: str) -> Feedback | None:
        """The message, or None."""
        with reading(self._engine) as connection:
            return _message(connection, feedback_id)

    def change(self, feedback_id: str, change: Callable[[Feedback], Feedback]) -> Feedback | None:
        """Puts what `change` makes of a message in its place, which nobody else changes meanwhile.

        Returns what it is then, or None where there is none.
        """
        if self.get(feedback_id) is None:
            return None
        with writing(self._engine) as connection:
            known = _message(connection, feedback_id, lock=True)
            if known is None:
                return None
            made = change(known)
            connection.execute(update(feedback).where(feedback.c.id == known.id).values(_values(made)))
            return made

    def of_scan(self, scan_id: str) -> list[Feedback]:
        """Those about any result of a scan, the newest first."""
        return self._all(feedback.c.scan_id == scan_id)

    def of_sender(self, user_id: str, limit: int) -> list[Feedback]:
        """What somebody sent, the newest first."""
        return self._all(feedback.c.sender_id == user_id, limit)

    def in_state(self, state: FeedbackState, limit: int) -> list[Feedback]:
        """Those in a state: critical ones first, then the newest first."""
        return self._all(feedback.c.state == state.value, limit, critical_first=True)

    def counts(self) -> dict[FeedbackState, KindCount]:
        """How many there are in each state."""
        query = select(feedback.c.state, _MADE, func.count()).select_from(_OF_SCANS)
        with reading(self._engine) as connection:
            counted = by_kind(connection.execute(query.group_by(feedback.c.state, _MADE)))
        return {state: counted.get((state.value,), KindCount()) for state in FeedbackState}

    def unseen(self, user_id: str) -> KindCount:
        """How many of somebody's messages have an answer that they have not seen."""
        query = select(_MADE, func.count()).select_from(_OF_SCANS).group_by(_MADE)
        query = query.where(feedback.c.sender_id == user_id, feedback.c.unseen)
        with reading(self._engine) as connection:
            return by_kind(connection.execute(query)).get((), KindCount())

    def see(self, user_id: str, feedback_ids: list[str]) -> None:
        """Notes that somebody has seen the answers to these messages of theirs."""
        own = (feedback.c.sender_id == user_id) & feedback.c.id.in_(feedback_ids)
        with writing(self._engine) as connection:
            connection.execute(update(feedback).where(own).values(unseen=False))

    def _all(
        self, condition: ColumnElement[bool], limit: int | None = None, *, critical_first: bool = False
    ) -> list[Feedback]:
        order = [feedback.c.created_at.desc(), feedback.c.id]
        query = select(feedback).where(condition).limit(limit)
        query = query.order_by(*([_CRITICAL.desc()] if critical_first else []), *order)
        with reading(self._engine) as connection:
            return [_feedback(row) for row in connection.execute(query)]


def _message(connection: Connection, feedback_id: str, *, lock: bool = False) -> Feedback | None:
    query = select(feedback).where(feedback.c.id == feedback_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _feedback(row)


def _values(message: Feedback) -> dict[str, Any]:
    return {
        **vars(message),
        "category": message.category.value,
        "state": message.state.value,
        "answers": to_json(message.answers),
    }


def _feedback(row: Row[Any]) -> Feedback:
    values = {name: row._mapping[name] for name in Feedback.__dataclass_fields__}
    kinds = {
        "category": FeedbackCategory(row.category),
        "state": FeedbackState(row.state),
        "answers": from_json(tuple[FeedbackAnswer, ...], row.answers),
    }
    return Feedback(**values | kinds)
