"""Events of the audit trail in a chain of hashes, with where they came from; those that are there come first."""

from __future__ import annotations

import logging
from dataclasses import replace

import sqlalchemy as sa
from alembic import op

from data.audit_chain import hash_of
from data.audit_triggers import drop_triggers, make_triggers
from data.columns import Line, UtcDateTime, Words
from data.records import AuditEvent, AuditLink, AuditOrigin, AuditOutcome, AuditVia

revision = "0045"
down_revision = "0042"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
_AT_ONCE = 2000
_ADDED = ("outcome", "patient", "role", "via", "address", "number", "previous", "key_id", "hash")
_events = sa.table(
    "audit_events",
    sa.column("id", sa.Integer),
    sa.column("at", UtcDateTime),
    sa.column("user_id", Line(64)),
    sa.column("action", Line(64)),
    sa.column("subject", Line()),
    sa.column("detail", Words),
    sa.column("outcome", sa.String(16)),
    sa.column("via", sa.String(16)),
    sa.column("number", sa.BigInteger),
    sa.column("previous", sa.String(64)),
    sa.column("hash", sa.String(64)),
)
_UPDATE = (
    sa.update(_events)
    .where(_events.c.id == sa.bindparam("event_id"))
    .values(
        outcome=sa.bindparam("new_outcome"),
        via="server",
        number=sa.bindparam("new_number"),
        previous=sa.bindparam("new_previous"),
        hash=sa.bindparam("new_hash"),
    )
)

log = logging.getLogger(__name__)


def upgrade() -> None:
    """Number and chain what is there, unsigned; from now on events are signed and cannot be changed."""
    for column in _columns():
        op.add_column("audit_events", column)
    number, last = _chain_what_is_there()
    with op.batch_alter_table("audit_events") as table:
        table.alter_column("number", existing_type=sa.BigInteger(), nullable=False)
        table.create_unique_constraint("uq_audit_events_number", ["number"])
    op.create_index("ix_audit_events_patient", "audit_events", ["patient"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
        **_MYSQL,
    )
    op.create_table(
        "audit_sent",
        sa.Column("destination", Line(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("claimed_by", sa.String(length=32)),
        sa.Column("claimed_until", UtcDateTime()),
        sa.PrimaryKeyConstraint("destination", name=op.f("pk_audit_sent")),
        **_MYSQL,
    )
    op.bulk_insert(head, [{"id": 1, "number": number, "hash": last}])
    trouble = make_triggers(op.get_bind())
    if trouble is not None:
        log.warning("%s", trouble)


def downgrade() -> None:
    """Leave the events, without the chain."""
    drop_triggers(op.get_bind())
    op.drop_table("audit_sent")
    op.drop_table("audit_head")
    op.drop_index("ix_audit_events_patient", "audit_events")
    with op.batch_alter_table("audit_events") as table:
        table.drop_constraint("uq_audit_events_number", type_="unique")
        for name in _ADDED:
            table.drop_column(name)


def _columns() -> list[sa.Column[str] | sa.Column[int]]:
    def text(name: str, length: int, default: str = "") -> sa.Column[str]:
        return sa.Column(name, sa.String(length=length), nullable=False, server_default=default)

    return [
        text("outcome", 16, "success"),
        text("patient", 32),
        text("role", 16),
        text("via", 16),
        sa.Column("address", Line(64), nullable=False, server_default=""),
        sa.Column("number", sa.BigInteger()),
        text("previous", 64),
        text("key_id", 16),
        text("hash", 64),
    ]


def _chain_what_is_there() -> tuple[int, str]:
    """How many events there are, and the hash of the last one."""
    connection, number, previous, last_id = op.get_bind(), 0, "", -1
    while True:
        query = sa.select(_events).where(_events.c.id > last_id).order_by(_events.c.id).limit(_AT_ONCE)
        rows = connection.execute(query).all()
        if not rows:
            return number, previous
        updates = []
        for row in rows:
            number += 1
            refused = row.action.startswith("sign-in ")
            event = AuditEvent(
                row.at, row.user_id, row.action, row.subject, row.detail,
                outcome=AuditOutcome.REFUSED if refused else AuditOutcome.SUCCESS,
                origin=AuditOrigin(AuditVia.SERVER), number=number,
            )  # fmt: skip
            link = AuditLink(event, previous, "", "")
            link = replace(link, hash=hash_of(link, None))
            updates.append(_update(row.id, link))
            previous = link.hash
        connection.execute(_UPDATE, updates)
        last_id = rows[-1].id


def _update(event_id: int, link: AuditLink) -> dict[str, object]:
    assert link.event.outcome is not None
    return {
        "event_id": event_id,
        "new_outcome": link.event.outcome.value,
        "new_number": link.event.number,
        "new_previous": link.previous,
        "new_hash": link.hash,
    }
