"""What signing in is held against beside the password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class AttemptKey:
    """What attempts to sign in are counted by: a kind, and the hash of who or where."""

    kind: str
    key_sha256: str


@dataclass(frozen=True)
class CodeGenerator:
    """Somebody's app that shows one-time codes by time (TOTP); its secret is kept encrypted."""

    user_id: str
    sealed_secret: str
    made_at: datetime
    confirmed_at: datetime | None  # None: not set up to its end
    last_step: int  # a code of this step of 30 seconds, or of an earlier one, was used


@dataclass(frozen=True)
class Passkey:
    """A WebAuthn credential of somebody; the private key never leaves their device."""

    id: str
    user_id: str
    credential_id: str  # base64url
    public_key: str  # COSE, base64url
    sign_count: int
    name: str
    made_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True)
class PasskeyAnswer:
    """What a browser answers with a passkey before an act, in which session, at which address of ours."""

    answer: str  # JSON
    session: str  # its secret
    address: str


@dataclass(frozen=True)
class SignInNotice:
    """What somebody is told when they next sign in."""

    id: str
    user_id: str
    at: datetime
    words: str
