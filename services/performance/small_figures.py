"""Which figures of a model's answers may leave the house: the rule of small numbers on judged cases.

What is protected is how many cases, ill ones, healthy ones (and so on) stand behind a figure: by version, by
month, by both, by subgroup and by bin of probability, with all the sums between these. How many of five or
more ill cases a version missed is told however few they are: that is a property of the version, and no rate
is worth signing without it (docs/department-heads.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.records import ExportRow, Judgements
from models.statistics.calibration import bin_numbers
from services.cohort.small_numbers import FEW, apart_from, small, suppressed
from services.cohort.table import CohortTable, CountedRow
from services.performance.cases import rows_of
from services.statistics.scoring import accepted
from services.statistics.subgroups import SUBGROUPS, members

Mask = NDArray[np.bool_]
ALL = ""
_ANSWERS = ("hit", "miss", "false-alarm", "clear", "right", "wrong", "accepted", "not accepted")
_SUMS = (
    ("all", ("ill", "healthy")),
    ("all", ("called-ill", "called-healthy")),
    ("all", ("right", "wrong")),
    ("ill", ("hit", "miss")),
    ("healthy", ("false-alarm", "clear")),
    ("called-ill", ("hit", "false-alarm")),
    ("called-healthy", ("miss", "clear")),
    ("right", ("hit", "clear")),
    ("wrong", ("miss", "false-alarm")),
    ("outlined", ("accepted", "not accepted")),
)
_DISCLOSES = {  # of each figure the counts that can be read off it, or from it and its n
    "cases": ("all",),
    "recall": ("ill", "hit", "miss"),
    "frr": ("ill", "hit", "miss"),
    "specificity": ("healthy", "false-alarm", "clear"),
    "far": ("healthy", "false-alarm", "clear"),
    "precision": ("called-ill", "hit", "false-alarm"),
    "accuracy": ("all", "right", "wrong"),
    "f1": ("all", "ill", "called-ill"),
    "auc": ("all", "ill", "healthy"),
    "calibration_error": ("all", "ill", "healthy"),
    "dice": ("dice",),
    "accepted_outlines": ("outlined", "accepted", "not accepted"),
    "answers": ("ill", "healthy", "hit", "miss", "false-alarm", "clear"),
}
_LAST = ("summary", "version")  # what a report is read for goes last
_PUBLISHED = {  # where not every figure is
    "bin": ("cases",),  # of them the ill are the answers that the version gave with this probability
    **dict.fromkeys(SUBGROUPS, ("recall", "specificity", "dice")),
}
_PROTECTED = ("all", "ill", "healthy", "called-ill", "called-healthy", "dice", "outlined")


def in_month(version: str, month: str) -> str:
    """The cell of a version's month; either may be empty, for all of them."""
    return f"{version}|{month}" if version or month else ALL


def in_group(dimension: str, name: str) -> str:
    """The cell of a subgroup."""
    return f"{dimension}:{name}"


def in_bin(number: int) -> str:
    """The cell of a bin of probability."""
    return f"bin {number}"


@dataclass(frozen=True)
class WithheldFigures:
    """Why figures are withheld, by cell and figure; what is not in it is told."""

    reasons: Mapping[tuple[str, str], str]

    def why(self, cell: str, figure: str, n: int) -> str:
        """Why a figure of n cases is withheld; "" where it is told."""
        return FEW if small(n) else self.reasons.get((cell, figure), "")


NOTHING_WITHHELD = WithheldFigures({})


def withheld_figures(judgements: Judgements, wider: Sequence[Judgements] = ()) -> WithheldFigures:
    """What of these cases is withheld from those outside; `wider` are choices that these are a part of."""
    if not len(judgements):
        return NOTHING_WITHHELD
    table = _table(judgements)
    for other in wider:
        table.apart |= apart_from(table, _table(other))
    return WithheldFigures({(row.group, row.quantity): row.note for row in suppressed(table) if row.note})


