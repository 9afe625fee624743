"""Performance without truth: what each version's probabilities say of months that nobody reviewed.

Answers are counted as real use counts them: by the model's call at its threshold, also where the answer that
people see is uncertain. What is estimated here never enters `services.performance.numbers`: goals, alert
limits, stop rules and the promotion gate do not know of it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from data.ledger.blinding import Hidden
from data.ledger.judgements import JudgementStore
from data.ledger.readings import ReadingColumns
from data.records import Judgements
from models.statistics.confusion import FloatArray, Mask
from models.statistics.estimate import Estimate, undefined
from models.statistics.estimated_performance import (
    ExpectedConfusion,
    Recalibration,
    estimated_rates,
    expected_dice,
    recalibrated,
)
from models.statistics.means import mean
from reports.performance_figures import REVIEWED, SAMPLE
from services.performance.cases import OF_METRIC, Cases, Which, month_of, rows_of
from services.performance.estimate_records import (
    ESTIMATED,
    LEAST_CHECKED,
    LEAST_EXPECTED,
    LEAST_OF_EACH,
    LEAST_PERIODS,
    LEAST_READINGS,
    NOT_TRUSTED,
    TOO_FEW,
    CheckedPeriod,
    EstimateCheck,
    Estimated,
    EstimatedPoint,
    Trust,
)
from services.performance.history import Histories
from services.performance.numbers import BY_MONTH, PerformanceQuery
from services.statistics.scoring import confusion

DICE_ERROR = "estimate_mae"  # of a version's validation: how far expected Dice lay from true ones
_KEPT = 2048
_KEPT_CHECKS = 256
_OfCheck = tuple[str, str, bool, str, Hidden, int, float | None]
T = TypeVar("T")


class Estimates:
    """Composes; changes nothing."""

    def __init__(self, judgements: JudgementStore, cases: Cases, histories: Histories) -> None:
        self._judgements = judgements
        self._cases = cases
        self._histories = histories
        self._turn = threading.Lock()
        self._rates: OrderedDict[bytes, dict[str, Estimate]] = OrderedDict()
        self._corrections: OrderedDict[bytes, Recalibration] = OrderedDict()
        self._checking = threading.Lock()
        self._checks: OrderedDict[_OfCheck, EstimateCheck] = OrderedDict()

    def of(self, asked: PerformanceQuery) -> Estimated:
        """What is estimated of the address's metric, of every version, by month or of all its months."""
        if asked.metric not in ESTIMATED:
            return Estimated(asked.metric)
        points: list[EstimatedPoint] = []
        checks = []
        for version, months in self._read(asked).items():
            name, synthetic = version
            check = self._check(replace(asked, version=name, synthetic=synthetic))
            checks.append(check)
            for month in months if asked.by == BY_MONTH else [""]:
                of = replace(asked, version=name, synthetic=synthetic, month=month)
                points.append(self._point(of, check))
        return Estimated(asked.metric, points, checks)

    def every(self, asked: PerformanceQuery) -> list[Estimated]:
        """The same of all metrics that can be estimated, in the order of their names."""
        return [self.of(replace(asked, metric=name)) for name in sorted(ESTIMATED)]

    def _read(self, asked: PerformanceQuery) -> dict[tuple[str, bool], list[str]]:
        """The months in which each version read, oldest first, by version and synthetic."""
        read: dict[tuple[str, bool], list[str]] = {}
        for version, month, synthetic in sorted(self._judgements.read_counts(asked.task)):
            read.setdefault((version, synthetic), []).append(month)
        return read

    def _point(self, of: PerformanceQuery, check: EstimateCheck) -> EstimatedPoint:
        readings = self._judgements.readings(of.task, of.version, of.synthetic, of.hidden.readings)
        if of.month:
            readings = readings.in_month(of.month)
        correction = None if of.metric == "dice" else self._correction(of, of.month)
        figure, enough = self._estimated(of, readings, correction)
        n = correction.n if correction else 0
        point = EstimatedPoint(of.version, of.month, of.synthetic, figure, n)
        if check.trust is Trust.FAILS:
            return _without(point, NOT_TRUSTED)
        return point if enough else _without(point, TOO_FEW)

    def _estimated(
        self, of: PerformanceQuery, readings: ReadingColumns, correction: Recalibration | None
    ) -> tuple[Estimate, bool]:
        """The figure of all these answers, and whether they are enough for one."""
        if of.metric == "dice":
            figure = expected_dice(readings.estimated_dice.astype(np.float64), self._dice_error(of))
            return figure, figure.n >= LEAST_READINGS
        probability, called = readings.probability.astype(np.float64), readings.positive
        if len(probability) < LEAST_READINGS:
            return undefined(len(probability)), False
        said = correction.corrected(probability) if correction else probability
        expected = ExpectedConfusion.of(said, called).denominator(of.metric)
        return self._rate(of.metric, probability, called, correction), expected >= LEAST_EXPECTED

    def _check(self, of: PerformanceQuery) -> EstimateCheck:
        """How past estimates fared; as long as nothing else is judged, it is made once.

        Parts of a page ask at the same time, in threads of their own: the second waits for the first.
        """
        revision, error = self._cases.revision(of.task), self._dice_error(of)
        key = of.task, of.version, of.synthetic, of.metric, of.hidden, revision, error
        with self._checking:
            if key not in self._checks:
                self._checks[key] = self._checked(of)
            self._checks.move_to_end(key)
            while len(self._checks) > _KEPT_CHECKS:
                self._checks.popitem(last=False)
            return self._checks[key]

    def _checked(self, of: PerformanceQuery) -> EstimateCheck:
        """On the random sample where it is enough for a verdict, else on all that was reviewed."""
        for part in (SAMPLE, REVIEWED):
            check = EstimateCheck(of.version, of.synthetic, part, tuple(self._periods(of, part)))
            if len(check.periods) >= LEAST_PERIODS:
                break
        return check

    def _periods(self, of: PerformanceQuery, part: str) -> Iterator[CheckedPeriod]:
        """Judged months, joined with those that follow until there are cases enough; a rest is left out."""
        judged = self._judged(of, part)
        months, counted = judged.months(), _counted(of.metric, judged)
        joined: list[np.datetime64] = []
        for month in np.unique(months):
            joined.append(month)
            rows = np.isin(months, joined)
            if int((rows & counted).sum()) < LEAST_CHECKED:
                continue
            period = self._compared(of, judged.where(rows), tuple(str(each) for each in joined))
            joined = []
            if np.isfinite(period.estimated.value) and np.isfinite(period.reviewed.value):
                yield period

    def _compared(self, of: PerformanceQuery, judged: Judgements, months: tuple[str, ...]) -> CheckedPeriod:
        """As it would have been estimated then: with what was judged of earlier months alone."""
        if of.metric == "dice":
            both = judged.where(_counted("dice", judged))
            estimated = expected_dice(both.estimated_dice, self._dice_error(of))
            return CheckedPeriod(months, estimated, mean(both.dice))
        correction = self._correction(of, months[0])
        estimated = self._rate(of.metric, judged.probability, judged.positive, correction)
        reviewed = confusion(judged).rates()[of.metric]
        return CheckedPeriod(months, estimated, reviewed, correction.n if correction else 0)

    def _correction(self, of: PerformanceQuery, month: str) -> Recalibration | None:
        """Of the random sample read before a month ("": of all of it); None where that is not enough.

        Only of the sample: cases that people picked are not like the others of the same probability.
        """
        judged = self._judged(of, SAMPLE)
        if month:
            judged = judged.where(judged.months() < month_of(month))
        ill = int(judged.truth_positive.sum())
        if min(ill, len(judged) - ill) < LEAST_OF_EACH:
            return None
        key = _digest(judged.truth_positive, judged.probability)
        return self._kept(
            self._corrections, key, lambda: recalibrated(judged.truth_positive, judged.probability)
        )

    def _judged(self, of: PerformanceQuery, part: str) -> Judgements:
        return self._cases.of(Which(of.task, of.version, "", part, of.synthetic, hidden=of.hidden))

    def _rate(
        self, metric: str, probability: FloatArray, called: Mask, correction: Recalibration | None
    ) -> Estimate:
        fitted = np.array([correction.intercept, correction.slope, correction.n] if correction else [])
        key = _digest(probability, called, fitted)
        return self._kept(self._rates, key, lambda: estimated_rates(probability, called, correction))[metric]

    def _dice_error(self, of: PerformanceQuery) -> float | None:
        """How far this version's expected Dice lay from true ones in its validation, where that is known."""
        for version in self._histories.of(of.task).versions:
            if version.version.version == of.version and DICE_ERROR in version.figures:
                return version.figures[DICE_ERROR].value
        return None

    def _kept(self, kept: OrderedDict[bytes, T], key: bytes, make: Callable[[], T]) -> T:
        """The same answers are estimated once."""
        with self._turn:
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
        made = make()
        with self._turn:
            kept[key] = made
            while len(kept) > _KEPT:
                kept.popitem(last=False)
        return made


def _counted(metric: str, judged: Judgements) -> Mask:
    """Which of the cases a metric is a share or mean of."""
    rows = rows_of(OF_METRIC.get(metric, "all"), judged)
    return np.asarray(rows & ~np.isnan(judged.estimated_dice)) if metric == "dice" else rows


def _without(point: EstimatedPoint, why: str) -> EstimatedPoint:
    return replace(point, figure=undefined(point.figure.n), withheld=why)


def _digest(*columns: NDArray[Any]) -> bytes:
    told = hashlib.blake2b(digest_size=16)
    for column in columns:
        told.update(np.ascontiguousarray(column).tobytes())
        told.update(b"|")
    return told.digest()
