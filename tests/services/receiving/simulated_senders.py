"""Years of simulated senders, and what the rule of silence makes of them.

`python -m tests.services.receiving.simulated_senders` prints the figures of docs/dicom-node.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from data.records import QUARTER_S
from services.receiving.silence import HISTORY_WEEKS, LEARNT_ARRIVALS, QUARTERS_A_WEEK, Pause, pause

ZONE = ZoneInfo("Europe/Berlin")
FIRST = int(datetime(2025, 1, 6, tzinfo=UTC).timestamp()) // QUARTER_S
YEAR = 53 * QUARTERS_A_WEEK
HOLIDAYS = {
    *(date(2025, month, day) for month, day in ((4, 18), (4, 21), (5, 1), (5, 29), (6, 9), (10, 3))),
    *(date(2025, 12, day) for day in (24, 25, 26, 31)),
    date(2026, 1, 1),
}

Flags = NDArray[np.bool_]
Make = Callable[[np.random.Generator, Flags], Flags]
"""Quarters of a year with arrivals, of a sender that rests on the days off."""


@lru_cache(maxsize=1)
def hours_of_week() -> NDArray[np.intp]:
    """The local hour of the week of each quarter of the year; the clocks change twice in it."""
    local = [datetime.fromtimestamp((FIRST + step) * QUARTER_S, ZONE) for step in range(YEAR)]
    return np.array([moment.weekday() * 24 + moment.hour for moment in local], np.intp)


@lru_cache(maxsize=1)
def holidays() -> Flags:
    """Which quarters lie on a public holiday."""
    dates = [datetime.fromtimestamp((FIRST + step) * QUARTER_S, ZONE).date() for step in range(YEAR)]
    return np.array([day in HOLIDAYS for day in dates])


def _by_chance(rate: NDArray[np.float64], random: np.random.Generator) -> Flags:
    """Studies at a rate a quarter, by chance."""
    return np.asarray(random.random(YEAR) < 1 - np.exp(-rate))


def _at(days: set[int], begin: int, end: int) -> Flags:
    hours = hours_of_week()
    return np.isin(hours // 24, list(days)) & (hours % 24 >= begin) & (hours % 24 < end)


WORKDAYS = {0, 1, 2, 3, 4}


def _weekday_scanner(random: np.random.Generator, off: Flags) -> Flags:
    return _by_chance(0.4 * (_at(WORKDAYS, 7, 17) & ~off), random)


def _emergency_scanner(random: np.random.Generator, off: Flags) -> Flags:
    return _by_chance(np.where(_at({*range(7)}, 7, 23), 0.5, 0.08), random)


def _tuesday_scanner(random: np.random.Generator, off: Flags) -> Flags:
    return _by_chance(0.5 * (_at({1}, 8, 14) & ~off), random)


def _two_a_day(random: np.random.Generator, off: Flags) -> Flags:
    return _by_chance(0.06 * (_at(WORKDAYS, 8, 16) & ~off), random)


def _once_a_day(random: np.random.Generator, off: Flags) -> Flags:
    """Some time between seven and eight in the morning."""
    starts = np.flatnonzero(np.diff(_at(WORKDAYS, 7, 8).astype(int)) == 1) + 1
    arrived = np.zeros(YEAR, np.bool_)
    arrived[starts + random.integers(0, 4, starts.size)] = True
    return arrived & ~off


def _batches(random: np.random.Generator, off: Flags) -> Flags:
    """Four a working day, each half an hour to an hour long."""
    begins = np.flatnonzero(_by_chance((4 / 56) * (_at(WORKDAYS, 6, 20) & ~off), random))
    arrived = np.zeros(YEAR, np.bool_)
    for begin, length in zip(begins, random.integers(2, 5, begins.size), strict=True):
        arrived[begin : begin + length] = True
    return arrived


KINDS: Mapping[str, Make] = {
    "weekdays 7-17, 16 studies a day": _weekday_scanner,
    "emergency, day and night": _emergency_scanner,
    "Tuesdays 8-14 only": _tuesday_scanner,
    "weekdays, 2 studies a day": _two_a_day,
    "weekdays, once at 7-8": _once_a_day,
    "weekdays, 4 batches a day": _batches,
}


@dataclass(frozen=True)
class Figures:
    """What the rule makes of a kind of sender."""

    years: float  # judged, after learning
    false_alarms: int
    delays_h: NDArray[np.float64]  # from the last arrival to the alarm, on the clock on the wall
    times_usual: NDArray[np.float64]  # the same as multiples of the usual pause, in hours it usually sends
    usual_h: float  # median of the usual pause, in hours in which it usually sends

    @property
    def false_alarms_a_year(self) -> float:
        """By a sender."""
        return self.false_alarms / self.years


def pause_at(arrived: Flags, last: int, present: int) -> Pause:
    """The pause in the `present` quarter of a sender whose last arrival is in another."""
    begin = max(0, last - (HISTORY_WEEKS + 1) * QUARTERS_A_WEEK)
    known = arrived[begin : present + 1].copy()
    known[last + 1 - begin :] = False
    return pause(known, np.ones(known.size), hours_of_week()[begin : present + 1])


def simulated(make: Make, seeds: range, *, with_holidays: bool, stops: int = 6) -> Figures:
    """A sender a seed, each for a year: false alarms, and the delay where it stops for good."""
    off = holidays() if with_holidays else np.zeros(YEAR, np.bool_)
    judged, alarms = 0, 0
    delays, times, usual = [], [], []
    for seed in seeds:
        random = np.random.default_rng(seed)
        arrived = make(random, off)
        came = np.flatnonzero(arrived)
        learnt_at = next(int(last) for last in came[LEARNT_ARRIVALS:] if pause_at(arrived, last, last).learnt)
        judged += int(came[-1]) - learnt_at
        for last, following in zip(came[:-1], came[1:], strict=True):
            if following - last < 3:  # half an hour is twice the shortest usual pause
                continue
            alarms += pause_at(arrived, last, following - 1).silent
        for last in random.choice(came[came.size // 3 : -came.size // 5], stops):
            delay = detected(arrived, int(last))
            at = pause_at(arrived, int(last), int(last) + delay)
            delays.append(delay / 4)
            times.append(at.times_usual)
            usual.append(at.usual_hours)
    years = judged / (365.25 * 96)
    return Figures(years, alarms, np.array(delays), np.array(times), float(np.median(usual)))


def detected(arrived: Flags, last: int) -> int:
    """After how many quarters it is told that nothing came after `last`: the first one that is silent."""
    low, high = 0, min(8 * QUARTERS_A_WEEK, YEAR - 1 - last)
    if not pause_at(arrived, last, last + high).silent:
        raise AssertionError("a sender that stopped was not noticed within eight weeks")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if pause_at(arrived, last, last + middle).silent else (middle, high)
    return high


def _print() -> None:
    print(
        "| sender | false alarms a year | in a year with the holidays | usual pause "
        "| noticed after: median, longest |"
    )
    print("| --- | --- | --- | --- | --- |")
    for name, make in KINDS.items():
        plain = simulated(make, range(20), with_holidays=False)
        rested = simulated(make, range(20), with_holidays=True)
        print(
            f"| {name} | {plain.false_alarms_a_year:.2f} | {rested.false_alarms_a_year:.2f} "
            f"| {plain.usual_h:.1f} h | {np.median(plain.delays_h):.0f} h, {plain.delays_h.max():.0f} h |"
        )


if __name__ == "__main__":
    _print()
