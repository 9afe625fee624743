"""One run over the items of an import: decode in children, ask the networks, keep, many at a time.

Children decode some items ahead; threads take each scan through the gate and its network, so that
the batcher always finds inputs of several scans waiting; the calling thread feeds both and keeps
what is finished in few transactions.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue

from data import formats
from data.database import new_id
from data.formats import Opened, Outcome
from data.labelled.labels import LabelRow
from data.records import Import, ImportItem, Refusal
from data.stores.imports import ImportStore
from services.importing.items import Asked, Interrupted, ItemReader, Slots
from services.importing.writer import ImportWriter, ItemOutcome
from services.reading.reader import PIECE, Reader
from services.settings import Settings

DECODED_AT_ONCE = 16  # small items that share a child
DECODED_BYTES = 16 << 20  # of files that share a child
HELD_BYTES = 768 << 20  # of decoded scans that wait
HELD_ITEMS = 160
BATCHES_AHEAD = 4  # of the device, that wait as inputs: more would keep others' scans waiting
WRITTEN_AT_ONCE = 64
WRITTEN_EVERY_S = 1.0
LOOKED_EVERY_S = 0.2

ItemsWritten = Callable[[Sequence[ImportItem]], None]


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


class ImportRun:
    """A run; made for one import and used once."""

    def __init__(
        self,
        settings: Settings,
        import_: Import,
        root: Path,
        rows: Sequence[LabelRow],
        work: Path,
        imports: ImportStore,
        writer: ImportWriter,
        reader: Reader,
    ) -> None:
        """`root` is where the items' files lie, `work` an empty folder for what children leave."""
        self._settings = settings
        self._import = import_
        self._work = work
        self._imports = imports
        self._writer = writer
        self._ending = threading.Event()
        slots = Slots(max(2 * PIECE, BATCHES_AHEAD * settings.max_batch))
        self._items = ItemReader(root, rows, import_.user_id or "", writer, reader, slots, self._ending)
        self._readers = ThreadPoolExecutor(min(48, 2 * settings.max_batch + 8), "import-read")
        self._decoders = ThreadPoolExecutor(_cores(), "import-decode")
        self._finished: SimpleQueue[ItemOutcome | BaseException] = SimpleQueue()
        self._under_way = 0  # items that were given to a child and are not finished
        self._unwritten: list[ItemOutcome] = []
        self._written_at = time.monotonic()
        self._held = 0  # bytes of decoded scans, touched under the lock
        self._lock = threading.Lock()

    def run(self, written: ItemsWritten, stop: Callable[[], bool]) -> None:
        """Settle the waiting items, or those that are under way when `stop` says to end.

        `written` is told of items as they are settled. Raises what is not one item's fault: a full
        disk, a lost database.
        """
        batches = self._batches()
        with self._readers, self._decoders:
            try:
                while self._feed(batches) or self._under_way:
                    self._collect()
                    if self._is_due():
                        self._write(written)
                    if stop():
                        self._ending.set()
                self._write(written)
            finally:
                self._ending.set()

    def _feed(self, batches: Iterator[list[Asked]]) -> bool:
        """Give children work while there is room; False where there is no more to give."""
        while not self._ending.is_set():
            if self._under_way >= HELD_ITEMS or self._held >= HELD_BYTES:
                return True
            batch = next(batches, None)
            if batch is None:
                break
            self._under_way += len(batch)
            self._decoders.submit(self._decode, batch).add_done_callback(self._pass_fault_on)
        return False

    def _collect(self) -> None:
        """Take what threads have finished; waits a moment for the first."""
        wait_s = LOOKED_EVERY_S
        with suppress(Empty):
            while True:
                finished = self._finished.get(timeout=wait_s)
                wait_s = 0.0
                if isinstance(finished, ItemOutcome):
                    self._unwritten.append(finished)
                elif not isinstance(finished, Interrupted):
                    raise finished
                self._under_way -= 1

    def _is_due(self) -> bool:
        waited = time.monotonic() - self._written_at > WRITTEN_EVERY_S
        return waited or len(self._unwritten) >= WRITTEN_AT_ONCE

    def _write(self, written: ItemsWritten) -> None:
        if self._unwritten:
            written(self._writer.write(self._unwritten))
        self._unwritten, self._written_at = [], time.monotonic()

    def _batches(self) -> Iterator[list[Asked]]:
        """Items in their order, small ones together."""
        batch: list[Asked] = []
        size = 0
        for item in self._imports.waiting(self._import.id):
            asked = self._items.asked(item)
            more = sum(_size(member.path) for member in asked.decode.files)
            if batch and (len(batch) >= DECODED_AT_ONCE or size + more > DECODED_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(asked)
            size += more
        if batch:
            yield batch

    def _decode(self, batch: list[Asked]) -> None:
        """In a thread: have a child decode a batch, and pass each item on."""
        folder = _Folder(self._work / new_id(), len(batch))
        outcomes = self._decoded(batch, folder.path)
        here = self._writer.known_contents(opened.scan for opened in _opened(chain(*outcomes)))
        for asked, outcome in zip(batch, outcomes, strict=True):
            size = sum(opened.scan.array.nbytes for opened in _opened(outcome))
            with self._lock:
                self._held += size
            reading = self._readers.submit(self._read, asked, outcome, here, folder, size)
            reading.add_done_callback(self._pass_fault_on)

    def _decoded(self, batch: list[Asked], folder: Path) -> list[Outcome]:
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
        self, asked: Asked, outcome: Outcome, here: Collection[str], folder: _Folder, size: int
    ) -> None:
        """In a thread: settle an item."""
        try:
            settled = self._items.settled(asked, outcome, here)
        finally:
            folder.done()
            with self._lock:
                self._held -= size
        self._finished.put(settled)

    def _pass_fault_on(self, work: Future[None]) -> None:
        """Whatever ended a thread's work early, the coordinating thread hears of it."""
        fault = work.exception()
        if fault is not None:
            self._finished.put(fault)


def _opened(outcome: Iterable[Opened | Refusal]) -> list[Opened]:
    return [part for part in outcome if isinstance(part, Opened)]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # it is gone, which its decoding will say
        return 0


def _cores() -> int:
    return max(2, min(8, len(os.sched_getaffinity(0))))
