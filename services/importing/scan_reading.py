"""The scans of an item on their way through gate and network. Asks no database, keeps nothing.

What comes out is all that the house needs to keep a scan, so that it can be made on another machine.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from data.database import new_id
from data.errors import Busy, RefusedScan, UserFacingError
from data.formats import Opened, Outcome
from data.labelled.labels import LabelRow
from data.records import DecodedScan, Precedence, Refusal
from services.importing.labels import with_facts
from services.reading.intake import refusal_of
from services.reading.reader import PIECE, Read, Reader
from services.reading.suitability_gate import Routed, SuitabilityGate

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCHES_AHEAD = 4  # of the device, that wait as inputs: more would keep others' scans waiting
LONGEST_BUSY_S = 900.0
BUSY_PAUSE_S = 0.5
FAILED = "failed"
"""The code of what was not read by a fault of ours: it may be tried again."""

_BROKEN = "Something went wrong inside Lightbox with this file (error {error_id})."


class Interrupted(Exception):
    """The run was told to end."""


@dataclass(frozen=True)
class ScanRead:
    """A scan that gate and network were asked about: how it was routed, and what the network says."""

    routed: Routed
    read: Read


@dataclass(frozen=True)
class Part:
    """A scan of an item with the file of the bytes to keep, its mask, and what became of it.

    `said` is why it was not read, or None where its content was in the house before.
    """

    decoded: DecodedScan
    original: Path
    mask: NDArray[np.bool_] | None
    said: ScanRead | Refusal | None


class Slots:
    """Network inputs that may wait at a time; a scan takes as many as it has slices."""

    def __init__(self, count: int) -> None:
        self._free = self._count = count
        self._changed = threading.Condition()

    def take(self, wanted: int) -> int:
        """Wait until so many are free (at most all of them); how many were taken comes back."""
        taken = min(wanted, self._count)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= taken)
            self._free -= taken
        return taken

    def give_back(self, taken: int) -> None:
        """Let others have them."""
        with self._changed:
            self._free += taken
            self._changed.notify_all()


class ScanReading:
    """Takes decoded items through gate and network; called by many threads at once."""

    def __init__(self, reader: Reader, max_batch: int, ending: threading.Event) -> None:
        """`max_batch`: inputs that the device takes at a time. Once `ending` is set all is Interrupted."""
        self._reader = reader.wanted(Precedence.BULK)
        self._gate = SuitabilityGate(self._reader)
        self._slots = Slots(max(2 * PIECE, BATCHES_AHEAD * max_batch))
        self._ending = ending

    def parts(
        self, rows: Sequence[LabelRow], outcome: Outcome, known: Collection[str]
    ) -> list[Part | Refusal]:
        """What becomes of each scan of an item, and what the decoder refused of it.

        Scans whose content is among the `known` ones are not read. Raises Interrupted, and Busy where the
        networks cannot be had for a quarter of an hour.
        """
        if self._ending.is_set() and not outcome:  # it was not even decoded
            raise Interrupted
        return [part if isinstance(part, Refusal) else self._part(part, rows, known) for part in outcome]

    def _part(self, opened: Opened, rows: Sequence[LabelRow], known: Collection[str]) -> Part:
        decoded = with_facts(opened.scan, rows)
        said = None if decoded.content_sha256 in known else self._said(decoded)
        return Part(decoded, opened.original, opened.mask, said)

    def _said(self, decoded: DecodedScan) -> ScanRead | Refusal:
        """What gate and network say of a scan, or why they do not."""
        try:
            routed = self._patiently(lambda: self._gate.route(decoded))
            return ScanRead(routed, self._patiently(lambda: self._read(decoded, routed)))
        except RefusedScan as refused:
            return refusal_of(decoded, refused)
        except (UserFacingError, Interrupted):
            raise
        except Exception as error:  # noqa: BLE001  logged with an id; the other items go on
            return _broken(decoded.name, error)

    def _read(self, decoded: DecodedScan, routed: Routed) -> Read:
        taken = self._slots.take(min(len(decoded.array), PIECE))
        try:
            return self._reader.read(routed.task, decoded.array, decoded.spacing, decoded.affine, self._go_on)
        finally:
            self._slots.give_back(taken)

    def _go_on(self, fraction: float) -> None:
        """Called often while a volume is read."""
        if fraction < 1:
            self._stop_if_ending()

    def _stop_if_ending(self) -> None:
        if self._ending.is_set():
            raise Interrupted

    def _patiently(self, work: Callable[[], T]) -> T:
        """The work's answer, asked for again while the networks load or the queue is full."""
        until = time.monotonic() + LONGEST_BUSY_S
        while True:
            self._stop_if_ending()
            try:
                return work()
            except Busy:
                if time.monotonic() > until:
                    raise
                self._ending.wait(BUSY_PAUSE_S)


def _broken(name: str, error: Exception) -> Refusal:
    error_id = new_id()[:8]
    log.error("an imported scan could not be read, error %s", error_id, exc_info=error)
    return Refusal(name, FAILED, _BROKEN.format(error_id=error_id))
