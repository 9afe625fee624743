"""Figures of reading: how often readers accept and override, how long they look, how far two agree.

Only real scans count, each with every reader's last verdict that stands. What few readers stand behind is not
told (`services.cohort.small_numbers.told_apart`), and of few cases only that they are too few.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.records import ReaderVerdict
from models.statistics.estimate import Estimate
from models.statistics.means import median
from models.statistics.proportions import proportion
from models.statistics.quick_acceptance import QUICK_SECONDS, Flags, quick_acceptances
from services.cohort.small_numbers import FEW_READERS, LEAST_READERS, WITHHELD, told_apart
from services.reviewing.second_readings import DoubleReading

LEAST_CASES = 10
"""Cases below which a figure says too little of how somebody reads."""
TOO_FEW = "too few"
_NO_END = (0.0, math.nan)


@dataclass(frozen=True)
class ToldFigure:
    """A figure as it is told; without a value `note` says why. `n` is None where that is not told either."""

    n: int | None
    value: float | None = None
    low: float | None = None
    high: float | None = None  # None: no end
    note: str = ""

    @classmethod
    def of(cls, figure: Estimate) -> ToldFigure:
        """A figure, or that its cases are too few."""
        if figure.n < LEAST_CASES:
            return cls(figure.n, note=TOO_FEW)
        high = figure.high if math.isfinite(figure.high) else None
        return cls(figure.n, figure.value, figure.low, high)


@dataclass(frozen=True)
class Readings:
    """What figures are made of: verdicts, and pairs of blind readings of the same results."""

    verdicts: Sequence[ReaderVerdict]
    pairs: Sequence[DoubleReading]

    def by(self, readers: Collection[str]) -> Readings:
        """Those of these readers; a pair belongs to both of its readers."""
        return Readings(
            [said for said in self.verdicts if said.reader_id in readers],
            [pair for pair in self.pairs if not readers_of(pair).isdisjoint(readers)],
        )

    @property
    def timed(self) -> list[ReaderVerdict]:
        """The verdicts whose time says how long the reader looked."""
        return [said for said in self.verdicts if said.timed]


@dataclass(frozen=True)
class FigureKind:
    """One column: what it is called, what it is computed from, and by whom that was given."""

    name: str
    label: str
    unit: str  # "share" or "s"
    meaning: str
    compute: Callable[[Readings], Estimate]
    readers: Callable[[Readings], Iterable[str]]


def _share(hits: Iterable[bool]) -> Estimate:
    known = list(hits)
    return proportion(sum(known), len(known))


def _accepted(readings: Readings) -> Estimate:
    return _share(said.accepts for said in readings.verdicts)


def _overridden(readings: Readings) -> Estimate:
    return _share(said.overrides for said in readings.verdicts)


def _seconds(readings: Readings) -> Estimate:
    times = [said.seconds for said in readings.timed if said.accepts]
    return median(np.array(times, dtype=np.float64), _NO_END)


def _quick(readings: Readings) -> Estimate:
    return _share(quick_of(readings.timed).tolist())


def _agreement(readings: Readings) -> Estimate:
    return _share(pair.agrees for pair in readings.pairs)


def _who(verdicts: Iterable[ReaderVerdict]) -> set[str]:
    return {said.reader_id for said in verdicts}


def _who_accepted(readings: Readings) -> set[str]:
    return _who(said for said in readings.timed if said.accepts)


def _who_paired(readings: Readings) -> set[str]:
    return {reader for pair in readings.pairs for reader in readers_of(pair)}


def quick_of(timed: Sequence[ReaderVerdict]) -> Flags:
    """Which of these verdicts with a known time are quick acceptances, (n,)."""
    accepted = np.array([said.accepts for said in timed], dtype=bool)
    return quick_acceptances(accepted, np.array([said.seconds for said in timed], dtype=np.float64))


def readers_of(pair: DoubleReading) -> set[str]:
    """Who gave the two readings."""
    return {reading.reviewer_id for reading in pair.readings}


KINDS = (
    FigureKind(
        "accepted",
        "Accepted",
        "share",
        "of all verdicts, those that accept the AI's result",
        _accepted,
        lambda readings: _who(readings.verdicts),
    ),
    FigureKind(
        "overridden",
        "Rejected or corrected",
        "share",
        "of all verdicts, those that say the AI's result is wrong; the rest are unsure",
        _overridden,
        lambda readings: _who(readings.verdicts),
    ),
    FigureKind(
        "seconds",
        "Time to accept (median)",
        "s",
        "from the result being opened to its acceptance, without time away from it",
        _seconds,
        _who_accepted,
    ),
    FigureKind(
        "quick",
        f"Accepted within {QUICK_SECONDS:.0f} s",
        "share",
        "of the verdicts whose time is known",
        _quick,
        lambda readings: _who(readings.timed),
    ),
    FigureKind(
        "agreement",
        "Blind second readings that agree",
        "share",
        "pairs in which both readers, neither knowing of the other, hold the same to be true",
        _agreement,
        _who_paired,
    ),
)


def figure_words(kind: FigureKind, figure: ToldFigure) -> tuple[str, str]:
    """A figure for people and what goes with it: "91.2 %", "88.0 to 93.5, n = 210"; or why it is not told."""
    if figure.value is None or figure.low is None:
        return figure.note, "" if figure.n is None else f"n = {figure.n}"
    scale, places = (100, 1) if kind.unit == "share" else (1, 0)
    unit = "%" if kind.unit == "share" else kind.unit
    low = f"{scale * figure.low:.{places}f}"
    high = "no end" if figure.high is None else f"{scale * figure.high:.{places}f}"
    return f"{scale * figure.value:.{places}f} {unit}", f"{low} to {high}, n = {figure.n}"


def told(readings: Readings) -> dict[str, ToldFigure]:
    """Every figure of these readings, whoever gave them."""
    return {kind.name: ToldFigure.of(kind.compute(readings)) for kind in KINDS}


def told_of_all(readings: Readings) -> dict[str, ToldFigure]:
    """Every figure of all readers together; none that few of them stand behind."""
    return {
        kind.name: ToldFigure.of(kind.compute(readings))
        if len(set(kind.readers(readings))) >= LEAST_READERS
        else _withheld(set(kind.readers(readings)))
        for kind in KINDS
    }


def told_by_group(
    readings: Readings, groups: Mapping[str, Collection[str]]
) -> dict[str, dict[str, ToldFigure]]:
    """Every figure of each group, by its name; `groups` holds each reader in one of them."""
    of_group = {group: readings.by(readers) for group, readers in groups.items()}
    rows: dict[str, dict[str, ToldFigure]] = {group: {} for group in groups}
    for kind in KINDS:
        # A pair is of readers of other groups too: who stands behind the group's figure are its own.
        who = {group: set(kind.readers(mine)) & set(groups[group]) for group, mine in of_group.items()}
        apart = told_apart(who)
        for group, mine in of_group.items():
            rows[group][kind.name] = (
                ToldFigure.of(kind.compute(mine)) if group in apart else _withheld(who[group])
            )
    return rows


def _withheld(readers: Collection[str]) -> ToldFigure:
    """Why a figure is not told; one of many readers is withheld so that another one's few stay unknown."""
    if not readers:
        return ToldFigure(0, note=TOO_FEW)
    return ToldFigure(None, note=FEW_READERS if len(readers) < LEAST_READERS else WITHHELD)
