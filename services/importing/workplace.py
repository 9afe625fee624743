"""Where items are decoded and read: in children and threads of this process, or on other machines.

Whoever works keeps nothing. It asks what is in the house, and hands in what became of each item.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Protocol

from data import formats
from data.database import new_id
from data.formats import Opened, Outcome
from data.records import Refusal
from services.importing.asking import Asked
from services.importing.scan_reading import Interrupted, Part, ScanReading
from services.reading.reader import Reader
from services.settings import Settings

HELD_BYTES = 768 << 20  # of decoded scans that wait
HELD_ITEMS = 160


@dataclass(frozen=True)
class BatchSize:
    """So many small items are given out together, as long as their files are no larger than this."""

    items: int
    bytes: int


class House(Protocol):
    """Who gives work out and takes in what came of it; called by many threads."""

    def known(self, contents: Collection[str]) -> Collection[str]:
        """Which of these contents of scans are kept already."""

    def settled(self, asked: Asked, parts: Sequence[Part | Refusal] | None) -> None:
        """Take in what became of an item; None where the run was ended before it was done.

        The files of the parts may go when this returns.
        """

    def failed(self, fault: BaseException) -> None:
        """Take in what is not one item's fault, and ends the run."""


class Workplace(AbstractContextManager["Workplace"], Protocol):
    """Decodes and reads; left with `with`, it has ended what it was given."""

    batch: BatchSize

    def has_room(self, items: int) -> bool:
        """Whether more may be given out, where so many items are under way."""

    def submit(self, batch: Sequence[Asked], house: House) -> None:
        """Have a batch worked on, and the house told; does not wait for it."""


WorkplaceOf = Callable[[Path, threading.Event], Workplace]
"""Makes one for a run, in an empty folder for what lies there on the way; the event is set at its end."""


class Here:
    """Children of this process decode, its threads read."""

    batch = BatchSize(items=16, bytes=16 << 20)

    def __init__(self, settings: Settings, reader: Reader, work: Path, ending: threading.Event) -> None:
        self._settings = settings
        self._work = work
        self._ending = ending
        self._reading = ScanReading(reader, settings.max_batch, ending)
        self._readers = ThreadPoolExecutor(reading_threads(settings.max_batch), "import-read")
        self._decoders = ThreadPoolExecutor(_cores(), "import-decode")
        self._held = 0  # bytes of decoded scans, touched under the lock
        self._lock = threading.Lock()

    def __enter__(self) -> Here:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._decoders.shutdown()  # which hand on to the readers
        self._readers.shutdown()

    def has_room(self, items: int) -> bool:
        """Whether more may be decoded ahead."""
        return items < HELD_ITEMS and self._held < HELD_BYTES

    def submit(self, batch: Sequence[Asked], house: House) -> None:
        """Have a child decode a batch, and threads read it."""
        self._decoders.submit(self._decode, batch, house).add_done_callback(_passing_on(house))

    def _decode(self, batch: Sequence[Asked], house: House) -> None:
        """In a thread: have a child decode a batch, and pass each item on."""
        folder = _Folder(self._work / new_id(), len(batch))
        outcomes = self._decoded(batch, folder.path)
        known = house.known(contents_of(chain(*outcomes)))
        for asked, outcome in zip(batch, outcomes, strict=True):
            size = sum(part.scan.array.nbytes for part in outcome if isinstance(part, Opened))
            with self._lock:
                self._held += size
            reading = self._readers.submit(self._read, asked, outcome, known, house, folder, size)
            reading.add_done_callback(_passing_on(house))

    def _decoded(self, batch: Sequence[Asked], folder: Path) -> list[Outcome]:
        if self._ending.is_set():
            return [() for _ in batch]
        folder.mkdir()
        return formats.decode_batch(
            [asked.decode for asked in batch],
            folder,
            formats.Limits(max_bytes=self._settings.max_scan_bytes),
            timeout_s=self._settings.decode_seconds,
            memory_bytes=self._settings.decode_bytes,
        )

    def _read(
        self,
        asked: Asked,
        outcome: Outcome,
        known: Collection[str],
        house: House,
        folder: _Folder,
        size: int,
    ) -> None:
        """In a thread: read an item and hand it in."""
        try:
            house.settled(asked, self._reading.parts(asked.rows, outcome, known))
        except Interrupted:
            house.settled(asked, None)
        finally:
            folder.done()
            with self._lock:
                self._held -= size


class _Folder:
    """Where a child left files; it goes with the last item that needs it."""

    def __init__(self, path: Path, needed_by: int) -> None:
        self.path = path
        self._needed_by = needed_by
        self._lock = threading.Lock()

    def done(self) -> None:
        with self._lock:
            self._needed_by -= 1
            last = self._needed_by == 0
        if last:
            shutil.rmtree(self.path, ignore_errors=True)


def contents_of(outcome: Iterable[Opened | Refusal]) -> set[str]:
    """What identifies the scans that were decoded."""
    return {part.scan.content_sha256 for part in outcome if isinstance(part, Opened)}


def reading_threads(max_batch: int) -> int:
    """Threads that take scans through gate and network, so that a batch of the device is always waiting."""
    return min(48, 2 * max_batch + 8)


def _passing_on(house: House) -> Callable[[Future[None]], None]:
    """Whatever ended a thread's work early, the house hears of it."""

    def pass_on(work: Future[None]) -> None:
        fault = work.exception()
        if fault is not None:
            house.failed(fault)

    return pass_on


def _cores() -> int:
    return max(2, min(8, len(os.sched_getaffinity(0))))
