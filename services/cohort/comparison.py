"""Two cohorts side by side: how far apart they are, how sure that is, and whether chance would do.

Shares are compared by their difference with Newcombe's interval (Statistics in Medicine 1998,
method 10) and a chi-square test, Fisher's where a count is small; numbers by the probability that one
of the first cohort exceeds one of the second (Mann-Whitney), with DeLong's interval. P values are
corrected for their number by Holm's method (Scandinavian Journal of Statistics 1979).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from data.ledger.bitmaps import Rows, row_numbers
from data.ledger.columns import LedgerColumns
from data.ledger.in_memory import Ledger
from data.ledger.quantiles import QUANTITIES
from data.ledger.selection import selected
from data.records import BY_PEOPLE, User
from models.statistics.areas import Superiority, interval
from models.statistics.areas import superiority as counted_superiority
from models.statistics.proportions import difference, proportion
from services.cohort.cohort import HiddenFrom
from services.cohort.filters import of_one_kind
from services.permissions import Permission, require
from services.task_words import DRAWN_DICE, MEASURED_VOLUME

Query = Mapping[str, Sequence[str]]
FloatArray = NDArray[np.float64]
LEAST = 5  # cases on each side that a comparison needs
_REVIEWED = tuple(verdict.value for verdict in BY_PEOPLE)
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
    "dice": (DRAWN_DICE, "", 1000),
}


@dataclass(frozen=True)
class CohortDifference:
    """One quantity in two cohorts. `effect` is first minus second for shares; for numbers the
    probability of superiority, 0.5 where neither is larger."""

    name: str
    words: str
    kind: str  # "share" or "number"
    n: tuple[int, int]
    values: tuple[float | None, float | None]  # shares, medians, or means of Dice
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    test: str = ""
    p: float | None = None
    p_corrected: float | None = None


class CohortComparison:
    """Compares; changes nothing."""

    def __init__(self, ledger: Ledger, hidden: HiddenFrom) -> None:
        """`hidden` says what a person is not to know yet."""
        self._ledger = ledger
        self._hidden = hidden

    def compare(self, first: Query, second: Query, viewer: User | None) -> list[CohortDifference]:
        """Every quantity in both cohorts, as a person may know it; each is of real or of synthetic scans.

        Raises InvalidInput for a filter that does not exist.
        """
        if viewer is not None:
            require(viewer, Permission.SEE_COHORT)
        columns = self._ledger.columns(self._hidden(viewer))
        cohorts = (
            selected(columns, of_one_kind(first, columns)),
            selected(columns, of_one_kind(second, columns)),
        )
        differences = [_share(columns, cohorts, name) for name in _SHARES]
        differences += [_number(columns, cohorts, name) for name in _NUMBERS]
        return _holm(differences)


def _share(columns: LedgerColumns, cohorts: tuple[Rows, Rows], name: str) -> CohortDifference:
    words, dimension, hits, among = _SHARES[name]
    of_hits, of_among = (selected(columns, {dimension: values}) for values in (hits, among))
    if name == "missed":  # right answers count here only for those who are ill
        of_among = of_hits | of_among & selected(columns, {"result": ("positive",)})
    n = tuple(rows.intersection_cardinality(of_among) for rows in cohorts)
    hit = tuple(rows.intersection_cardinality(of_hits) for rows in cohorts)
    rates = [proportion(h, total) for h, total in zip(hit, n, strict=True)]
    values = tuple(None if share.n == 0 else share.value for share in rates)
    plain = CohortDifference(name, words, "share", (n[0], n[1]), (values[0], values[1]))
    if min(n) < LEAST:
        return plain
    gap = difference(rates[0], rates[1])
    test, p = _independent(hit, n)
    return replace(plain, effect=gap.value, low=gap.low, high=gap.high, test=test, p=p)


def _independent(hit: tuple[int, ...], n: tuple[int, ...]) -> tuple[str, float]:
    table = np.array([[hit[0], n[0] - hit[0]], [hit[1], n[1] - hit[1]]])
    if (table.sum(axis=0) == 0).any():
        return "chi-square", 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    if expected.min() < 5:
        return "Fisher", float(stats.fisher_exact(table).pvalue)
    return "chi-square", float(stats.chi2_contingency(table, correction=False).pvalue)


def _number(columns: LedgerColumns, cohorts: tuple[Rows, Rows], name: str) -> CohortDifference:
    words, unit, steps = _NUMBERS[name]
    values = _values(columns, name)
    picked = [values[row_numbers(rows)] for rows in cohorts]
    samples = [values_of[~np.isnan(values_of)] for values_of in picked]
    n = (len(samples[0]), len(samples[1]))
    summary, of = (np.mean, "mean") if name == "dice" else (np.median, "median")
    middles = tuple(float(summary(sample)) if len(sample) else None for sample in samples)
    label = f"{words}, {of}{f' in {unit}' if unit else ''}"
    plain = CohortDifference(name, label, "number", n, (middles[0], middles[1]))
    if min(n) < LEAST:
        return plain
    superior = superiority(*(np.round(sample * steps).astype(np.int64) for sample in samples))
    low, high = interval(superior, *n)
    return replace(plain, effect=superior.value, low=low, high=high, test="Mann-Whitney", p=superior.p)


def _values(columns: LedgerColumns, name: str) -> FloatArray:
    number = columns.numbers
    if name == "read_s":
        return QUANTITIES[name](number)
    if name == "volume_ml":
        return np.where(number["positive"] == 1, number["volume_ml"], np.nan)
    return number[name]


def superiority(first: NDArray[np.int64], second: NDArray[np.int64]) -> Superiority:
    """How often a value of `first` exceeds one of `second`, of whole numbers.

    The error is DeLong's (Biometrics 1988); p is Mann and Whitney's by the normal approximation with the
    correction for ties. Counting whole numbers takes a pass, where ranks would take a sort.
    """
    start = min(int(first.min()), int(second.min()))
    size = max(int(first.max()), int(second.max())) - start + 1
    counts = [np.bincount(values - start, minlength=size) for values in (first, second)]
    return counted_superiority(*counts)


def _holm(differences: list[CohortDifference]) -> list[CohortDifference]:
    tested = sorted(
        (each for each in differences if each.p is not None),
        key=lambda tested: tested.p or 0.0,
    )
    corrected: dict[str, float] = {}
    worst = 0.0
    for index, each in enumerate(tested):
        worst = max(worst, min(1.0, (each.p or 0.0) * (len(tested) - index)))
        corrected[each.name] = worst
    return [replace(each, p_corrected=corrected.get(each.name)) for each in differences]
