"""Two cohorts side by side: how far apart they are, how sure that is, and whether chance would do.

Shares are compared by their difference with Newcombe's interval (Statistics in Medicine 1998,
method 10) and a chi-square test, Fisher's where a count is small; numbers by the probability that one
of the first cohort exceeds one of the second (Mann-Whitney), with DeLong's interval. P values are
corrected for their number by Holm's method (Scandinavian Journal of Statistics 1979).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from data.ledger.bitmaps import Rows, row_numbers
from data.ledger.in_memory import Ledger, Lines
from data.ledger.quantiles import QUANTITIES
from data.ledger.selection import selected
from models.metrics import Z95, rate
from services.task_words import MEASURED_VOLUME

Query = Mapping[str, Sequence[str]]
FloatArray = NDArray[np.float64]
LEAST = 5  # cases on each side that a comparison needs
_REVIEWED = ("accepted", "rejected", "corrected")
_SHARES = {
    "positive": ("positive among those read", "result", ("positive",), ("positive", "negative")),
    "corrected": ("corrected among those reviewed", "review", ("corrected",), _REVIEWED),
    "rejected": ("rejected among those reviewed", "review", ("rejected",), _REVIEWED),
    "missed": ("missed among those truly ill", "truth", ("miss",), ("miss", "right")),
}  # fmt: skip
_NUMBERS = {  # quantity -> (words, unit, steps of a unit that are told apart)
    "age_years": ("age", "years", 1),
    "volume_ml": (MEASURED_VOLUME, "mL", 100),
    "probability": ("probability", "", 10_000),
    "read_s": ("upload to result", "s", 10),
    "dice": ("Dice against the correction", "", 1000),
}


@dataclass(frozen=True)
class Difference:
    """One quantity in two cohorts. `effect` is first minus second for shares; for numbers the
    probability of superiority, 0.5 where neither is larger."""

    name: str
    words: str
    kind: str  # "share" or "number"
    n: tuple[int, int]
    values: tuple[float | None, float | None]  # shares or medians
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    test: str = ""
    p: float | None = None
    p_corrected: float | None = None


class Comparing:
    """Compares; changes nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def compare(self, first: Query, second: Query) -> list[Difference]:
        """Every quantity in both cohorts; raises InvalidInput for a filter that does not exist."""
        lines = self._ledger.lines()
        cohorts = selected(lines, first), selected(lines, second)
        found = [_share(lines, cohorts, name) for name in _SHARES]
        found += [_number(lines, cohorts, name) for name in _NUMBERS]
        return _holm(found)


def _share(lines: Lines, cohorts: tuple[Rows, Rows], name: str) -> Difference:
    words, dimension, hits, among = _SHARES[name]
    of_hits, of_among = (selected(lines, {dimension: values}) for values in (hits, among))
    if name == "missed":  # right answers count here only for those who are ill
        of_among = of_hits | of_among & selected(lines, {"result": ("positive",)})
    n = tuple(rows.intersection_cardinality(of_among) for rows in cohorts)
    hit = tuple(rows.intersection_cardinality(of_hits) for rows in cohorts)
    rates = [rate(h, total) for h, total in zip(hit, n, strict=True)]
    values = tuple(None if one.n == 0 else one.value for one in rates)
    plain = Difference(name, words, "share", (n[0], n[1]), (values[0], values[1]))
    if min(n) < LEAST:
        return plain
    one, two = rates
    gap = one.value - two.value
    low = gap - math.hypot(one.value - one.low, two.high - two.value)
    high = gap + math.hypot(one.high - one.value, two.value - two.low)
    test, p = _independent(hit, n)
    return replace(plain, effect=gap, low=low, high=high, test=test, p=p)


def _independent(hit: tuple[int, ...], n: tuple[int, ...]) -> tuple[str, float]:
    table = np.array([[hit[0], n[0] - hit[0]], [hit[1], n[1] - hit[1]]])
    if (table.sum(axis=0) == 0).any():
        return "chi-square", 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    if expected.min() < 5:
        return "Fisher", float(stats.fisher_exact(table).pvalue)
    return "chi-square", float(stats.chi2_contingency(table, correction=False).pvalue)


def _number(lines: Lines, cohorts: tuple[Rows, Rows], name: str) -> Difference:
    words, unit, steps = _NUMBERS[name]
    values = _values(lines, name)
    picked = [values[row_numbers(rows)] for rows in cohorts]
    samples = [one[~np.isnan(one)] for one in picked]
    n = (len(samples[0]), len(samples[1]))
    medians = tuple(float(np.median(sample)) if len(sample) else None for sample in samples)
    said = f"{words}, median{f' in {unit}' if unit else ''}"
    plain = Difference(name, said, "number", n, (medians[0], medians[1]))
    if min(n) < LEAST:
        return plain
    effect, spread, p = superiority(*(np.round(sample * steps).astype(np.int64) for sample in samples))
    low, high = max(0.0, effect - Z95 * spread), min(1.0, effect + Z95 * spread)
    return replace(plain, effect=effect, low=low, high=high, test="Mann-Whitney", p=p)


def _values(lines: Lines, name: str) -> FloatArray:
    number = lines.numbers
    if name == "read_s":
        return QUANTITIES[name](number)
    if name == "volume_ml":
        return np.where(number["positive"] == 1, number["volume_ml"], np.nan)
    return number[name]


def superiority(one: NDArray[np.int64], two: NDArray[np.int64]) -> tuple[float, float, float]:
    """(probability that a value of `one` exceeds one of `two`, its standard error, p) of whole numbers.

    Ties count half. The error is DeLong's (Biometrics 1988); p is Mann and Whitney's by the normal
    approximation with the correction for ties. Counting whole numbers takes a pass, where ranks
    would take a sort.
    """
    start = min(int(one.min()), int(two.min()))
    size = max(int(one.max()), int(two.max())) - start + 1
    a, b = (np.bincount(values - start, minlength=size).astype(np.float64) for values in (one, two))
    n, m = a.sum(), b.sum()
    below_b, below_a = np.cumsum(b) - b, np.cumsum(a) - a
    wins = (below_b + b / 2) / m  # of each value of `one`: the share of `two` that it exceeds
    losses = 1 - (below_a + a / 2) / n
    effect = float((a * wins).sum() / n)
    variance = float(
        (a * (wins - effect) ** 2).sum() / (n - 1) / n + (b * (losses - effect) ** 2).sum() / (m - 1) / m
    )
    together = n + m
    ties = float(((a + b) ** 3 - (a + b)).sum() / (together * (together - 1)))
    spread = math.sqrt(n * m / 12 * (together + 1 - ties))
    z = 0.0 if spread == 0 else (effect - 0.5) * n * m / spread
    return effect, math.sqrt(variance), float(2 * stats.norm.sf(abs(z)))


def _holm(found: list[Difference]) -> list[Difference]:
    tested = sorted((one for one in found if one.p is not None), key=lambda one: one.p or 0.0)
    corrected: dict[str, float] = {}
    worst = 0.0
    for index, one in enumerate(tested):
        worst = max(worst, min(1.0, (one.p or 0.0) * (len(tested) - index)))
        corrected[one.name] = worst
    return [replace(one, p_corrected=corrected.get(one.name)) for one in found]
