"""One run over the items of an import: have them decoded and read, keep what comes back, many at a time.

Where that is done is a `Workplace`. The calling thread gives it work and keeps what is finished in few
transactions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from data.labelled.labels import LabelRow
from data.records import Import, ImportItem, Refusal
from data.stores.imports import ImportStore
from services.importing.asking import Asked, Asking
from services.importing.items import ItemKeeper
from services.importing.scan_reading import Part
from services.importing.workplace import BatchSize, WorkplaceOf
from services.importing.writer import ImportWriter, ItemOutcome

WRITTEN_AT_ONCE = 64
WRITTEN_EVERY_S = 1.0
LOOKED_EVERY_S = 0.2

ItemsWritten = Callable[[Sequence[ImportItem]], None]


class ImportRun:
    """A run; made for one import and used once."""

    def __init__(
        self,
        import_: Import,
        root: Path,
        rows: Sequence[LabelRow],
        work: Path,
        imports: ImportStore,
        writer: ImportWriter,
        workplace_of: WorkplaceOf,
    ) -> None:
        """`root` is where the items' files lie, `work` an empty folder for what lies there on the way."""
        self._import = import_
        self._imports = imports
        self._writer = writer
        self._ending = threading.Event()
        self._asking = Asking(root, rows)
        self._keeper = ItemKeeper(import_.user_id or "", writer)
        self._workplace = workplace_of(work, self._ending)
        self._finished: SimpleQueue[ItemOutcome | BaseException | None] = SimpleQueue()
        self._under_way = 0  # items that were given out and are not finished
        self._unwritten: list[ItemOutcome] = []
        self._written_at = time.monotonic()

    def run(self, written: ItemsWritten, stop: Callable[[], bool]) -> None:
        """Settle the waiting items, or those that are under way when `stop` says to end.

        `written` is told of items as they are settled. Raises what is not one item's fault: a full
        disk, a lost database.
        """
        batches = self._batches(self._workplace.batch)
        with self._workplace:
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

    def known(self, contents: Collection[str]) -> Collection[str]:
        """Which of these contents of scans are kept already."""
        return self._writer.known_contents(contents)

    def settled(self, asked: Asked, parts: Sequence[Part | Refusal] | None) -> None:
        """In a thread of the workplace: keep an item's files, and let the run know."""
        self._finished.put(None if parts is None else self._keeper.kept(asked, parts))

    def failed(self, fault: BaseException) -> None:
        """Whatever ended a thread's work early, the coordinating thread hears of it."""
        self._finished.put(fault)

    def _feed(self, batches: Iterator[list[Asked]]) -> bool:
        """Give work out while there is room; False where there is no more to give."""
        while not self._ending.is_set():
            if not self._workplace.has_room(self._under_way):
                return True
            batch = next(batches, None)
            if batch is None:
                break
            self._under_way += len(batch)
            self._workplace.submit(batch, self)
        return False

    def _collect(self) -> None:
        """Take what is finished; waits a moment for the first."""
        wait_s = LOOKED_EVERY_S
        with suppress(Empty):
            while True:
                finished = self._finished.get(timeout=wait_s)
                wait_s = 0.0
                if isinstance(finished, BaseException):
                    raise finished
                if finished is not None:
                    self._unwritten.append(finished)
                self._under_way -= 1

    def _is_due(self) -> bool:
        waited = time.monotonic() - self._written_at > WRITTEN_EVERY_S
        return waited or len(self._unwritten) >= WRITTEN_AT_ONCE

    def _write(self, written: ItemsWritten) -> None:
        if self._unwritten:
            written(self._writer.write(self._unwritten))
        self._unwritten, self._written_at = [], time.monotonic()

    def _batches(self, most: BatchSize) -> Iterator[list[Asked]]:
        """Items in their order, small ones together."""
        batch: list[Asked] = []
        size = 0
        for item in self._imports.waiting(self._import.id):
            asked = self._asking.asked(item)
            more = asked.size
            if batch and (len(batch) >= most.items or size + more > most.bytes):
                yield batch
                batch, size = [], 0
            batch.append(asked)
            size += more
        if batch:
            yield batch
