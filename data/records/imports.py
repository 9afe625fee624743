"""Bulk imports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.records.scans import Refusal


class ImportState(StrEnum):
    """Where a bulk import is on its way."""

    LISTING = "listing"  # the tree is being looked through
    RUNNING = "running"
    PAUSED = "paused"  # by a person, who will have it go on
    DONE = "done"
    FAILED = "failed"  # may be taken up again by a person


class ItemState(StrEnum):
    """Where one item of a bulk import is on its way."""

    WAITING = "waiting"
    DONE = "done"  # its scans are kept and read, were known, or were refused
    FAILED = "failed"  # our fault; tried again when the import is taken up again


@dataclass(frozen=True)
class Import:
    """A folder or archive that is read as a whole."""

    id: str
    folder: str  # on the server's machine
    labels: str | None  # the table of labels, if one was given
    state: ImportState
    user_id: str | None  # None: by the command line
    created_at: datetime
    finished_at: datetime | None = None
    failure: str | None = None  # one sentence, where state is FAILED


@dataclass(frozen=True)
class ImportFile:
    """A file of an item. Paths are relative to the folder, or to where the archive was laid out."""

    path: str
    name: str | None = None  # in the archive, where it differs from the path
    row: int | None = None  # of the table of labels
    mask: str | None = None  # may lie beside the table, then as an absolute path


@dataclass(frozen=True)
class ImportItem:
    """What becomes one scan as a rule: a file, a DICOM series, or pictures joined by the labels."""

    id: str
    import_id: str
    number: int
    name: str
    files: tuple[ImportFile, ...]
    stacked: bool = False  # the files are slices, in this order
    state: ItemState = ItemState.WAITING
    scan_ids: tuple[str, ...] = ()  # new ones and such as were known
    added: int = 0
    known: int = 0
    labelled: int = 0  # scans that got a review of their label
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class ImportProgress:
    """How far a bulk import is, counted over its items."""

    items: int
    done: int
    failed: int
    added: int
    known: int
    labelled: int
    refused: int

    @property
    def fraction(self) -> float:
        """Of the items, how many are settled, 0 to 1."""
        return (self.done + self.failed) / self.items if self.items else 0.0
