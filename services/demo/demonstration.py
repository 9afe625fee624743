"""The demonstration: patients of nobody, really read and kept, and taken out again.

Ids follow from a patient's number, so that a run adds what is missing and nothing twice; the rows
of a patient come in one transaction, after its files. A lock on the home folder, which the system
releases with the process, keeps two runs apart.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace

from data.database import Database, now, together
from data.errors import Busy, InvalidInput, TrackingAway
from data.files import FileStore
from data.labelled.anatomy import anatomy
from data.records import SYNTHETIC_REFUSALS, AuditEvent, KeptRefusal, Precedence
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.refusals import RefusalStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.tracking import Tracking
from models import tasks
from services.demo.cases import case_of
from services.demo.reading import CaseReader, ReadCase, id_of, refusal_id
from services.performance.real_use import forget_synthetic
from services.reading.reader import Reader
from services.settings import Settings

log = logging.getLogger(__name__)

PATIENTS = 300

_PLAN = "demo/patients"  # in the file store: how many numbers may have left something
_REMOVED_AT_ONCE = 50
_MOST_THREADS = 16

Advance = Callable[[int], object]


@dataclass(frozen=True)
class Added:
    """What became of the patients that were asked for."""

    read: int
    refused: int
    known: int  # were here before


class Demo:
    """Adds and removes the demonstration; may work beside a server on the same home folder."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        files: FileStore,
        tracking: Tracking,
        reader: Reader | None,
    ) -> None:
        """Without a reader nothing can be added."""
        self._settings = settings
        self._home = settings.home
        self._database = database
        self._files = files
        self._tracking = tracking
        # Nobody waits for it, so that it goes on for as long as a busy machine takes.
        self._reader = None if reader is None else reader.wanted(Precedence.BULK)
        self._patients = PatientStore(database)
        self._scans = ScanStore(database)
        self._results = ResultStore(database)
        self._reviews = ReviewStore(database)
        self._refusals = RefusalStore(database)
        self._audit = AuditLog(database)

    def add(self, patients: int, advance: Advance) -> Added:
        """Have patients 1 to `patients` in the house; those that are here stay as they are.

        `advance` is told how many more are settled. Raises InvalidInput for a number below 1, Busy
        while another process adds or removes.
        """
        if patients < 1:
            raise InvalidInput("Ask for at least one patient.")
        with self._held():
            self._files.put(_PLAN, str(max(patients, self._planned())).encode())
            here = {*self._scans.synthetic_ids(), *self._refusals.ids_from(SYNTHETIC_REFUSALS)}
            numbers = range(1, patients + 1)
            missing = [n for n in numbers if not {id_of("scan", n), refusal_id(n)} & here]
            known = patients - len(missing)
            advance(known)
            refused = self._settle(missing, advance) if missing else 0
        return Added(len(missing) - refused, refused, known)

    def remove(self, advance: Advance) -> int:
        """Take everything of the demonstration out of the house; returns how many scans that were.

        `advance` is told how many more are gone. Raises Busy while another process adds or removes.
        """
        with self._held():
            scan_ids = self._scans.synthetic_ids()
            if scan_ids:  # first: it goes in many parts, each a transaction of its own
                self._note("demo.remove", f"{len(scan_ids)} scans")
            for start in range(0, len(scan_ids), _REMOVED_AT_ONCE):
                part = scan_ids[start : start + _REMOVED_AT_ONCE]
                for scan_id in part:  # before the rows, which tell what there is
                    self._forget_files(scan_id)
                self._scans.delete(part)
                advance(len(part))
            for number in range(1, self._planned() + 1):  # what a kill left without rows
                self._forget(number)
            self._refusals.forget_from(SYNTHETIC_REFUSALS)
            self._files.delete_all("demo")
            self._forget_scores()
        return len(scan_ids)

    def count(self) -> int:
        """How many scans of the demonstration are in the house."""
        return len(self._scans.synthetic_ids())

    def _settle(self, numbers: Sequence[int], advance: Advance) -> int:
        """Make, read and keep cases; returns how many were refused."""
        assert self._reader is not None
        anatomy()  # once, before several threads ask for it
        self._note("demo.add", f"{len(numbers)} patients")
        until, refused = now(), 0
        cases = CaseReader(self._files, self._reader, until)
        # Phantoms are made in some threads while the network reads those of others.
        with ThreadPoolExecutor(_threads(), "demo") as pool:
            asked = [pool.submit(cases.read, case_of(number, until)) for number in numbers]
            try:
                for finished in as_completed(asked):
                    refused += self._file(finished.result())
                    advance(1)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return refused

    def _file(self, read: ReadCase | KeptRefusal) -> bool:
        """Keep the rows of a case; whether it was refused."""
        if isinstance(read, KeptRefusal):
            self._refusals.put(read)
            return True
        with together(self._database):
            known = self._scans.by_content(read.scan.content_sha256)
            if known is None:
                self._keep(read)
        if known is not None:  # somebody uploaded the demonstration's own file
            self._forget(read.case.number)
        return False

    def _keep(self, read: ReadCase) -> None:
        patient = self._patients.find_or_create(read.case.identity, read.case.name)
        self._scans.add(replace(read.scan, patient_id=patient.id))
        self._results.add(read.result, read.watched)
        if read.review is not None:
            self._reviews.add(read.review)

    def _forget_files(self, scan_id: str) -> None:
        """Remove the files of a scan, of its results and reviews, whoever made them."""
        for result in self._results.of_scan(scan_id):
            self._files.delete_all(f"results/{result.id}")
        for review in self._reviews.of_scan(scan_id):
            self._files.delete_all(f"reviews/{review.id}")
        self._files.delete_all(f"scans/{scan_id}")

    def _forget(self, number: int) -> None:
        for kind in ("scan", "result", "review"):
            self._files.delete_all(f"{kind}s/{id_of(kind, number)}")

    def _forget_scores(self) -> None:
        try:
            forget_synthetic(self._tracking, tasks.CLINICAL)
        except TrackingAway:  # the server's next pass finds them without a scan
            log.warning("MLflow cannot be reached: what was scored of the demonstration goes later")

    def _planned(self) -> int:
        return int(self._files.get(_PLAN)) if self._files.exists(_PLAN) else 0

    def _note(self, action: str, detail: str) -> None:
        self._audit.record(AuditEvent(now(), None, action, "demo", detail))

    @contextmanager
    def _held(self) -> Iterator[None]:
        descriptor = os.open(self._home, os.O_RDONLY)
        try:
            _lock(descriptor)
            yield
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy("The demonstration is being added or removed by another process.") from None


def _threads() -> int:
    return min(_MOST_THREADS, len(os.sched_getaffinity(0)) + 1)
