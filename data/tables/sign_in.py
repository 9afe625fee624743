"""What signing in is held against: attempts, known browsers, second factors, notices."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata, reference

# Also counts names that have no account, so that waiting does not tell which names exist.
sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("key_sha256", String(64), primary_key=True),  # people type passwords where names belong
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
    Column("locked_until", UtcDateTime),
    **MYSQL,
)

known_browsers = Table(
    "known_browsers",
    metadata,
    Column("secret_sha256", String(64), primary_key=True),  # a shared machine's browser carries several
    reference("user_id", "users.id"),
    Column("used_at", UtcDateTime, nullable=False),
    Index("ix_known_browsers_user_id", "user_id"),
    **MYSQL,
)

code_generators = Table(
    "code_generators",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("sealed_secret", Line(), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),  # NULL: not set up to its end, and asked by nobody
    Column("last_step", BigInteger, nullable=False),  # a code of this step or an earlier one was used
    **MYSQL,
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("code_sha256", String(64), primary_key=True),  # a used one is deleted
    reference("user_id", "users.id"),
    Column("made_at", UtcDateTime, nullable=False),
    Index("ix_recovery_codes_user_id", "user_id"),
    **MYSQL,
)

passkeys = Table(
    "passkeys",
    metadata,
    id_column(),
    reference("user_id", "users.id"),
    Column("credential_sha256", String(64), nullable=False, unique=True),  # ids may be 1023 bytes long
    Column("credential_id", Words, nullable=False),  # base64url
    Column("public_key", Words, nullable=False),  # COSE, base64url
    Column("sign_count", BigInteger, nullable=False),
    Column("name", Line(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index("ix_passkeys_user_id", "user_id"),
    **MYSQL,
)

# Each is for one answer: who takes it deletes it.
passkey_challenges = Table(
    "passkey_challenges",
    metadata,
    Column("challenge_sha256", String(64), primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("user_id", String(32)),  # NULL: whoever answers
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    **MYSQL,
)

sign_in_notices = Table(
    "sign_in_notices",
    metadata,
    id_column(),
    reference("user_id", "users.id"),
    Column("at", UtcDateTime, nullable=False),
    Column("words", Words, nullable=False),
    Index("ix_sign_in_notices_user_id", "user_id"),
    **MYSQL,
)
