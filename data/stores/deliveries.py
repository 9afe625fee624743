"""The outbox: what goes to which remote node, what went, and what waits. No row is deleted.

A delivery is sent by who holds its claim; one that is not renewed in time is another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from data.database import attempting, reading, writing
from data.records import Delivery, DeliveryState, KindCount
from data.stores.kinds import by_kind
from data.tables import deliveries, scans

_WAITING = deliveries.c.state == DeliveryState.WAITING.value
_COLUMNS = [deliveries.c[name] for name in Delivery.__dataclass_fields__]


class DeliveryStore:
    """Deliveries."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, wanted: Sequence[Delivery]) -> int:
        """Keeps those whose id is new; how many they are."""
        return sum(self._add(delivery) for delivery in wanted)

    def get(self, delivery_id: str) -> Delivery | None:
        """The delivery, or None."""
        return next(iter(self._where(deliveries.c.id == delivery_id)), None)

    def of_scan(self, scan_id: str) -> list[Delivery]:
        """All of a scan, the latest first."""
        return self._where(deliveries.c.scan_id == scan_id)

    def of_result(self, result_id: str, scan_id: str) -> list[Delivery]:
        """All of a result."""
        return self._where((deliveries.c.scan_id == scan_id) & (deliveries.c.result_id == result_id))

    def latest(self, state: DeliveryState, limit: int) -> list[Delivery]:
        """Those in a state that changed last, the latest first."""
        return self._where(deliveries.c.state == state.value, limit)

    def counts(self) -> dict[tuple[str, DeliveryState], KindCount]:
        """How many are in each state, by the node's id."""
        columns = deliveries.c.node_id, deliveries.c.state, scans.c.synthetic
        of_scans = deliveries.outerjoin(scans, scans.c.id == deliveries.c.scan_id)
        query = select(*columns, func.count()).select_from(of_scans).group_by(*columns)
        with reading(self._engine) as connection:
            counted = by_kind(connection.execute(query))
        return {(node_id, DeliveryState(state)): count for (node_id, state), count in counted.items()}

    def failing(self, node_id: str, attempts: int) -> int:
        """How many for a node wait that were tried so often or more."""
        mine = deliveries.c.node_id == node_id, deliveries.c.attempts >= attempts
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).where(_WAITING, *mine)).scalar_one())

    def due_nodes(self, moment: datetime) -> list[str]:
        """The ids of nodes that something is due for."""
        with reading(self._engine) as connection:
            query = select(deliveries.c.node_id).where(_due(moment)).distinct()
            return list(connection.execute(query).scalars())

    def claim(
        self, node_id: str, claim: str, moment: datetime, until: datetime, limit: int
    ) -> list[Delivery]:
        """Takes what is due for a node, the oldest first; each counts as an attempt from now on."""
        oldest = (deliveries.c.created_at, deliveries.c.id)
        mine = deliveries.c.node_id == node_id
        due = select(deliveries.c.id).where(mine, _due(moment)).order_by(*oldest).limit(limit)
        with writing(self._engine) as connection:
            ids = list(connection.execute(due.with_for_update()).scalars())
            taken = update(deliveries).where(deliveries.c.id.in_(ids), _due(moment))
            values = {"claim": claim, "claimed_until": until, "attempts": deliveries.c.attempts + 1}
            connection.execute(taken.values(values))
        return sorted(
            self._where(deliveries.c.claim == claim),
            key=lambda delivery: (delivery.created_at, delivery.id),
        )

    def renew(self, claim: str, until: datetime) -> None:
        """Whoever holds a claim is still at it."""
        with writing(self._engine) as connection:
            held = update(deliveries).where(deliveries.c.claim == claim)
            connection.execute(held.values(claimed_until=until))

    def settle(self, claim: str, delivery_id: str, **values: Any) -> bool:
        """Notes what became of a delivery and lets it go; False for who does not hold it any more."""
        mine = (deliveries.c.id == delivery_id) & (deliveries.c.claim == claim)
        return self._change(mine, values)

    def ask_again(self, delivery_id: str, moment: datetime) -> bool:
        """Sends at once, also what was delivered or skipped; False where it is just being sent."""
        free = or_(deliveries.c.claim.is_(None), deliveries.c.claimed_until < moment)
        values = {
            "state": DeliveryState.WAITING,
            "next_at": moment,
            "attempts": 0,
            "note": None,
            "changed_at": moment,
        }
        return self._change((deliveries.c.id == delivery_id) & free, values)

    def hurry(self, moment: datetime) -> None:
        """Sends everything that waits at once."""
        with writing(self._engine) as connection:
            connection.execute(update(deliveries).where(_WAITING).values(next_at=moment))

    def skip(self, delivery_id: str, moment: datetime, note: str) -> bool:
        """Sends it no more; False where it does not wait, or is just being sent."""
        free = or_(deliveries.c.claim.is_(None), deliveries.c.claimed_until < moment)
        values = {"state": DeliveryState.SKIPPED, "note": note, "changed_at": moment}
        return self._change((deliveries.c.id == delivery_id) & _WAITING & free, values)

    def _add(self, delivery: Delivery) -> int:
        known = select(deliveries.c.id).where(deliveries.c.id == delivery.id)
        try:
            with attempting(self._engine) as connection:
                if connection.execute(known).first() is not None:
                    return 0
                connection.execute(
                    insert(deliveries).values(vars(delivery) | {"state": delivery.state.value})
                )
        except IntegrityError:  # another server was first
            return 0
        return 1

    def _change(self, which: ColumnElement[bool], values: dict[str, Any]) -> bool:
        values = {**values, "claim": None, "claimed_until": None}
        if "state" in values:
            values["state"] = values["state"].value
        with writing(self._engine) as connection:
            return connection.execute(update(deliveries).where(which).values(values)).rowcount > 0

    def _where(self, condition: ColumnElement[bool], limit: int | None = None) -> list[Delivery]:
        newest = (deliveries.c.changed_at.desc(), deliveries.c.id)
        query = select(*_COLUMNS).where(condition).order_by(*newest).limit(limit)
        with reading(self._engine) as connection:
            return [_delivery(row) for row in connection.execute(query)]


def _due(moment: datetime) -> ColumnElement[bool]:
    free = or_(deliveries.c.claim.is_(None), deliveries.c.claimed_until < moment)
    return _WAITING & (deliveries.c.next_at <= moment) & free


def _delivery(row: Row[Any]) -> Delivery:
    values = {name: row._mapping[name] for name in Delivery.__dataclass_fields__}
    return Delivery(**values | {"state": DeliveryState(row.state)})
