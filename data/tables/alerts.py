"""What somebody must look at."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, false

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

alerts = Table(
    "alerts",
    metadata,
    id_column(),
    Column("cause", Line(), nullable=False),  # the same cause raises no second alert
    Column("open_key", String(64), unique=True),  # hash of the cause until it is closed
    Column("severity", String(16), nullable=False),
    Column("title", Line(), nullable=False),
    Column("sentence", Words, nullable=False),
    Column("link", Words, nullable=False),
    Column("state", String(16), nullable=False),  # open, acknowledged, closed
    Column("times", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("muted_until", UtcDateTime),
    Column("decided_by", Line(64)),
    Column("decided_name", Line()),
    Column("decided_at", UtcDateTime),
    Column("why", Words),
    Column("closed_at", UtcDateTime),
    Column("tell_at", UtcDateTime),  # when it is to be told next; NULL: nothing is owed
    Column("tellings", Integer, nullable=False),  # failed tries since it is owed
    Column("told_to", Words, nullable=False),  # JSON: fingerprints of addresses that took this message
    Column("told_at", UtcDateTime),  # by webhook or e-mail
    Column("telling_failed", Words),
    Column("evidence_last", UtcDateTime),  # the window that it rests on; NULL: a fault, not a figure
    Column("evidence_n", Integer),
    Column("end_proposed_at", UtcDateTime),  # its rule sees its cause no more; a person closes it
    Column("end_sentence", Words),
    Column("permission", String(64)),  # that its readers need beside deciding on alerts; NULL: none
    Column("awaits", String(64)),  # permission of those whose decision is asked for; NULL: nobody's
    Column("asked_by", Line(64)),  # the account that asked for it
    Column("called_at", UtcDateTime),  # opened or became graver last; NULL: as first_at
    Column("synthetic", Boolean, nullable=False, server_default=false()),  # about made scans alone
    Index("ix_alerts_state_last_at", "state", "last_at"),
    **MYSQL,
)
