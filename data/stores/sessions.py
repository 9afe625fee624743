"""Sessions of people who are signed in. Of a secret only its SHA-256 is kept: it has 256 random bits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, delete, insert, select, update

from data.database import reading, writing
from data.records import Session
from data.tables import sessions


class SessionStore:
    """Sessions by the hash of their secret; what is ended is gone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, session: Session) -> Session:
        """Keeps a new session."""
        values = {
            "secret_sha256": session.secret_sha256,
            "user_id": session.user_id,
            "epoch": session.epoch,
            "created_at": session.created_at,
            "active_at": session.active_at,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(sessions).values(values))
        return session

    def get(self, secret_sha256: str) -> Session | None:
        """The session with this secret, or None."""
        query = select(sessions).where(sessions.c.secret_sha256 == secret_sha256)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Session(row.secret_sha256, row.user_id, row.epoch, row.created_at, row.active_at)

    def active(self, secret_sha256: str, at: datetime) -> None:
        """Notes when somebody was active; one that is ended stays so."""
        mine = (sessions.c.secret_sha256 == secret_sha256) & (sessions.c.active_at < at)
        with writing(self._engine) as connection:
            connection.execute(update(sessions).where(mine).values(active_at=at))

    def end(self, secret_sha256: str) -> None:
        """Forgets a session; nothing happens where there is none."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.secret_sha256 == secret_sha256))

    def end_idle(self, until: datetime) -> None:
        """Forgets the sessions in which nobody has been active since then."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.active_at <= until))
