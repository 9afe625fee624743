"""Real use beyond its limit: an alert that a person closes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.records import BRAIN_TUMOUR, Alert, Role, Severity, User
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from models.statistics.proportions import proportion
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from services.performance.monitoring import LimitMonitor
from tests.databases import migrated
from tests.services.performance_department import (
    FIRST,
    NOVEMBER,
    TASKS,
    Department,
    department,
    registered,
)

HEAD = User("h", "head", "Dr Head", Role.HEAD)
DECEMBER = datetime(2026, 12, 3, 9, tzinfo=UTC)
HIT, MISS = (1, 1), (0, 1)


class Watched:
    """A department whose version 1 found 9 of 12 in November, with a limit of 90 % recall."""

    def __init__(self, house: Department) -> None:
        self.house = house
        self.alerts = Alerts(AlertStore(house.engine), AuditLog(house.engine), Delivery(), house.jobs)
        self.monitor = self._new_monitor()
        self.read(NOVEMBER, FIRST)

    def _new_monitor(self) -> LimitMonitor:
        return LimitMonitor(self.house.performance.numbers, self.house.performance.goals, self.alerts, TASKS)

    def read(self, at: datetime, answers: Sequence[tuple[int, int]]) -> None:
        self.house.read("1", at, answers)
        self.house.score()

    def limit(self, percent: str) -> None:
        self.house.performance.goals.set_typed(BRAIN_TUMOUR, "recall", "95", percent, HEAD)
        self.monitor.tick()

    def restart(self) -> None:
        self.monitor = self._new_monitor()
        self.monitor.tick()

    @property
    def alert(self) -> Alert:
        (alert,) = self.alerts.unfinished()
        return alert


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    engine = migrated(f"sqlite:///{tmp_path / 'house.db'}")
    house = department(engine, tmp_path)
    registered(house.tracking, tmp_path / "live", recall=proportion(70, 80))
    house.tracking.set_alias(BRAIN_TUMOUR, "champion", "1")
    yield Watched(house)
    house.close()
    engine.dispose()


def test_beyond_the_limit_is_one_alert_with_its_figure(watched: Watched) -> None:
    watched.monitor.tick()
    assert watched.alerts.unfinished() == []
    watched.limit("90")
    watched.monitor.tick()
    alert = watched.alert
    assert (alert.severity, alert.times, alert.evidence_n) == (Severity.WARNING, 1, 12)
    assert alert.title == "Recall of brain tumour is beyond its limit"
    assert "75.0 % (95 % interval 46.8 to 91.1 %, n = 12); the alert limit is 90.0 %" in alert.sentence
    assert alert.link.startswith("/performance?")
    numbers = watched.house.performance.numbers
    (point,) = numbers.shown(numbers.asked("by=month", None)).past_limit
    assert point.figure == proportion(9, 12)


def test_a_restart_is_not_another_time(watched: Watched) -> None:
    watched.limit("90")
    standing = watched.alert
    watched.restart()
    assert watched.alert == standing


def test_the_first_cases_of_a_new_month_leave_the_last_months_alert_alone(watched: Watched) -> None:
    watched.limit("90")
    standing = watched.alert
    watched.read(DECEMBER, [HIT])
    watched.monitor.tick()
    assert watched.alert == standing
    watched.read(DECEMBER + timedelta(days=1), [HIT] * 10)  # 11 of 11, but the alert rests on 12
    watched.monitor.tick()
    assert watched.alert == standing


def test_a_good_month_with_as_many_cases_proposes_the_end_and_closes_nothing(watched: Watched) -> None:
    watched.limit("90")
    watched.read(DECEMBER, [HIT] * 12)
    watched.monitor.tick()
    alert = watched.alert
    assert alert.end_sentence == (
        "Within the limit now. Version 1, 2026-12: 100.0 % (95 % interval 75.8 to 100.0 %, n = 12); "
        "the alert limit is 90.0 %."
    )
    assert "75.0 % (" in alert.sentence
    watched.alerts.close(alert.id, HEAD, "Checked with radiology.")
    watched.restart()
    assert watched.alerts.unfinished() == []


def test_a_worse_month_takes_the_proposal_back(watched: Watched) -> None:
    watched.limit("90")
    watched.read(DECEMBER, [HIT] * 12)
    watched.monitor.tick()
    watched.read(DECEMBER + timedelta(days=2), [MISS] * 6)
    watched.monitor.tick()
    assert watched.alert.end_sentence is None and "66.7 % (95 % interval" in watched.alert.sentence


def test_a_limit_that_is_loosened_or_taken_away_leaves_the_decision_to_a_person(watched: Watched) -> None:
    watched.limit("90")
    watched.limit("70")
    assert str(watched.alert.end_sentence).startswith("Within the limit now. Version 1, 2026-11: 75.0 %")
    watched.house.performance.goals.set_typed(BRAIN_TUMOUR, "recall", "", "", HEAD)
    watched.monitor.tick()
    assert watched.alert.end_sentence == "Its alert limit was taken away."
