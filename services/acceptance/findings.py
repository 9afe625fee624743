"""What a test comes to: each figure with its interval beside its limit, and the verdict over all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.records import AcceptanceLimits, AcceptanceVerdict
from models.statistics.estimate import Estimate, undefined
from models.statistics.proportions import proportion

RECALL, SPECIFICITY, DICE, REFUSED = "recall", "specificity", "dice", "refused"


@dataclass(frozen=True)
class Criterion:
    """A figure and what is asked of it. `scan_ids` are of the cases that speak against the version."""

    metric: str
    figure: Estimate
    limit: float
    least: int  # cases
    verdict: AcceptanceVerdict
    scan_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScannerFigures:
    """What a version said of a scanner's cases. `came` are all scans that it sent since the first."""

    recall: Estimate
    specificity: Estimate
    dice: Estimate
    came: int
    refused: int
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]
    unread: tuple[str, ...]


def criteria(limits: AcceptanceLimits, tested: ScannerFigures) -> tuple[Criterion, ...]:
    """Each of the protocol's limits beside what was reached.

    Of recall, specificity and mean Dice the lower end of the 95 % interval must reach the limit, at it
    included; of scans that came at most the limit's share may have been refused. Below the least number of
    cases nothing is said.
    """
    made = [
        _at_least(RECALL, tested.recall, limits.recall, limits.least_with, tested.missed),
        _at_least(
            SPECIFICITY, tested.specificity, limits.specificity, limits.least_without, tested.false_alarms
        ),
    ]
    if limits.dice is not None:
        made.append(_at_least(DICE, tested.dice, limits.dice, limits.least_masks, ()))
    if limits.most_refused is not None:
        share = proportion(tested.refused, tested.came) if tested.came else undefined()
        least = limits.least_with + limits.least_without
        verdict = _verdict(share.n >= least, share.value <= limits.most_refused)
        made.append(Criterion(REFUSED, share, limits.most_refused, least, verdict, tested.unread))
    return tuple(made)


def verdict_over(made: Sequence[Criterion]) -> AcceptanceVerdict:
    """Not passed where any limit is not, else too few where any cannot be told, else passed."""
    verdicts = {criterion.verdict for criterion in made}
    for verdict in (AcceptanceVerdict.NOT_PASSED, AcceptanceVerdict.TOO_FEW):
        if verdict in verdicts:
            return verdict
    return AcceptanceVerdict.PASSED


def _at_least(metric: str, figure: Estimate, limit: float, least: int, against: tuple[str, ...]) -> Criterion:
    return Criterion(metric, figure, limit, least, _verdict(figure.n >= least, figure.low >= limit), against)


def _verdict(enough: bool, reached: bool) -> AcceptanceVerdict:
    if not enough:
        return AcceptanceVerdict.TOO_FEW
    return AcceptanceVerdict.PASSED if reached else AcceptanceVerdict.NOT_PASSED
