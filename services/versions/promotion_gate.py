"""The promotion gate before a promotion: recall and Dice must not be worse beyond a margin, by interval.

This is a test of non-inferiority: that nothing worse was seen is not enough; the 95 % interval of
the paired difference must lie above what would be tolerated. With too few truths it cannot, and
then the promotion gate says that it cannot tell, which is not a pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from data.records import NonInferiorityCheck, PairedMetric, PromotionGateResult, PromotionVerdict, Rehearsal
from models.statistics.paired import same_in_all
from services.versions.rehearser import DICE, RECALL

NAMES = {RECALL: "recall", DICE: "Dice"}


@dataclass(frozen=True)
class Margins:
    """By how much a number may be worse, and how many truths are needed at least."""

    recall: float = 0.05
    dice: float = 0.03
    least_truths: int = 20

    def of(self, name: str) -> float:
        """The margin of recall or Dice."""
        return self.recall if name == RECALL else self.dice


def judged(rehearsal: Rehearsal, margins: Margins, *, draws: bool) -> PromotionGateResult:
    """What the gate says of a rehearsal; `draws` where the task draws masks, so that Dice counts."""
    metrics = {metric.name: metric for metric in rehearsal.paired}
    checks = tuple(
        _check(name, metrics.get(name), margins) for name in (RECALL, DICE) if draws or name == RECALL
    )
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
    return PromotionGateResult(verdict, _on_what(rehearsal) + sentence, rehearsal.id, checks)


def truths_needed(margin: float) -> int:
    """How many truths with a finding make recall pass if the versions differ on none of them."""
    return same_in_all(margin)


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
    changed = f"{NAMES[name].capitalize() if name == RECALL else 'Dice'} changes by {metric.difference:+.3f}"
    interval = f"(95 % interval {metric.low:+.3f} to {metric.high:+.3f}, n = {metric.n})"
    if verdict is PromotionVerdict.PASS:
        return f"{changed} {interval}, which is not worse beyond the margin of {margin:.2f}."
    if verdict is PromotionVerdict.FAIL:
        return f"{changed} {interval}, which is worse than the margin of {margin:.2f} allows."
    return (
        f"{changed} {interval}: the interval reaches below the margin of -{margin:.2f}, so more scans with a "
        "known truth are needed to tell."
    )


def _too_few(name: str, n: int, margins: Margins) -> str:
    if name == RECALL:
        needed = max(margins.least_truths, truths_needed(margins.recall))
        known = f"{n} scans with a finding and a known truth"
        return f"Recall cannot be told from {known}; about {needed} are needed."
    return f"Dice cannot be told from {n} scans with a mask by a person; {margins.least_truths} are needed."


def _on_what(rehearsal: Rehearsal) -> str:
    return "On SYNTHETIC scans only: " if rehearsal.synthetic else ""
