"""What a run is measured against where no reference is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput
from data.feature_files import written
from data.ledger.judgements import JudgementStore
from data.records import (
    BRAIN_TUMOUR,
    Against,
    DriftAsk,
    ReferenceKind,
    ScanHeader,
    ScanStatus,
    Severity,
    Verdict,
)
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from reports.drift_verdict import severity
from services.drift import alerting
from services.drift.accepted_month import (
    FEWEST_CONFIRMED,
    FEWEST_READINGS,
    ReviewedMonth,
    first_accepted,
    reviewed_months,
)
from services.drift.periods import bounds_of_month, month_a_year_before, quarter_before
from services.drift.reference_rules import ReferenceRules
from services.drift.references import OpenedReference
from tests.clocks import FAR_EAST, in_zone
from tests.data.builders import MORNING, a_kept_scan, a_result, a_review
from tests.services.drifting import DIMENSIONS, DriftHouse

NOW = MORNING + timedelta(days=40)  # 2026-12-30
ACME = "scanner=Acme"


class House(DriftHouse):
    """Drift, and the rules by which a reference is chosen."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        super().__init__(engine, folder)
        self.rules = ReferenceRules(self.references, self.windows)
        self.folder = folder

    def bring_training(self) -> None:
        """The version comes with a sample of its training data."""
        frame = pd.DataFrame({"noise": np.linspace(0.3, 0.5, 50)})
        self.training = self.folder / "reference.parquet"
        self.training.write_bytes(written(frame, np.zeros((50, DIMENSIONS), np.float16)))

    def reference(self, ask: DriftAsk) -> OpenedReference:
        return self.rules.reference_of(ask, self.windows.window(ask, NOW), NOW)

    def review(self, n: int, confirmed: int, at: datetime = MORNING, readings: int = FEWEST_READINGS) -> None:
        """Readings of which `n` are reviewed, and `confirmed` of these said to be right."""
        scan_ids = []
        for number in range(readings):
            moment = at + timedelta(minutes=number)
            scan = a_kept_scan(self.engine, name=f"P {number}", created_at=moment, status=ScanStatus.READ)
            result = ResultStore(self.engine).add(a_result(scan.id, created_at=moment, positive=True))
            scan_ids.append(scan.id)
            if number < n:
                right = number < confirmed
                said = a_review(
                    scan.id,
                    result.id,
                    verdict=Verdict.ACCEPTED if right else Verdict.REJECTED,
                    truth_positive=right,
                )
                ReviewStore(self.engine).add(said)
        self.add(0, 1, day=(at - MORNING).days, scan_ids=scan_ids)


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


@pytest.mark.parametrize(
    ("month", "accepted"),
    [
        (ReviewedMonth("2026-10", 100, 37, 30), True),
        (ReviewedMonth("2026-10", 99, 37, 30), False),
        (ReviewedMonth("2026-10", 100, 29, 29), False),
        (ReviewedMonth("2026-10", 100, 40, 32), True),
        (ReviewedMonth("2026-10", 100, 40, 31), False),  # under 80 %
        (ReviewedMonth("2026-11", 100, 40, 40), False),  # not over yet
    ],
)
def test_a_month_is_accepted_once_it_is_over_and_reviews_confirmed_it(
    month: ReviewedMonth, accepted: bool
) -> None:
    assert (first_accepted([month], "2026-11-30") is month) is accepted


def test_the_first_accepted_month_stays_the_reference_whatever_comes_later(house: House) -> None:
    house.bring_training()
    house.review(40, FEWEST_CONFIRMED)
    assert house.reference(DriftAsk(BRAIN_TUMOUR)).provisional  # 30 of 40 are 75 %
    assert reviewed_months(JudgementStore(house.engine), BRAIN_TUMOUR, synthetic=False) == [
        ReviewedMonth("2026-11", FEWEST_READINGS, 40, FEWEST_CONFIRMED)
    ]
    house.review(10, 10, readings=10)
    month = house.reference(DriftAsk(BRAIN_TUMOUR))
    assert (month.reference.name, month.reference.kind) == (
        "First accepted month of brain-tumour, 2026-11",
        ReferenceKind.PERIOD,
    )
    assert (len(month.frame), month.provisional, month.notes) == (110, False, ())
    house.review(30, 0, readings=30)  # a late reading, and reviews that say the month was bad
    assert house.reference(DriftAsk(BRAIN_TUMOUR)).reference == month.reference


def test_until_there_is_one_the_training_data_stands_in_and_nothing_is_an_alarm(house: House) -> None:
    house.bring_training()
    house.review(12, 11)
    stand_in = house.reference(DriftAsk(BRAIN_TUMOUR))
    assert stand_in.provisional and stand_in.reference.kind is ReferenceKind.TRAINING
    (note,) = stand_in.notes
    assert "no alarm" in note and "2026-11: 100 readings, 12 reviewed, 11 confirmed" in note
    assert not house.reference(DriftAsk(BRAIN_TUMOUR, against=Against.TRAINING)).provisional
    run = house.drift.run_now(DriftAsk(BRAIN_TUMOUR))
    snapshot = house.drift.snapshot(run.id)
    (noise,) = (feature for feature in snapshot["features"] if feature["name"] == "noise")
    assert noise["drifted"] and run.severity is Severity.NOT_JUDGED
    assert snapshot["verdict"][0].startswith("No alarm")
    assert house.bell.raised == []


def test_a_stand_in_is_no_alarm_but_few_are_still_few() -> None:
    judged = [{"name": "noise", "p_corrected": 0.0, "drifted": True, "effect": 3.0}]
    assert severity(judged, None, None) is Severity.CRITICAL
    assert severity(judged, None, None, provisional=True) is Severity.NOT_JUDGED
    assert severity([], None, None, provisional=True) is Severity.TOO_FEW


