"""Whoever has published tables in hand and solves for what was withheld: linear equations and bounds.

Knows nothing of how numbers are withheld, only what every reader knows: which rows make up which, what a mark
says, that counts are whole and not below zero.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from services.cohort.small_numbers import FEW, WITHHELD

Name = Hashable


@dataclass
class Attacker:
    """Gathers what is published, and then asks what a count may have been."""

    equations: list[Mapping[Name, float]] = field(default_factory=list)  # each is zero
    low: dict[Name, float] = field(default_factory=dict)
    high: dict[Name, float] = field(default_factory=dict)

    def knows(self, name: Name, n: float) -> None:
        """A count that is told."""
        self.low[name] = self.high[name] = n

    def sees_mark(self, name: Name, note: str) -> None:
        """A count that is withheld, and why."""
        low, high = {FEW: (1.0, 4.0), WITHHELD: (1.0, math.inf)}[note]
        self.low[name] = max(low, self.low.get(name, 0.0))
        self.high[name] = min(high, self.high.get(name, math.inf))

    def adds(self, total: Name, parts: Iterable[Name]) -> None:
        """That a count is the sum of others."""
        self.equations.append({total: -1.0, **dict.fromkeys(parts, 1.0)})

    def possible(self, name: Name) -> tuple[float, float]:
        """The least and the most that a count may have been, as whole numbers."""
        names = sorted({*self.low, *self.high, *(each for row in self.equations for each in row)}, key=repr)
        place = {each: index for index, each in enumerate(names)}
        cells = [
            (row, place[each], factor) for row, of in enumerate(self.equations) for each, factor in of.items()
        ]
        rows, columns, factors = zip(*cells, strict=True)
        matrix = coo_array((factors, (rows, columns)), shape=(len(self.equations), len(names))).tocsr()
        bounds = [(self.low.get(each, 0.0), self.high.get(each, math.inf)) for each in names]
        ends = []
        for sign in (1.0, -1.0):
            wanted = np.zeros(len(names))
            wanted[place[name]] = sign
            zeros = np.zeros(len(self.equations))
            answer = linprog(wanted, A_eq=matrix, b_eq=zeros, bounds=bounds, method="highs")
            assert answer.status in (0, 3), answer.message  # 3: without bound
            ends.append(sign * answer.fun if answer.status == 0 else -sign * math.inf)
        return math.ceil(ends[0] - 1e-6), math.floor(ends[1] + 1e-6) if math.isfinite(ends[1]) else math.inf

    def solves(self, name: Name) -> bool:
        """Whether a count follows from the equations alone, whatever marks and bounds say."""
        told = {each for each, low in self.low.items() if low == self.high.get(each)}
        names = sorted({each for row in self.equations for each in row} - told, key=repr)
        matrix = np.array([[row.get(each, 0.0) for each in names] for row in self.equations])
        axis = np.array([[float(each == name) for each in names]])
        rank = np.linalg.matrix_rank(matrix)
        return bool(np.linalg.matrix_rank(np.vstack([matrix, axis])) == rank)
