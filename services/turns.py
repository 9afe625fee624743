"""Whose turn it is: what somebody waits for first, of that the shortest, and nothing waits for ever.

Shortest first alone would let a large volume starve behind a stream of films. So whoever came first is
overtaken `OVERTAKEN` times in a row at most, and then has a turn. Of what comes later it therefore waits
for no more than that many turns for each of its own, and for each of those who came before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from data.records import Precedence

OVERTAKEN = 7

T = TypeVar("T")


@dataclass(frozen=True)
class Turn:
    """How soon something is wanted."""

    arrived: float  # seconds, of any clock that all share
    expected_s: float = 0.0
    short: bool = True
    precedence: Precedence = Precedence.CLINICAL

    @property
    def order(self) -> tuple[int, float, float]:
        """The lowest goes first."""
        return self.precedence, self.expected_s, self.arrived

    @staticmethod
    def now(precedence: Precedence = Precedence.CLINICAL) -> Turn:
        """Of something short that has just come."""
        return Turn(time.time(), precedence=precedence)


class Turns:
    """Says who is next; not thread-safe: whoever asks holds the lock of what waits."""

    lanes_for_short = 2
    """So many may work on what is short while everybody else works on what is long."""

    def __init__(self, overtaken: int = OVERTAKEN) -> None:
        self._most = overtaken
        self._overtaken = 0  # so often in a row was the first to come not the first to go

    def next(self, waiting: Iterable[T], turn: Callable[[T], Turn]) -> T:
        """The one of `waiting` (at least one) whose turn it is; the background never has one by its age."""
        entries = list(waiting)
        best = min(entries, key=lambda entry: turn(entry).order)
        aging = [entry for entry in entries if turn(entry).precedence is not Precedence.BACKGROUND]
        oldest = min(aging, key=lambda entry: turn(entry).arrived, default=best)
        if oldest is best:
            self._overtaken = 0
        elif self._overtaken >= self._most:
            self._overtaken = 0
            return oldest
        else:
            self._overtaken += 1
        return best
