"""Bulk import: a folder or archive with thousands of files is read as one job.

What there is to do is in the database, item by item; a run may end at any moment, by a person or
by a kill, and the next one goes on with what is left. A lock in the home folder, which the system
releases with the process, keeps two runs of one import apart.
"""

from __future__ import annotations

import csv
import fcntl
import io
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from data.database import Database, new_id, now
from data.errors import Busy, InvalidInput, NotFound
from data.files import FileStore
from data.labelled.labels import LabelRow, read_labels
from data.records import (
    AuditEvent,
    Import,
    ImportProgress,
    ImportState,
    Refusal,
    User,
)
from data.stores.audit import AuditLog
from data.stores.imports import ImportStore
from services.importing.inventory import items_of, tree_of
from services.importing.progress import Advance, ProgressCounter
from services.importing.run import ImportRun
from services.importing.workplace import Here, Workplace, WorkplaceOf
from services.importing.writer import ImportWriter
from services.jobs import JobContext, Jobs
from services.permissions import Permission, require
from services.reading.reader import Reader
from services.reviewing.review import ReviewListener
from services.servers import Alone, LocalEvents
from services.settings import Settings
from services.task_words import findings

JOB = "import"
LOOKED_EVERY_S = 0.5  # whether somebody paused it
OPEN = (ImportState.LISTING, ImportState.RUNNING)
_ELSEWHERE = "This import is under way in another process."


@dataclass(frozen=True)
class ImportView:
    """An import and how far it is."""

    import_: Import
    progress: ImportProgress


