"""When a retraining is due, and what it would learn from."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from data.records import (
    PNEUMONIA,
    DriftAsk,
    DriftRun,
    JudgedScan,
    RetrainingCause,
    RunState,
    Severity,
)
from services.retraining.selection import TESTED_OF, Selection, kept_for_testing, selected
from services.retraining.triggers import LEAST_OF_EACH, RetrainingRule, due, too_few
from services.training.retraining_pack import MOST_SCANS
from tests.data.builders import MORNING

RULE = RetrainingRule(PNEUMONIA, 3)


def judged(*minutes: int) -> list[JudgedScan]:
    return [
        JudgedScan(
            f"scan {minute}", f"patient {minute}", minute % 2 == 0, MORNING + timedelta(minutes=minute)
        )
        for minute in minutes
    ]


def drift(severity: Severity | None, minutes: int) -> DriftRun:
    finished = MORNING + timedelta(minutes=minutes)
    return DriftRun(
        "run", DriftAsk(PNEUMONIA), RunState.DONE, finished, severity=severity, drifted=4, watched=20,
        finished_at=finished,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("minutes", "since", "cause"),
    [
        ((1, 2, 3), None, RetrainingCause.TRUTHS),
        ((1, 2), None, None),
        ((1, 2, 3, 4), MORNING + timedelta(minutes=1), RetrainingCause.TRUTHS),
        ((1, 2, 3), MORNING + timedelta(minutes=1), None),  # what was said at that moment is not new
    ],
)
def test_so_many_new_truths_make_it_due(
    minutes: tuple[int, ...], since: datetime | None, cause: RetrainingCause | None
) -> None:
    trigger = due(RULE, judged(*minutes), since, None)
    assert (None if trigger is None else trigger.cause) == cause


@pytest.mark.parametrize(
    ("severity", "minutes", "is_due"),
    [
        (Severity.WARNING, 11, True),
        (Severity.CRITICAL, 11, True),
        (Severity.WARNING, 10, False),  # it was there when the last one was proposed
        (Severity.NOT_JUDGED, 11, False),
        (Severity.CALM, 11, False),
        (None, 11, False),
    ],
)
def test_drift_since_the_last_one_makes_it_due(severity: Severity | None, minutes: int, is_due: bool) -> None:
    since = MORNING + timedelta(minutes=10)
    trigger = due(RULE, judged(1), since, drift(severity, minutes))
    assert (trigger is not None) == is_due
    if trigger is not None:
        assert (trigger.cause, trigger.drift_run_id) == (RetrainingCause.DRIFT, "run")
        assert trigger.why.startswith("4 of 20 watched features")
    assert (due(RULE, judged(1), None, drift(severity, minutes)) is not None) == (
        severity in (Severity.WARNING, Severity.CRITICAL)
    )


def test_a_fifth_of_the_patients_is_kept_apart_and_stays_so() -> None:
    pseudonyms = [f"P-{number:05d}" for number in range(5000)]
    kept = {pseudonym for pseudonym in pseudonyms if kept_for_testing(pseudonym)}
    assert len(kept) == pytest.approx(5000 / TESTED_OF, rel=0.1)
    # Written down: whoever draws otherwise trains on whom earlier versions were tried on.
    assert [number for number in range(20) if kept_for_testing(f"P-{number:05d}")] == KEPT


KEPT = [2, 4, 10, 16]


def test_all_scans_of_a_patient_are_on_one_side_and_the_newest_are_taken() -> None:
    scans = [JudgedScan(f"scan {n}", f"patient {n // 2}", n % 2 == 0, MORNING) for n in range(MOST_SCANS * 3)]
    pseudonyms = {scan.patient_id: f"P-{scan.patient_id}" for scan in scans}
    chosen = selected(scans, pseudonyms)
    learnt = [scan for scan in scans if not kept_for_testing(pseudonyms[scan.patient_id])]
    assert chosen.scan_ids == tuple(scan.scan_id for scan in learnt[:MOST_SCANS])
    assert chosen.kept_apart == len(scans) - len(learnt)
    assert chosen.positive == chosen.negative == MOST_SCANS // 2


@pytest.mark.parametrize(
    ("positive", "negative", "enough"),
    [
        (LEAST_OF_EACH, LEAST_OF_EACH, True),
        (LEAST_OF_EACH - 1, 500, False),
        (500, LEAST_OF_EACH - 1, False),
    ],
)
def test_both_kinds_are_needed(positive: int, negative: int, enough: bool) -> None:
    selection = Selection(tuple(map(str, range(positive + negative))), positive, 0)
    said = too_few(selection)
    assert (said is None) == enough
    if said is not None:
        assert said.endswith(f"there are {positive} and {negative}.")
