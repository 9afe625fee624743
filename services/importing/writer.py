"""Scans that were read are stored, many of them in one transaction.

Until then nothing of them is in the database, and their files lie under ids that follow from the
item: a run that is killed leaves nothing behind that the next one does not write again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data import house_clock
from data.database import Database, id_from, now, together
from data.files import FileStore
from data.labelled.labels import LabelRow
from data.packing import packed, unpacked
from data.records import (
    DecodedScan,
    Features,
    Identity,
    ImportItem,
    ItemState,
    KeptRefusal,
    Refusal,
    Result,
    Review,
    Scan,
    ScanStatus,
)
from data.stores.imports import ImportStore
from data.stores.patients import PatientStore
from data.stores.refusals import RefusalStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from services import keys
from services.importing.labels import label_review, truth_of
from services.reading.intake import keep_scan, scan_of
from services.reading.reader import Read
from services.reading.results import features_of, keep_answer, result_of
from services.reading.suitability_gate import Routed
from services.reviewing.review import ReviewListener

Mask = NDArray[np.bool_]

NOT_OF_A_SCAN = {"failed", "missing", "labels", "mask"}
"""Codes of what is told of labels, masks and faults of ours: no scan was refused."""


@dataclass(frozen=True)
class Provided:
    """What an import brings for one scan: pixels, bytes to keep, and what its table says."""

    decoded: DecodedScan
    original: Path
    mask: Mask | None
    rows: tuple[LabelRow, ...]
    user_id: str


@dataclass(frozen=True)
class ReadScan:
    """A scan with all that belongs to it, its files kept, its rows not yet."""

    scan: Scan  # of no patient yet
    identity: Identity
    identifiers: Mapping[str, str]
    label: str  # what the patient is called if the file does not say
    result: Result
    watched: Features
    review: Review | None


@dataclass
class ItemOutcome:
    """What became of one item, until it is written."""

    item: ImportItem
    read: list[ReadScan] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)  # of scans that were known
    refusals: list[Refusal] = field(default_factory=list)
    failed: bool = False


class ImportWriter:
    """Keeps what an import reads."""

    def __init__(
        self,
        database: Database,
        files: FileStore,
        imports: ImportStore,
        reviewed: ReviewListener = lambda _: None,
    ) -> None:
        """`reviewed` is told of each result whose truth came with a label, once it is kept."""
        self._database = database
        self._files = files.unhurried()  # flushed once for all scans of a transaction, before it
        self._imports = imports
        self._tell_reviewed = reviewed
        self._patients = PatientStore(database)
        self._scans = ScanStore(database)
        self._results = ResultStore(database)
        self._reviews = ReviewStore(database)
        self._refusals = RefusalStore(database)

    def known_contents(self, contents: Collection[str]) -> set[str]:
        """Those of these contents of scans that are stored already."""
        return self._scans.known_contents(contents) if contents else set()

    def known(self, decoded: DecodedScan) -> Scan | None:
        """The scan of this content that is stored already."""
        return self._scans.by_content(decoded.content_sha256)

    def keep_files(self, scan_id: str, provided: Provided, routed: Routed, read: Read) -> ReadScan:
        """Put a read scan's files into their places; its rows follow in `file`."""
        decoded, original = provided.decoded, provided.original
        unowned = scan_of(decoded, "", provided.user_id, routed)
        scan = replace(unowned, id=scan_id, status=ScanStatus.READ)
        # One moment for both: what was read before it was kept has no time from upload to result.
        result = replace(result_of(scan, read, id_from("result", scan_id)), created_at=scan.created_at)
        suffix = original.name[original.name.index(".") :]
        keep_scan(self._files, scan_id, decoded, original, suffix)
        keep_answer(self._files, result.id, read.answer)
        review = self._label(scan, result, provided.rows, provided.mask, read.answer.mask)
        label = decoded.identity.patient_id or decoded.name
        watched = features_of(scan, result, decoded.array, read)
        return ReadScan(scan, decoded.identity, decoded.identifiers, label, result, watched, review)

    def label_known(self, scan: Scan, rows: Sequence[LabelRow], mask: Mask | None) -> Review | None:
        """The truth for a scan that was here already, unless somebody has reviewed it before."""
        result = self._results.latest(scan.id)
        if result is None or self._reviews.of_scan(scan.id):
            return None
        kept = result.has_mask and self._files.exists(keys.mask(result.id))
        drawn = unpacked(self._files.get(keys.mask(result.id))) if kept else None
        return self._label(scan, result, rows, mask, drawn)

    def _label(
        self,
        scan: Scan,
        result: Result,
        rows: Sequence[LabelRow],
        mask: Mask | None,
        drawn: Mask | None,
    ) -> Review | None:
        truth = truth_of(rows, mask)
        if truth is None:
            return None
        review = label_review(id_from("label", result.id), scan, result, truth, mask, drawn)
        if review.measurements is not None and mask is not None:
            self._files.put(keys.corrected_mask(review.id), packed(mask))
        return review

    def write(self, outcomes: Sequence[ItemOutcome]) -> list[ImportItem]:
        """Keep what became of these items in one transaction; the settled items come back."""
        self._files.flush()
        with together(self._database):
            if any(outcome.read for outcome in outcomes):
                self._patients.lock()
            settled = [self._settled(outcome) for outcome in outcomes]
        for outcome, item in zip(outcomes, settled, strict=True):
            for read in outcome.read:
                if read.scan.id not in item.scan_ids:  # the same content came from elsewhere meanwhile
                    self._forget(read)
        self._tell(outcomes)
        return settled

    def _tell(self, outcomes: Sequence[ItemOutcome]) -> None:
        results = [read.result for outcome in outcomes for read in outcome.read if read.review is not None]
        labelled = [review.result_id for outcome in outcomes for review in outcome.reviews]
        known = [self._results.get(result_id) for result_id in labelled]
        of_month = {
            (result.task, result.provenance.model_version, house_clock.month_of(result.created_at)): result
            for result in (*results, *known)
            if result is not None
        }
        for result in of_month.values():  # one of each month is enough
            self._tell_reviewed(result)

    def _settled(self, outcome: ItemOutcome) -> ImportItem:
        added: list[str] = []
        known, labelled = list(outcome.known), 0
        for read in outcome.read:
            kept = self._add(read)
            (added if kept == read.scan.id else known).append(kept)
            labelled += read.review is not None and kept == read.scan.id
        for review in outcome.reviews:
            if not self._reviews.of_scan(review.scan_id):
                self._reviews.add(review)
                labelled += 1
        item = replace(
            outcome.item,
            state=ItemState.FAILED if outcome.failed else ItemState.DONE,
            scan_ids=(*added, *known),
            added=len(added),
            known=len(known),
            labelled=labelled,
            refusals=tuple(outcome.refusals),
        )
        if self._imports.settle(item):
            self._count_refusals(item)
        return item

    def _count_refusals(self, item: ImportItem) -> None:
        """Let the statistics know; the same file refused by a second import counts once."""
        unread = [refusal for refusal in item.refusals if refusal.code not in NOT_OF_A_SCAN]
        folder = self._imports.require(item.import_id).folder if unread else ""
        for refusal in unread:
            refusal_id = id_from("refusal", folder, refusal.name, refusal.code)
            self._refusals.put(KeptRefusal(refusal_id, refusal, now()))

    def _add(self, read: ReadScan) -> str:
        """The id of the scan that is stored now: this one, or another of the same content."""
        known = self._scans.by_content(read.scan.content_sha256)
        if known is not None:
            return known.id
        patient = self._patients.find_or_create(read.identity, read.label)
        kept, created = self._scans.add(replace(read.scan, patient_id=patient.id), read.identifiers)
        if created:
            self._results.add(read.result, read.watched)
            if read.review is not None:
                self._reviews.add(read.review)
        return kept.id

    def _forget(self, read: ReadScan) -> None:
        self._files.delete_all(f"scans/{read.scan.id}")
        self._files.delete_all(f"results/{read.result.id}")
        if read.review is not None:
            self._files.delete_all(f"reviews/{read.review.id}")


def scan_id_of(item: ImportItem, number: int) -> str:
    """The id that scan `number` of an item gets, in every run of the import."""
    return id_from(item.id, str(number))
