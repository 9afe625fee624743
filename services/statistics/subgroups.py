"""Whether a model serves some patients worse than the rest: figures by group, and the gap to the rest.

Differences of rates carry Newcombe's interval (Statistics in Medicine 1998, method 10), those of Dice a
bootstrap of both sides. Many gaps are looked at, so that one in twenty is apart from zero by chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput
from data.ledger import bands
from data.ledger.bands import NONE, UNKNOWN
from data.records import Judgements
from models.metrics import BOOTSTRAPS, Figure
from services.statistics.scoring import MANY, scored
from services.task_words import MEASURED_FINDING

SUBGROUPS = {
    "sex": "Sex",
    "age": "Age",
    "site": "Site",
    "scanner": "Scanner",
    "size": f"Size of the true {MEASURED_FINDING}",
}
RATES = ("recall", "precision", "specificity", "accuracy", "far", "frr")
_OF_THE_ILL = ("recall", "frr", "dice")  # what cases that are all ill can tell


@dataclass(frozen=True)
class Gap:
    """A group's figure minus that of all others; NaN where either side has none."""

    value: float
    low: float
    high: float
    n: int
    n_rest: int


@dataclass(frozen=True)
class Subgroup:
    """One group of a dimension; `name` is what the worklist filters by."""

    dimension: str
    name: str
    n: int
    figures: dict[str, Figure]
    gaps: dict[str, Gap]


def subgroups(judgements: Judgements, dimension: str, threshold: float | None = None) -> list[Subgroup]:
    """Every group that has a case, in the dimension's order; InvalidInput for one that does not exist.

    Size is of the true tumour, so only the ill count there and only what concerns them is told; a task
    that measures nothing has no such groups.
    """
    if dimension not in SUBGROUPS:
        raise InvalidInput(f"Cases are not grouped by {dimension}.")
    if dimension == "size":
        judgements = judgements.where(judgements.truth_positive)
    return [
        _group(judgements, dimension, name, rows, threshold)
        for name, rows in _rows_by_name(judgements, dimension)
    ]


def _rows_by_name(judgements: Judgements, dimension: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    if dimension == "age":
        yield from _banded(bands.ages(judgements.age_years), bands.AGES)
    elif dimension == "size":
        volume = judgements.truth_volume_ml
        measured = not (np.isnan(volume) & np.isnan(judgements.dice)).all()
        every = np.ones(len(volume), dtype=bool)
        codes = bands.sizes(volume, every.astype(np.float64), every)
        yield from _banded(codes, bands.SIZES) if measured else ()
    else:
        column = getattr(judgements, dimension)
        names = np.array([UNKNOWN if one is None else one for one in column], dtype=object)
        for name in sorted(set(names), key=lambda one: (one == UNKNOWN, one)):
            yield name, np.asarray(names == name, dtype=bool)


def _banded(codes: NDArray[np.uint8], names: tuple[str, ...]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for code, name in enumerate(names):
        rows = codes == code
        if name != NONE and rows.any():
            yield name, rows


def _group(
    judgements: Judgements, dimension: str, name: str, rows: NDArray[np.bool_], threshold: float | None
) -> Subgroup:
    mine, rest = judgements.where(rows), judgements.where(~rows)
    figures, others = scored(mine, threshold), scored(rest, threshold)
    told = _OF_THE_ILL if dimension == "size" else tuple(figures)
    gaps = {rate: gap(figures[rate], others[rate]) for rate in RATES if rate in told}
    gaps["dice"] = mean_gap(mine.dice, rest.dice)
    return Subgroup(dimension, name, len(mine), {one: figures[one] for one in told}, gaps)


def gap(mine: Figure, rest: Figure) -> Gap:
    """The difference of two independent rates, each with its Wilson interval (Newcombe's method 10)."""
    if not mine.n or not rest.n:
        return Gap(math.nan, -1.0, 1.0, mine.n, rest.n)
    value = mine.value - rest.value
    low = value - math.hypot(mine.value - mine.low, rest.high - rest.value)
    high = value + math.hypot(mine.high - mine.value, rest.value - rest.low)
    return Gap(value, low, high, mine.n, rest.n)


def mean_gap(mine: NDArray[np.float64], rest: NDArray[np.float64]) -> Gap:
    """The difference of the means of two independent samples; NaN values are left out."""
    one, two = (values[~np.isnan(values)] for values in (mine, rest))
    if not len(one) or not len(two):
        return Gap(math.nan, -1.0, 1.0, len(one), len(two))
    value = float(one.mean() - two.mean())
    if min(len(one), len(two)) < 2:  # a single case says nothing about its spread
        return Gap(value, -1.0, 1.0, len(one), len(two))
    drawn = _means(one, 0) - _means(two, 1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Gap(value, float(low), float(high), len(one), len(two))


def _means(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Means of resampled values; those of many cases are as good as normal."""
    random, n = np.random.default_rng(seed), len(values)
    if n >= MANY:
        spread = float(values.std(ddof=1)) / math.sqrt(n)
        return np.asarray(values.mean() + spread * random.standard_normal(BOOTSTRAPS))
    return np.asarray(values[random.integers(n, size=(BOOTSTRAPS, n))].mean(axis=1))
