"""When senders sent, when the DICOM node listened, and what was decided on a sender's silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, case, delete, func, insert, select, update

from data.database import reading, writing
from data.records import QUARTER_S, Arrivals, Listening, SenderWatch
from data.tables import dicom_arrivals, dicom_listening, dicom_watches

_KEPT_QUARTERS = 13 * 7 * 24 * 4
_KEPT_LISTENING = timedelta(days=400)
_ONE_RUN = timedelta(minutes=2)  # a pause of the node that is shorter is none


class WatchedSenderStore:
    """Arrivals, listening times and decisions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def arrived(self, arrivals: Sequence[Arrivals]) -> None:
        """Adds what came; what is long before a sender's latest arrival is forgotten."""
        with writing(self._engine) as connection:
            for added in arrivals:
                _add(connection, added)
            for ae_title in {added.ae_title for added in arrivals}:
                latest = max(added.quarter for added in arrivals if added.ae_title == ae_title)
                old = dicom_arrivals.c.quarter < latest - _KEPT_QUARTERS
                connection.execute(delete(dicom_arrivals).where(dicom_arrivals.c.ae_title == ae_title, old))

    def arrivals(self) -> dict[str, list[Arrivals]]:
        """What came of each sender that ever sent, by AE title, the earliest first."""
        query = select(dicom_arrivals).order_by(dicom_arrivals.c.quarter)
        by_sender: dict[str, list[Arrivals]] = defaultdict(list)
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                arrivals = Arrivals(row.ae_title, row.quarter, row.instances, row.last_at)
                by_sender[row.ae_title].append(arrivals)
        return dict(by_sender)

    def listened(self, since: datetime, until: datetime) -> None:
        """Notes that the node listened; what follows the time before closely is one with it."""
        with writing(self._engine) as connection:
            last = _last_listening(connection)
            if last is None or since > last.until + _ONE_RUN:
                connection.execute(insert(dicom_listening).values(since=since, until=until))
                old = dicom_listening.c.until < until - _KEPT_LISTENING
                connection.execute(delete(dicom_listening).where(old))
            elif until > last.until:
                mine = dicom_listening.c.since == last.since
                connection.execute(update(dicom_listening).where(mine).values(until=until, told_at=None))

    def listening(self) -> list[Listening]:
        """All times in which the node listened, the earliest first."""
        query = select(dicom_listening).order_by(dicom_listening.c.since)
        with reading(self._engine) as connection:
            return [Listening(row.since, row.until, row.told_at) for row in connection.execute(query)]

    def told_of_end(self, listening: Listening, told_at: datetime) -> None:
        """Notes that people were told that the node listens no more."""
        mine = dicom_listening.c.since == listening.since
        with writing(self._engine) as connection:
            connection.execute(update(dicom_listening).where(mine).values(told_at=told_at))

    def watches(self) -> dict[str, SenderWatch]:
        """What was decided on senders, by AE title."""
        with reading(self._engine) as connection:
            return {row.ae_title: _watch(row) for row in connection.execute(select(dicom_watches))}

    def change(self, ae_title: str, change: Callable[[SenderWatch], SenderWatch]) -> SenderWatch:
        """Puts what `change` makes of a sender's watch in its place."""
        mine = dicom_watches.c.ae_title == ae_title
        with writing(self._engine) as connection:
            row = connection.execute(select(dicom_watches).where(mine).with_for_update()).one_or_none()
            changed = change(SenderWatch(ae_title) if row is None else _watch(row))
            if row is None:
                connection.execute(insert(dicom_watches).values(vars(changed)))
            else:
                connection.execute(update(dicom_watches).where(mine).values(vars(changed)))
        return changed


def quarter_of(moment: datetime) -> int:
    """The quarter of an hour since 1970 that a moment lies in."""
    return int(moment.timestamp() // QUARTER_S)


def _add(connection: Connection, added: Arrivals) -> None:
    of_sender = dicom_arrivals.c.ae_title == added.ae_title
    mine = of_sender & (dicom_arrivals.c.quarter == added.quarter)
    later = case((dicom_arrivals.c.last_at < added.last_at, added.last_at), else_=dicom_arrivals.c.last_at)
    more = {"instances": dicom_arrivals.c.instances + added.instances, "last_at": later}
    if not connection.execute(update(dicom_arrivals).where(mine).values(more)).rowcount:
        connection.execute(insert(dicom_arrivals).values(vars(added)))


def _last_listening(connection: Connection) -> Listening | None:
    latest = select(func.max(dicom_listening.c.until)).scalar_subquery()
    query = select(dicom_listening).where(dicom_listening.c.until == latest)
    row = connection.execute(query.order_by(dicom_listening.c.since.desc()).limit(1)).one_or_none()
    return None if row is None else Listening(row.since, row.until, row.told_at)


def _watch(row: Any) -> SenderWatch:
    return SenderWatch(**{name: row._mapping[name] for name in SenderWatch.__dataclass_fields__})
