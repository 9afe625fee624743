"""Bearer tokens for scripts. Of the secret only a SHA-256 is kept: it has 256 random bits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from data.database import reading, writing
from data.errors import NotFound
from data.records import AccessToken, TokenScope
from data.tables import tokens


class TokenStore:
    """Bearer tokens by the hash of their secret."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, token: AccessToken, secret_sha256: str) -> AccessToken:
        """Keeps a new token."""
        values = {
            "id": token.id,
            "user_id": token.user_id,
            "label": token.label,
            "secret_sha256": secret_sha256,
            "created_at": token.created_at,
            "last_used_at": token.last_used_at,
            "revoked_at": token.revoked_at,
            "scopes": " ".join(sorted(token.scopes)),
            "expires_at": token.expires_at,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(tokens).values(values))
        return token

    def by_secret(self, secret_sha256: str) -> AccessToken | None:
        """The token with this secret unless it is revoked."""
        query = select(tokens).where(tokens.c.secret_sha256 == secret_sha256, tokens.c.revoked_at.is_(None))
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _token(row)

    def of_user(self, user_id: str) -> list[AccessToken]:
        """A person's tokens, newest first, revoked ones included."""
        query = select(tokens).where(tokens.c.user_id == user_id).order_by(tokens.c.created_at.desc())
        with reading(self._engine) as connection:
            return [_token(row) for row in connection.execute(query)]

    def usable(self, at: datetime) -> list[AccessToken]:
        """Everybody's tokens that are neither revoked nor over, the newest first."""
        living = tokens.c.revoked_at.is_(None) & (tokens.c.expires_at.is_(None) | (tokens.c.expires_at > at))
        query = select(tokens).where(living).order_by(tokens.c.created_at.desc())
        with reading(self._engine) as connection:
            return [_token(row) for row in connection.execute(query)]

    def get(self, token_id: str) -> AccessToken | None:
        """The token of this id, revoked or not, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(tokens).where(tokens.c.id == token_id)).one_or_none()
        return None if row is None else _token(row)

    def used(self, token_id: str, at: datetime) -> None:
        """Notes when the token was last used."""
        with writing(self._engine) as connection:
            connection.execute(update(tokens).where(tokens.c.id == token_id).values(last_used_at=at))

    def revoke(self, user_id: str, token_id: str, at: datetime) -> None:
        """The token works no more; NotFound for somebody else's. Revoking twice keeps the first time."""
        mine = (tokens.c.id == token_id) & (tokens.c.user_id == user_id)
        with writing(self._engine) as connection:
            if connection.execute(select(tokens.c.id).where(mine)).first() is None:
                raise NotFound("There is no such token.")
            living = mine & tokens.c.revoked_at.is_(None)
            connection.execute(update(tokens).where(living).values(revoked_at=at))


def _token(row: Row[Any]) -> AccessToken:
    return AccessToken(
        id=row.id,
        user_id=row.user_id,
        label=row.label,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        scopes=_scopes(row.scopes),
        expires_at=row.expires_at,
    )


def _scopes(kept: str | None) -> frozenset[TokenScope]:
    """What a token was made for; one from before there were scopes may what its owner may."""
    if kept is None:
        return frozenset(TokenScope)
    return frozenset(TokenScope(word) for word in kept.split())
