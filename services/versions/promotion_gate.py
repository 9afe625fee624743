"""The promotion gate before a promotion: nothing that counts may be worse beyond a margin, by interval.

On the house's own scans that are recall, specificity and Dice; outside the training sources, where the
champion was measured there, false alarms on healthy pictures and findings that were missed.

This is a test of non-inferiority: that nothing worse was seen is not enough; the 95 % interval of
the paired difference must lie above what would be tolerated. With too few truths it cannot, and
then the promotion gate says that it cannot tell, which is not a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.records import (
    SYNTHETIC,
    NonInferiorityCheck,
    PairedMetric,
    PromotionGateResult,
    PromotionVerdict,
    Rehearsal,
)
from models.statistics.paired import same_in_all
from reports.number_words import points_words
from services.versions.outside import NO_FALSE_ALARM, NOT_MISSED, OutsideComparison
from services.versions.rehearser import DICE, RECALL, SPECIFICITY

NAMES = {
    RECALL: "Recall",
    SPECIFICITY: "Specificity",
    DICE: "Dice",
    NO_FALSE_ALARM: "Outside the training sources, the share of healthy pictures without a false alarm",
    NOT_MISSED: "Outside the training sources, the share of findings that are not missed",
}
OUTSIDE = "outside"
_COUNTED = {
    RECALL: "scans with a finding and a known truth",
    SPECIFICITY: "scans without a finding and a known truth",
    DICE: "scans with a mask by a person",
    NO_FALSE_ALARM: "healthy pictures that both versions have read",
    NOT_MISSED: "pictures with a finding that both versions have read",
}
_NOT_MEASURED = (
    "It was not measured outside the training sources, and the live version was; measure it with "
    "app.py evaluate --outside --version."
)
_NEITHER = " Neither version was measured outside the training sources."
_CHAMPION_NOT = (
    " The live version was not measured outside the training sources, so nothing is compared there."
)


@dataclass(frozen=True)
class Margins:
    """By how much a number may be worse, and how many truths are needed at least.

    `outside` is of both figures outside the training sources, where pictures are few.
    """

    recall: float = 0.05
    dice: float = 0.03
    least_truths: int = 20
    specificity: float = 0.05
    outside: float = 0.1

    def of(self, name: str) -> float:
        """The margin of a number."""
        own = {RECALL: self.recall, SPECIFICITY: self.specificity, DICE: self.dice}
        return own.get(name, self.outside)


def judged(
    rehearsal: Rehearsal, margins: Margins, *, draws: bool, outside: OutsideComparison | None = None
) -> PromotionGateResult:
    """What the gate says of a rehearsal and, unless it is None, of the comparison outside.

    `draws` where the task draws masks, so that Dice counts.
    """
    metrics = {metric.name: metric for metric in rehearsal.paired}
    names = (RECALL, SPECIFICITY, DICE) if draws else (RECALL, SPECIFICITY)
    checks = tuple(_check(name, metrics.get(name), margins) for name in names) + _outside(outside, margins)
    failed = [check for check in checks if check.verdict is PromotionVerdict.FAIL]
    unknown = [check for check in checks if check.verdict is PromotionVerdict.CANNOT_TELL]
    unread = len(rehearsal.failed)
    if unread:
        sentence = f"It could not read {unread} of {unread + len(rehearsal.differences)} scans."
        verdict = PromotionVerdict.FAIL
    elif failed:
        verdict, sentence = PromotionVerdict.FAIL, " ".join(check.sentence for check in failed)
    elif unknown:
        verdict, sentence = PromotionVerdict.CANNOT_TELL, " ".join(check.sentence for check in unknown)
    else:
        verdict, sentence = PromotionVerdict.PASS, " ".join(check.sentence for check in checks)
        sentence += _unmeasured(outside)
    return PromotionGateResult(verdict, _on_what(rehearsal) + sentence, rehearsal.id, checks)


def truths_needed(margin: float) -> int:
    """How many truths with a finding make recall pass if the versions differ on none of them."""
    return same_in_all(margin)


def _outside(outside: OutsideComparison | None, margins: Margins) -> tuple[NonInferiorityCheck, ...]:
    """None where the champion was not measured there: nothing is then known to have been better."""
    if outside is None or not outside.champion_measured:
        return ()
    if not outside.candidate_measured:
        verdict = PromotionVerdict.CANNOT_TELL
        return (NonInferiorityCheck(OUTSIDE, None, None, None, 0, margins.outside, verdict, _NOT_MEASURED),)
    metrics: Mapping[str, PairedMetric] = {metric.name: metric for metric in outside.paired}
    return tuple(_check(name, metrics.get(name), margins) for name in (NO_FALSE_ALARM, NOT_MISSED))


def _unmeasured(outside: OutsideComparison | None) -> str:
    if outside is None or outside.champion_measured:
        return ""
    return _CHAMPION_NOT if outside.candidate_measured else _NEITHER


def _check(name: str, metric: PairedMetric | None, margins: Margins) -> NonInferiorityCheck:
    margin = margins.of(name)
    if metric is None or metric.n < margins.least_truths:
        n = 0 if metric is None else metric.n
        verdict, sentence = PromotionVerdict.CANNOT_TELL, _too_few(name, n, margins)
        return NonInferiorityCheck(name, None, None, None, n, margin, verdict, sentence)
    verdict = _verdict(metric, margin)
    return NonInferiorityCheck(
        name,
        metric.difference,
        metric.low,
        metric.high,
        metric.n,
        margin,
        verdict,
        _sentence(name, metric, margin, verdict),
    )


def _verdict(metric: PairedMetric, margin: float) -> PromotionVerdict:
    if metric.low > -margin:
        return PromotionVerdict.PASS
    worse = metric.difference < -margin or metric.high < 0
    return PromotionVerdict.FAIL if worse else PromotionVerdict.CANNOT_TELL


def _sentence(name: str, metric: PairedMetric, margin: float, verdict: PromotionVerdict) -> str:
    share = name != DICE
    low, high = (points_words(end, "") if share else f"{end:+.3f}" for end in (metric.low, metric.high))
    gap = points_words(metric.difference) if share else f"{metric.difference:+.3f}"
    limit = f"{100 * margin:g} points" if share else f"{margin:.2f}"
    changed = f"{NAMES[name]} changes by {gap}"
    interval = f"(95 % interval {low} to {high}, n = {metric.n})"
    if verdict is PromotionVerdict.PASS:
        return f"{changed} {interval}, which is not worse beyond the margin of {limit}."
    if verdict is PromotionVerdict.FAIL:
        return f"{changed} {interval}, which is worse than the margin of {limit} allows."
    more = "pictures" if name in (NO_FALSE_ALARM, NOT_MISSED) else "scans"
    return (
        f"{changed} {interval}: the interval reaches below the margin of -{limit}, so more {more} with "
        "a known truth are needed to tell."
    )


def _too_few(name: str, n: int, margins: Margins) -> str:
    counted = f"{NAMES[name]} cannot be told from {n} {_COUNTED[name]}"
    if name == DICE:
        return f"{counted}; {margins.least_truths} are needed."
    return f"{counted}; about {max(margins.least_truths, truths_needed(margins.of(name)))} are needed."


def _on_what(rehearsal: Rehearsal) -> str:
    return f"On {SYNTHETIC} scans only: " if rehearsal.synthetic else ""
