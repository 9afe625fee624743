"""Whether a model serves some patients worse than the rest: its numbers by group, and the gap to the rest.

Many gaps are looked at, so that one in twenty is apart from zero by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput
from data.ledger import bands
from data.ledger.bands import NONE, UNKNOWN
from data.records import Judgements
from models.statistics.estimate import Estimate
from models.statistics.proportions import difference
from services.statistics.scoring import rated, scored
from services.task_words import MEASURED_FINDING

SUBGROUPS = {
    "sex": "Sex",
    "age": "Age",
    "site": "Site",
    "scanner": "Scanner",
    "size": f"Size of the true {MEASURED_FINDING}",
}
WITH_GAP = ("recall", "precision", "specificity", "accuracy", "far", "frr", "dice", "accepted_outlines")
_OF_THE_ILL = ("recall", "frr", "dice", "accepted_outlines")  # what cases that are all ill can tell


@dataclass(frozen=True)
class Gap:
    """A group's number minus that of all others; NaN where either side has none."""

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
    figures: dict[str, Estimate]
    gaps: dict[str, Gap]


def subgroups(judgements: Judgements, dimension: str, threshold: float | None = None) -> list[Subgroup]:
    """Every group that has a case, in the dimension's order; InvalidInput for one that does not exist.

    Size is of the true tumour, so only the ill count there and only what concerns them is said; a task
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


def members(judgements: Judgements, dimension: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Every group of a dimension with which of the judgements are in it."""
    counted = judgements.truth_positive if dimension == "size" else np.ones(len(judgements), dtype=bool)
    for name, rows in _rows_by_name(judgements, dimension):
        if (rows & counted).any():
            yield name, np.asarray(rows & counted)


def gap(group: Estimate, rest: Estimate) -> Gap:
    """The difference of two independent numbers, its interval joined of both intervals."""
    apart = difference(group, rest)
    return Gap(apart.value, apart.low, apart.high, group.n, rest.n)


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
        names = np.array([UNKNOWN if name is None else name for name in column], dtype=object)
        for name in sorted(set(names), key=lambda name: (name == UNKNOWN, name)):
            yield name, np.asarray(names == name, dtype=bool)


def _banded(codes: NDArray[np.uint8], names: tuple[str, ...]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for code, name in enumerate(names):
        rows = codes == code
        if name != NONE and rows.any():
            yield name, rows


def _group(
    judgements: Judgements, dimension: str, name: str, rows: NDArray[np.bool_], threshold: float | None
) -> Subgroup:
    group, rest = judgements.where(rows), judgements.where(~rows)
    figures, others = scored(group, threshold), rated(rest, threshold)
    known = _OF_THE_ILL if dimension == "size" else tuple(figures)
    gaps = {metric: gap(figures[metric], others[metric]) for metric in WITH_GAP if metric in known}
    return Subgroup(dimension, name, len(group), {metric: figures[metric] for metric in known}, gaps)
