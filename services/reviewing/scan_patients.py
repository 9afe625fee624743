"""Whose a scan is, where its file does not say: a person gives it to a patient, or to another one later."""

from __future__ import annotations

from datetime import date

from data import house_clock
from data.database import Database, now, together
from data.errors import NO_PATIENT, InvalidInput, NotFound
from data.ledger.in_memory import Ledger
from data.ledger.selection import patients_with
from data.records import SEXES, AuditEvent, Identity, Patient, Scan, User
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from services.permissions import Permission, require

MOST_LISTED = 20
EARLIEST_BIRTH = date(1850, 1, 1)
STATED = "The file of this scan says itself whose it is."
SYNTHETIC = "This scan was computed for a demonstration: it is of nobody."


class ScanPatients:
    """Moves scans between patients; who, when, from whom and to whom stands in the audit trail."""

    def __init__(
        self, database: Database, ledger: Ledger, patients: PatientStore, scans: ScanStore, audit: AuditLog
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._patients = patients
        self._scans = scans
        self._audit = audit

    def search(self, words: str, user: User) -> list[Patient]:
        """The first patients in whose name, id or pseudonym every word stands. Raises NotAllowed."""
        require(user, Permission.MOVE_SCANS)
        return self._patients.unmerged(patients_with(self._ledger.columns().people, words), MOST_LISTED)

    def give(self, scan_id: str, reference: str, user: User) -> Patient:
        """Let a scan be of the patient of a pseudonym or of our own id.

        Raises NotAllowed, NotFound, and InvalidInput where the file says whose it is or nothing would change.
        """
        require(user, Permission.MOVE_SCANS)
        with together(self._database):
            self._patients.lock()
            patient = self._patients.find(reference, with_identity=True)
            if patient is None:
                raise NotFound(NO_PATIENT)
            self._move(scan_id, patient, user)
        return patient

    def give_to_new(self, scan_id: str, identity: Identity, user: User) -> Patient:
        """Let a scan be of whom this identity says: of a known patient where it fits one, else of a new one.

        Raises as `give`, and InvalidInput for an identity that says nobody or makes no sense.
        """
        require(user, Permission.MOVE_SCANS)
        _check(identity)
        with together(self._database):
            self._patients.lock()
            patient = self._patients.find_or_create(identity, identity.name or identity.patient_id or "")
            self._move(scan_id, patient, user)
        return patient

    def _move(self, scan_id: str, patient: Patient, user: User) -> None:
        scan = self._scans.existing(scan_id)
        why_not = why_fixed(scan)
        if why_not:
            raise InvalidInput(why_not)
        if scan.patient_id == patient.id:
            raise InvalidInput(f"This scan is of {patient.pseudonym} already.")
        before = self._patients.get(scan.patient_id, with_identity=False)
        assert before is not None
        self._scans.give(scan_id, patient.id)
        words = f"from {before.pseudonym} to {patient.pseudonym}"
        self._audit.record(AuditEvent(now(), user.id, "scan.move", scan_id, words))


def why_fixed(scan: Scan) -> str:
    """Why a scan cannot be given to another patient; "" where it can."""
    if scan.synthetic:
        return SYNTHETIC
    return STATED if scan.grid.kind == "dicom" else ""


def _check(identity: Identity) -> None:
    if not (identity.name or "").strip() and not (identity.patient_id or "").strip():
        raise InvalidInput("Enter a name or a patient ID.")
    if identity.birth_date is not None and not EARLIEST_BIRTH <= identity.birth_date <= house_clock.today():
        raise InvalidInput("This date of birth cannot be.")
    if identity.sex not in (None, *SEXES):
        raise InvalidInput("Sex is F, M or O, or left open.")
