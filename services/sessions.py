"""Sessions: who is signed in, until they sign out or are not active for a while.

They are kept in the database, so that what has ended stays ended when the server starts anew. The browser
holds nothing but a secret. A session also ends with the account, its password, or "sign out everywhere":
the account's epoch then counts up, and the session carries the one before.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from data.database import Database, now
from data.records import Session, User
from data.stores.sessions import SessionStore
from data.stores.users import UserStore

NOTED_EVERY = timedelta(seconds=5)  # how fine activity is kept: not a write with every piece of an upload


class Sessions:
    """The sessions of one database; several servers on it share them."""

    def __init__(
        self, store: SessionStore, users: UserStore, idle: timedelta, clock: Callable[[], datetime] = now
    ) -> None:
        """`idle`: after so long without activity a session has ended."""
        self._store = store
        self._users = users
        self._idle = idle
        self._clock = clock

    def begin(self, user: User) -> str:
        """A fresh session; returns the secret that stands for it."""
        moment, secret = self._clock(), secrets.token_urlsafe(32)
        self._store.end_idle(moment - self._idle)
        self._store.add(Session(_sha256(secret), user.id, user.session_epoch, moment, moment))
        return secret

    def user(self, secret: str) -> User | None:
        """The person whose session this is; None where it is unknown, ended or idle for too long."""
        session = self._store.get(_sha256(secret))
        if session is None or self._clock() - session.active_at >= self._idle:
            return None
        user = self._users.get(session.user_id)
        if user is None or not user.active or user.session_epoch != session.epoch:
            return None
        return user

    def active(self, secret: str) -> None:
        """Note that the person did something; what has ended stays ended."""
        moment, session = self._clock(), self._store.get(_sha256(secret))
        if session is not None and NOTED_EVERY <= moment - session.active_at < self._idle:
            self._store.active(session.secret_sha256, moment)

    @property
    def idle(self) -> timedelta:
        """After so long without activity a session has ended."""
        return self._idle

    def left(self, secret: str) -> timedelta:
        """How long the session lasts if nobody is active; zero where it has ended."""
        session = self._store.get(_sha256(secret))
        if session is None:
            return timedelta()
        return max(timedelta(), session.active_at + self._idle - self._clock())

    def end(self, secret: str) -> None:
        """Sign out: every copy of the secret is worthless from now on."""
        self._store.end(_sha256(secret))


def sessions_of(database: Database, idle: timedelta) -> Sessions:
    """The sessions in a database."""
    return Sessions(SessionStore(database), UserStore(database), idle)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
