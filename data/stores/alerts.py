"""Alerts: at most one unfinished row a cause, which the unique `open_key` sees to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from data.database import reading, writing
from data.records import Alert, AlertState, Severity
from data.tables import alerts

_UNFINISHED = (AlertState.OPEN.value, AlertState.ACKNOWLEDGED.value)


class AlertStore:
    """Alerts. What a change means is told by the function it is given; a row is locked meanwhile."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def change_of(self, cause: str, change: Callable[[Alert | None], Alert | None]) -> Alert | None:
        """Puts what `change` makes of the cause's unfinished alert in its place; None leaves things alone."""
        key = alerts.c.open_key == _key(cause)
        try:
            return self._change(key, change)
        except IntegrityError:  # another raised it between our look and our writing
            return self._change(key, change)

    def change(self, alert_id: str, change: Callable[[Alert | None], Alert | None]) -> Alert | None:
        """As `change_of`, for the alert with this id."""
        return self._change(alerts.c.id == alert_id, change)

    def get(self, alert_id: str) -> Alert | None:
        """The alert, or None."""
        with reading(self._engine) as connection:
            return _alert_where(connection, alerts.c.id == alert_id)

    def unfinished(self) -> list[Alert]:
        """Open and acknowledged alerts, the latest first."""
        return self._all(alerts.c.state.in_(_UNFINISHED))

    def closed(self, limit: int, permissions: Collection[str] = ()) -> list[Alert]:
        """The latest closed alerts, newest first: those that need no permission, or one of these."""
        seen = or_(alerts.c.permission.is_(None), alerts.c.permission.in_(permissions))
        return self._all((alerts.c.state == AlertState.CLOSED.value) & seen, limit)

    def last_closed(self, cause: str) -> datetime | None:
        """When the last alert of a cause was closed; None where none was."""
        query = select(func.max(alerts.c.closed_at)).where(alerts.c.cause == cause)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()  # type: ignore[no-any-return]

    def opened_since(self, moment: datetime) -> list[Alert]:
        """Alerts of any state that were first raised at this moment or later, the latest first."""
        return self._all(alerts.c.first_at >= moment)

    def owed(self, moment: datetime) -> list[Alert]:
        """Open alerts that were to be told by this moment."""
        return [alert for alert in self.unfinished() if alert.tell_at is not None and alert.tell_at <= moment]

    def _all(self, condition: ColumnElement[bool], limit: int | None = None) -> list[Alert]:
        query = select(alerts).where(condition).order_by(alerts.c.last_at.desc(), alerts.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_alert(row) for row in connection.execute(query)]

    def _change(
        self, condition: ColumnElement[bool], change: Callable[[Alert | None], Alert | None]
    ) -> Alert | None:
        with writing(self._engine) as connection:
            known = _alert_where(connection, condition, lock=True)
            made = change(known)
            if made is None or made == known:
                return made
            if known is None:
                connection.execute(insert(alerts).values(_values(made)))
            else:
                connection.execute(update(alerts).where(alerts.c.id == known.id).values(_values(made)))
            return made


def _alert_where(
    connection: Connection, condition: ColumnElement[bool], *, lock: bool = False
) -> Alert | None:
    query = select(alerts).where(condition)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _alert(row)


def _key(cause: str) -> str:
    return hashlib.sha256(cause.encode("utf-8", "replace")).hexdigest()


def _values(alert: Alert) -> dict[str, Any]:
    return {
        **vars(alert),
        "severity": alert.severity.value,
        "state": alert.state.value,
        "told_to": json.dumps(alert.told_to),
        "open_key": _key(alert.cause) if alert.state.value in _UNFINISHED else None,
    }


def _alert(row: Row[Any]) -> Alert:
    values = {name: row._mapping[name] for name in Alert.__dataclass_fields__}
    told_to = tuple(json.loads(row.told_to))
    kinds = {"severity": Severity(row.severity), "state": AlertState(row.state), "told_to": told_to}
    return Alert(**values | kinds)