class Importing:
    """Starts, pauses, goes on with and reports imports."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        files: FileStore,
        reader: Reader | None,
        jobs: Jobs | None = None,
        reviewed: ReviewListener = lambda _: None,
        elsewhere: WorkplaceOf | None = None,
        alone: Alone | None = None,
    ) -> None:
        """Without `jobs` nothing runs by itself: whoever calls `run` waits for it.

        Without a reader nothing can be run here; `elsewhere` is where items are decoded and read instead.
        `reviewed` is told of results whose truth came with a label. `alone` says whether no other server of
        the house is within it.
        """
        self._no_other_server = alone or LocalEvents().alone
        self._settings = settings
        self._imports = ImportStore(database)
        self._writer = ImportWriter(database, files, self._imports, reviewed)
        self._reader = reader
        self._elsewhere = elsewhere
        self._audit = AuditLog(database)
        self._jobs = jobs
        self._home = settings.home / "imports"
        if jobs is not None:
            jobs.register(JOB, self._job, on_give_up=self._give_up, limit=1)

    def start_below(self, user: User, folder: str, labels: str = "") -> Import:
        """Start an import for a person at the page; both paths lie in the server's import folder.

        Raises InvalidInput for anything outside it and as `start` does.
        """
        require(user, Permission.IMPORT)
        if not folder.strip():
            raise InvalidInput("Enter the folder to import.")
        table = self._below(labels.strip()) if labels.strip() else None
        return self.start(self._below(folder.strip()), table, user)

    def _below(self, text: str) -> Path:
        top = self._settings.imports_from.resolve()
        path = (top / text).resolve()
        if not path.is_relative_to(top):
            raise InvalidInput(f"Only what lies in {top} can be imported from this page.")
        return path

    def start(self, folder: Path, labels: Path | None = None, user: User | None = None) -> Import:
        """Begin an import; the unfinished one of the same folder and table, if there is one.

        Raises InvalidInput for a folder or table that is not there or cannot be understood.
        """
        if user is not None:
            require(user, Permission.IMPORT)
        folder, table = folder.resolve(), None if labels is None else labels.resolve()
        if not folder.exists():
            raise InvalidInput(f"There is no folder {folder}.")
        if table is not None:
            read_labels(table, findings())
        same = (str(folder), None if table is None else str(table))
        for known in self._imports.with_state((*OPEN, ImportState.PAUSED)):
            if (known.folder, known.labels) == same:
                return self.take_up(known.id, user)
        import_ = Import(new_id(), *same, ImportState.LISTING, user.id if user else None, now())
        if table is not None:  # what the import began with counts, whatever becomes of the table
            self._own(import_.id).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(table, self._own(import_.id) / "labels.csv")
        with self._audit.together():
            self._imports.add(import_)
            self._note("import.start", import_.id, user, import_.folder)
        self._submit(import_)
        return import_

    def pause(self, import_id: str, user: User | None = None) -> Import:
        """Have a run end after what it has in hand. Raises NotFound, InvalidInput if it is over."""
        if user is not None:
            require(user, Permission.IMPORT)
        self._imports.require(import_id)
        with self._audit.together():
            if not self._imports.move(import_id, ImportState.PAUSED, only_from=(*OPEN, ImportState.PAUSED)):
                raise InvalidInput("This import is over.")
            self._note("import.pause", import_id, user)
        return self._imports.require(import_id)

    def take_up(self, import_id: str, user: User | None = None) -> Import:
        """Go on with an import that was paused, interrupted, or left items that failed.

        Raises NotFound, InvalidInput where nothing is left to do.
        """
        if user is not None:
            require(user, Permission.IMPORT)
        import_ = self._imports.require(import_id)
        if import_.state is ImportState.DONE and not self._imports.progress(import_id).failed:
            raise InvalidInput("This import is finished.")
        if import_.state not in OPEN:
            with self._audit.together():
                self._imports.retry_failed(import_id)
                self._imports.move(import_id, ImportState.LISTING)
                self._note("import.resume", import_id, user)
        self._submit(import_)
        return self._imports.require(import_id)

    def find(self, start_of_id: str = "") -> Import:
        """The import whose id begins so; without any, the latest. Raises NotFound."""
        matching = [import_ for import_ in self._imports.recent(1000) if import_.id.startswith(start_of_id)]
        if not matching or (start_of_id and len(matching) > 1):
            raise NotFound("There is no such import." if not matching else "Several imports begin like this.")
        return matching[0]

    def view(self, import_id: str) -> ImportView:
        """An import and how far it is; raises NotFound."""
        return ImportView(self._imports.require(import_id), self._imports.progress(import_id))

    def recent(self, limit: int = 10) -> list[ImportView]:
        """The latest imports, newest first."""
        return [
            ImportView(import_, self._imports.progress(import_.id)) for import_ in self._imports.recent(limit)
        ]

    def refusals(self, import_id: str) -> list[Refusal]:
        """Everything that was not read, and why; raises NotFound."""
        self._imports.require(import_id)
        return self._imports.refusals(import_id)

    def report_csv(self, import_id: str) -> str:
        """The refusals as a table: file, code, reason."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(("file", "code", "reason"))
        writer.writerows(
            (_cell(refusal.name), refusal.code, _cell(refusal.sentence))
            for refusal in self.refusals(import_id)
        )
        return text.getvalue()

    def resume(self) -> None:
        """At the server's start: go on with what a stop or a kill left unfinished."""
        for import_ in self._imports.with_state(OPEN):
            self._submit(import_)

    def goes_on(self) -> bool:
        """Whether any import is being listed or read."""
        return bool(self._imports.with_state(OPEN))

    def run(
        self,
        import_id: str,
        advance: Advance = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> ImportView:
        """Work on an import until it is done, paused or `stop` says so; how far it got comes back.

        Raises Busy while another process works on it, InvalidInput where the folder cannot be read.
        """
        import_ = self._imports.require(import_id)
        if import_.state in OPEN:
            with self._held(import_id):
                self._listed(import_)
                if self._imports.move(import_id, ImportState.RUNNING, only_from=OPEN):
                    self._work(import_, advance, stop)
                    self._settle(import_id)
        return self.view(import_id)

    def _listed(self, import_: Import) -> None:
        if self._imports.progress(import_.id).items:
            return
        try:
            self._list(import_)
        except InvalidInput as error:
            self._give_up(import_.id, str(error))
            raise

    def _list(self, import_: Import) -> None:
        table = import_.labels and Path(import_.labels)
        tree = tree_of(Path(import_.folder), self._unpacked(import_.id))
        rows = self._rows(import_)
        beside = table.parent if table else tree.top
        self._imports.replace_items(import_.id, items_of(import_.id, tree, rows, beside))

    def _work(self, import_: Import, advance: Advance, stop: Callable[[], bool]) -> None:
        work = self._own(import_.id) / "work"
        shutil.rmtree(work, ignore_errors=True)  # what a killed run left
        work.mkdir(parents=True)
        folder = Path(import_.folder)
        unpacked = self._unpacked(import_.id)
        root = unpacked if unpacked.exists() else folder if folder.is_dir() else folder.parent
        rows, workplace_of = self._rows(import_), self._elsewhere or self._here
        run = ImportRun(import_, root, rows, work, self._imports, self._writer, workplace_of)
        counted = ProgressCounter(self._imports.progress(import_.id), advance)
        try:
            run.run(counted, self._or_paused(import_.id, stop))
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _here(self, work: Path, ending: threading.Event) -> Workplace:
        assert self._reader is not None, "this one only looks"
        return Here(self._settings, self._reader, work, ending)

    def _settle(self, import_id: str) -> None:
        """If nothing is left to do the import is done, even if it was paused at the last moment."""
        progress = self._imports.progress(import_id)
        if progress.done + progress.failed == progress.items:
            self._imports.move(import_id, ImportState.DONE, only_from=(*OPEN, ImportState.PAUSED))
            if not progress.failed:
                shutil.rmtree(self._own(import_id), ignore_errors=True)

    def _or_paused(self, import_id: str, stop: Callable[[], bool]) -> Callable[[], bool]:
        looked_at = time.monotonic()

        def told_to_end() -> bool:
            nonlocal looked_at
            if stop():
                return True
            if time.monotonic() - looked_at < LOOKED_EVERY_S:
                return False
            looked_at = time.monotonic()
            return self._imports.require(import_id).state not in OPEN

        return told_to_end

    @contextmanager
    def _held(self, import_id: str) -> Iterator[None]:
        self._own(import_id).mkdir(parents=True, exist_ok=True)
        with (self._own(import_id) / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(_ELSEWHERE) from None
            with self._no_other_server(f"import {import_id}") as alone:
                if not alone:
                    raise Busy(_ELSEWHERE)
                yield

    def _job(self, job: JobContext) -> None:
        def advance(progress: ImportProgress) -> None:
            job.progress(progress.fraction)

        self.run(job.subject, advance, job.cancelled)

    def _give_up(self, import_id: str, sentence: str) -> None:
        self._imports.move(import_id, ImportState.FAILED, only_from=OPEN, failure=sentence)

    def _submit(self, import_: Import) -> None:
        if self._jobs is not None:
            self._jobs.submit(JOB, import_.id, import_.user_id)

    def _rows(self, import_: Import) -> tuple[LabelRow, ...]:
        if import_.labels is None:
            return ()
        copy = self._own(import_.id) / "labels.csv"
        if not copy.exists() and Path(import_.labels).exists():  # another server has begun it
            shutil.copyfile(import_.labels, copy)
        return read_labels(copy, findings())

    def _own(self, import_id: str) -> Path:
        return self._home / import_id

    def _unpacked(self, import_id: str) -> Path:
        return self._own(import_id) / "unpacked"

    def _note(self, action: str, import_id: str, user: User | None, detail: str = "") -> None:
        self._audit.record(AuditEvent(now(), user.id if user else None, action, import_id, detail))


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
