"""Stop rules: whether they act, and which versions were taken out of use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, and_, insert, or_, select, update

from data.codec import from_json, to_json
from data.database import reading, writing
from data.ledger.rows import microseconds
from data.records import StopEvidence, StopReason, StopSwitch, Suspension, Verdict
from data.revisions import bump, revision
from data.tables import REVISION_OF_SCANS, ledger, results, stop_switches, suspensions

MOST_EXAMINED = 50_000
_UNREVIEWED = (Verdict.UNSURE.value,)
Examined = tuple[str, datetime, str, str | None, str | None]
"""Scan, when it was first read, by which version, its scanner and modality."""


class SuspensionStore:
    """What was stopped; nothing is ever removed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def revision(self) -> int:
        """Another number after any change of a scan, result, review or suspension."""
        return revision(self._engine, REVISION_OF_SCANS)

    def switch(self, task: str) -> StopSwitch | None:
        """The newest word on whether the rules of a task act; None where there was none."""
        return next(iter(self.switches(task)), None)

    def switches(self, task: str) -> list[StopSwitch]:
        """All words on a task, the newest first."""
        newest = stop_switches.c.set_at.desc(), stop_switches.c.id
        query = select(stop_switches).where(stop_switches.c.task == task).order_by(*newest)
        with reading(self._engine) as connection:
            return [StopSwitch(**row) for row in connection.execute(query).mappings()]

    def set_switch(self, said: StopSwitch) -> None:
        """Keep a word; the ones before stay."""
        with writing(self._engine) as connection:
            connection.execute(insert(stop_switches).values(**vars(said)))

    def all(self, task: str | None = None) -> list[Suspension]:
        """Every suspension there was, of a task or of all, the newest first."""
        query = select(suspensions).order_by(suspensions.c.since.desc(), suspensions.c.id)
        if task is not None:
            query = query.where(suspensions.c.task == task)
        with reading(self._engine) as connection:
            return [_suspension(row) for row in connection.execute(query)]

    def add(self, stopped: Suspension) -> bool:
        """Keep a suspension under its id; False, and nothing is changed, where that is here already."""
        values = vars(stopped) | {"reason": stopped.reason.value, "evidence": to_json(stopped.evidence)}
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)  # first: who stops the same one waits here
            same = select(suspensions.c.id).where(suspensions.c.id == stopped.id)
            if connection.execute(same).first() is not None:
                return False
            connection.execute(insert(suspensions).values(**values))
            return True

    def change(self, suspension_id: str, change: Callable[[Suspension | None], Suspension]) -> Suspension:
        """Keep what `change` makes of a suspension (None: there is no such); its errors change nothing."""
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)  # pages and lists show results by it
            row = connection.execute(select(suspensions).where(suspensions.c.id == suspension_id)).first()
            changed = change(None if row is None else _suspension(row))
            names = [name for name in vars(changed) if name.startswith(("asked_", "lifted_", "why"))]
            values = {name: getattr(changed, name) for name in names}
            connection.execute(update(suspensions).where(suspensions.c.id == suspension_id).values(**values))
            return changed

    def unreviewed(self, stopped: Sequence[Suspension]) -> frozenset[str]:
        """The scans whose newest result falls under one of these, and that nobody has judged yet."""
        if not stopped:
            return frozenset()
        said = or_(ledger.c.verdict.is_(None), ledger.c.verdict.in_(_UNREVIEWED))
        query = select(ledger.c.scan_id).where(ledger.c.gone.is_(False), said, or_(*map(_read_by, stopped)))
        with reading(self._engine) as connection:
            return frozenset(connection.execute(query).scalars())

    def examined(self, task: str, since: datetime) -> list[Examined]:
        """Real scans that came from a time on and were read, once each, the oldest first, 50,000 at most."""
        columns = (
            results.c.scan_id, results.c.created_at, results.c.model_version, ledger.c.scanner,
            ledger.c.modality,
        )  # fmt: skip
        came = ledger.c.created_us >= microseconds(since)
        query = (
            select(*columns)
            .join(ledger, ledger.c.scan_id == results.c.scan_id)
            .where(results.c.task == task, ledger.c.gone.is_(False), ledger.c.synthetic.is_(False), came)
            .order_by(results.c.created_at.desc(), results.c.id)
            .limit(MOST_EXAMINED)
        )
        with reading(self._engine) as connection:
            newest_first: list[Examined] = [tuple(row) for row in connection.execute(query)]
        first = {row[0]: row for row in newest_first}
        return sorted(first.values(), key=lambda row: (row[1], row[0]))


def _read_by(stopped: Suspension) -> ColumnElement[bool]:
    mine = [ledger.c.task == stopped.task, ledger.c.version == stopped.version]
    mine.append(ledger.c.read_us >= microseconds(stopped.began_at))
    if stopped.scanner:
        mine.append(ledger.c.scanner == stopped.scanner)
    return and_(*mine)


def _suspension(row: Row[Any]) -> Suspension:
    values = dict(row._mapping)
    values["reason"] = StopReason(values["reason"])
    values["evidence"] = from_json(StopEvidence, values["evidence"])
    return Suspension(**values)
