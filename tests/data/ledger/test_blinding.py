"""The ledger without what is hidden: no filter, order, count or figure finds it."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine

from data.ledger.blinding import Hidden
from data.ledger.coding import DIMENSIONS, NUMBERS
from data.ledger.in_memory import Ledger
from data.ledger.worklist import WorklistStore
from data.records import Identity, KindCount, ScanStatus, Urgency, Verdict, WorklistQuery
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.triage import TriageStore
from tests.data.builders import MORNING, a_kept_scan, a_result, a_review, measured

OF_THE_SCAN = {"created_us", "acquired_us", "age_years", "warned"}
KNOWN_BEFORE = {
    "task", "status", "modality", "sequence", "scanner", "site", "sex", "assigned", "age", "synthetic",
    "prior", "sample", "department",
}  # fmt: skip


@pytest.fixture
def house(engine: Engine) -> list[str]:
    """Five scans that were read; of the first four the AI found something and somebody corrected it."""
    ids = []
    for number in range(5):
        scan = a_kept_scan(engine, number, f"P^{number}", status=ScanStatus.READ)
        result = ResultStore(engine).add(a_result(scan.id, number + 1, positive=number < 4))
        if number < 4:
            drawn = measured(100.0 + number, 9.0)
            review = a_review(
                scan.id, result.id, 20, verdict=Verdict.CORRECTED, measurements=drawn, truth_positive=True
            )
            ReviewStore(engine).add(review)
        ids.append(scan.id)
    return ids


def rows(ledger: Ledger, hidden: Hidden, scan_id: str) -> dict[str, object]:
    """Every number and class of a scan, as somebody sees it from whom something is hidden."""
    columns = ledger.columns(hidden)
    (row,) = [row for row in columns.rows if columns.scan_ids[row] == scan_id.encode()]
    numbers = {name: float(columns.numbers[name][row]) for name in NUMBERS}
    return numbers | {name: columns.names[name][int(columns.codes[name][row])] for name in DIMENSIONS}


def test_a_hidden_reading_is_as_if_nobody_had_read_the_scan(engine: Engine, house: list[str]) -> None:
    ledger = Ledger(engine)
    TriageStore(engine).set_urgency([house[0]], Urgency.CRITICAL, "u", MORNING)
    before = rows(ledger, Hidden(), house[0])
    unread = a_kept_scan(engine, 9, "P^9")
    TriageStore(engine).set_urgency([unread.id], Urgency.CRITICAL, "u", MORNING)
    never = rows(ledger, Hidden(), unread.id)
    seen = rows(ledger, Hidden(readings=frozenset({house[0]})), house[0])
    assert (
        seen["urgency"] == "critical" and before["urgency"] == "routine"
    )  # it has been reviewed: told by nothing
    for name in set(seen) - OF_THE_SCAN - KNOWN_BEFORE:  # whatever is added to the ledger is hidden too
        assert seen[name] == never[name] or (np.isnan(seen[name]) and np.isnan(never[name])), name
    for name in OF_THE_SCAN | KNOWN_BEFORE:
        assert seen[name] == before[name], name


def test_a_hidden_review_leaves_what_the_ai_said(engine: Engine, house: list[str]) -> None:
    ledger = Ledger(engine)
    seen = rows(ledger, Hidden(reviews=frozenset({house[1]})), house[1])
    assert (seen["review"], seen["truth"], seen["result"]) == ("none", "unknown", "positive")
    assert (seen["volume_ml"], seen["size"]) == (12.5, "10 to 30 mL")  # of the AI's mask
    assert np.isnan(seen["reviewed_us"]) and np.isnan(seen["dice"])


@pytest.mark.parametrize("kind", ["readings", "reviews"])
def test_no_filter_and_no_order_of_the_worklist_tells(engine: Engine, house: list[str], kind: str) -> None:
    """Hidden scans go together with the one that is truly without a review, under every filter and order."""
    store = WorklistStore(engine, Ledger(engine))
    hidden = Hidden(**{kind: frozenset(house[:2])})
    for review in Verdict:
        listed = store.page(WorklistQuery(filters={"review": (review.value,)}), False, hidden)
        assert not {row.scan_id for row in listed.rows} & set(house[:2])
    assert store.count({"review": ("none",)}, hidden) == KindCount(3)
    assert store.count({"review": ("corrected",)}, hidden) == KindCount(2)
    assert store.count({"size": ("over 100 mL",)}, hidden) == KindCount(2)
    by_verdict = store.page(WorklistQuery(sort=(("verdict", False),)), False, hidden).rows
    assert {row.scan_id for row in by_verdict[:2]} == set(house[2:4])  # unknown comes last
    rows_ = {row.scan_id: row for row in store.page(WorklistQuery(), False, hidden).rows}
    assert [rows_[scan_id].verdict for scan_id in house[:3]] == [None, None, Verdict.CORRECTED]
    assert store.following(WorklistQuery(filters={"review": ("none",)}), house[2], False, hidden) is not None
    if kind == "readings":
        assert store.count({"result": ("positive",)}, hidden) == KindCount(2)
        assert rows_[house[0]].outcome is rows_[house[0]].volume_ml is None


def test_columns_follow_changes_and_hidden_ones_are_not_mixed_up(engine: Engine, house: list[str]) -> None:
    ledger = Ledger(engine)
    first, second = Hidden(frozenset(house[:1])), Hidden(frozenset(house[1:2]))
    assert ledger.columns(first) is ledger.columns(first)
    assert rows(ledger, first, house[0])["result"] == rows(ledger, second, house[1])["result"] == "none"
    assert rows(ledger, first, house[1])["result"] == rows(ledger, Hidden(), house[0])["result"] == "positive"
    PatientStore(engine).find_or_create(Identity("New^One"), "new")
    ScanStore(engine).delete([house[0]])
    assert len(ledger.columns(first)) == 4
    assert len(ledger.columns(Hidden(frozenset({"0" * 32})))) == 4
