"""What is estimated of answers that nobody judged, and how such estimates fared where people judged later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.statistics.estimate import Estimate
from models.statistics.estimated_performance import RATES, holds
from models.statistics.proportions import proportion

ESTIMATED = frozenset({*RATES, "dice"})
"""The metrics that can be estimated without any truth."""

LEAST_READINGS = 20
LEAST_EXPECTED = 5.0  # cases that a rate is to be expected to be a share of
LEAST_CHECKED = 10  # judged cases behind one comparison; of fewer months are joined
LEAST_OF_EACH = 20
"""Ill and healthy cases of the random sample before probabilities are corrected on them: ten of the rarer
kind for each of the two numbers that are fitted (Peduzzi et al., Journal of Clinical Epidemiology 1996)."""
LEAST_PERIODS = 3  # comparisons before an estimate is said to have held

TOO_FEW = "too few cases"
NOT_TRUSTED = "not to be trusted: past estimates missed what reviews said"
ASSUMPTIONS = (
    "An estimate takes the model at its word: where it says 80 %, it counts 80 of 100 such scans as ill, and "
    "of each outline the Dice that it expects. It is right only while these probabilities are right here "
    "(calibration holds) and disease looks as it did when they were made (no concept drift). It cannot see a "
    "fault that the model does not see in itself. It is no measurement: it raises no alert, counts for no "
    "goal, and no version is promoted by it."
)


class Trust(StrEnum):
    """What reviews have said of past estimates."""

    UNCHECKED = "unchecked"
    HOLDS = "holds"
    FAILS = "fails"


@dataclass(frozen=True)
class EstimatedPoint:
    """An estimate of one version: of a month, or of all where that is "".

    `calibrated_on` are the house's own judged cases that the probabilities were corrected on; 0 where they
    are as the version came. Where it is not told (`withheld` says why) the figure has its n alone.
    """

    version: str
    month: str
    synthetic: bool
    figure: Estimate
    calibrated_on: int = 0
    withheld: str = ""


@dataclass(frozen=True)
class CheckedPeriod:
    """The estimate of judged cases, made without their truth, beside what their truth says.

    `gap` is reviewed minus estimated. Its interval is that of the reviewed value: both are of the same cases.
    """

    months: tuple[str, ...]
    estimated: Estimate
    reviewed: Estimate
    calibrated_on: int = 0

    @property
    def gap(self) -> Estimate:
        """By how much the estimate was too low."""
        said, of = self.reviewed, self.estimated.value
        return Estimate(said.value - of, said.low - of, said.high - of, said.n)

    @property
    def inside(self) -> bool:
        """Whether what reviews said lies within the estimate's interval."""
        return self.estimated.low - 1e-9 <= self.reviewed.value <= self.estimated.high + 1e-9

    @property
    def words(self) -> str:
        """Its month, or the first and the last."""
        return " to ".join(dict.fromkeys((self.months[0], self.months[-1])))


@dataclass(frozen=True)
class EstimateCheck:
    """How the estimates of a version's metric fared. `part` is what they were checked on."""

    version: str
    synthetic: bool
    part: str
    periods: Sequence[CheckedPeriod]

    @property
    def inside(self) -> int:
        """In how many periods the reviewed value lay within the interval."""
        return sum(period.inside for period in self.periods)

    @property
    def coverage(self) -> Estimate:
        """The share of them; 95 % are to be expected of estimates that are right."""
        return proportion(self.inside, len(self.periods))

    @property
    def trust(self) -> Trust:
        """Whether estimates are told: not where fewer held than chance allows (`holds`)."""
        if not holds(self.inside, len(self.periods)):
            return Trust.FAILS
        return Trust.HOLDS if len(self.periods) >= LEAST_PERIODS else Trust.UNCHECKED


@dataclass(frozen=True)
class Estimated:
    """Every estimate of a task's metric, and the checks by (version, whether synthetic)."""

    metric: str
    points: Sequence[EstimatedPoint] = ()
    checks: Sequence[EstimateCheck] = ()

    @property
    def told(self) -> list[EstimatedPoint]:
        """Those that may be shown."""
        return [point for point in self.points if not point.withheld]

    def check(self, version: str, synthetic: bool) -> EstimateCheck | None:
        """How a version's estimates fared; None where it read nothing."""
        mine = [each for each in self.checks if (each.version, each.synthetic) == (version, synthetic)]
        return mine[0] if mine else None