def _table(judgements: Judgements) -> CohortTable:
    """Every cell's figures with the counts behind them; the section says which cells make up a whole."""
    table = CohortTable()
    counts = _masks(judgements)
    for section, cell, rows in _cells(judgements):
        figures = _PUBLISHED.get(section, tuple(_DISCLOSES))
        told = {what for figure in figures for what in _DISCLOSES[figure]}
        for what, mask in counts.items():
            if section != "bin" or what in told:
                table.counts[f"{cell} {what}"] = int((mask & rows).sum())
        for figure in figures:
            keys = tuple(f"{cell} {what}" for what in _DISCLOSES[figure])
            n = table.counts[keys[0]]
            table.rows.append(CountedRow(ExportRow(section, cell, figure, n, n, group=cell), keys))
        table.sums += [_sum(cell, total, parts) for total, parts in _SUMS]
        table.answers |= {f"{cell} {what}" for what in _ANSWERS}
        if section in _LAST:
            table.last |= {f"{cell} {what}" for what in counts}
    table.sums += _margins(judgements)
    table.sums = [each for each in table.sums if _holds(table.counts, *each)]
    return table


def _holds(counts: Mapping[str, int], total: str, parts: Sequence[str]) -> bool:
    """Of the size of the true finding only the ill are grouped, and of bins only the cases are told."""
    known = total in counts and all(part in counts for part in parts)
    return known and counts[total] == sum(counts[part] for part in parts)


def _sum(cell: str, total: str, parts: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    return f"{cell} {total}", tuple(f"{cell} {part}" for part in parts)


def _masks(judgements: Judgements) -> dict[str, Mask]:
    named = ("all", "ill", "healthy", "called-ill", "hit", "miss", "false-alarm", "clear", "dice", "outlined")
    masks = {what: rows_of(what, judgements) for what in named}
    right, took = masks["hit"] | masks["clear"], accepted(judgements)
    return masks | {
        "called-healthy": ~masks["called-ill"],
        "right": right,
        "wrong": ~right,
        "accepted": took,
        "not accepted": judgements.outlined & ~took,
    }


def _cells(judgements: Judgements) -> Iterator[tuple[str, str, Mask]]:
    """(what the cell is one of, its name, its rows)."""
    every = np.ones(len(judgements), dtype=bool)
    yield "summary", ALL, every
    versions, months = _versions(judgements), _months(judgements)
    for version, of_version in versions.items():
        yield "version", in_month(version, ""), of_version
        for month, of_month in months.items():
            if (of_version & of_month).any():
                yield f"months of {version}", in_month(version, month), of_version & of_month
    for month, of_month in months.items():
        yield "month", in_month("", month), of_month
    for dimension in SUBGROUPS:
        for name, rows in members(judgements, dimension):
            yield dimension, in_group(dimension, name), rows
    places = bin_numbers(judgements.probability)
    for number in np.unique(places).tolist():
        yield "bin", in_bin(number), np.asarray(places == number)


def _margins(judgements: Judgements) -> list[tuple[str, tuple[str, ...]]]:
    """Of which cells each cell is the sum, for every count that is told of both."""
    wholes: dict[str, list[str]] = {}
    for section, cell, _ in _cells(judgements):
        if section.startswith("months of "):
            version, _, month = cell.partition("|")
            wholes.setdefault(f"{in_month(version, '')}>months", []).append(cell)
            wholes.setdefault(f"{in_month('', month)}>versions", []).append(cell)
        elif section != "summary":
            wholes.setdefault(f"{ALL}>{section}", []).append(cell)
    return [
        (f"{whole.partition('>')[0]} {what}", tuple(f"{cell} {what}" for cell in cells))
        for whole, cells in wholes.items()
        for what in (*_PROTECTED, *_ANSWERS)
    ]


def _versions(judgements: Judgements) -> dict[str, Mask]:
    names = sorted(set(judgements.version))
    return {name: np.asarray(judgements.version == name, dtype=bool) for name in names}


def _months(judgements: Judgements) -> dict[str, Mask]:
    of_each = judgements.months()
    return {str(month): np.asarray(of_each == month) for month in np.unique(of_each)}
