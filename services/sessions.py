"""Sessions: who is signed in, until they sign out, are idle for a while, or have been in for long enough.

They are kept in the database, so that what has ended stays ended when the server starts anew. The browser
holds nothing but a secret. A session also ends with the account, its password, or "sign out everywhere":
the account's epoch then counts up, and the session carries the one before. A session that waits for the
second factor stands for nobody yet.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from data.database import Database, now
from data.records import AuditEvent, Session, User
from data.stores.audit import AuditLog
from data.stores.sessions import SessionStore
from data.stores.users import UserStore

NOTED_EVERY = timedelta(seconds=5)  # how fine activity is kept: not a write with every piece of an upload
LONGEST = timedelta(hours=12)  # NIST SP 800-63B: authentication anew after 12 hours at the latest
FACTOR_WAITS = timedelta(minutes=10)  # for the second factor, after the right password


@dataclass(frozen=True)
class OpenSession:
    """One of somebody's sessions, as they are shown it."""

    id: str
    created_at: datetime
    active_at: datetime
    place: str  # from where, in words
    mine: bool  # whether it is the one that asks


@dataclass(frozen=True)
class TimeLeft:
    """How long a session lasts if nobody is active, and whether activity would not make it longer."""

    left: timedelta
    final: bool


class Sessions:
    """The sessions of one database; several servers on it share them."""

    def __init__(
        self,
        store: SessionStore,
        users: UserStore,
        audit: AuditLog,
        idle: timedelta,
        clock: Callable[[], datetime] = now,
        *,
        longest: timedelta = LONGEST,
    ) -> None:
        """`idle`: so long without activity a session lasts; `longest`: so long in any case."""
        self._store = store
        self._users = users
        self._idle = idle
        self._longest = longest
        self._clock = clock
        self._audit = audit

    def begin(self, user: User, place: str = "") -> str:
        """A fresh session; returns the secret that stands for it. `place` says in words from where."""
        return self._begun(user, place, waits=False)

    def begin_waiting(self, user: User) -> str:
        """What the right password brings somebody with a second factor: ten minutes to show that."""
        return self._begun(user, "", waits=True)

    def user(self, secret: str) -> User | None:
        """The person whose session this is; None where it is unknown, over, or waits for a factor."""
        known = self._store.with_person(_sha256(secret))
        if known is None or known[0].waits or not self._lives(known[0]):
            return None
        return _of_epoch(*known)

    def waiting(self, secret: str) -> User | None:
        """The person who has given the right password and now has to show the second factor, or None."""
        session = self._living(secret)
        if session is None or not session.waits or self._clock() - session.created_at >= FACTOR_WAITS:
            return None
        return self._person(session)

    def active(self, secret: str) -> None:
        """Note that the person did something; what has ended stays ended."""
        moment, session = self._clock(), self._living(secret)
        if session is not None and moment - session.active_at >= NOTED_EVERY:
            self._store.active(session.secret_sha256, moment)

    @property
    def idle(self) -> timedelta:
        """After so long without activity a session has ended."""
        return self._idle

    def left(self, secret: str) -> TimeLeft:
        """How long the session lasts if nobody is active; zero where it has ended."""
        session, moment = self._store.get(_sha256(secret)), self._clock()
        if session is None:
            return TimeLeft(timedelta(), final=False)
        by_idleness = session.active_at + self._idle
        by_age = session.created_at + self._longest
        # Within one idle time of the end, being active no longer moves it.
        return TimeLeft(max(timedelta(), min(by_idleness, by_age) - moment), by_age <= by_idleness)

    def of_user(self, user_id: str, secret: str = "") -> list[OpenSession]:
        """Somebody's open sessions, the one last active first; `secret` is that of the one that asks."""
        mine, user = _sha256(secret), self._users.get(user_id)
        return [
            OpenSession(
                each.secret_sha256, each.created_at, each.active_at, each.place, each.secret_sha256 == mine
            )
            for each in self._store.of_user(user_id)
            if user is not None and not each.waits and self._lives(each) and each.epoch == user.session_epoch
        ]

    def end(self, secret: str) -> None:
        """Sign out: every copy of the secret is worthless from now on."""
        session = self._store.get(_sha256(secret))
        if session is None:
            return
        with self._audit.together():
            self._store.end(session.secret_sha256)
            if not session.waits and self._lives(session):
                self._note(session.user_id, "signed out")

    def end_of_user(self, user_id: str, session_id: str) -> None:
        """End one of one's own sessions; nothing happens where there is none such."""
        with self._audit.together():
            if self._store.end_of_user(user_id, session_id):
                self._note(user_id, "sessions ended", "1")

    def end_others(self, user_id: str, secret: str) -> None:
        """End all of one's own sessions but this one."""
        with self._audit.together():
            self._note(user_id, "sessions ended", str(self._store.end_others(user_id, _sha256(secret))))

    def _begun(self, user: User, place: str, *, waits: bool) -> str:
        moment, secret = self._clock(), secrets.token_urlsafe(32)
        self._store.end_idle(moment - self._idle, moment - self._longest)
        self._store.add(
            Session(_sha256(secret), user.id, user.session_epoch, moment, moment, waits=waits, place=place)
        )
        return secret

    def _living(self, secret: str) -> Session | None:
        session = self._store.get(_sha256(secret))
        return session if session is not None and self._lives(session) else None

    def _lives(self, session: Session) -> bool:
        moment = self._clock()
        return moment - session.active_at < self._idle and moment - session.created_at < self._longest

    def _person(self, session: Session) -> User | None:
        user = self._users.get(session.user_id)
        return None if user is None else _of_epoch(session, user)

    def _note(self, user_id: str, action: str, detail: str = "") -> None:
        self._audit.record(AuditEvent(self._clock(), user_id, action, user_id, detail))


def sessions_of(database: Database, idle: timedelta, longest: timedelta = LONGEST) -> Sessions:
    """The sessions in a database."""
    stores = SessionStore(database), UserStore(database), AuditLog(database)
    return Sessions(*stores, idle, longest=longest)


def _of_epoch(session: Session, user: User) -> User | None:
    return user if user.active and user.session_epoch == session.epoch else None


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
