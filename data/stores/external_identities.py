"""Identities at the hospital's sign-in, and the sessions that began there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.database import new_id, reading, writing
from data.errors import InvalidInput, NotFound
from data.records import ExternalIdentity, ExternalPerson, ExternalSession, SignInWay
from data.tables import external_identities, external_sessions, sessions

LONGEST_SUBJECT = 255
"""Of an issuer or subject, in characters: a longer one, cut, might be somebody else's."""


class ExternalIdentityStore:
    """Identities by issuer and subject."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def seen(self, person: ExternalPerson, at: datetime) -> ExternalIdentity:
        """The identity of a person at a provider, made where it is new, with the name of now.

        InvalidInput where issuer or subject are too long to be kept whole.
        """
        if not person.subject or max(len(person.issuer), len(person.subject)) > LONGEST_SUBJECT:
            raise InvalidInput("What the hospital's sign-in calls this account cannot be kept.")
        mine = _of(person.issuer, person.subject)
        named = {"name": person.name, "display_name": person.display_name, "last_seen_at": at}
        new = {"way": person.way.value, "issuer": person.issuer, "subject": person.subject}
        try:
            with writing(self._engine) as connection:
                if connection.execute(update(external_identities).where(mine).values(named)).rowcount == 0:
                    values = {"id": new_id(), "created_at": at} | new | named
                    connection.execute(insert(external_identities).values(values))
        except IntegrityError:  # a second tab was faster
            pass
        with reading(self._engine) as connection:
            return _identity(connection.execute(select(external_identities).where(mine)).one())

    def get(self, identity_id: str) -> ExternalIdentity:
        """The identity; NotFound."""
        query = select(external_identities).where(external_identities.c.id == identity_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("There is no such identity.")
        return _identity(row)

    def find(self, issuer: str, subject: str) -> ExternalIdentity | None:
        """The identity with this issuer and subject, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(external_identities).where(_of(issuer, subject))).one_or_none()
        return None if row is None else _identity(row)

    def all(self) -> list[ExternalIdentity]:
        """Every identity, those that were here last first."""
        query = select(external_identities).order_by(external_identities.c.last_seen_at.desc())
        with reading(self._engine) as connection:
            return [_identity(row) for row in connection.execute(query)]

    def of_user(self, user_id: str) -> list[ExternalIdentity]:
        """The identities that sign in to an account."""
        query = select(external_identities).where(external_identities.c.user_id == user_id)
        with reading(self._engine) as connection:
            return [_identity(row) for row in connection.execute(query)]

    def user_named(self, way: SignInWay, name: str) -> str | None:
        """The account of whom a way of signing in last called by this name; None where none is linked."""
        mine = (external_identities.c.way == way.value) & (external_identities.c.name == name)
        query = select(external_identities.c.user_id).where(mine)
        with reading(self._engine) as connection:
            return connection.execute(query.limit(1)).scalar()

    def link(self, identity_id: str, user_id: str) -> bool:
        """Let an identity that has no account sign in to this one; False where it has one meanwhile."""
        free = (external_identities.c.id == identity_id) & external_identities.c.user_id.is_(None)
        with writing(self._engine) as connection:
            changed = connection.execute(update(external_identities).where(free).values(user_id=user_id))
        return changed.rowcount == 1

    def forget(self, identity_id: str) -> None:
        """The identity signs in to nothing any more; its next try begins anew."""
        with writing(self._engine) as connection:
            connection.execute(delete(external_identities).where(external_identities.c.id == identity_id))


class ExternalSessionStore:
    """Sessions that began at an OpenID provider, by the hash of their secret."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, session: ExternalSession) -> None:
        """Keeps one, and sweeps those whose session has ended."""
        values = {
            "secret_sha256": session.secret_sha256,
            "user_id": session.user_id,
            "issuer": session.issuer,
            "subject": session.subject,
            "sid": session.sid,
            "id_token": session.id_token,
            "created_at": session.created_at,
        }
        with writing(self._engine) as connection:
            ended = external_sessions.c.secret_sha256.not_in(select(sessions.c.secret_sha256))
            connection.execute(delete(external_sessions).where(ended))
            connection.execute(insert(external_sessions).values(values))

    def take(self, secret_sha256: str) -> ExternalSession | None:
        """The one beside this session, which is forgotten with it; None for a session that began here."""
        mine = external_sessions.c.secret_sha256 == secret_sha256
        with writing(self._engine) as connection:
            row = connection.execute(select(external_sessions).where(mine)).one_or_none()
            connection.execute(delete(external_sessions).where(mine))
        return None if row is None else _session(row)

    def of_subject(self, issuer: str, subject: str, sid: str) -> list[ExternalSession]:
        """Those of a subject, of a provider's session, or of both; an empty one of the two is any."""
        mine = external_sessions.c.issuer == issuer
        if subject:
            mine &= external_sessions.c.subject == subject
        if sid:
            mine &= external_sessions.c.sid == sid
        with reading(self._engine) as connection:
            return [_session(row) for row in connection.execute(select(external_sessions).where(mine))]


def _of(issuer: str, subject: str) -> ColumnElement[bool]:
    return (external_identities.c.issuer == issuer) & (external_identities.c.subject == subject)


def _identity(row: Row[Any]) -> ExternalIdentity:
    return ExternalIdentity(
        row.id,
        SignInWay(row.way),
        row.issuer,
        row.subject,
        row.user_id,
        row.name,
        row.display_name,
        row.created_at,
        row.last_seen_at,
    )


def _session(row: Row[Any]) -> ExternalSession:
    return ExternalSession(
        row.secret_sha256, row.user_id, row.issuer, row.subject, row.sid, row.id_token, row.created_at
    )
