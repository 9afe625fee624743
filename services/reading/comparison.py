"""Reading a scan once more by the version in force, to be compared: its own answer stays what it is."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

from data import formats
from data.errors import ModelUnavailable
from data.files import FileStore
from data.records import Precedence, Result, Scan, User
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from services import keys
from services.inference.engine import Engine
from services.jobs import JobContext, Jobs
from services.left_files import taken_back
from services.permissions import Permission, require
from services.reading.reader import Reader
from services.reading.reading import effort_of
from services.reading.results import keep_answer, result_of
from services.servers import Events, LocalEvents

JOB = "read-beside"
_FAILED = "comparison.failed"


class ComparisonReadings:
    """Readings as jobs, whose results are kept beside a scan's latest one."""

    def __init__(
        self,
        engine: Engine,
        reader: Reader,
        scans: ScanStore,
        results: ResultStore,
        files: FileStore,
        jobs: Jobs,
        events: Events | None = None,
    ) -> None:
        """`events`: what several servers tell each other."""
        self._engine = engine
        self._reader = reader.wanted(Precedence.LATER)
        self._scans = scans
        self._results = results
        self._files = files
        self._jobs = jobs
        self._failed: dict[str, str] = {}
        self._guard = threading.Lock()
        self._events = events or LocalEvents()
        self._events.subscribe(_FAILED, lambda word: self._note_failed(*word.split(" ", 1)))
        jobs.register(JOB, self._work, on_give_up=self._give_up)

    def version(self, task: str) -> str | None:
        """The version that reads a task's scans now; None while none is loaded."""
        try:
            return self._engine.loaded(task).version
        except ModelUnavailable:
            return None

    def request(self, scan_id: str, user: User) -> None:
        """Have a scan read; one that is under way is not doubled. Raises NotAllowed."""
        require(user, Permission.READ_AGAIN)
        with self._guard:
            self._failed.pop(scan_id, None)
        effort = replace(effort_of(self._scans.existing(scan_id)), precedence=Precedence.LATER)
        self._jobs.submit(JOB, scan_id, user.id, effort)

    def failure(self, scan_id: str) -> str | None:
        """Why the last reading came to nothing, in a sentence; None where it did not fail."""
        with self._guard:
            return self._failed.get(scan_id)

    def read(self, scan: Scan) -> Result | None:
        """Read a scan by the version in force; None where that one has read it already. Raises Busy."""
        version = self.version(scan.task)
        known = {result.provenance.model_version for result in self._results.of_scan(scan.id)}
        if version in known:
            return None
        array = self._files.get_array(keys.array(scan.id))
        read = self._reader.read(scan.task, array, scan.spacing, formats.placed_affine(scan.grid))
        result = result_of(scan, read)
        # Where the scan was erased meanwhile, nothing of it may be left.
        with taken_back(self._files, keys.result(result.id), partial(self._results.get, result.id)):
            keep_answer(self._files, result.id, read.answer)
            return self._results.add_beside(result)

    def _work(self, job: JobContext) -> None:
        scan = self._scans.get(job.subject)
        if scan is not None:
            self.read(scan)

    def _give_up(self, scan_id: str, sentence: str) -> None:
        self._note_failed(scan_id, sentence)
        self._events.publish(_FAILED, f"{scan_id} {sentence}")

    def _note_failed(self, scan_id: str, sentence: str) -> None:
        with self._guard:
            self._failed[scan_id] = sentence
