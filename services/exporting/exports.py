"""Exports: a scan's result as a file for another system, made when somebody asks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from data.database import now
from data.errors import NO_SCAN, HeldPicture, InvalidInput, NotFound
from data.files import FileStore
from data.records import AuditEvent, User
from data.stores.audit import AuditLog
from data.stores.study_identifiers import StudyIdentifierStore
from reports.dicom.origin import Origin, Subject
from services.exporting.dicom_files import DicomFiles
from services.exporting.forms import (
    AS_USUAL,
    LABELS,
    NO_SUCH_VERSION,
    PLAIN,
    REPLACING,
    TO_NODES_ALONE,
    Ask,
    Form,
    why_not,
)
from services.exporting.plain_files import PlainFiles, packed, read_me
from services.exporting.plain_reports import PlainReports
from services.exporting.scan_packages import ScanPackages
from services.exporting.versions import COUNTING, LAYERS, ResultVersion, version_of
from services.permissions import Permission, may, require
from services.reporting.key_pictures import KeyPictures
from services.reporting.reading_report import ReadingReports
from services.reporting.reports import File
from services.reviewing.patients import Patients
from services.reviewing.pictures import Pictures
from services.reviewing.prior import Prior, prior_of
from services.reviewing.scan_views import ScanView, ScanViews

NOT_READ = "This scan has not been read yet: there is no result to export."
NO_SUCH_FORM = "There is no such form of a result."
_MANY = (Form.SC, Form.PNG, Form.ALL)  # more than one file: a zip


@dataclass(frozen=True)
class Offer:
    """A form that a scan's result can be had in."""

    form: Form
    label: str


