"""One alert a cause and one run a due time, on databases that let several servers write at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from data.database import migrate, new_id, open_database
from data.records import Schedule, Severity
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from data.stores.schedules import ScheduleStore
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from tests.integration.servers import mariadb, postgresql

pytestmark = pytest.mark.integration

DUE = datetime(2026, 11, 20, 6, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(
    scope="module", params=["sqlite", postgresql, mariadb], ids=["sqlite", "postgresql", "mariadb"]
)
def engine(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("sqlite")
        yield from _opened(f"sqlite:///{folder}/lightbox.db")
    else:
        with request.param() as url:
            yield from _opened(url)


def _opened(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    migrate(engine)
    yield engine
    engine.dispose()


def _at_once(act: Callable[[int], Any], times: int = 8) -> list[Any]:
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(act, range(times)))


def test_a_cause_raised_at_once_is_one_alert(engine: Engine) -> None:
    houses = [Alerts(AlertStore(engine), AuditLog(engine), Delivery()) for _ in range(8)]
    raised = _at_once(
        lambda number: houses[number].raise_alert("drift:a", Severity.WARNING, "Drift", "Noise.", "/drift")
    )
    assert len({alert.id for alert in raised}) == 1
    (alert,) = houses[0].calling()
    assert alert.times == 8
    houses[0].settle("drift:a")


def test_a_due_time_is_claimed_once(engine: Engine) -> None:
    store = ScheduleStore(engine)
    for first in (None, DUE.replace(day=19)):
        schedule = Schedule(new_id(), "Drift", "drift", "{}", "0 6 * * *", True, first, "lightbox", DUE)
        assert store.add(schedule)
        claims = _at_once(lambda number, due=schedule: ScheduleStore(engine).claim(due, DUE, f"job {number}"))
        assert claims.count(True) == 1
        kept = store.get(schedule.id)
        assert kept is not None
        assert (kept.last_due_at, kept.job_id) == (DUE, f"job {claims.index(True)}")


def test_a_default_is_made_once(engine: Engine) -> None:
    schedule = Schedule("default", "Drift", "drift", "{}", "0 6 * * *", True, None, "lightbox", DUE)
    assert _at_once(lambda _: ScheduleStore(engine).add(schedule)).count(True) == 1
