"""Readings without the AI, their rules, and who has seen the AI's result of a scan."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.codec import from_json, to_json
from data.database import reading, statement_parts, writing
from data.lookups import once_in_moment
from data.records import EscapeReason, Measurements, UnaidedFinding, UnaidedReading, UnaidedRule
from data.revisions import bump
from data.tables import (
    REVISION_OF_SCANS,
    ai_results_seen,
    reviews,
    scans,
    unaided_readings,
    unaided_rules,
)

# Made once: making a statement takes longer than carrying it out.
_OF_SCANS = (
    select(unaided_readings)
    .where(unaided_readings.c.scan_id.in_(bindparam("wanted", expanding=True)))
    .order_by(unaided_readings.c.created_at, unaided_readings.c.id)
)
_RULE = [unaided_rules.c[name] for name in UnaidedRule.__dataclass_fields__]


class UnaidedStore:
    """Whose readings without the AI there are."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, readings: Sequence[UnaidedReading]) -> int:
        """Keeps readings to be given; what the same reader, or nobody yet, has of a scan stays.

        Returns how many are new.
        """
        new = 0
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)  # first: who asks at the same time waits here
            for wanted in readings:
                if not any(_same(wanted, kept) for kept in _of_scans(connection, [wanted.scan_id])):
                    connection.execute(insert(unaided_readings).values(_values(wanted)))
                    new += 1
        return new

    def of_scans(self, scan_ids: Collection[str]) -> list[UnaidedReading]:
        """Those of these scans, the oldest first."""
        return list(once_in_moment(self._engine, self._of_these, tuple(scan_ids)))

    def _of_these(self, scan_ids: tuple[str, ...]) -> list[UnaidedReading]:
        kept: list[UnaidedReading] = []
        with reading(self._engine) as connection:
            for part in statement_parts(scan_ids):
                kept += _of_scans(connection, part)
        return kept

    def open(self) -> list[UnaidedReading]:
        """All that are still to be given, of scans that are here."""
        query = select(unaided_readings).join(scans, scans.c.id == unaided_readings.c.scan_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(unaided_readings.c.ended_at.is_(None)))
            return [_reading(row) for row in rows]

    def ended(self, task: str, limit: int = 5000) -> list[UnaidedReading]:
        """Of a task those that were given or ended, the newest first."""
        of_task = unaided_readings.c.task == task, unaided_readings.c.ended_at.is_not(None)
        newest = (unaided_readings.c.created_at.desc(), unaided_readings.c.id)
        query = select(unaided_readings).join(scans, scans.c.id == unaided_readings.c.scan_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(*of_task).order_by(*newest).limit(limit))
            return [_reading(row) for row in rows]

    def take(self, reading_id: str, reader_id: str, reader_name: str, at: datetime) -> bool:
        """Gives one that nobody has to a reader who opens the scan; False where somebody was faster."""
        free = unaided_readings.c.id == reading_id, unaided_readings.c.reader_id.is_(None)
        taken = {"reader_id": reader_id, "reader_name": reader_name, "opened_at": at}
        return self._changed(free, taken)

    def note_opened(self, reading_id: str, at: datetime) -> None:
        """When its reader first opened the scan."""
        unopened = unaided_readings.c.id == reading_id, unaided_readings.c.opened_at.is_(None)
        self._changed(unopened, {"opened_at": at})

    def keep_mask(self, reading_id: str, mask_id: str) -> bool:
        """Which mask its reader has drawn so far; False where it was ended."""
        return self._changed(_still_open(reading_id), {"mask_id": mask_id})

    def end(self, ended: UnaidedReading) -> bool:
        """Keeps what was said, for good; False where it was ended before."""
        return self._changed(_still_open(ended.id), _values(ended))

    def note_seen(self, scan_ids: Collection[str], user_id: str, at: datetime) -> None:
        """A person was shown the AI's results of scans."""
        new = set(scan_ids) - self.seen(scan_ids, user_id)
        rows = [{"scan_id": scan_id, "user_id": user_id, "seen_at": at} for scan_id in sorted(new)]
        # No page shows it, so nothing is counted up.
        try:
            if rows:
                with writing(self._engine) as connection:
                    connection.execute(insert(ai_results_seen), rows)
        except IntegrityError:  # another window says it at once
            for row in rows:
                with suppress(IntegrityError), writing(self._engine) as connection:
                    connection.execute(insert(ai_results_seen).values(row))

    def seen(self, scan_ids: Collection[str], user_id: str) -> set[str]:
        """Of which of these scans a person was shown the AI's result, or reviewed it."""
        with reading(self._engine) as connection:
            return _seen(connection, scan_ids, user_id)

    def set_rule(self, rule: UnaidedRule) -> None:
        """From now on this holds for new scans of its task."""
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            connection.execute(insert(unaided_rules).values(vars(rule)))

    def rules(self, task: str) -> list[UnaidedRule]:
        """All rules of a task, the newest, which is in force, first."""
        newest = (unaided_rules.c.created_at.desc(), unaided_rules.c.id)
        query = select(*_RULE).where(unaided_rules.c.task == task).order_by(*newest)
        with reading(self._engine) as connection:
            return [UnaidedRule(*row) for row in connection.execute(query)]

    def _changed(self, which: Sequence[Any], values: dict[str, Any]) -> bool:
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            changed = connection.execute(update(unaided_readings).where(*which).values(values))
            return changed.rowcount > 0


def _still_open(reading_id: str) -> tuple[Any, ...]:
    return unaided_readings.c.id == reading_id, unaided_readings.c.ended_at.is_(None)


def _same(wanted: UnaidedReading, kept: UnaidedReading) -> bool:
    """Whether a scan needs no other reading: one without a reader is for whoever comes first."""
    if wanted.reader_id is None:
        return kept.rule_id is not None
    return kept.reader_id == wanted.reader_id or (kept.reader_id is None and kept.is_open)


def _of_scans(connection: Connection, scan_ids: Sequence[str]) -> list[UnaidedReading]:
    return [_reading(row) for row in connection.execute(_OF_SCANS, {"wanted": scan_ids})]


def _seen(connection: Connection, scan_ids: Collection[str], user_id: str) -> set[str]:
    seen: set[str] = set()
    for part in statement_parts(list(scan_ids)):
        shown = select(ai_results_seen.c.scan_id).where(
            ai_results_seen.c.scan_id.in_(part), ai_results_seen.c.user_id == user_id
        )
        reviewed = select(reviews.c.scan_id).where(
            reviews.c.scan_id.in_(part), reviews.c.reviewer_id == user_id
        )
        seen |= set(connection.execute(shown).scalars()) | set(connection.execute(reviewed).scalars())
    return seen


def _values(reading_: UnaidedReading) -> dict[str, Any]:
    values: dict[str, Any] = dict(vars(reading_))
    measured = reading_.measurements
    return values | {
        "finding": None if reading_.finding is None else reading_.finding.value,
        "escape_reason": None if reading_.escape_reason is None else reading_.escape_reason.value,
        "measurements": None if measured is None else to_json(measured),
    }


def _reading(row: Row[Any]) -> UnaidedReading:
    values = {name: getattr(row, name) for name in UnaidedReading.__dataclass_fields__}
    values["finding"] = None if row.finding is None else UnaidedFinding(row.finding)
    values["escape_reason"] = None if row.escape_reason is None else EscapeReason(row.escape_reason)
    values["measurements"] = None if row.measurements is None else from_json(Measurements, row.measurements)
    return UnaidedReading(**values)
