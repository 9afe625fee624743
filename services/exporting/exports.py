"""Exports: a scan's result as a file for another system, made when somebody asks."""

from __future__ import annotations

from dataclasses import dataclass

from data.database import now
from data.errors import NO_SCAN, InvalidInput, NotFound
from data.files import FileStore
from data.records import AuditEvent, User
from data.stores.audit import AuditLog
from reports.dicom.origin import Subject
from services.exporting.dicom_files import DicomFiles
from services.exporting.forms import AS_USUAL, LABELS, Ask, Form, why_not
from services.exporting.versions import COUNTING, LAYERS, ResultVersion, version_of
from services.permissions import Permission, may, require
from services.reporting.reports import File
from services.reviewing.pictures import Pictures
from services.reviewing.worklist import ScanView, Worklist

NOT_READ = "This scan has not been read yet: there is no result to export."
NO_SUCH_FORM = "There is no such form of a result."


@dataclass(frozen=True)
class Offer:
    """A form that a scan's result can be had in."""

    form: Form
    label: str


class Exports:
    """Makes files; keeps nothing but that they were fetched."""

    def __init__(self, worklist: Worklist, files: FileStore, pictures: Pictures, audit: AuditLog) -> None:
        self._worklist = worklist
        self._audit = audit
        self._dicom = DicomFiles(files, pictures)

    def offers(self, scan_id: str, user: User) -> tuple[Offer, ...]:
        """What can be had of a scan's result; nothing where it has not been read. Raises NotFound."""
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        view = self._worklist.scan(scan_id, user)
        if view.result is None:
            return ()
        version = version_of(view, view.result, COUNTING)
        return tuple(Offer(form, LABELS[form]) for form in Form if why_not(version, form) is None)

    def file(self, scan_id: str, form: str, user: User, ask: Ask = AS_USUAL) -> File:
        """A scan's result as a file; noted in the audit trail.

        Raises NotFound, also where nothing has been read yet, and with the reason where the result cannot be
        had in this form; InvalidInput for a form or layer that there is not.
        """
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        if form not in list(Form) or ask.layer not in LAYERS:
            raise InvalidInput(NO_SUCH_FORM)
        view, wanted = self._worklist.scan(scan_id, user), Form(form)
        version = _version(view, ask)
        refused = why_not(version, wanted)
        if refused is not None:
            raise NotFound(refused)
        origin = self._dicom.origin(version, _subject(view, user, named=ask.named))
        file = self._dicom.segmentation(version, origin, ask)
        who = "named" if origin.subject.named else "pseudonym"
        said = f"{form}, {version.layer}, {who}"
        self._audit.record(AuditEvent(now(), user.id, "scan.export", scan_id, said))
        return file


def _subject(view: ScanView, user: User, *, named: bool) -> Subject:
    """The patient: by pseudonym unless the identity is asked for by who may see it."""
    identity, pseudonym = view.patient.identity, view.patient.pseudonym
    if not named or identity is None or not may(user, Permission.SEE_IDENTITY):
        return Subject(pseudonym)
    return Subject(pseudonym, identity.name, identity.patient_id, identity.birth_date, named=True)


def _version(view: ScanView, ask: Ask) -> ResultVersion:
    if view.result is None:
        raise NotFound(NOT_READ)
    return version_of(view, view.result, ask.layer)
