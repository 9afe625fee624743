"""What a reader of a table can work out of what is withheld in it, and what to withhold besides.

A reader knows which counts are told, which sums hold between counts, that none is below zero, and what a mark
says. A count is disclosed where all this leaves one whole number: its least and its most are found by linear
programming (Hundepool et al., Statistical Disclosure Control, 2012, chapter 4.4: the auditing problem).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

from services.cohort.table import CohortTable

Sum = tuple[str, tuple[str, ...]]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int_]
_GLANCES = 8  # possible tables in a row that may show nothing new before single counts are worked out
_NEAR = 2.0  # how far from the true counts they are: none of them is without a bound
_EXACT = 1e-6
_UNBOUNDED = 3  # a status of `linprog`


def protected(table: CohortTable, few: Collection[str], most: int) -> tuple[set[str], set[str]]:
    """(the counts to withhold, those of `few` of which not even that they are few is to be said).

    `few` are counts from 1 to `most`; with them go `table.apart` and what else it takes.
    """
    state = _State(table, {*few, *table.apart}, frozenset(few), most)
    while state.improved():
        pass
    return state.withheld, state.vague


@dataclass
class _State:
    """What is withheld so far."""

    table: CohortTable
    withheld: set[str]
    few: frozenset[str]
    most: int
    vague: set[str] = field(default_factory=set)

    def improved(self) -> bool:
        """Withhold more where a protected count is disclosed; whether anything could be done."""
        disclosed = self._disclosed()
        sums = [
            (total, parts)
            for total, parts in self.table.sums
            if any(name not in disclosed for name in (total, *parts))
        ]
        secret = (self.few | self.table.apart) - self.table.states - self.table.answers - disclosed
        unknown = [name for name in self.table.counts if name not in disclosed]
        solved = _solved(unknown, sums) & secret
        if solved:  # cheaper than bounds, and bounds are found of what is left
            return self._withhold(solved, sums, disclosed, len(sums))
        reader = _Reader(self.table.counts, sums, self._bounds(unknown))
        return self._withhold(reader.determined(secret), sums, disclosed, 1)

    def _withhold(
        self, names: Collection[str], sums: Sequence[Sum], disclosed: Collection[str], steps: int
    ) -> bool:
        """For each of the names one count more, else the marks around it, else a count further away."""
        more, vague = set[str](), set[str]()
        tellable = set(disclosed) - self.table.public
        for name in sorted(names):
            near = _next(name, sums, self.table.counts, tellable - self.table.last, steps)
            if near:
                more |= near
                continue
            around = {each for total, parts in sums for each in (total, *parts) if name in (total, *parts)}
            marks = (around | {name}) & self.few - self.vague
            vague |= marks
            if not marks:
                more |= _next(name, sums, self.table.counts, tellable, len(sums))
        self.withheld |= more
        self.vague |= vague
        return bool(more or vague)

    def _disclosed(self) -> set[str]:
        """The counts that a reader can read off."""
        rows = (counted.discloses for counted in self.table.rows if not self._hidden(counted.discloses))
        return self.table.public.union(*rows) - self.withheld

    def _bounds(self, unknown: Collection[str]) -> dict[str, tuple[float, float]]:
        """What a reader knows of each unknown count by its mark alone, and by knowing how marks are given.

        Of a vague one nothing but that it is there: a row without any case is told.
        """
        bounds = dict.fromkeys(unknown, (0.0, math.inf))
        for counted in self.table.rows:
            if self._hidden(counted.discloses) and len(counted.discloses) == 1:
                name = counted.discloses[0]
                if name in self.vague:
                    bounds[name] = (1.0, math.inf)
                else:
                    few = name in self.few
                    bounds[name] = (1.0, float(self.most)) if few else (self.most + 1.0, math.inf)
        return bounds

    def _hidden(self, discloses: Sequence[str]) -> bool:
        return any(name in self.withheld for name in discloses)


class _Reader:
    """Somebody who solves the sums for what is not told."""

    def __init__(
        self, counts: dict[str, int], sums: Sequence[Sum], bounds: dict[str, tuple[float, float]]
    ) -> None:
        self._counts = counts
        self._place = {name: index for index, name in enumerate(bounds)}
        self._bounds = list(bounds.values())
        self._matrix, self._right = self._equations(sums)
        true = np.array([float(counts[name]) for name in bounds])
        self._least, self._most = true.copy(), true.copy()  # of every table that was seen to be possible

    def determined(self, names: Collection[str]) -> set[str]:
        """Those of which one whole number alone is possible."""
        if not self._matrix.shape[0]:
            return {name for name in names if self._only(*self._bounds[self._place[name]])}
        places = np.array([self._place[name] for name in sorted(names)], dtype=int)
        self._glance(places)
        return {name for name in sorted(names) if self._is_determined(self._place[name])}

    def _glance(self, places: IntArray) -> None:
        """See of most counts that they vary, many in a table, before each left is worked out by itself."""
        random, idle = np.random.default_rng(0), 0
        near = [
            (max(low, true - _NEAR), min(high, true + _NEAR))
            for (low, high), true in zip(self._bounds, self._least, strict=True)
        ]
        while idle < _GLANCES:
            left = places[~self._varies(places)]
            if not len(left):
                return
            wanted = np.zeros(len(self._bounds))
            wanted[left] = random.choice((-1.0, 1.0), len(left))
            self._look(wanted, near)
            idle = idle + 1 if not self._varies(left).any() else 0

    def _varies(self, places: IntArray) -> NDArray[np.bool_]:
        """Of which counts two tables were seen that differ by a whole case."""
        return np.asarray(self._most[places] - self._least[places] >= 1 - _EXACT)

    def _is_determined(self, place: int) -> bool:
        for sign in (1.0, -1.0):
            if self._varies(np.array([place])).any():
                return False
            wanted = np.zeros(len(self._bounds))
            wanted[place] = sign
            if self._look(wanted, self._bounds):
                return False
        return self._only(self._least[place], self._most[place])

    def _look(self, wanted: FloatArray, bounds: Sequence[tuple[float, float]]) -> bool:
        """Find the possible table of the least `wanted`; whether there is no least."""
        answer = linprog(wanted, A_eq=self._matrix, b_eq=self._right, bounds=bounds, method="highs-ds")
        if answer.x is not None and answer.status == 0:
            self._least, self._most = np.minimum(self._least, answer.x), np.maximum(self._most, answer.x)
        return bool(answer.status == _UNBOUNDED)

    def _equations(self, sums: Sequence[Sum]) -> tuple[csr_array, FloatArray]:
        """Every sum as a row over the unknown counts, and what the known ones leave of it."""
        rows, columns, signs = list[int](), list[int](), list[float]()
        right = np.zeros(len(sums))
        for row, (total, parts) in enumerate(sums):
            for name, sign in ((total, -1.0), *((part, 1.0) for part in parts)):
                if name in self._place:
                    rows.append(row)
                    columns.append(self._place[name])
                    signs.append(sign)
                else:
                    right[row] -= sign * self._counts[name]
        shape = (len(sums), len(self._bounds))
        return coo_array((signs, (rows, columns)), shape=shape).tocsr(), right

    @staticmethod
    def _only(least: float, most: float) -> bool:
        return math.isfinite(most) and math.floor(most + _EXACT) <= math.ceil(least - _EXACT)


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
    matrix: FloatArray = np.zeros((len(unknown), len(sums)))
    for column, (total, parts) in enumerate(sums):
        for name, sign in ((total, -1.0), *((part, 1.0) for part in parts)):
            if name in place:
                matrix[place[name], column] += sign
    basis, upper, _ = qr(matrix, mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(upper)) > 1e-9).sum())
    # A count is determined where its own axis lies within what the sums span.
    within = (basis[:, :rank] ** 2).sum(axis=1)
    return {name for name, share in zip(unknown, within, strict=True) if share > 1 - 1e-9}
