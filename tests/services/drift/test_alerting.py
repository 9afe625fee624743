"""Which drift runs raise an alert, and which may propose the end of one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from data.records import BRAIN_TUMOUR, Alert, AlertState, DriftAsk, ScanStatus, Severity
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from tests.data.builders import a_kept_scan
from tests.services.drifting import DriftHouse

ASK = DriftAsk(BRAIN_TUMOUR, last=100)
FILTER = "modality=MR"


class House(DriftHouse):
    """Drift with the alerts of a real house: 120 readings at first, a noisy hundred a month later."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.alerts = Alerts(AlertStore(engine), AuditLog(engine), Delivery())
        super().__init__(engine, folder, alerts=self.alerts)
        self.add(120, 1)
        self.add(100, 2, day=30, noise=noisy)

    def scans_in_the_ledger(self, n: int) -> list[str]:
        """Ids of scans that fit the filter."""
        kept = [a_kept_scan(self.engine, name=f"P {number}", status=ScanStatus.READ) for number in range(n)]
        return [scan.id for scan in kept]

    @property
    def alert(self) -> Alert:
        (alert,) = self.alerts.unfinished()
        return alert


def noisy(value: float, random: np.random.Generator) -> float:
    return value + 0.03


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


def test_a_calm_window_as_late_and_as_large_proposes_the_end_and_a_person_closes_it(house: House) -> None:
    house.drift.run_now(ASK)
    raised = house.alert
    assert (raised.evidence_n, raised.end_sentence) == (100, None)
    house.add(100, 3, day=31)
    calm = house.drift.run_now(ASK)
    assert calm.severity is Severity.CALM
    ended = house.alert
    assert (ended.id, ended.state) == (raised.id, AlertState.OPEN)
    assert ended.end_sentence == "A later window of 100 readings, up to 2026-12-21, is calm."
    assert house.alerts.calling() == [ended]


def test_a_calm_window_that_is_smaller_or_older_or_filtered_proposes_nothing(house: House) -> None:
    house.drift.run_now(ASK)
    standing = house.alert
    house.add(100, 3, day=20)
    house.add(100, 4, day=31, scan_ids=house.scans_in_the_ledger(100))
    for ask in (
        replace(ASK, last=80),  # smaller
        DriftAsk(BRAIN_TUMOUR, first="2026-12-10", to="2026-12-10"),  # older
        replace(ASK, query=FILTER),  # another rule
    ):
        run = house.drift.run_now(ask)
        assert (run.severity, run.current_n) == (Severity.CALM, ask.last or 100), ask
        assert house.alert == standing, ask


def test_an_older_window_rewrites_nothing(house: House) -> None:
    house.add(100, 3, day=31, noise=noisy, sharpness=lambda value, _: value + 1)
    house.drift.run_now(ASK)
    standing = house.alert
    run = house.drift.run_now(DriftAsk(BRAIN_TUMOUR, first="2026-12-20", to="2026-12-20"))
    assert run.severity is not None and run.severity.is_told
    assert house.alert == standing


def test_a_filter_has_an_alert_of_its_own(house: House) -> None:
    house.drift.run_now(ASK)
    house.add(100, 4, day=31, noise=noisy, scan_ids=house.scans_in_the_ledger(100))
    house.drift.run_now(replace(ASK, query=FILTER))
    titles = sorted(alert.title for alert in house.alerts.unfinished())
    assert len(titles) == 2 and titles[1].startswith(titles[0] + ", in ")


def test_made_scans_are_marked_and_leave_the_alert_of_real_ones_alone(engine: Engine, tmp_path: Path) -> None:
    house = House.__new__(House)
    house.alerts = Alerts(AlertStore(engine), AuditLog(engine), Delivery())
    DriftHouse.__init__(house, engine, tmp_path, alerts=house.alerts)
    house.add(120, 1, synthetic=True)
    house.add(100, 2, day=30, noise=noisy, synthetic=True)
    house.drift.run_now(ASK)
    assert house.alert.title.startswith("SYNTHETIC: Brain tumour drifts")
    assert ":synthetic" in house.alert.cause
