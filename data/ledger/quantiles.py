"""Medians and percentiles of what is measured, for any choice of scans.

Each quantity's values are cut once into steps of about equally many scans, and these into smaller
ones, with a bitmap of rows each. The steps are counted for a choice of scans, then the small ones of
the step that the percentile falls into, and only the rows of one small step are looked at by value.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.ledger.bitmaps import Index, Rows, row_numbers

FloatArray = NDArray[np.float64]
Numbers = Mapping[str, FloatArray]
Edges = Mapping[str, FloatArray]
WIDE = 16  # small steps in a step
STEPS = 8 * WIDE
TOGETHER_US = 50_000
"""Imports of older versions noted scan and result a moment apart; no upload is read as quickly as that."""

QUANTITIES: Mapping[str, Callable[[Numbers], FloatArray]] = {
    "volume_ml": lambda number: number["volume_ml"],
    "dice": lambda number: number["dice"],
    "read_s": lambda number: _waited(number["read_us"] - number["created_us"]) / 1e6,
    "review_s": lambda number: (number["reviewed_us"] - number["read_us"]) / 1e6,
}
"""What can be asked for: NaN where it is unknown."""


def _waited(us: FloatArray) -> FloatArray:
    """NaN where nobody waited: an import keeps a scan together with its result."""
    return np.where(us > TOGETHER_US, us, np.nan)


def edges(numbers: Numbers) -> dict[str, FloatArray]:
    """Of each quantity the values that open a step after the first."""
    return {name: _edges(values(numbers)) for name, values in QUANTITIES.items()}


def steps(numbers: Numbers, cut_at: Edges) -> dict[str, NDArray[np.int16]]:
    """Of each quantity the step that each value falls into, and of `_wide` steps; -1 where there is none."""
    steps_of = {}
    for name, values in QUANTITIES.items():
        value = values(numbers)
        step = np.searchsorted(cut_at[name], value, side="right")
        steps_of[name] = np.where(np.isnan(value), -1, step).astype(np.int16)
        steps_of[_wide(name)] = np.where(np.isnan(value), -1, step // WIDE).astype(np.int16)
    return steps_of


def percentiles(
    index: Index, numbers: Numbers, rows: Rows, name: str, asked: Sequence[float]
) -> tuple[int, list[float]]:
    """(how many of `rows` have the quantity, its percentiles), the latter empty where none has.

    Between two values lies what numpy's `percentile` puts there, to the last digit.
    """
    ordered = _Ordered(index, numbers, rows, name)
    n = len(ordered)
    return n, [_between(ordered.nth, n, percent / 100) for percent in asked] if n else []


def known_values(index: Index, numbers: Numbers, rows: Rows, name: str) -> FloatArray:
    """(n,) the quantity's values of those of `rows` that have it, in no order; quick where few have it."""
    inside = [step & rows for step in index.classes.get(_wide(name), {}).values()]
    picked = [QUANTITIES[name](_Picked(numbers, row_numbers(some))) for some in inside if len(some)]
    return np.concatenate(picked) if picked else np.zeros(0)


class _Steps:
    """Steps from the smallest, with how many of the rows lie in each."""

    def __init__(self, rows: Rows, inside: Sequence[Rows]) -> None:
        self._inside = inside
        self.ends = list(accumulate(rows.intersection_cardinality(step) for step in inside))

    def at(self, place: int) -> tuple[int, int, Rows]:
        """(number of the step in which the row of this place lies, its place in there, the step)."""
        number = bisect_right(self.ends, place)
        return number, place - (self.ends[number - 1] if number else 0), self._inside[number]


class _Ordered:
    """The values of some rows in ascending order, of which only what is asked for is ever put in order."""

    def __init__(self, index: Index, numbers: Numbers, rows: Rows, name: str) -> None:
        self._numbers, self._rows, self._name = numbers, rows, name
        self._narrow = index.classes.get(name, {})
        wide = index.classes.get(_wide(name), {})
        self._codes = sorted(wide)
        self._wide = _Steps(rows, [wide[code] for code in self._codes])
        self._within: dict[int, _Steps] = {}
        self._values: dict[tuple[int, int], FloatArray] = {}

    def __len__(self) -> int:
        return self._wide.ends[-1] if self._wide.ends else 0

    def nth(self, place: int) -> float:
        """The value that so many others stand before."""
        wide, place, _ = self._wide.at(place)
        if wide not in self._within:
            first = self._codes[wide] * WIDE
            inside = [self._narrow[code] for code in range(first, first + WIDE) if code in self._narrow]
            self._within[wide] = _Steps(self._rows, inside)
        narrow, place, step = self._within[wide].at(place)
        if (wide, narrow) not in self._values:
            picked = _Picked(self._numbers, row_numbers(self._rows & step))
            self._values[wide, narrow] = np.sort(QUANTITIES[self._name](picked))
        return float(self._values[wide, narrow][place])


def _wide(name: str) -> str:
    return f"{name}, wide"


class _Picked(dict[str, Any]):
    """Numbers of some rows, taken when they are asked for."""

    def __init__(self, numbers: Numbers, rows: NDArray[np.int64]) -> None:
        super().__init__()
        self._numbers = numbers
        self._rows = rows

    def __missing__(self, name: str) -> FloatArray:
        return self._numbers[name][self._rows]


def _between(nth: Callable[[int], float], n: int, share: float) -> float:
    """Linear between the two values that enclose the place, in numpy's own order of operations."""
    place = (n - 1) * share
    low = math.floor(place)
    part = place - low
    first, last = nth(low), nth(min(low + 1, n - 1))
    if part >= 0.5:
        return last - (last - first) * (1 - part)
    return first + (last - first) * part


def _edges(values: FloatArray) -> FloatArray:
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return known
    return np.unique(known[np.linspace(0, len(known) - 1, STEPS + 1).astype(int)[1:-1]])
