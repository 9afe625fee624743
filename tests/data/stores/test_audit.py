from __future__ import annotations

from datetime import timedelta

from data.records import AuditEvent
from data.stores.audit import AuditLog
from tests.data.builders import MORNING


def test_events_come_back_newest_first(engine):
    log = AuditLog(engine)
    events = [
        AuditEvent(MORNING + timedelta(minutes=n), "jane" if n else None, "opened", f"scan {n}")
        for n in range(3)
    ]
    for event in events:
        log.record(event)
    assert log.recent(2) == [events[2], events[1]]
