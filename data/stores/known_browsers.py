"""Browsers in which somebody has signed in before. Of the secret only a SHA-256 is kept: it has 256 bits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, delete, insert, select, update

from data.database import reading, writing
from data.tables import known_browsers


class KnownBrowserStore:
    """Known browsers by the hash of their secret, each of one person."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, secret_sha256: str, user_id: str, at: datetime) -> None:
        """Keeps a browser."""
        values = {"secret_sha256": secret_sha256, "user_id": user_id, "used_at": at}
        with writing(self._engine) as connection:
            connection.execute(insert(known_browsers).values(values))

    def knows(self, secret_sha256: str, user_id: str, since: datetime) -> bool:
        """Whether this person has signed in with it since then."""
        mine = (known_browsers.c.secret_sha256 == secret_sha256) & (known_browsers.c.user_id == user_id)
        query = select(known_browsers.c.user_id).where(mine, known_browsers.c.used_at >= since)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def used(self, secret_sha256: str, at: datetime) -> None:
        """Notes that its person has signed in with it once more."""
        mine = known_browsers.c.secret_sha256 == secret_sha256
        with writing(self._engine) as connection:
            connection.execute(update(known_browsers).where(mine).values(used_at=at))

    def forget(self, user_id: str) -> None:
        """Forgets every browser of a person."""
        with writing(self._engine) as connection:
            connection.execute(delete(known_browsers).where(known_browsers.c.user_id == user_id))

    def forget_unused(self, since: datetime) -> None:
        """Forgets those in which nobody has signed in since then."""
        with writing(self._engine) as connection:
            connection.execute(delete(known_browsers).where(known_browsers.c.used_at < since))
