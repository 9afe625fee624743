"""Every result as narrow as counting allows, and counts of results and judgements by month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from data.codec import from_json
from data.errors import InvalidInput
from data.records import Doubt, Judgements

Mask = NDArray[np.bool_]
CountKey = tuple[str, str, bool]
"""Version, month of reading as "2026-11" by the clock of the house, whether made for a demonstration."""
_DOUBTS = tuple(Doubt)


@dataclass(frozen=True)
class ReadingColumns:
    """Every result, reviewed or not, as narrow as counting allows."""

    key: NDArray[np.int64]  # of the scan in the ledger's table
    model: NDArray[np.int32]  # code of (task, version)
    month: NDArray[np.int32]  # since 1970
    synthetic: Mask
    sampled: Mask
    positive: Mask
    probability: NDArray[np.float32]
    estimated_dice: NDArray[np.float32]  # NaN where no mask was drawn
    doubts: NDArray[np.uint8]  # a bit for each `Doubt`, in their order; 0 where the answer is certain

    def __len__(self) -> int:
        return len(self.key)

    @classmethod
    def none(cls) -> ReadingColumns:
        """No result at all."""
        keys, codes, flags = np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, dtype=bool)
        numbers, bits = np.zeros(0, np.float32), np.zeros(0, np.uint8)
        return cls(keys, codes, codes, flags, flags, flags, numbers, numbers, bits)

    def doubted(self, doubt: Doubt) -> Mask:
        """Which answers are uncertain for this reason."""
        return np.asarray(self.doubts & (1 << _DOUBTS.index(doubt)) > 0)

    def in_month(self, month: str) -> ReadingColumns:
        """What was read in a month like "2026-11"; raises InvalidInput."""
        return self.where(self.month == month_number(month))

    def where(self, rows: Mask) -> ReadingColumns:
        """These rows of it."""
        return ReadingColumns(**{name: column[rows] for name, column in vars(self).items()})


def doubt_bits(text: str | None) -> int:
    """The reasons of an uncertain answer, as they are kept, as bits."""
    if text is None:
        return 0
    doubts: tuple[Doubt, ...] = from_json(tuple[Doubt, ...], text)
    return sum(1 << _DOUBTS.index(doubt) for doubt in set(doubts))


def joined_readings(parts: list[ReadingColumns]) -> ReadingColumns:
    """Parts one below the other; at least one."""
    return ReadingColumns(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])}
    )


def counted(readings: ReadingColumns, rows: Mask) -> Iterator[tuple[str, bool, int, int]]:
    """(month, whether synthetic, how many, how many of the random sample) of these rows."""
    key = readings.month[rows].astype(np.int64) * 2 + readings.synthetic[rows]
    for (month, synthetic), n, n_sampled in _grouped(key, readings.sampled[rows]):
        yield month, synthetic, n, n_sampled


def known_counts(judgements: Judgements) -> Iterator[tuple[CountKey, int, int]]:
    """How many judgements there are of each version and month, and how many of the random sample."""
    for version in set(judgements.version):
        mine = judgements.where(np.asarray(judgements.version == version, dtype=bool))
        key = mine.months().astype(np.int64) * 2 + mine.synthetic
        for (month, synthetic), n, n_sampled in _grouped(key, mine.sampled):
            yield (version, month, synthetic), n, n_sampled


def _grouped(key: NDArray[np.int64], drawn: Mask) -> Iterator[tuple[tuple[str, bool], int, int]]:
    kinds, place = np.unique(key, return_inverse=True)
    n = np.bincount(place, minlength=len(kinds))
    n_sampled = np.bincount(place[drawn], minlength=len(kinds))
    for kind, count, part in zip(kinds.tolist(), n.tolist(), n_sampled.tolist(), strict=True):
        yield (str(np.datetime64(kind // 2, "M")), bool(kind % 2)), count, part


def month_number(text: str) -> int:
    """A month like "2026-11" as months since 1970; raises InvalidInput."""
    try:
        first = datetime.strptime(text, "%Y-%m")
    except ValueError:
        raise InvalidInput(f"“{text}” is not a month like 2026-11.") from None
    return (first.year - 1970) * 12 + first.month - 1
