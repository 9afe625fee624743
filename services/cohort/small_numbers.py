"""Numbers that stand for few cases are withheld from those who may not know patients.

A count of one to four could point at somebody. Withholding it alone is not enough: what is left of
a total gives it away. So further rows are withheld, the smallest first, until no small count of
patients' findings follows from the sums that hold, neither exactly nor because a sum leaves only one
possibility. (Cell suppression; Hundepool et al., Statistical Disclosure Control, 2012, chapter 4.)
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from data.records import ExportRow
from services.cohort.comparison import CohortDifference
from services.cohort.table import CohortTable, CountedRow

LEAST = 5
"""Counts below this, and above zero, are small."""

FEW, WITHHELD = f"<{LEAST}", "withheld"
_STEPS = 1  # how far bounds are loosened: where a withheld total has as many classes as cases, nothing helps
_ROUNDS = 20  # of narrowing bounds; what is not narrow by then stays open
Bounds = dict[str, tuple[float, float]]
Sum = tuple[str, tuple[str, ...]]


def small(n: int) -> bool:
    """Whether a count is too small to be told."""
    return 0 < n < LEAST


def suppressed(table: CohortTable) -> list[ExportRow]:
    """The rows with small numbers withheld, and as many others as it takes to keep them so."""
    withheld = {name for name, n in table.counts.items() if small(n)}
    more = withheld
    while more:
        more = _needed(_Disclosure(table, withheld))
        withheld |= more
    return _never_alone([_shown(line, table, withheld) for line in table.lines])


def stands_for_few(difference: CohortDifference) -> bool:
    """Whether a number of a comparison stands for few cases on either side."""
    if any(small(n) for n in difference.n):
        return True
    if difference.kind != "share":
        return False
    hits = [round((value or 0.0) * n) for value, n in zip(difference.values, difference.n, strict=True)]
    return any(small(hit) or small(n - hit) for hit, n in zip(hits, difference.n, strict=True))


@dataclass(frozen=True)
class _Disclosure:
    """What a reader has in hand when these counts are withheld."""

    table: CohortTable
    withheld: Collection[str]

    def disclosed(self) -> set[str]:
        """The counts that a reader can read off."""
        rows = (line.discloses for line in self.table.lines if not self._hidden(line))
        return self.table.public.union(*rows) - set(self.withheld)

    def bounds(self, unknown: Collection[str]) -> Bounds:
        """What a reader knows of each unknown count by its mark alone."""
        bounds: Bounds = dict.fromkeys(unknown, (0.0, math.inf))
        for line in self.table.lines:
            if self._hidden(line) and len(line.discloses) == 1:
                few = small(self.table.counts[line.discloses[0]])
                bounds[line.discloses[0]] = (1.0, LEAST - 1.0) if few else (float(LEAST), math.inf)
        return bounds

    def _hidden(self, line: CountedRow) -> bool:
        return any(name in self.withheld for name in line.discloses)


def _needed(disclosure: _Disclosure) -> set[str]:
    """The counts to withhold besides, one for each small one that follows from the others."""
    counts, disclosed = disclosure.table.counts, disclosure.disclosed()
    unknown = [name for name in counts if name not in disclosed]
    sums = [
        (total, parts)
        for total, parts in disclosure.table.sums
        if any(name not in disclosed for name in (total, *parts))
    ]
    solved, narrowed = _solved(unknown, sums), _narrowed(disclosure.bounds(unknown), sums, counts)
    more: set[str] = set()
    for name in sorted((solved | narrowed) - disclosure.table.states):
        if small(counts[name]):
            steps = len(sums) if name in solved else _STEPS
            more |= _next(name, sums, counts, disclosed - disclosure.table.public, steps)
    return more


def _next(
    name: str, sums: Sequence[Sum], counts: dict[str, int], disclosed: Collection[str], steps: int
) -> set[str]:
    """The smallest count that is still disclosed in a sum with `name`, or else in one some `steps` away.

    Of the sums with it those with the fewest unknown counts come first: they give it away.
    """
    near = {name}
    for _ in range(steps):
        seen = len(near)
        touching = [{total, *parts} for total, parts in sums if near & {total, *parts}]
        ranked = sorted(
            (len(members.difference(disclosed)), sorted(members.intersection(disclosed)))
            for members in touching
        )
        for _, names in ranked:
            choice = [other for other in names if counts[other] > 0]
            if choice:
                return {min(choice, key=lambda other: (counts[other], other))}
        near = near.union(*touching)
        if len(near) == seen:
            break
    return set()


def _solved(unknown: Sequence[str], sums: Sequence[Sum]) -> set[str]:
    """The unknown counts that the sums determine as a system of linear equations."""
    if not unknown or not sums:
        return set()
    place = {name: index for index, name in enumerate(unknown)}
    matrix: NDArray[np.float64] = np.zeros((len(unknown), len(sums)))
    for column, (total, parts) in enumerate(sums):
        for name, sign in ((total, -1.0), *((part, 1.0) for part in parts)):
            if name in place:
                matrix[place[name], column] += sign
    basis, upper, _ = qr(matrix, mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(upper)) > 1e-9).sum())
    # A count is determined where its own axis lies within what the sums span.
    within = (basis[:, :rank] ** 2).sum(axis=1)
    return {name for name, share in zip(unknown, within, strict=True) if share > 1 - 1e-9}


def _narrowed(bounds: Bounds, sums: Sequence[Sum], counts: dict[str, int]) -> set[str]:
    """The unknown counts that the sums leave one possibility, as none is below its bounds."""
    for _ in range(_ROUNDS):
        before = dict(bounds)
        for total, parts in sums:
            _narrow(bounds, total, parts, counts)
        if bounds == before:
            break
    return {name for name, (low, high) in bounds.items() if low == high}


def _narrow(bounds: Bounds, total: str, parts: Sequence[str], counts: dict[str, int]) -> None:
    """Tighten the bounds of one sum's members by those of the others."""
    least, most = bounds.get(total, (float(counts[total]),) * 2)
    ranges = [bounds.get(part, (float(counts[part]),) * 2) for part in parts]
    low = sum(lower for lower, _ in ranges)
    finite = sum(upper for _, upper in ranges if math.isfinite(upper))
    endless = sum(not math.isfinite(upper) for _, upper in ranges)
    if total in bounds:
        bounds[total] = (max(least, low), most if endless else min(most, finite))
    for part, (lower, upper) in zip(parts, ranges, strict=True):
        if part not in bounds:
            continue
        alone = endless == (not math.isfinite(upper))  # no other member is without a bound
        others = finite - (upper if math.isfinite(upper) else 0.0) if alone else math.inf
        bounds[part] = (max(lower, least - others), min(upper, most - (low - lower)))


def _shown(line: CountedRow, table: CohortTable, withheld: Collection[str]) -> ExportRow:
    if not any(name in withheld for name in line.discloses):
        return line.row
    few = any(small(table.counts[name]) for name in line.discloses)
    return _without_numbers(line.row, FEW if few else WITHHELD)


def _never_alone(rows: Sequence[ExportRow]) -> list[ExportRow]:
    """In no section a single class is withheld: the next smallest goes with it."""
    sections: dict[tuple[str, str], list[int]] = {}
    for index, row in enumerate(rows):
        if row.section != "summary":
            sections.setdefault((row.section, row.quantity), []).append(index)
    kept = list(rows)
    for places in sections.values():
        if sum(bool(rows[index].note) for index in places) == 1:
            others = [(rows[index].n or 0, index) for index in places if rows[index].n]
            if others:
                kept[min(others)[1]] = _without_numbers(rows[min(others)[1]], WITHHELD)
    return kept


def _without_numbers(row: ExportRow, note: str) -> ExportRow:
    return replace(row, n=None, value=None, low=None, high=None, note=note)
