"""The ledger says at any time what a full count would say, and the columns in memory say the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select

from data.columns import folded
from data.database import migrate, open_database, reading, writing
from data.errors import InvalidInput
from data.ledger.coding import DIMENSIONS
from data.ledger.columns import LedgerColumns
from data.ledger.in_memory import Ledger
from data.ledger.rows import recount, recount_if_behind, scanner_name
from data.ledger.selection import searched, selected
from data.records import PNEUMONIA, Doubt, Identity, ScanStatus, Urgency, Verdict, Withdrawal
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.triage import TriageStore
from data.stores.withdrawals import WithdrawalStore
from data.tables import ledger
from tests.data.builders import MORNING, a_header, a_kept_scan, a_result, a_review, measured

KINDS = ["scan", "status", "result", "review", "correct", "assign", "urgency", "delete"]
KINDS += ["withdraw", "restore", "give"]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=25,
)


@pytest.fixture
def house() -> Engine:
    engine = open_database("sqlite://")
    migrate(engine)
    return engine


def act(
    engine: Engine, kept: list[str], withdrawn: list[str], done: tuple[str, int, bool], minute: int
) -> None:
    kind, number, flag = done
    if kind == "scan" or not kept + withdrawn:
        task = {"task": PNEUMONIA} if flag else {}
        header = a_header(site=f"site {number % 2}", age_years=float(number * 9), acquired_at=None)
        kept.append(a_kept_scan(engine, minute, f"Name^{number}", header=header, **task).id)
        return
    scan_id = [*kept, *withdrawn][number % len(kept + withdrawn)]
    latest = ResultStore(engine).latest(scan_id)
    if kind == "status":
        ScanStore(engine).set_status(scan_id, ScanStatus.FAILED if flag else ScanStatus.READ)
    elif kind == "result":
        volume = None if flag else measured(float(number))
        result = a_result(
            scan_id, minute, positive=flag, measurements=volume, head_position=(0.1, number / 6),
            doubts=(Doubt.NEAR_THRESHOLD,) if number % 2 else (),
        )  # fmt: skip
        ResultStore(engine).add(result)
    elif kind == "review" and latest is not None:
        ReviewStore(engine).add(a_review(scan_id, latest.id, minute, truth_positive=flag, dice=0.5))
    elif kind == "correct" and latest is not None:
        verdict = Verdict.LABELLED if flag else Verdict.CORRECTED
        brought = measured(9.0 + number)
        ReviewStore(engine).add(a_review(scan_id, latest.id, minute, verdict=verdict, measurements=brought))
    elif kind == "assign":
        TriageStore(engine).assign([scan_id], f"person {number}" if flag else None, "somebody", MORNING)
    elif kind == "urgency":
        urgency = Urgency.CRITICAL if flag else Urgency.ROUTINE
        TriageStore(engine).set_urgency([scan_id], urgency, "somebody", MORNING)
    elif kind == "delete":
        ScanStore(engine).delete([scan_id])
        (kept if scan_id in kept else withdrawn).remove(scan_id)
    elif kind == "give":
        patient = PatientStore(engine).find_or_create(Identity(f"Name^{number}", f"id of Name^{number}"), "")
        ScanStore(engine).give(scan_id, patient.id)
    elif kind == "withdraw" and scan_id in kept:
        assert WithdrawalStore(engine).add(Withdrawal(scan_id, "wrong", "u", "Dr U", MORNING))
        withdrawn.append(kept.pop(kept.index(scan_id)))
    elif kind == "restore" and scan_id in withdrawn:
        assert WithdrawalStore(engine).remove(scan_id)
        kept.append(withdrawn.pop(withdrawn.index(scan_id)))


def _table(engine: Engine) -> dict[str, dict[str, Any]]:
    columns = [column for column in ledger.c if column.name not in ("line", "changed")]
    with reading(engine) as connection:
        rows = connection.execute(select(*columns).where(~ledger.c.gone)).mappings()
        return {row["scan_id"]: dict(row) for row in rows}


def _said(columns: LedgerColumns) -> dict[str, tuple[Any, ...]]:
    """Every line in words, by scan."""
    return {
        scan_id.decode(): (
            columns.people.ids[columns.patients[row]],
            columns.days[row],
            *(columns.names[name][columns.codes[name][row]] for name in DIMENSIONS),
            *(str(column[row]) for column in columns.numbers.values()),
        )
        for row, scan_id in ((row, columns.scan_ids[row]) for row in columns.rows)
    }


@given(acts=ACTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_after_anything_the_ledger_equals_a_full_count(acts: list[tuple[str, int, bool]]) -> None:
    engine = open_database("sqlite://")
    migrate(engine)
    followed, kept, withdrawn = Ledger(engine), [], []
    for minute, change in enumerate(acts):
        act(engine, kept, withdrawn, change, minute)
        if change[2]:
            assert len(followed.columns()) == len(kept)  # also when it is asked in between
    written, seen = _table(engine), _said(followed.columns())
    assert set(written) == set(kept)
    assert seen == _said(Ledger(engine).columns())  # what followed the changes equals what is read afresh
    assert recount(engine) == len(kept)
    assert _table(engine) == written
    assert _said(followed.columns()) == seen
    assert len(followed.columns()) == len(kept)
    engine.dispose()


def test_scans_from_before_the_ledger_are_counted_at_the_start(house: Engine) -> None:
    scan = a_kept_scan(house)
    ResultStore(house).add(a_result(scan.id, 3))
    before = _table(house)
    with writing(house) as connection:
        connection.execute(delete(ledger))
    recount_if_behind(house)
    assert _table(house) == before


def test_lines_know_classes_and_what_is_unknown(house: Engine) -> None:
    header = a_header(age_years=None, sex=None, site=None, manufacturer="Siemens", scanner="Siemens Skyra")
    scan = a_kept_scan(house, header=header)
    ResultStore(house).add(a_result(scan.id, 2, has_mask=True, measurements=measured(10.0), probability=1.0))
    columns = Ledger(house).columns()
    said = {name: columns.names[name][columns.codes[name][0]] for name in DIMENSIONS}
    expected = {"age": "unknown", "sex": "unknown", "site": "unknown", "scanner": "Siemens Skyra"}
    expected |= {"size": "10 to 30 mL", "chance": "0.9 to 1.0", "result": "positive", "review": "none"}
    assert expected.items() <= said.items()
    seconds = (columns.numbers["read_us"] - columns.numbers["created_us"]) / 1e6
    assert seconds[0] == pytest.approx(120)


def test_a_period_includes_its_first_and_last_day(house: Engine) -> None:
    days = [a_kept_scan(house, minutes=24 * 60 * day).created_at.astimezone().date() for day in range(4)]
    columns = Ledger(house).columns()
    period = {"from": (days[1].isoformat(),), "to": (days[2].isoformat(),)}
    assert list(selected(columns, period)) == [1, 2]
    with pytest.raises(InvalidInput, match="not a day"):
        selected(columns, {"from": ("yesterday",)})


def test_a_charts_own_filter_can_be_left_out(house: Engine) -> None:
    for site in ("A", "A", "B"):
        a_kept_scan(house, header=a_header(site=site))
    columns = Ledger(house).columns()
    assert len(selected(columns, {"site": ("A",)})) == 2
    assert len(selected(columns, {"site": ("A", "B")})) == 3
    assert len(selected(columns, {"site": ("A",)}, but="site")) == 3
    assert len(selected(columns, {"site": ("nowhere",)})) == 0


def test_a_search_for_nothing_filters_nothing(house: Engine) -> None:
    a_kept_scan(house)
    columns = Ledger(house).columns()
    assert searched(columns, "  ", with_identity=True) is None
    hits = searched(columns, "jane", with_identity=False)
    assert hits is not None
    assert not hits.any()
    assert folded("DOE^Jane") in columns.people.keys[0]


def test_a_scanner_has_one_name() -> None:
    assert scanner_name("GE MEDICAL", "GE MEDICAL Signa") == "GE MEDICAL Signa"
    assert scanner_name("Philips", "Ingenia") == "Philips Ingenia"
    assert scanner_name(" ", None) is None


def test_times_are_exact_to_the_microsecond(house: Engine) -> None:
    a_kept_scan(house)
    moment = Ledger(house).columns().numbers["created_us"][0]
    assert np.isclose(moment, MORNING.timestamp() * 1e6, atol=1)
    assert int(moment) % 1_000_000 == MORNING.microsecond


def test_rows_are_brought_into_order_and_found_again(house: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.ledger.in_memory.SPARE_ROWS", 0)
    followed = Ledger(house)
    kept = [a_kept_scan(house, minute, f"Name^{minute}").id for minute in range(4)]
    for scan_id in (kept[2], kept[0], kept[0], kept[3], kept[1], kept[2], kept[0]):
        ScanStore(house).set_status(scan_id, ScanStatus.READ)
        columns = followed.columns()
        assert len(columns) == 4
        by_arrival = columns.rows[np.argsort(columns.keys[columns.rows])]
        assert [scan_id.decode() for scan_id in columns.scan_ids[by_arrival]] == kept
