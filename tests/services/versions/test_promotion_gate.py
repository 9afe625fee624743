"""The promotion gate: each limit of its rule from both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nextafter
from pathlib import Path

import pytest

from data.records import (
    PairedMetric,
    PromotionGateResult,
    PromotionVerdict,
    Rehearsal,
    RehearsedScan,
    VersionAnswer,
)
from services.assembly.versions import margins
from services.settings import Settings
from services.versions.outside import NO_FALSE_ALARM, NOT_MISSED, OutsideComparison
from services.versions.promotion_gate import Margins, judged, truths_needed

PASS, FAIL, CANNOT_TELL = PromotionVerdict.PASS, PromotionVerdict.FAIL, PromotionVerdict.CANNOT_TELL
MARGINS = Margins(recall=0.05, dice=0.03, least_truths=20)
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
SAME = VersionAnswer(0.9, True)


def _metric(name: str, difference: float, low: float, high: float, n: int = 100) -> PairedMetric:
    return PairedMetric(name, 0.9, 0.9 + difference, difference, low, high, n, 0, 0)


GOOD_RECALL, GOOD_DICE = _metric("recall", 0.0, -0.01, 0.01), _metric("dice", 0.0, -0.01, 0.01)
GOOD_SPECIFICITY = _metric("specificity", 0.0, -0.01, 0.01)


def _rehearsal(*metrics: PairedMetric, unread: int = 0, synthetic: bool = False) -> Rehearsal:
    """One with these numbers; specificity is as good as before unless it is among them."""
    if all(metric.name != "specificity" for metric in metrics):
        metrics = (*metrics, GOOD_SPECIFICITY)
    return Rehearsal(
        id="run",
        task="brain-tumour",
        version="2",
        against="1",
        asked_by=None,
        started_at=MOMENT,
        finished_at=MOMENT,
        synthetic=synthetic,
        differences=tuple(RehearsedScan(f"scan {number}", SAME, SAME) for number in range(9)),
        failed=tuple((f"broken {number}", "why") for number in range(unread)),
        paired=metrics,
    )


def _recall_verdict(difference: float, low: float, high: float, n: int = 100) -> PromotionVerdict:
    metric = _metric("recall", difference, low, high, n)
    return judged(_rehearsal(metric), MARGINS, draws=False).verdict


def test_it_passes_only_where_the_whole_interval_lies_above_the_margin() -> None:
    assert _recall_verdict(-0.02, nextafter(-0.05, inf), 0.01) is PASS
    assert _recall_verdict(-0.02, -0.05, 0.01) is CANNOT_TELL
    assert _recall_verdict(0.04, -0.051, 0.2) is CANNOT_TELL  # better as seen, yet too few to tell


def test_it_fails_where_worse_than_the_margin_was_seen_or_worse_at_all_is_sure() -> None:
    assert _recall_verdict(nextafter(-0.05, -inf), -0.2, 0.1) is FAIL
    assert _recall_verdict(-0.05, -0.2, 0.1) is CANNOT_TELL
    assert _recall_verdict(-0.04, -0.06, nextafter(0.0, -inf)) is FAIL
    assert _recall_verdict(-0.04, -0.06, 0.0) is CANNOT_TELL


def test_recall_and_dice_have_margins_of_their_own() -> None:
    between = -0.04  # within recall's margin, beyond that of Dice
    dice = _metric("dice", between, between, 0.01)
    recall = _metric("recall", between, between, 0.01)
    assert judged(_rehearsal(recall, GOOD_DICE), MARGINS, draws=True).verdict is PASS
    result = judged(_rehearsal(GOOD_RECALL, dice), MARGINS, draws=True)
    assert result.verdict is FAIL
    assert [(check.name, check.margin) for check in result.checks] == [
        ("recall", 0.05),
        ("specificity", 0.05),
        ("dice", 0.03),
    ]
    assert result.sentence.startswith("Dice changes by -0.040 (95 % interval -0.040 to +0.010, n = 100)")
    assert "worse than the margin of 0.03 allows" in result.sentence


@pytest.mark.parametrize(("n", "verdict"), [(0, CANNOT_TELL), (19, CANNOT_TELL), (20, PASS), (21, PASS)])
def test_the_least_number_of_truths_counts_for_both(n: int, verdict: PromotionVerdict) -> None:
    assert _recall_verdict(0.0, -0.01, 0.01, n) is verdict
    few = replace(GOOD_DICE, n=n)
    assert judged(_rehearsal(GOOD_RECALL, few), MARGINS, draws=True).verdict is verdict


def test_without_a_number_it_cannot_tell_and_says_how_many_are_needed() -> None:
    result = judged(_rehearsal(), MARGINS, draws=True)
    assert (result.verdict, result.rehearsal_id) == (CANNOT_TELL, "run")
    assert result.sentence == (
        "Recall cannot be told from 0 scans with a finding and a known truth; about 54 are needed. "
        "Dice cannot be told from 0 scans with a mask by a person; 20 are needed."
    )
    (recall, _, _) = result.checks
    assert (recall.difference, recall.low, recall.high, recall.n) == (None, None, None, 0)
    many = judged(_rehearsal(replace(GOOD_RECALL, n=7)), Margins(0.05, 0.03, 80), draws=False)
    assert "from 7 scans" in many.sentence
    assert "about 80 are needed" in many.sentence


def test_dice_counts_only_where_the_task_draws() -> None:
    bad = _metric("dice", -0.5, -0.6, -0.4)
    assert judged(_rehearsal(GOOD_RECALL, bad), MARGINS, draws=True).verdict is FAIL
    result = judged(_rehearsal(GOOD_RECALL, bad), MARGINS, draws=False)
    assert (result.verdict, [check.name for check in result.checks]) == (PASS, ["recall", "specificity"])


def test_specificity_alone_is_no_reason_to_pass() -> None:
    assert (
        judged(_rehearsal(_metric("specificity", 0.0, 0.0, 0.0)), MARGINS, draws=False).verdict is CANNOT_TELL
    )


def test_one_failure_outweighs_what_is_unknown_and_what_passes() -> None:
    bad = _metric("recall", -0.2, -0.3, -0.1)
    few = replace(GOOD_DICE, n=3)
    result = judged(_rehearsal(bad, few), MARGINS, draws=True)
    assert result.verdict is FAIL
    assert "Dice" not in result.sentence
    unknown = judged(_rehearsal(GOOD_RECALL, few), MARGINS, draws=True)
    assert unknown.verdict is CANNOT_TELL
    assert "Recall" not in unknown.sentence
    passed = judged(_rehearsal(GOOD_RECALL, GOOD_DICE), MARGINS, draws=True)
    assert "Recall changes by +0.0 points" in passed.sentence
    assert "Dice changes by +0.000" in passed.sentence
    assert passed.sentence.count("not worse beyond the margin") == 3


def test_a_scan_that_it_could_not_read_stops_it_however_good_the_rest_is() -> None:
    result = judged(_rehearsal(GOOD_RECALL, GOOD_DICE, unread=1), MARGINS, draws=True)
    assert (result.verdict, result.sentence) == (FAIL, "It could not read 1 of 10 scans.")
    assert [check.verdict for check in result.checks] == [PASS, PASS, PASS]


def test_what_was_seen_on_synthetic_scans_says_so() -> None:
    result = judged(_rehearsal(GOOD_RECALL, GOOD_DICE, synthetic=True), MARGINS, draws=True)
    assert result.sentence.startswith("On SYNTHETIC scans only: Recall")
    assert not judged(_rehearsal(GOOD_RECALL), MARGINS, draws=False).sentence.startswith("On")


def test_an_interval_that_reaches_below_says_that_more_truths_are_needed() -> None:
    result = judged(_rehearsal(_metric("recall", 0.01, -0.2, 0.1)), MARGINS, draws=False)
    assert (
        "reaches below the margin of -5 points, so more scans with a known truth are needed"
        in result.sentence
    )


@pytest.mark.parametrize(("margin", "needed"), [(0.05, 54), (0.1, 26), (0.2, 12), (0.01, 276)])
def test_how_many_truths_are_needed(margin: float, needed: int) -> None:
    assert truths_needed(margin) == needed
    half_width = 1.959963984540054 * 2**0.5
    assert half_width / (needed + 2) < margin <= half_width / (needed + 1)


def test_the_defaults_are_those_of_the_manual(tmp_path: Path) -> None:
    assert Margins() == Margins(0.05, 0.03, 20, 0.05, 0.1) == margins(Settings(home=tmp_path))
    other = Settings(
        home=tmp_path,
        gate_recall_percent=7,
        gate_dice_percent=4,
        gate_least_truths=33,
        gate_specificity_percent=6,
        gate_outside_percent=8,
    )
    assert margins(other) == Margins(0.07, 0.04, 33, 0.06, 0.08)


def test_each_check_keeps_the_numbers_it_was_judged_by() -> None:
    recall, dice = _metric("recall", 0.02, -0.01, 0.05, 140), _metric("dice", 0.01, -0.02, 0.04, 90)
    checks = {check.name: check for check in judged(_rehearsal(recall, dice), MARGINS, draws=True).checks}
    for metric, margin in ((recall, MARGINS.recall), (dice, MARGINS.dice)):
        check = checks[metric.name]
        assert (check.difference, check.low, check.high) == (metric.difference, metric.low, metric.high)
        assert (check.n, check.margin) == (metric.n, margin)
        assert check.sentence.startswith(
            {"recall": "Recall changes by +2.0 points", "dice": "Dice changes by +0.010"}[metric.name]
        )


def test_what_cannot_be_told_still_names_its_metric_and_margin() -> None:
    check, _ = judged(_rehearsal(), MARGINS, draws=False).checks
    assert (check.name, check.margin, check.n, check.difference) == ("recall", MARGINS.recall, 0, None)


def test_sentences_stand_beside_each_other() -> None:
    passed = judged(_rehearsal(GOOD_RECALL, GOOD_DICE), MARGINS, draws=True)
    bad = tuple(_metric(name, -0.2, -0.3, -0.1) for name in ("recall", "specificity", "dice"))
    for result in (passed, judged(_rehearsal(*bad), MARGINS, draws=True)):
        assert result.sentence.endswith(" ".join(check.sentence for check in result.checks))


def test_recall_held_and_specificity_halved_does_not_pass() -> None:
    halved = _metric("specificity", -0.45, -0.55, -0.35)
    result = judged(_rehearsal(GOOD_RECALL, GOOD_DICE, halved), MARGINS, draws=True)
    assert result.verdict is FAIL
    assert result.sentence.startswith(
        "Specificity changes by -45.0 points (95 % interval -55.0 to -35.0, n = 100)"
    )
    assert judged(_rehearsal(GOOD_RECALL, halved), MARGINS, draws=False).verdict is FAIL


def test_specificity_has_a_margin_of_its_own_and_needs_healthy_scans() -> None:
    below = _metric("specificity", -0.02, -0.06, 0.02)
    assert judged(_rehearsal(GOOD_RECALL, below), MARGINS, draws=False).verdict is CANNOT_TELL
    wider = Margins(specificity=0.061)
    assert judged(_rehearsal(GOOD_RECALL, below), wider, draws=False).verdict is PASS
    few = replace(GOOD_SPECIFICITY, n=19)
    result = judged(_rehearsal(GOOD_RECALL, few), MARGINS, draws=False)
    assert (result.verdict, result.sentence) == (
        CANNOT_TELL,
        "Specificity cannot be told from 19 scans without a finding and a known truth; about 54 are needed.",
    )


def _outside(*metrics: PairedMetric) -> PromotionGateResult:
    comparison = OutsideComparison(True, True, metrics)
    return judged(_rehearsal(GOOD_RECALL), MARGINS, draws=False, outside=comparison)


CALM, SEEN = _metric(NO_FALSE_ALARM, 0.0, -0.05, 0.05, 53), _metric(NOT_MISSED, 0.0, -0.05, 0.05, 51)


def test_worse_outside_the_training_sources_does_not_pass_and_the_figure_is_named() -> None:
    assert _outside(CALM, SEEN).verdict is PASS
    alarms = _outside(_metric(NO_FALSE_ALARM, -0.2, -0.32, -0.08, 53), SEEN)
    assert alarms.verdict is FAIL
    assert "share of healthy pictures without a false alarm changes by -20.0 points" in alarms.sentence
    misses = _outside(CALM, _metric(NOT_MISSED, -0.2, -0.32, -0.08, 51))
    assert (misses.verdict, "findings that are not missed changes" in misses.sentence) == (FAIL, True)
    unsure = _outside(CALM, _metric(NOT_MISSED, -0.02, -0.1, 0.05, 51))
    assert (unsure.verdict, "more pictures" in unsure.sentence) == (CANNOT_TELL, True)
    assert _outside(CALM, _metric(NOT_MISSED, -0.02, nextafter(-0.1, inf), 0.05, 51)).verdict is PASS
    few = _outside(CALM, replace(SEEN, n=19))
    assert (few.verdict, "from 19 pictures with a finding" in few.sentence) == (CANNOT_TELL, True)
    assert _outside().verdict is CANNOT_TELL


@pytest.mark.parametrize(
    ("candidate", "champion", "verdict", "says"),
    [
        (False, True, CANNOT_TELL, "It was not measured outside the training sources"),
        (True, False, PASS, "The live version was not measured outside"),
        (False, False, PASS, "Neither version was measured outside"),
    ],
)
def test_who_was_not_measured_outside_passes_only_where_the_live_one_was_not_either(
    candidate: bool, champion: bool, verdict: PromotionVerdict, says: str
) -> None:
    comparison = OutsideComparison(candidate, champion)
    result = judged(_rehearsal(GOOD_RECALL), MARGINS, draws=False, outside=comparison)
    assert (result.verdict, says in result.sentence) == (verdict, True)
