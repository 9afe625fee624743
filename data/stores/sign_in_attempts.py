"""How often signing in has failed, by whatever it is counted by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, insert, or_, select, update

from data.database import writing
from data.records import AttemptKey
from data.revisions import bump
from data.tables import REVISION_OF_USERS
from data.tables import sign_in_attempts as attempts

WaitAfter = Callable[[AttemptKey, int], timedelta | None]


class AttemptStore:
    """Failures in a row by key; success or time makes them forgotten."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self, keys: Sequence[AttemptKey], at: datetime, wait_after: WaitAfter, forgotten_before: datetime
    ) -> tuple[AttemptKey, datetime] | None:
        """Counts an attempt as failed under every key until `forget` says otherwise.

        The key that has to wait longest and until when, where any has to: such an attempt is neither allowed
        nor counted. `wait_after` gives the wait that a number of failures in a row brings a key.
        Failures whose last was before `forgotten_before` are deleted.
        """
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_USERS)  # guesses at once take turns here
            connection.execute(delete(attempts).where(attempts.c.last_at < forgotten_before))
            counts, locked = _counts(connection, keys, at)
            if locked:
                return max(locked, key=lambda each: each[1])
            for key in keys:
                _count(connection, key, counts.get(key, 0) + 1, at, wait_after)
        return None

    def forget(self, keys: Sequence[AttemptKey]) -> None:
        """The counts of these keys start anew."""
        if not keys:
            return
        with writing(self._engine) as connection:
            connection.execute(delete(attempts).where(_any_of(keys)))

    def take_back(self, keys: Sequence[AttemptKey], wait_after: WaitAfter) -> None:
        """An attempt under each of these keys was no failure; those that were still count."""
        if not keys:
            return
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_USERS)
            for row in connection.execute(select(attempts).where(_any_of(keys))).all():
                key, count = AttemptKey(row.kind, row.key_sha256), row.failures - 1
                if count == 0:
                    connection.execute(delete(attempts).where(_any_of([key])))
                    continue
                until = None if wait_after(key, count) is None else row.locked_until
                values = {"failures": count, "locked_until": until}
                connection.execute(update(attempts).where(_any_of([key])).values(values))

    def forget_beginning(self, kind: str, beginning: str) -> None:
        """The counts of a kind whose keys begin so start anew."""
        mine = (attempts.c.kind == kind) & attempts.c.key_sha256.startswith(beginning)
        with writing(self._engine) as connection:
            connection.execute(delete(attempts).where(mine))


def _counts(
    connection: Connection, keys: Sequence[AttemptKey], at: datetime
) -> tuple[dict[AttemptKey, int], list[tuple[AttemptKey, datetime]]]:
    """The failures by key, and the keys that have to wait with the time until when."""
    counts, locked = {}, []
    for row in connection.execute(select(attempts).where(_any_of(keys))):
        key = AttemptKey(row.kind, row.key_sha256)
        counts[key] = row.failures
        if row.locked_until is not None and row.locked_until > at:
            locked.append((key, row.locked_until))
    return counts, locked


def _count(connection: Connection, key: AttemptKey, count: int, at: datetime, wait_after: WaitAfter) -> None:
    wait = wait_after(key, count)
    values = {"failures": count, "last_at": at, "locked_until": None if wait is None else at + wait}
    if count == 1:
        connection.execute(insert(attempts).values(**vars(key), **values))
    else:
        connection.execute(update(attempts).where(_any_of([key])).values(values))


def _any_of(keys: Sequence[AttemptKey]) -> ColumnElement[bool]:
    return or_(*(and_(attempts.c.kind == key.kind, attempts.c.key_sha256 == key.key_sha256) for key in keys))
