"""Sessions of people who are signed in. Of a secret only its SHA-256 is kept: it has 256 random bits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, bindparam, delete, insert, select, update

from data.database import reading, writing
from data.records import Session, User
from data.stores.users import user_of
from data.tables import sessions, users


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
            "waits": session.waits,
            "place": session.place,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(sessions).values(values))
        return session

    def get(self, secret_sha256: str) -> Session | None:
        """The session with this secret, or None."""
        query = select(sessions).where(sessions.c.secret_sha256 == secret_sha256)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _session(row)

    def with_person(self, secret_sha256: str) -> tuple[Session, User] | None:
        """The session with this secret and whose it is, or None: asked with every request."""
        with reading(self._engine) as connection:
            row = connection.execute(_WITH_PERSON, {"secret": secret_sha256}).one_or_none()
        if row is None:
            return None
        begun = Session(
            secret_sha256, row.id, row.epoch, row.begun_at, row.active_at, row.waits, row.place or ""
        )
        return begun, user_of(row)

    def of_user(self, user_id: str) -> list[Session]:
        """A person's sessions, the one last active first; those that have run out may be among them."""
        query = select(sessions).where(sessions.c.user_id == user_id).order_by(sessions.c.active_at.desc())
        with reading(self._engine) as connection:
            return [_session(row) for row in connection.execute(query)]

    def active(self, secret_sha256: str, at: datetime) -> None:
        """Notes when somebody was active; one that is ended stays so."""
        mine = (sessions.c.secret_sha256 == secret_sha256) & (sessions.c.active_at < at)
        with writing(self._engine) as connection:
            connection.execute(update(sessions).where(mine).values(active_at=at))

    def end(self, secret_sha256: str) -> None:
        """Forgets a session; nothing happens where there is none."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.secret_sha256 == secret_sha256))

    def end_of_user(self, user_id: str, secret_sha256: str) -> bool:
        """Forgets a session of this person; False where they have none such."""
        mine = (sessions.c.secret_sha256 == secret_sha256) & (sessions.c.user_id == user_id)
        with writing(self._engine) as connection:
            return connection.execute(delete(sessions).where(mine)).rowcount == 1

    def end_others(self, user_id: str, secret_sha256: str) -> int:
        """Forgets every session of a person but this one; how many those were."""
        others = (sessions.c.secret_sha256 != secret_sha256) & (sessions.c.user_id == user_id)
        with writing(self._engine) as connection:
            return connection.execute(delete(sessions).where(others)).rowcount

    def end_idle(self, active_until: datetime, made_until: datetime) -> None:
        """Forgets the sessions in which nobody has been active since then, and those made before then."""
        over = (sessions.c.active_at <= active_until) | (sessions.c.created_at <= made_until)
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(over))


_OF_SESSION = (sessions.c.epoch, sessions.c.created_at.label("begun_at"), sessions.c.active_at)
_WITH_PERSON = (
    select(users, *_OF_SESSION, sessions.c.waits, sessions.c.place)
    .join_from(sessions, users, sessions.c.user_id == users.c.id)
    .where(sessions.c.secret_sha256 == bindparam("secret"))
)


def _session(row: Row[Any]) -> Session:
    return Session(
        secret_sha256=row.secret_sha256,
        user_id=row.user_id,
        epoch=row.epoch,
        created_at=row.created_at,
        active_at=row.active_at,
        waits=row.waits,
        place=row.place or "",
    )
