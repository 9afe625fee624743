"""Readings of kept scans, as jobs: who asked, whose turn it is, and what comes of it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial

from data import formats
from data.database import now
from data.errors import Busy
from data.files import FileStore
from data.records import (
    Effort,
    Precedence,
    QueuePlace,
    Scan,
    ScanStatus,
    Urgency,
    User,
    prior_node,
)
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from services import keys
from services.inference.batcher import come_back_after
from services.jobs import JobContext, Jobs
from services.left_files import taken_back
from services.permissions import Permission, require
from services.reading.reader import Reader
from services.reading.results import features_of, keep_answer, result_of
from services.reading_words import expected_words

JOB = "read"
FULL = "{n} scans wait to be read, as many as may; please try again in {when}."
UNKNOWN_S = 60  # to wait, where too few readings tell how long the queue takes
LEFT_AFTER = timedelta(minutes=1)
"""So long after it came a scan without a job was left by an outage, not by who is about to queue it."""


class _Interrupted(Exception):
    """A reading was told to end between two pieces of a volume."""


class Reading:
    """Readings of kept scans, as jobs that survive a restart."""

    def __init__(
        self,
        reader: Reader,
        scans: ScanStore,
        results: ResultStore,
        files: FileStore,
        jobs: Jobs,
        *,
        most_queued: int = 0,
    ) -> None:
        """With `most_queued` scans in the queue programs are told to come back; 0 for no limit."""
        self._reader = reader
        self._scans = scans
        self._results = results
        self._files = files
        self._jobs = jobs
        self._most_queued = most_queued
        jobs.register(JOB, self._work, on_give_up=self._give_up, any_server=True)

    def request(self, scan_id: str, user: User | None = None) -> None:
        """Have a scan read, or read again; a reading that is under way is not doubled."""
        if user is not None:
            require(user, Permission.READ_AGAIN)
        scan = self._scans.existing(scan_id)  # one that was withdrawn has a status too
        self._scans.set_status(scan_id, ScanStatus.WAITING)
        self._jobs.submit(JOB, scan_id, user.id if user else None, effort_of(scan))

    def wait_until_read(self, scan_ids: Iterable[str], timeout_s: float) -> bool:
        """Wait until none of these scans waits to be read or is read; False when the time is up before."""
        until = time.monotonic() + timeout_s
        return all(self._jobs.wait(JOB, scan, max(0.0, until - time.monotonic())) for scan in scan_ids)

    def read_now(self, scan_id: str, user: User) -> None:
        """Have a scan read whose reading has failed or was cancelled; else nothing happens.

        So a second click, or one in another tab, has it read once. Raises NotFound, NotAllowed.
        """
        require(user, Permission.READ_AGAIN)
        if self._scans.existing(scan_id).status.ended_unread:
            self.request(scan_id, user)

    def queue(self) -> Mapping[str, QueuePlace]:
        """Where each scan stands that waits to be read or is read, by its id; as `Jobs.places`."""
        return self._jobs.places(JOB)

    def require_room(self) -> None:
        """Raises Busy where as many scans wait as may: then it says when half of them will be read."""
        if not self._most_queued:
            return
        n = self._jobs.number_unfinished(JOB)  # each upload asks: places cost more than to count
        if n < self._most_queued:
            return
        queue = self.queue()
        expected = [place.expected_s for place in queue.values() if place.expected_s is not None]
        half_s = max(expected) / 2 if expected and len(expected) == len(queue) else UNKNOWN_S
        seconds = come_back_after(half_s)
        raise Busy(FULL.format(n=n, when=expected_words(seconds)), seconds)

    def prefer(self, scan_id: str, urgency: Urgency | None) -> None:
        """Have a scan that waits to be read come before others where it is urgent, else in its turn again."""
        scan = self._scans.get(scan_id)
        if scan is not None and scan.status is ScanStatus.WAITING:
            urgent = urgency in (Urgency.CRITICAL, Urgency.URGENT)
            self._jobs.prefer(JOB, scan_id, Precedence.URGENT if urgent else effort_of(scan).precedence)

    def resume(self) -> None:
        """Have every accepted scan read that a stop of the server left unread."""
        for scan_id in self._scans.ids_with_status([status for status in ScanStatus if status.in_queue]):
            self._jobs.submit(JOB, scan_id, effort=effort_of(self._scans.existing(scan_id)))

    def take_up(self) -> None:
        """Have every accepted scan read of which an outage kept its job from being queued; once a minute."""
        under_way = self._jobs.unfinished_subjects(JOB)  # first: what ends now is in no queue then
        for scan_id in self._scans.ids_with_status([status for status in ScanStatus if status.in_queue]):
            scan = None if scan_id in under_way else self._scans.get(scan_id)
            if scan is not None and scan.created_at < now() - LEFT_AFTER:
                self._jobs.submit(JOB, scan_id, effort=effort_of(scan))

    def _work(self, job: JobContext) -> None:
        scan = self._scans.get(job.subject)
        if scan is None:
            return
        job.speak(partial(self._scans.set_status, scan.id, ScanStatus.READING))

        def advance(fraction: float) -> None:
            job.progress(fraction)
            if job.cancelled():
                raise _Interrupted

        try:
            self._read(scan, job, advance)
        except _Interrupted:  # the server is stopping: the next start reads the scan from its beginning
            job.speak(partial(self._scans.set_status, scan.id, ScanStatus.WAITING))

    def _read(self, scan: Scan, job: JobContext, advance: Callable[[float], None]) -> None:
        """Read a kept scan and keep the result, unless somebody cancels the reading before that is kept."""
        array = self._files.get_array(keys.array(scan.id))
        affine = formats.placed_affine(scan.grid)
        read = self._reader.read(scan.task, array, scan.spacing, affine, advance, job.turn)
        started = time.perf_counter()
        result = result_of(scan, read)
        features = features_of(scan, result, array, read)

        def keep() -> None:
            self._results.add(result, features)
            self._scans.set_status(scan.id, ScanStatus.READ)

        with taken_back(self._files, keys.result(result.id), partial(self._results.get, result.id)):
            keep_answer(self._files, result.id, read.answer)
            job.finish_with(keep, read.worked_s + time.perf_counter() - started)

    def _give_up(self, scan_id: str, sentence: str) -> None:
        self._scans.set_status(scan_id, ScanStatus.FAILED, sentence)


def effort_of(scan: Scan) -> Effort:
    """How much reading a scan is, and how soon somebody waits for it."""
    precedence = Precedence.CLINICAL if prior_node(scan.uploaded_by) is None else Precedence.LATER
    return Effort(scan.task, scan.slices, scan.slices * scan.height * scan.width, precedence)
