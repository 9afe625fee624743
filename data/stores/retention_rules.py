"""Rules of expiry, and which scans are old enough for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, and_, exists, func, insert, or_, select, update

from data.database import reading, writing
from data.records import (
    CountedFrom,
    DeliveryState,
    ExpiringSubject,
    FeedbackState,
    Origin,
    RetentionRule,
    ScanStatus,
    prior_source,
)
from data.stores.legal_holds import is_held_scan
from data.tables import (
    deliveries,
    feedback,
    prior_requests,
    results,
    retention_rules,
    review_requests,
    reviews,
    scans,
    second_readings,
    triage,
    unaided_readings,
)

_COLUMNS = [retention_rules.c[name] for name in RetentionRule.__dataclass_fields__]
_DICOM = "dicom:"
_WAITING = "waiting"
_OF_SECOND = 2  # people read it, and a third decides where they differ


@dataclass(frozen=True)
class Expiring:
    """How many scans, of how many patients, a rule would erase now, and how many it leaves and why."""

    scans: int
    patients: int
    held: int
    under_review: int
    pending: int


class RetentionRuleStore:
    """Rules."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, rule: RetentionRule) -> None:
        """Keep a new rule."""
        values = vars(rule) | {
            "subject": rule.subject.value,
            "counted_from": rule.counted_from.value,
            "origin": rule.origin.value,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(retention_rules).values(**values))

    def all(self) -> list[RetentionRule]:
        """The rules that were not deleted, the oldest first."""
        query = select(*_COLUMNS).where(retention_rules.c.deleted_at.is_(None))
        with reading(self._engine) as connection:
            return [_rule(row) for row in connection.execute(query.order_by(retention_rules.c.made_at))]

    def switch(self, rule_id: str, name: str, at: datetime, *, active: bool) -> bool:
        """Switch a rule on or off; False where that changes nothing."""
        mine = (retention_rules.c.id == rule_id) & retention_rules.c.deleted_at.is_(None)
        other = retention_rules.c.active.is_(not active)
        values = {"active": active, "switched_name": name, "switched_at": at}
        with writing(self._engine) as connection:
            return (
                connection.execute(update(retention_rules).where(mine, other).values(**values)).rowcount == 1
            )

    def delete(self, rule_id: str, at: datetime) -> bool:
        """Take a rule away; False where it is none. The row stays, so that the audit trail can be read."""
        mine = (retention_rules.c.id == rule_id) & retention_rules.c.deleted_at.is_(None)
        with writing(self._engine) as connection:
            gone = update(retention_rules).where(mine).values(deleted_at=at, active=False)
            return connection.execute(gone).rowcount == 1

    def expiring(self, rule: RetentionRule, at: datetime) -> Expiring:
        """What a rule would come to at a moment."""
        old = _old(rule, at)
        held, reviewed, pending = is_held_scan(), _under_review(), _pending()
        free = and_(*old, ~held, ~reviewed, ~pending)
        with reading(self._engine) as connection:

            def count(what: Any, *where: ColumnElement[bool]) -> int:
                return int(connection.execute(select(func.count(what)).where(*where)).scalar_one())

            return Expiring(
                count(scans.c.id, free),
                count(scans.c.patient_id.distinct(), free),
                count(scans.c.id, *old, held),
                count(scans.c.id, *old, ~held, reviewed),
                count(scans.c.id, *old, ~held, ~reviewed, pending),
            )

    def expired(self, rule: RetentionRule, at: datetime, limit: int) -> Sequence[str]:
        """At most `limit` scans that a rule erases at a moment, the oldest first."""
        free = (*_old(rule, at), ~is_held_scan(), ~_under_review(), ~_pending())
        query = select(scans.c.id).where(*free).order_by(scans.c.created_at, scans.c.id).limit(limit)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())


def _old(rule: RetentionRule, at: datetime) -> list[ColumnElement[bool]]:
    before = at - timedelta(days=rule.days)
    conditions = [scans.c.synthetic.is_(rule.synthetic), _since(rule.counted_from, before)]
    if rule.task:
        conditions.append(scans.c.task == rule.task)
    by_dicom = scans.c.uploaded_by.startswith(_DICOM)
    by_prior = scans.c.uploaded_by.startswith(prior_source(""))
    match rule.origin:
        case Origin.DICOM:
            conditions.append(by_dicom)
        case Origin.PRIOR:
            conditions.append(by_prior)
        case Origin.PERSON:
            conditions.append(~by_dicom & ~by_prior)
        case Origin.ANY:
            pass
    return conditions


def _since(counted_from: CountedFrom, before: datetime) -> ColumnElement[bool]:
    match counted_from:
        case CountedFrom.ACQUIRED:
            return func.coalesce(scans.c.acquired_at, scans.c.created_at) < before
        case CountedFrom.ARRIVED:
            return scans.c.created_at < before
        case CountedFrom.READ:
            latest = results.c.id == scans.c.latest_result_id
            return exists().where(latest, results.c.created_at < before)


def _under_review() -> ColumnElement[bool]:
    """Whether somebody or something is at work on a scan, or is to be."""
    mine = reviews.c.scan_id == scans.c.id
    asked = review_requests.c.scan_id == scans.c.id
    since = exists().where(mine, reviews.c.created_at > review_requests.c.created_at)
    of_second = reviews.c.result_id == second_readings.c.result_id
    said = select(func.count()).select_from(reviews).where(of_second).scalar_subquery()
    truths = select(func.count(reviews.c.truth_positive.distinct())).where(of_second).scalar_subquery()
    undecided = or_(said < _OF_SECOND, and_(truths > 1, said <= _OF_SECOND))
    in_queue = [status.value for status in ScanStatus if status.in_queue]
    return or_(
        scans.c.status.in_(in_queue),
        exists().where(asked, ~since),
        exists().where(second_readings.c.scan_id == scans.c.id, undecided),
        exists().where(
            unaided_readings.c.scan_id == scans.c.id,
            unaided_readings.c.reader_id.is_not(None),
            unaided_readings.c.ended_at.is_(None),
        ),
        exists().where(feedback.c.scan_id == scans.c.id, feedback.c.state != FeedbackState.CLOSED.value),
        exists().where(
            triage.c.scan_id == scans.c.id, triage.c.assigned_to.is_not(None), ~exists().where(mine)
        ),
    )


def _pending() -> ColumnElement[bool]:
    """Whether something of a scan waits to be sent, or to be fetched for it."""
    waits = deliveries.c.state == DeliveryState.WAITING.value
    fetched = prior_requests.c.state == _WAITING
    return or_(
        exists().where(deliveries.c.scan_id == scans.c.id, waits),
        exists().where(prior_requests.c.scan_id == scans.c.id, fetched),
    )


def _rule(row: Row[Any]) -> RetentionRule:
    values = dict(row._mapping) | {
        "subject": ExpiringSubject(row.subject),
        "counted_from": CountedFrom(row.counted_from),
        "origin": Origin(row.origin),
    }
    return RetentionRule(**values)
