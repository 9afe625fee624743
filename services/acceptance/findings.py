"""What a test comes to: each figure with its interval beside its limit, and the verdict over all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.records import AcceptanceLimits, AcceptanceVerdict
from models.statistics import limits as statistics
from models.statistics.estimate import Estimate, undefined
from models.statistics.limits import Side
from models.statistics.proportions import proportion

RECALL, SPECIFICITY, DICE, REFUSED = "recall", "specificity", "dice", "refused"
_OF_SIDE = {
    Side.KEPT: AcceptanceVerdict.PASSED,
    Side.MISSED: AcceptanceVerdict.NOT_PASSED,
    Side.STRADDLES: AcceptanceVerdict.CANNOT_TELL,
}
_IN_ORDER = (AcceptanceVerdict.NOT_PASSED, AcceptanceVerdict.TOO_FEW, AcceptanceVerdict.CANNOT_TELL)


@dataclass(frozen=True)
class Criterion:
    """A figure and what is asked of it. `scan_ids` are of the cases that speak against the version.

    `more` says, where it cannot be told, about how many more cases would tell if the figure stays as it is;
    None where no sensible number would.
    """

    metric: str
    figure: Estimate
    limit: float
    least: int  # cases
    verdict: AcceptanceVerdict
    scan_ids: tuple[str, ...] = ()
    more: int | None = None

    @property
    def keeps(self) -> bool:
        """Whether the figure itself, its interval left aside, is on the good side of the limit."""
        value = self.figure.value
        return value <= self.limit if self.metric == REFUSED else value >= self.limit


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

    The whole 95 % interval decides (`models.statistics.limits`): passed where all of it keeps the limit, not
    passed where none of it does, and not to be told where it holds the limit. Recall, specificity and mean
    Dice are to be at least their limit, the share of refused scans at most its own. Below the least number of
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
        least, limit = limits.least_with + limits.least_without, limits.most_refused
        side = statistics.at_most(share, limit)
        made.append(_criterion(REFUSED, share, limit, least, side, tested.unread))
    return tuple(made)


def verdict_over(made: Sequence[Criterion]) -> AcceptanceVerdict:
    """Not passed where any limit is not; else what keeps any from being told, too few first; else passed."""
    verdicts = {criterion.verdict for criterion in made}
    return next((verdict for verdict in _IN_ORDER if verdict in verdicts), AcceptanceVerdict.PASSED)


def _at_least(metric: str, figure: Estimate, limit: float, least: int, against: tuple[str, ...]) -> Criterion:
    return _criterion(metric, figure, limit, least, statistics.at_least(figure, limit), against)


def _criterion(
    metric: str, figure: Estimate, limit: float, least: int, side: Side, against: tuple[str, ...]
) -> Criterion:
    if figure.n < least:
        return Criterion(
            metric, figure, limit, least, AcceptanceVerdict.TOO_FEW, against, more=least - figure.n
        )
    more = _more(metric, figure, limit) if side is Side.STRADDLES else None
    return Criterion(metric, figure, limit, least, _OF_SIDE[side], against, more)


def _more(metric: str, figure: Estimate, limit: float) -> int | None:
    """How many cases above those that there are would tell, about."""
    needed = (
        statistics.cases_for_mean(figure, limit)
        if metric == DICE
        else statistics.cases_for_share(figure.value, limit)
    )
    return None if needed is None else max(1, needed - figure.n)
