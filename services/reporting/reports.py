"""Reports: made as jobs, kept byte for byte, deleted by rule.

What a report says comes from a writer, one a kind; here it is typeset, signed where the department has
set a certificate, and kept with its hash.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, Protocol

from data import house_clock
from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.files import FileStore
from data.records import AuditEvent, Report, ReportKind, ReportState, User
from data.stores.audit import AuditLog
from data.stores.reports import ReportStore
from reports.document import Document, document_json
from reports.signing import Signer
from reports.typesetting import pdf
from services import keys
from services.jobs import JobContext, Jobs
from services.permissions import Permission, require
from services.settings import Settings

JOB = "report"
MIME = {"pdf": "application/pdf", "json": "application/json", "html": "text/html; charset=utf-8"}
_GONE = "This report has been deleted."
_SYSTEM = "system"

log = logging.getLogger(__name__)

Ask = Mapping[str, str]
Progress = Callable[[float], None]
Settled = Callable[[Report], None]


@dataclass(frozen=True)
class Written:
    """What a writer gives: the content, and pages of another maker that belong to it."""

    document: Document
    html: bytes | None = None


class Writer(Protocol):
    """Writes the reports of one kind."""

    def title(self, ask: Ask) -> str:
        """What the report will be called; raises InvalidInput for an ask that cannot be met."""

    def write(self, ask: Ask, by: str, progress: Progress) -> Written:
        """The report's content; `by` is the name of who asked for it."""


class File(NamedTuple):
    """A file to be sent."""

    name: str
    content: bytes
    mime: str


class Reporting:
    """Reports of every kind."""

    def __init__(
        self,
        settings: Settings,
        store: ReportStore,
        files: FileStore,
        jobs: Jobs,
        audit: AuditLog,
        writers: Mapping[ReportKind, Writer],
    ) -> None:
        """Raises InvalidInput where a certificate is set that cannot be opened."""
        self._keep_days = settings.keep_reports_days
        self._store = store
        self._files = files
        self._jobs = jobs
        self._audit = audit
        self._writers = dict(writers)
        self._signer = (
            Signer(settings.sign_certificate, settings.sign_password) if settings.sign_certificate else None
        )
        self._listeners: list[Settled] = []
        jobs.register(JOB, self._work, on_give_up=self._give_up, limit=1)

    @property
    def signs(self) -> str | None:
        """Whose certificate reports are signed with; None where none is set."""
        return self._signer.name if self._signer else None

    @property
    def kinds(self) -> list[ReportKind]:
        """The kinds of report that can be asked for."""
        return list(self._writers)

    def when_settled(self, listener: Settled) -> None:
        """Call `listener` with every report that is made or has failed."""
        self._listeners.append(listener)

    def request(self, kind: ReportKind, ask: Ask, user: User | None) -> Report:
        """Have a report made; raises NotAllowed, InvalidInput for an ask that cannot be met.

        None: by a schedule.
        """
        if user is not None:
            require(user, Permission.USE_REPORTS)
        if kind not in self._writers:
            raise InvalidInput("There is no such kind of report.")
        asked = {name: str(value) for name, value in ask.items() if value not in (None, "")}
        by, name = (user.id, user.display_name) if user else (_SYSTEM, "schedule")
        title = self._writers[kind].title(asked)
        wanted = Report(new_id(), kind, title, asked, ReportState.WAITING, by, name, now())
        with self._audit.together():
            report = self._store.add(wanted)
            self._note("report.ask", report, user, json.dumps({"kind": kind.value, **asked}))
        self._jobs.submit(JOB, report.id, user.id if user else None)
        return report

    def recent(self, limit: int = 100, kind: ReportKind | None = None) -> list[Report]:
        """The latest reports, newest first."""
        return self._store.recent(limit, kind)

    def get(self, report_id: str) -> Report:
        """A report; raises NotFound."""
        report = self._store.get(report_id)
        if report is None:
            raise NotFound("There is no such report.")
        return report

    def progress(self, limit: int = 50) -> dict[str, float]:
        """How far reports are that are being made, by their id."""
        return {job.subject: job.progress for job in self._jobs.recent(limit, JOB) if not job.finished_at}

    def file(self, report_id: str, kind: str, user: User) -> File:
        """A report's file as it was made; raises NotAllowed, NotFound."""
        require(user, Permission.USE_REPORTS)
        report = self.get(report_id)
        if kind not in (report.files or {}):
            raise NotFound("There is no such file.")
        content = self._files.get(keys.report(report_id, kind))
        self._note("report.download", report, user, kind)
        name = f"lightbox-{report.kind}-{house_clock.day_of(report.created_at)}-{report.id[:8]}.{kind}"
        return File(name, content, MIME[kind])

    def delete(self, report_id: str, user: User) -> None:
        """Delete a report and its files; raises NotFound, NotAllowed."""
        require(user, Permission.DELETE_REPORTS)
        report = self.get(report_id)
        self._delete(report, "report.delete", user)

    def prune(self) -> int:
        """Delete what is older than the rule says; answers how many."""
        if not self._keep_days:
            return 0
        old = self._store.before(now() - timedelta(days=self._keep_days))
        for report in old:
            self._delete(report, "report.expire", None)
        return len(old)

    def _work(self, job: JobContext) -> None:
        report = self._store.get(job.subject)
        if report is None or report.state is ReportState.MADE:
            return
        written = self._writers[report.kind].write(report.ask, report.made_name, job.progress)
        job.progress(0.8)
        made = self._files_of(written)
        for kind, content in made.items():
            self._files.put(keys.report(report.id, kind), content)
        hashes = {kind: hashlib.sha256(content).hexdigest() for kind, content in made.items()}
        self._store.made(report.id, hashes, self._signer is not None)
        self._tell(report.id)
        self.prune()

    def _tell(self, report_id: str) -> None:
        report = self._store.get(report_id)
        if report is not None:
            for listener in self._listeners:
                listener(report)

    def signed_pdf(self, document: Document) -> bytes:
        """A document as PDF, with the house's signature where a certificate is set; it is not kept."""
        content = pdf(document)
        return content if self._signer is None else self._signer.signed(content, document.title)

    def _files_of(self, written: Written) -> dict[str, bytes]:
        made = {"pdf": self.signed_pdf(written.document), "json": document_json(written.document)}
        return made | ({"html": written.html} if written.html is not None else {})

    def _give_up(self, report_id: str, sentence: str) -> None:
        self._store.failed(report_id, sentence)
        self._tell(report_id)

    def _delete(self, report: Report, action: str, user: User | None) -> None:
        with self._audit.together():
            self._store.delete(report.id)  # first: a file without a report is found by nobody
            self._note(action, report, user, report.title)
        for kind in report.files or {}:
            self._files.delete(keys.report(report.id, kind))

    def _note(self, action: str, report: Report, user: User | None, detail: str) -> None:
        self._audit.record(AuditEvent(now(), user.id if user else None, action, report.id, detail))
