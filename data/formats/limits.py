"""How much a file may ask for, and what comes out of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from data.errors import RefusedScan
from data.records import DecodedScan, Refusal


@dataclass(frozen=True)
class Limits:
    """Bounds on what one upload may take. Everything is checked before it is allocated."""

    max_bytes: int = 1 << 30  # decoded bytes of one scan
    max_entries: int = 20_000  # files in one archive or folder
    max_unpacked_bytes: int = 4 << 30  # all files of one archive together
    max_ratio: int = 200  # how far one member may have been compressed, beyond the first 10 MB
    max_scans: int = 200  # scans out of one upload


@dataclass(frozen=True)
class Decoded:
    """Everything that was found in one upload: the scans, and what is not read with the reason."""

    scans: tuple[DecodedScan, ...]
    refusals: tuple[Refusal, ...]

    @classmethod
    def of(cls, outcomes: Iterable[DecodedScan | Refusal]) -> Decoded:
        """Sort what was outcomes into scans and refusals."""
        everything = list(outcomes)
        return cls(
            tuple(outcome for outcome in everything if isinstance(outcome, DecodedScan)),
            tuple(outcome for outcome in everything if isinstance(outcome, Refusal)),
        )


UNREADABLE = "This file is damaged or not a scan that Lightbox can read."


def unreadable() -> RefusedScan:
    """The refusal of a file that makes no sense."""
    return RefusedScan("unreadable", UNREADABLE)


def check_size(limits: Limits, *counts: int, item_bytes: int) -> None:
    """Refuse an array of `counts` items a side before anything is allocated for it.

    Raises RefusedScan: `empty` for a side without items, `too_large` beyond the limit.
    """
    total = item_bytes
    for count in counts:
        if count < 1:
            raise RefusedScan("empty", "This file holds no picture.")
        total *= count
    if total > limits.max_bytes:
        raise RefusedScan("too_large", "This scan is larger than Lightbox can read.")