class Exports:
    """Makes files; keeps nothing but that they were fetched."""

    def __init__(
        self,
        scan_views: ScanViews,
        files: FileStore,
        pictures: Pictures,
        key_pictures: KeyPictures,
        reports: ReadingReports,
        plain_reports: PlainReports,
        patients: Patients,
        audit: AuditLog,
        identifiers: StudyIdentifierStore,
    ) -> None:
        self._scan_views = scan_views
        self._identifiers = identifiers
        self._audit = audit
        self._dicom = DicomFiles(files, pictures, key_pictures, reports)
        self._plain = PlainFiles(pictures, key_pictures)
        self._packages = ScanPackages(files, identifiers)
        self._reports = plain_reports
        self._patients = patients

    def offers(self, scan_id: str, user: User) -> tuple[Offer, ...]:
        """What can be had of a scan's result; nothing where it has not been read. Raises NotFound."""
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        view = self._scan_views.scan(scan_id, user)
        if view.answer is None:
            return ()
        version = version_of(view, view.answer, COUNTING)
        offered = (form for form in Form if form not in TO_NODES_ALONE)
        return tuple(Offer(form, LABELS[form]) for form in offered if why_not(version, form) is None)

    def file(self, scan_id: str, form: str, user: User, ask: Ask = AS_USUAL) -> File:
        """A scan's result as a file; noted in the audit trail.

        Raises NotFound, also where nothing has been read yet, and with the reason where the result cannot be
        had in this form; InvalidInput for a form or layer that there is not; HeldPicture where its pictures
        may not leave without the patient's name (`all` leaves them out and says so).
        """
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        if form not in list(Form) or form in TO_NODES_ALONE or ask.layer not in LAYERS:
            raise InvalidInput(NO_SUCH_FORM)
        version, wanted = _version(self._scan_views.scan(scan_id, user), ask), Form(form)
        refused = why_not(version, wanted, ask.layer)
        if refused is not None:
            raise NotFound(refused)
        subject = self._subject(version.view, named=ask.named and may(user, Permission.SEE_IDENTITY))
        prior = self._prior(version.view, user) if wanted in (Form.TEXT, Form.ALL) else None
        if wanted is Form.ALL:
            files = self._everything(version, subject, ask, prior)
        else:
            files = self._made(wanted, version, subject, self._origin(wanted, version, subject), ask, prior)
        file = packed(f"{version.file_name}-{form}.zip", files) if wanted in _MANY else files[0]
        who = "named" if subject.named else "pseudonym"
        said = f"{form}, {version.layer}, {who}"
        self._audit.record(AuditEvent(now(), user.id, "scan.export", scan_id, said))
        return file

    def counting(self, scan_id: str, result_id: str) -> ResultVersion:
        """What counts of a result now, for our own work: seen by nobody, with the identity.

        Raises NotFound.
        """
        view = self._scan_views.unblinded(scan_id, result_id)
        if view.result is None:
            raise NotFound(NO_SUCH_VERSION)
        return ResultVersion(view, view.result)

    def named_files(self, version: ResultVersion, form: Form) -> list[File]:
        """A version's files of a form with the patient's identity, for systems that know the patient.

        Raises NotFound with the reason where it cannot be had in this form.
        """
        refused = why_not(version, form)
        if refused is not None:
            raise NotFound(refused)
        if form is Form.SYNC:
            return [self._packages.file(version)]
        subject = self._subject(version.view, named=True)
        return self._made(form, version, subject, self._origin(form, version, subject), AS_USUAL)

    def _subject(self, view: ScanView, *, named: bool) -> Subject:
        """The patient: by pseudonym unless the identity is asked for."""
        identity, pseudonym = view.patient.identity, view.patient.pseudonym
        if not named or identity is None:
            return Subject(pseudonym)
        said = tuple(sorted(self._identifiers.get(view.scan.id).items()))
        return Subject(pseudonym, identity.name, identity.patient_id, identity.birth_date, True, said)

    def findings(self, scan_id: str, user: User) -> str:
        """What counts of a scan's result as a text for a report; "" where there is none. Raises NotFound."""
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        view = self._scan_views.scan(scan_id, user)
        if view.answer is None:
            return ""
        version = version_of(view, view.answer, COUNTING)
        return self._reports.findings(version, self._prior(view, user))

    def _prior(self, view: ScanView, user: User) -> Prior | None:
        return prior_of(self._patients, view.scan.id, view.patient.pseudonym, user)

    def _origin(self, form: Form, version: ResultVersion, subject: Subject) -> Origin | None:
        """What DICOM objects share; None where a form needs none, or does without."""
        if not _is_dicom(version) or (form in PLAIN and form not in REPLACING):
            return None
        try:
            return self._dicom.origin(version, subject)
        except NotFound:
            if form in PLAIN:
                return None
            raise

    def _made(
        self,
        form: Form,
        version: ResultVersion,
        subject: Subject,
        origin: Origin | None,
        ask: Ask,
        prior: Prior | None = None,
    ) -> list[File]:
        """The files of a form; `origin` is there for all that are DICOM."""
        match form:
            case Form.PNG:
                return self._plain.pictures(version)
            case Form.CSV:
                return [self._plain.table(version)]
            case Form.TEXT:
                return [self._reports.text(version, prior)]
            case Form.FHIR_R4 | Form.FHIR_R5:
                return [self._reports.resources(form, version, subject, origin, ask)]
            case Form.HL7:
                return [self._reports.message(version, subject, origin, ask)]
            case _:
                assert origin is not None
                return self._objects(form, version, origin, ask)

    def _objects(self, form: Form, version: ResultVersion, origin: Origin, ask: Ask) -> list[File]:
        """The DICOM objects of a form."""
        match form:
            case Form.SEG:
                return [self._dicom.segmentation(version, origin, ask)]
            case Form.SR:
                return [self._dicom.report(version, origin)]
            case Form.SC:
                return self._dicom.captures(version, origin)
            case Form.GSPS:
                return [self._dicom.state(version, origin)]
            case Form.PDF:
                return [self._dicom.pdf(version, origin)]
            case _:
                return [self._dicom.rejection(version, origin)]

    def _everything(
        self, version: ResultVersion, subject: Subject, ask: Ask, prior: Prior | None
    ) -> list[File]:
        """Whatever can be had, with a file that says what is what."""
        files, origin = self._plain.masks(version), None
        held: dict[str, str] = {}
        with suppress(NotFound):  # without its series a scan still has its plain files
            origin = self._dicom.origin(version, subject) if _is_dicom(version) else None
        for form in Form:
            if (
                form in (Form.ALL, *TO_NODES_ALONE)
                or why_not(version, form, ask.layer) is not None
                or (origin is None and form not in PLAIN)
            ):
                continue
            try:
                files += self._made(form, version, subject, origin, ask, prior)
            except HeldPicture as why:
                held[LABELS[form]] = str(why)
            except NotFound:  # what only the instances tell: no frame of reference
                continue
        return [read_me(version, files, held), *files]


def _is_dicom(version: ResultVersion) -> bool:
    return version.view.scan.grid.kind == "dicom"


def _version(view: ScanView, ask: Ask) -> ResultVersion:
    return version_of(view, view.answered(NOT_READ), ask.layer)
