"""One item of an import: what is asked of the decoder, and what becomes of what comes back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from data import formats
from data.database import new_id
from data.errors import Busy, RefusedScan, UserFacingError
from data.formats import Opened, Outcome
from data.labelled.labels import LabelRow
from data.records import DecodedScan, ImportItem, Precedence, Refusal
from services.importing.labels import contradictions_of, with_facts
from services.importing.writer import ImportWriter, ItemOutcome, Provided, scan_id_of
from services.reading.intake import refusal_of
from services.reading.reader import PIECE, Read, Reader
from services.reading.suitability_gate import Routed, SuitabilityGate

log = logging.getLogger(__name__)

T = TypeVar("T")
Masks = tuple[Path | None, ...]

LONGEST_BUSY_S = 900.0
BUSY_PAUSE_S = 0.5

_BROKEN = "Something went wrong inside Lightbox with this file (error {error_id})."
_SEVERAL_MASKS = "Masks of single DICOM slices are not read; give one mask file for the whole series."


class Interrupted(Exception):
    """The run was told to end."""


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


@dataclass(frozen=True)
class Asked:
    """An item, its rows of the labels, how it is decoded, and what is known to be amiss."""

    item: ImportItem
    rows: tuple[LabelRow, ...]
    decode: formats.Item
    notes: tuple[Refusal, ...]


class ItemReader:
    """Takes items through gate and network; called by many threads at once."""

    def __init__(
        self,
        root: Path,
        rows: Sequence[LabelRow],
        user_id: str,
        writer: ImportWriter,
        reader: Reader,
        slots: Slots,
        ending: threading.Event,
    ) -> None:
        """`root` is where the items' files lie; once `ending` is set everything is Interrupted."""
        self._root = root
        self._rows = {row.number: row for row in rows}
        self._user_id = user_id
        self._writer = writer
        self._reader = reader.wanted(Precedence.BULK)
        self._gate = SuitabilityGate(self._reader)
        self._slots = slots
        self._ending = ending

    def asked(self, item: ImportItem) -> Asked:
        """What the decoder is asked for an item."""
        members = tuple(formats.Member(file.name or file.path, self._root / file.path) for file in item.files)
        rows = tuple(self._rows[file.row] for file in item.files if file.row in self._rows)
        masks, notes = self._masks(item)
        labels = self._mask_labels(item) if masks else ()
        return Asked(item, rows, formats.Item(item.name, members, item.stacked, masks, labels), notes)

    def _masks(self, item: ImportItem) -> tuple[Masks, tuple[Refusal, ...]]:
        """The masks that come with an item; a volume's count only if they are known for every slice."""
        paths = tuple(None if file.mask is None else self._root / file.mask for file in item.files)
        masks = {path for path in paths if path is not None}
        if not masks:
            return (), ()
        if item.stacked:
            rows = [self._rows.get(file.row or 0) for file in item.files]
            negative = [row is not None and row.positive is False for row in rows]
            known = all(path is not None or no for path, no in zip(paths, negative, strict=True))
            return (paths if known else ()), ()
        if len(masks) > 1:
            return (), (Refusal(item.name, "mask", _SEVERAL_MASKS),)
        return tuple(masks), ()

    def _mask_labels(self, item: ImportItem) -> tuple[str, ...]:
        """Which labels of each of the masks are the finding, as far as the rows say so."""
        rows = [self._rows.get(file.row or 0) for file in item.files]
        labels = tuple((row.mask_labels if row else None) or "" for row in rows)
        return labels if item.stacked else (next(filter(None, labels), ""),)

    def settled(self, asked: Asked, outcome: Outcome, here: Collection[str]) -> ItemOutcome:
        """What became of an item; raises Interrupted when the run is ending.

        `here` are the contents of its scans that are stored already.
        """
        settled = ItemOutcome(asked.item, refusals=list(asked.notes))
        opened = [part for part in outcome if isinstance(part, Opened)]
        settled.refusals += [part for part in outcome if isinstance(part, Refusal)]
        for number, scan in enumerate(opened):
            self._take(asked, scan, number, settled, scan.scan.content_sha256 in here)
        if self._ending.is_set() and not outcome:  # it was not even decoded
            raise Interrupted
        return settled

    def _take(self, asked: Asked, opened: Opened, number: int, settled: ItemOutcome, is_here: bool) -> None:
        """Have one scan read, or note why not."""
        decoded = with_facts(opened.scan, asked.rows)
        rows, mask = asked.rows, opened.mask
        contradictions = contradictions_of(asked.item, rows, mask)
        if contradictions:  # neither the label nor the mask is known to be the truth
            settled.refusals += contradictions
            rows, mask = (), None
        known = self._writer.known(decoded) if is_here else None
        if known is not None:
            settled.known.append(known.id)
            review = self._writer.label_known(known, rows, mask)
            settled.reviews += [review] if review else []
            return
        try:
            routed = self._patiently(lambda: self._gate.route(decoded))
            read = self._patiently(lambda: self._read(decoded, routed))
        except RefusedScan as refused:
            settled.refusals.append(refusal_of(decoded, refused))
        except (UserFacingError, Interrupted):
            raise
        except Exception as error:  # noqa: BLE001  logged with an id; the other items go on
            settled.failed = True
            settled.refusals.append(_broken(decoded.name, error))
        else:
            provided = Provided(decoded, opened.original, mask, rows, self._user_id)
            settled.read.append(
                self._writer.keep_files(scan_id_of(asked.item, number), provided, routed, read)
            )

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
    return Refusal(name, "failed", _BROKEN.format(error_id=error_id))
