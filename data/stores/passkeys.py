"""Passkeys (WebAuthn credentials), and the challenges that wait for an answer."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from data.database import reading, writing
from data.errors import InvalidInput, NotFound
from data.records import Passkey
from data.tables import passkey_challenges as challenges
from data.tables import passkeys


class PasskeyStore:
    """Passkeys of people."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, passkey: Passkey) -> None:
        """Keeps a new one; InvalidInput where somebody has it already."""
        values = vars(passkey) | {"credential_sha256": _sha256(passkey.credential_id)}
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(passkeys).values(values))
        except IntegrityError as error:
            raise InvalidInput("This passkey is set up already.") from error

    def of_user(self, user_id: str) -> list[Passkey]:
        """A person's passkeys, oldest first."""
        query = select(passkeys).where(passkeys.c.user_id == user_id).order_by(passkeys.c.made_at)
        with reading(self._engine) as connection:
            return [_passkey(row) for row in connection.execute(query)]

    def all(self) -> list[Passkey]:
        """Everybody's passkeys."""
        with reading(self._engine) as connection:
            return [_passkey(row) for row in connection.execute(select(passkeys))]

    def by_credential(self, credential_id: str) -> Passkey | None:
        """The passkey with this credential id (base64url), or None."""
        query = select(passkeys).where(passkeys.c.credential_sha256 == _sha256(credential_id))
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _passkey(row)

    def used(self, passkey_id: str, sign_count: int, at: datetime) -> bool:
        """Notes a use; False where another use has counted as far meanwhile.

        Passkeys that never count stay at 0.
        """
        grown = or_(passkeys.c.sign_count < sign_count, passkeys.c.sign_count == 0)
        change = update(passkeys).where(passkeys.c.id == passkey_id, grown)
        with writing(self._engine) as connection:
            return connection.execute(change.values(sign_count=sign_count, used_at=at)).rowcount == 1

    def remove(self, user_id: str, passkey_id: str) -> None:
        """Forgets one of a person's passkeys; NotFound for somebody else's."""
        mine = (passkeys.c.id == passkey_id) & (passkeys.c.user_id == user_id)
        with writing(self._engine) as connection:
            if connection.execute(delete(passkeys).where(mine)).rowcount != 1:
                raise NotFound("There is no such passkey.")

    def remove_all(self, user_id: str) -> None:
        """Forgets every passkey of a person."""
        with writing(self._engine) as connection:
            connection.execute(delete(passkeys).where(passkeys.c.user_id == user_id))


class ChallengeStore:
    """Challenges by their hash, each for one answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, challenge: bytes, purpose: str, user_id: str | None, at: datetime, until: datetime) -> None:
        """Keeps a challenge for an answer of this purpose and person (None: whoever); what is over goes."""
        values = {
            "challenge_sha256": hashlib.sha256(challenge).hexdigest(),
            "purpose": purpose,
            "user_id": user_id,
            "expires_at": until,
        }
        with writing(self._engine) as connection:
            connection.execute(delete(challenges).where(challenges.c.expires_at <= at))
            connection.execute(insert(challenges).values(values))

    def take(self, challenge: bytes, purpose: str, user_id: str | None, at: datetime) -> bool:
        """Whether it still waits for this answer; it waits for no other from now on."""
        mine = challenges.c.challenge_sha256 == hashlib.sha256(challenge).hexdigest()
        whose = challenges.c.user_id.is_(None) if user_id is None else challenges.c.user_id == user_id
        waits = (challenges.c.purpose == purpose) & (challenges.c.expires_at > at)
        with writing(self._engine) as connection:
            return connection.execute(delete(challenges).where(mine, whose, waits)).rowcount == 1


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(**{name: row._mapping[name] for name in Passkey.__dataclass_fields__})
