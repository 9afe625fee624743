"""Who somebody is for the hospital's own sign-in, and sessions that began there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SignInWay(StrEnum):
    """By what the hospital's accounts are asked."""

    OIDC = "oidc"
    LDAP = "ldap"


@dataclass(frozen=True)
class ExternalPerson:
    """What a provider says of somebody who has just signed in there.

    `issuer` and `subject` together are the identity; name and mail may go to somebody else one day.
    """

    way: SignInWay
    issuer: str
    subject: str
    name: str
    display_name: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class ExternalIdentity:
    """An identity at a provider, and the account that it signs in to; without one it waits for a link."""

    id: str
    way: SignInWay
    issuer: str
    subject: str
    user_id: str | None
    name: str  # as the provider had it at the last try
    display_name: str
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True)
class ExternalSession:
    """A session of Lightbox that began at an OpenID provider, for signing out there too."""

    secret_sha256: str
    user_id: str
    issuer: str
    subject: str
    sid: str  # the provider's name for its own session; "" where it gives none
    id_token: str
    created_at: datetime
