"""What a panel shows: points over time with interval and n, and sentences on what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from data import house_clock
from data.records import BoardPanel
from services.boards.measures import Measure, measure_of
from services.task_words import words_of

LEAST = 10
"""Cases below which a share or an average is "too few" on a board, as the alerts of limits take it."""


@dataclass(frozen=True)
class BoardPoint:
    """A number at a time. `value` is None where it is withheld or of too few, and `note` says so.

    Shares are from 0 to 1; `low` and `high` are the 95 % interval, None where a number has none (a count).
    `n` is how many cases stand behind it, None where that is withheld too.
    """

    at: str
    series: str
    value: float | None
    n: int | None
    low: float | None = None
    high: float | None = None
    synthetic: bool = False
    note: str = ""
    link: str = ""
    beyond: bool = False


@dataclass(frozen=True)
class PanelView:
    """A panel as it is shown to a person; `refused` instead of numbers where the role may not see them."""

    panel: BoardPanel
    title: str
    points: tuple[BoardPoint, ...] = ()
    says: tuple[str, ...] = ()
    link: str = ""
    goal: float | None = None
    limit: float | None = None
    refused: str = ""

    @property
    def measure(self) -> Measure:
        """What its numbers are."""
        return measure_of(self.panel)


def panel_title(panel: BoardPanel, feature: str = "") -> str:
    """What stands above a panel: the measure, of what feature, task and version."""
    measure = measure_of(panel)
    of = [feature or panel.feature, words_of(panel.task).label if panel.task else ""]
    of += [f"version {panel.version}" if panel.version else ""]
    told = ", ".join(filter(None, of))
    return f"{measure.label}: {told}" if told else measure.label


def too_few(point: BoardPoint) -> BoardPoint:
    """The point, or what says how few cases there are instead."""
    if point.note or point.n is None or point.n >= LEAST:
        return point
    note = f"too few (n = {point.n})"
    return replace(point, value=None, low=None, high=None, note=note, beyond=False)


def months_back(months: int, today: date) -> str:
    """The first of the last so many months, this one among them, as "2026-11"; "" for all there are."""
    if not months:
        return ""
    first = today.year * 12 + today.month - months
    return f"{first // 12:04d}-{first % 12 + 1:02d}"


def months_from(first: str, today: date) -> list[str]:
    """Every month from "2026-09" to this one."""
    year, month = (int(part) for part in first.split("-"))
    count = (today.year - year) * 12 + today.month - month + 1
    return [f"{year + (month - 1 + at) // 12:04d}-{(month - 1 + at) % 12 + 1:02d}" for at in range(count)]


def moment_of(month: str) -> datetime:
    """The beginning of a month; of "" the beginning of all."""
    return house_clock.month_begins(month or "1970-01")


def in_order(points: Sequence[BoardPoint]) -> tuple[BoardPoint, ...]:
    """By time, and within one time by series."""
    return tuple(sorted(points, key=lambda point: (point.at, point.series, point.synthetic)))