def test_a_filter_narrows_the_month_as_it_narrows_the_window(house: House) -> None:
    house.review(40, 40)
    header = ScanHeader(site="North")
    ids = [a_kept_scan(house.engine, name=f"N {number}", header=header).id for number in range(40)]
    house.add(0, 2, scan_ids=ids)
    month = house.reference(DriftAsk(BRAIN_TUMOUR))
    north = house.reference(DriftAsk(BRAIN_TUMOUR, query="site=North"))
    assert (month.reference.n, north.reference.n) == (140, 40)
    assert north.reference.kind is ReferenceKind.ROLLING and "site North" in north.notes[0]
    assert [known.id for known in house.references.all(BRAIN_TUMOUR)] == [month.reference.id]
    nobody = house.reference(DriftAsk(BRAIN_TUMOUR, query="site=South"))
    assert nobody.reference == month.reference and "all of it counts" in nobody.notes[0]


def test_periods_are_calendar_ones_before_the_window() -> None:
    january = datetime(2027, 1, 15, tzinfo=UTC)
    assert quarter_before(january) == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert quarter_before(datetime(2026, 12, 31, 23, tzinfo=UTC))[0] == datetime(2026, 7, 1, tzinfo=UTC)
    assert month_a_year_before(january) == bounds_of_month("2026-01")
    assert bounds_of_month("2026-12")[1] == datetime(2027, 1, 1, tzinfo=UTC)


def test_periods_and_days_of_a_window_are_those_of_the_house(house: House) -> None:
    house.add(3, 1)  # 2026-11-20, from eight in the morning
    with in_zone(FAR_EAST):
        new_year = datetime(2026, 12, 31, 10, tzinfo=UTC)
        assert bounds_of_month("2027-01")[0] == new_year
        assert quarter_before(new_year)[1] == new_year
        assert month_a_year_before(new_year) == bounds_of_month("2026-01")
        for day, n in (("2026-11-20", 3), ("2026-11-21", 0)):
            assert len(house.windows.window(DriftAsk(BRAIN_TUMOUR, first=day, to=day)).frame) == n
        house.add(2, 2, day=0.5)  # eight in the evening is the morning of the next day there
        assert len(house.windows.window(DriftAsk(BRAIN_TUMOUR, first="2026-11-21")).frame) == 2


def test_last_quarter_and_last_year_are_kept_once(house: House) -> None:
    house.add(50, 1, day=-90)  # 2026-08-22
    house.add(40, 2, day=-365)  # 2025-11-20
    house.add(35, 3)
    quarter = house.reference(DriftAsk(BRAIN_TUMOUR, last=35, against=Against.LAST_QUARTER))
    year = house.reference(DriftAsk(BRAIN_TUMOUR, last=35, against=Against.LAST_YEAR))
    assert (quarter.reference.n, year.reference.n) == (50, 40)
    assert quarter.reference.name == "brain-tumour, 2026-07-01 to 2026-09-30"
    again = house.reference(DriftAsk(BRAIN_TUMOUR, last=35, against=Against.LAST_QUARTER))
    assert again.reference == quarter.reference
    with pytest.raises(InvalidInput, match="no readings to compare with"):
        house.reference(DriftAsk(BRAIN_TUMOUR, last=85, against=Against.LAST_QUARTER))


def test_a_scanner_stands_beside_the_others_of_its_time(house: House) -> None:
    ids = {
        scanner: [
            a_kept_scan(house.engine, name=f"{scanner} {n}", header=ScanHeader(scanner=scanner)).id
            for n in range(40)
        ]
        for scanner in ("Acme", "Best")
    }
    house.add(0, 1, scan_ids=ids["Best"][:5], day=-30)  # before the window: not of its time
    house.add(0, 2, scan_ids=[*ids["Acme"][:1], *ids["Best"][5:], *ids["Acme"][1:]])
    ask = DriftAsk(BRAIN_TUMOUR, query=ACME, against=Against.OTHER_SCANNERS)
    assert set(house.windows.window(ask, NOW).frame["scan_id"]) == set(ids["Acme"])
    others = house.reference(ask)
    assert set(others.frame["scan_id"]) == set(ids["Best"][5:])
    with pytest.raises(InvalidInput, match="Choose the scanner"):
        house.windows.check(replace(ask, query="site=North"))
    with pytest.raises(InvalidInput, match="no readings of Nobody"):
        house.reference(replace(ask, query="scanner=Nobody"))


def test_the_last_days_are_counted_back_from_the_run(house: House) -> None:
    house.add(20, 1, day=0)
    house.add(30, 2, day=20)
    window = house.windows.window(DriftAsk(BRAIN_TUMOUR, days=30), NOW)
    assert (len(window.frame), window.words) == (30, "the last 30 days")
    with pytest.raises(InvalidInput, match="days"):
        house.windows.check(DriftAsk(BRAIN_TUMOUR, days=0))


def test_runs_of_a_rule_share_an_alert_though_each_has_a_reference_of_its_own(house: House) -> None:
    house.add(80, 1)
    rolling = house.reference(DriftAsk(BRAIN_TUMOUR, last=30, against=Against.HOUSE)).reference
    run = house.drift._added(DriftAsk(BRAIN_TUMOUR, against=Against.LAST_QUARTER), None, None)
    assert alerting.rule_of(run, replace(rolling, kind=ReferenceKind.ROLLING)) == "last-quarter"
    assert alerting.rule_of(run, rolling) == rolling.id
