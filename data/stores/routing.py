"""Routing rules, and how far results were looked through for what they send."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, exists, false, insert, select, update

from data.codec import from_json, to_json
from data.database import reading, writing
from data.records import Outcome, RoutingRule
from data.records.received import SENT_BY_DICOM
from data.revisions import revision
from data.tables import (
    REVISION_OF_ROUTED,
    REVISION_OF_SCANS,
    deliveries,
    ledger,
    revisions,
    routing_rules,
    scans,
)


class RoutingStore:
    """Rules; deleted ones keep their row and are not listed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, rule: RoutingRule) -> None:
        """Keeps a new rule."""
        told = {"outcomes": to_json(rule.outcomes), "forms": to_json(rule.forms)}
        with writing(self._engine) as connection:
            connection.execute(insert(routing_rules).values(vars(rule) | told))

    def all(self) -> list[RoutingRule]:
        """Every rule in force, the oldest first."""
        query = select(routing_rules).where(routing_rules.c.deleted_at.is_(None))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(routing_rules.c.created_at, routing_rules.c.id))
            return [_rule(row) for row in rows]

    def delete(self, rule_id: str, at: datetime) -> bool:
        """Takes a rule out of force; False where it is in force no more."""
        mine = routing_rules.c.id == rule_id, routing_rules.c.deleted_at.is_(None)
        with writing(self._engine) as connection:
            return connection.execute(update(routing_rules).where(*mine).values(deleted_at=at)).rowcount > 0

    def changed_scans(self, *, every: bool = False) -> tuple[list[str], int]:
        """Scans that rules or follow-ups may be about, changed since `routed`; and what to call that with.

        They came by DICOM, or something of them was sent by hand: a rejection has to follow it. With `every`
        they may have come in any way.
        """
        now, seen = revision(self._engine, REVISION_OF_SCANS), revision(self._engine, REVISION_OF_ROUTED)
        if now == seen:
            return [], now
        query = select(scans.c.id).join(ledger, ledger.c.scan_id == scans.c.id)
        query = query.where(ledger.c.changed > seen, ledger.c.changed <= now)
        by_dicom = scans.c.uploaded_by.startswith(SENT_BY_DICOM, autoescape=True)
        if not every:
            query = query.where(by_dicom | exists().where(deliveries.c.scan_id == scans.c.id))
        with reading(self._engine) as connection:
            return list(connection.execute(query.order_by(ledger.c.changed, scans.c.id)).scalars()), now

    def never_sent(self, node_id: str, form: str) -> list[str]:
        """Real scans that were read, of which nothing of a form was ever to go to a node; oldest first."""
        sent = exists().where(
            deliveries.c.scan_id == scans.c.id, deliveries.c.node_id == node_id, deliveries.c.form == form
        )
        wanted = scans.c.latest_result_id.is_not(None), scans.c.synthetic == false(), ~sent
        query = select(scans.c.id).where(*wanted).order_by(scans.c.created_at, scans.c.id)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def routed(self, up_to: int) -> None:
        """Every change up to here was looked at; nothing where somebody was as far already."""
        # Looked at every second: no write for nothing.
        if revision(self._engine, REVISION_OF_ROUTED) >= up_to:
            return
        mine = revisions.c.name == REVISION_OF_ROUTED, revisions.c.value < up_to
        with writing(self._engine) as connection:
            connection.execute(update(revisions).where(*mine).values(value=up_to))


def _rule(row: Row[Any]) -> RoutingRule:
    values = {name: row._mapping[name] for name in RoutingRule.__dataclass_fields__}
    values["outcomes"] = from_json(tuple[Outcome, ...], row.outcomes)
    values["forms"] = from_json(tuple[str, ...], row.forms)
    return RoutingRule(**values)
