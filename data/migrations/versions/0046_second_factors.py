"""Second factors, known browsers, attempts by source; limits of sessions and tokens."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words
from data.database import now

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
_A_YEAR = timedelta(days=365)


def upgrade() -> None:
    """Nobody has a second factor; tokens from before end in a year; whoever had to wait may try again."""
    op.drop_table("sign_in_failures")
    _attempts_and_browsers()
    _factors()
    _passkeys()
    op.add_column("sessions", sa.Column("waits", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("sessions", sa.Column("place", Line()))
    op.add_column("tokens", sa.Column("scopes", Line()))
    op.add_column("tokens", sa.Column("expires_at", UtcDateTime()))
    tokens = sa.table("tokens", sa.column("expires_at", UtcDateTime()))
    op.execute(tokens.update().values(expires_at=now() + _A_YEAR))


def _attempts_and_browsers() -> None:
    op.create_table(
        "sign_in_attempts",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("locked_until", UtcDateTime()),
        sa.PrimaryKeyConstraint("kind", "key_sha256", name=op.f("pk_sign_in_attempts")),
        **_MYSQL,
    )
    op.create_index(op.f("ix_sign_in_attempts_last_at"), "sign_in_attempts", ["last_at"])
    op.create_table(
        "known_browsers",
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_known_browsers_user_id")),
        sa.PrimaryKeyConstraint("secret_sha256", name=op.f("pk_known_browsers")),
        **_MYSQL,
    )
    op.create_index("ix_known_browsers_user_id", "known_browsers", ["user_id"])


def _factors() -> None:
    op.create_table(
        "code_generators",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("sealed_secret", Line(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime()),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_code_generators")),
        **_MYSQL,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id")),
        sa.PrimaryKeyConstraint("code_sha256", name=op.f("pk_recovery_codes")),
        **_MYSQL,
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])
    op.create_table(
        "sign_in_notices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("words", Words(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_in_notices_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_notices")),
        **_MYSQL,
    )
    op.create_index("ix_sign_in_notices_user_id", "sign_in_notices", ["user_id"])


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("credential_sha256", sa.String(length=64), nullable=False),
        sa.Column("credential_id", Words(), nullable=False),
        sa.Column("public_key", Words(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", Line(64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_passkeys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_sha256", name=op.f("uq_passkeys_credential_sha256")),
        **_MYSQL,
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"])
    op.create_table(
        "passkey_challenges",
        sa.Column("challenge_sha256", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=32)),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("challenge_sha256", name=op.f("pk_passkey_challenges")),
        **_MYSQL,
    )
    op.create_index(op.f("ix_passkey_challenges_expires_at"), "passkey_challenges", ["expires_at"])


def downgrade() -> None:
    """Take them away; sessions that wait for a second factor go, so that none begins without it."""
    op.execute("DELETE FROM sessions WHERE waits")
    for table, columns in (("tokens", ("expires_at", "scopes")), ("sessions", ("place", "waits"))):
        with op.batch_alter_table(table) as batch:
            for name in columns:
                batch.drop_column(name)
    for name in (
        "passkey_challenges",
        "passkeys",
        "sign_in_notices",
        "recovery_codes",
        "code_generators",
        "known_browsers",
        "sign_in_attempts",
    ):
        op.drop_table(name)
    op.create_table(
        "sign_in_failures",
        sa.Column("name_key", Line(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("locked_until", UtcDateTime()),
        sa.PrimaryKeyConstraint("name_key", name=op.f("pk_sign_in_failures")),
        **_MYSQL,
    )
    op.create_index(op.f("ix_sign_in_failures_last_at"), "sign_in_failures", ["last_at"])
