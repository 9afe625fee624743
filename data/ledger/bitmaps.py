"""Which rows fall into which class: for every class of every dimension a compressed bitmap of its rows.

The bitmaps are Roaring ones (Lemire et al., Software: Practice and Experience 2018): two bytes a row
and dimension at most, and what two of them share is counted in microseconds at a million rows.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

Rows = BitMap
Codes = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Index:
    """Bitmaps that nobody changes: `changed` makes a new index, whoever counts keeps the old one.

    `alive` are the rows that count. `classes` holds for each dimension and code all rows that ever
    had it, so every answer starts from `alive`.
    """

    alive: Rows = field(default_factory=BitMap)
    classes: Mapping[str, Mapping[int, Rows]] = field(default_factory=dict)

    def changed(self, gone: NDArray[np.int64], first: int, codes: Codes) -> Index:
        """The index without the rows `gone` and with new ones, from `first` on, of these codes.

        A code below 0 is no class. Bitmaps that nothing is added to are shared with this index.
        """
        count = len(next(iter(codes.values())))
        alive = self.alive - bitmap(gone)
        alive.add_range(first, first + count)
        classes = {name: dict(self.classes.get(name, {})) for name in codes}
        for name, of_rows in codes.items():
            for code, rows in _by_class(of_rows, first):
                known = classes[name].get(code)
                classes[name][code] = rows if known is None else known | rows
        return Index(alive, classes)

    def of(self, name: str, code: int) -> Rows:
        """The rows that ever had a class."""
        return self.classes[name].get(code, _NOWHERE)


_NOWHERE = BitMap()


def bitmap(rows: NDArray[Any]) -> Rows:
    """Row numbers as a bitmap."""
    return BitMap(array("I", rows.astype(np.uint32).tobytes()))


def union(parts: Iterable[Rows]) -> Rows:
    """The rows of any of the bitmaps."""
    given = list(parts)
    if len(given) == 1:
        return given[0]
    return BitMap.union(*given) if given else _NOWHERE


def row_numbers(rows: Rows) -> NDArray[np.int64]:
    """A bitmap as row numbers, ascending; in the width that numpy takes elements by."""
    return np.asarray(rows.to_array()).astype(np.int64)


def _by_class(codes: NDArray[Any], first: int) -> Iterator[tuple[int, Rows]]:
    order = np.argsort(codes, kind="stable")
    distinct, starts = np.unique(codes[order], return_index=True)
    for code, rows in zip(distinct.tolist(), np.split(order + first, starts[1:]), strict=False):
        if code >= 0:
            made = bitmap(rows)
            made.run_optimize()
            yield code, made
