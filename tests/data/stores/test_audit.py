"""The audit trail: newest first, by what is asked for, a page at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from data.records import AuditEvent, AuditQuery
from data.stores.audit import AuditLog

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENTS = [
    AuditEvent(NOON + timedelta(hours=hour), user, action, subject)
    for hour, (user, action, subject) in enumerate(
        [
            ("a", "scan.take", "s1"),
            ("b", "scan.take", "s2"),
            (None, "report.expire", "r"),
            ("a", "scan.export", "s1"),
        ]
    )
]


@pytest.fixture
def log(engine: Engine) -> AuditLog:
    log = AuditLog(engine)
    for event in EVENTS:
        log.record(event)
    return log


def test_events_come_back_newest_first(log: AuditLog) -> None:
    assert log.recent(2) == [EVENTS[3], EVENTS[2]]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (AuditQuery(), [3, 2, 1, 0]),
        (AuditQuery(user_id="a"), [3, 0]),
        (AuditQuery(actions=("scan.take", "report.expire")), [2, 1, 0]),
        (AuditQuery(subject="s1"), [3, 0]),
        (AuditQuery(since=NOON + timedelta(hours=1)), [3, 2, 1]),
        (AuditQuery(until=NOON + timedelta(hours=1)), [0]),
        (AuditQuery(user_id="a", actions=("scan.take",), subject="s2"), []),
    ],
)
def test_events_are_asked_for_by_what_they_say(log: AuditLog, asked: AuditQuery, expected: list[int]) -> None:
    page = log.page(asked, 10)
    assert page.events == tuple(EVENTS[each] for each in expected)
    assert page.before is None


def test_older_events_follow_without_a_gap_while_new_ones_come(log: AuditLog) -> None:
    first = log.page(AuditQuery(), 2)
    log.record(EVENTS[0])
    assert first.before is not None
    second = log.page(AuditQuery(before=first.before), 2)
    assert (*first.events, *second.events) == tuple(reversed(EVENTS))
    assert second.before is None
