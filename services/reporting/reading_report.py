"""The report of one reading, made when somebody asks; only that it was fetched is kept."""

from __future__ import annotations

from datetime import datetime

from data.database import now
from data.errors import NO_SCAN, NotFound
from data.records import SYNTHETIC, AuditEvent, User
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from reports.reading_report import ReadingReport, reading_pdf, reading_text
from services.permissions import Permission, may, require
from services.reporting.key_pictures import KeyPictures, KeySlice
from services.reporting.reading_content import reading_report
from services.reporting.reports import File
from services.reviewing.scan_views import ScanView, ScanViews

PDF, TEXT = "pdf", "txt"
KINDS = {PDF: "application/pdf", TEXT: "text/plain; charset=utf-8"}
_NOT_READ = "This scan has not been read yet: there is no reading to report."


class ReadingReports:
    """Reports of single readings, as PDF and as text."""

    def __init__(
        self, scan_views: ScanViews, patients: PatientStore, pictures: KeyPictures, audit: AuditLog
    ) -> None:
        self._scan_views = scan_views
        self._patients = patients
        self._pictures = pictures
        self._audit = audit

    def text(self, scan_id: str, user: User, *, named: bool = False) -> str:
        """The report of a scan's latest result as plain text.

        With `named` it says who the patient is, where this person may see that; the pseudonym otherwise.
        Raises NotFound, also where nothing has been read yet.
        """
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        return reading_text(self._report(scan_id, user, named)[0])

    def file(self, scan_id: str, kind: str, user: User, *, named: bool = False) -> File:
        """The report as a file, `kind` being "pdf" or "txt"; noted in the audit trail.

        Raises NotFound; HeldPicture where its pictures may not leave without the patient's name.
        """
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        if kind not in KINDS:
            raise NotFound("There is no such file.")
        report, view, slices = self._report(scan_id, user, named)
        told = named and may(user, Permission.SEE_IDENTITY)
        if kind == PDF:
            content = reading_pdf(report, self._drawn(view, slices, named=told))
        else:
            content = reading_text(report).encode()
        who = "named" if told else "pseudonym"
        self._audit.record(AuditEvent(now(), user.id, "reading.report", scan_id, f"{kind}, {who}"))
        made = f"{SYNTHETIC}-" if view.scan.synthetic else ""
        return File(f"lightbox-reading-{made}{report.reading[:12]}.{kind}", content, KINDS[kind])

    def pdf(self, view: ScanView, *, named: bool, made: datetime) -> bytes:
        """The PDF of what is seen of a scan, as of a moment: the same bytes each time.

        Who asks for it with `named` has made sure that whoever gets it may know who the patient is.
        Raises NotFound, HeldPicture.
        """
        report, slices = self._of_view(view, named, made)
        return reading_pdf(report, self._drawn(view, slices, named=named), made)

    def _drawn(self, view: ScanView, slices: tuple[KeySlice, ...], *, named: bool) -> list[bytes]:
        return [self._pictures.drawn(view, chosen, named=named) for chosen in slices]

    def _report(
        self, scan_id: str, user: User, named: bool
    ) -> tuple[ReadingReport, ScanView, tuple[KeySlice, ...]]:
        view = self._scan_views.scan(scan_id, user)
        report, slices = self._of_view(view, named and may(user, Permission.SEE_IDENTITY), now())
        return report, view, slices

    def _of_view(
        self, view: ScanView, named: bool, made: datetime
    ) -> tuple[ReadingReport, tuple[KeySlice, ...]]:
        result = view.answered(_NOT_READ)
        identified = self._patients.get(view.scan.patient_id, with_identity=True)
        slices = self._pictures.chosen(view)
        report = reading_report(
            view, result, slices, identified.identity if identified else None, named=named, made=made
        )
        return report, slices
