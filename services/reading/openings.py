"""Opening uploads: how much it is, and whose turn it is.

Each opening may take as much memory as one decoding is allowed, so few go at a time, whether a job or a
program's request wants it; one place more is there for what is short.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.records import Effort, Precedence
from services.turns import Turn, Turns

AT_A_TIME = 2
MANY = None  # inputs of a file that may hold a volume, which only its decoding tells
_VOLUMES = (".nii", ".gz", ".tar", ".tgz", ".bz2", ".xz")
_END_OF_ZIP = struct.Struct("<4s4H2LH")  # end of central directory record, APPNOTE.TXT 4.3.16
_LONGEST_COMMENT = 0xFFFF


def effort_of_opening(path: Path, name: str, precedence: Precedence = Precedence.CLINICAL) -> Effort:
    """How much a file is to open, as far as that is seen without decoding it."""
    suffix = Path(name.lower()).suffix
    size = path.stat().st_size if path.exists() else 0
    if suffix == ".zip":
        return Effort(suffix, _members(path), size, precedence)
    return Effort(suffix[:16], MANY if suffix in _VOLUMES else 1, size, precedence)


def _members(path: Path) -> int | None:
    """How many files a zip says that it holds; MANY where that is not to be seen."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _END_OF_ZIP.size - _LONGEST_COMMENT))
            tail = file.read()
    except OSError:
        return MANY
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + _END_OF_ZIP.size:
        return MANY
    return int(_END_OF_ZIP.unpack_from(tail, at)[4])


class OpeningRoom:
    """Lets so many in at a time, in whose turn it is."""

    def __init__(self, turns: Turns | None = None, places: int = AT_A_TIME) -> None:
        self._turns = turns or Turns()
        self._places = places
        self._inside: list[Turn] = []
        self._waiting: list[Turn] = []
        self._changed = threading.Condition()

    @contextmanager
    def place(self, turn: Turn) -> Iterator[None]:
        """Wait for a place, and have it."""
        mine = Turn(
            turn.arrived, turn.expected_s, turn.short, turn.precedence
        )  # one of its own: `is` tells them
        with self._changed:
            self._waiting.append(mine)
            self._let_in()
            self._changed.wait_for(lambda: any(inside is mine for inside in self._inside))
        try:
            yield
        finally:
            with self._changed:
                self._inside = [inside for inside in self._inside if inside is not mine]
                self._let_in()

    def _let_in(self) -> None:
        while eligible := [turn for turn in self._waiting if self._has_place(turn)]:
            chosen = self._turns.next(eligible, lambda turn: turn)
            self._waiting = [turn for turn in self._waiting if turn is not chosen]
            self._inside.append(chosen)
        self._changed.notify_all()

    def _has_place(self, turn: Turn) -> bool:
        return len(self._inside) < self._places + (1 if turn.short else 0)
