"""Legal holds: nothing of a patient is erased until somebody says why it may be."""

from __future__ import annotations

from data.database import new_id, now
from data.errors import NO_PATIENT, InvalidInput, NotFound
from data.records import AuditEvent, LegalHold, User
from data.stores.audit import AuditLog
from data.stores.legal_holds import LegalHoldStore
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from services.deidentification import without_identity
from services.permissions import Permission, require
from services.retention.erasing import COMMAND, LONGEST_REASON
from services.typed_input import reason_of

SYNTHETIC = "This patient was computed for a demonstration: there is nobody to hold."


class LegalHolds:
    """Places and lifts holds."""

    def __init__(
        self, store: LegalHoldStore, patients: PatientStore, scans: ScanStore, audit: AuditLog
    ) -> None:
        self._store = store
        self._patients = patients
        self._scans = scans
        self._audit = audit

    def place(self, reference: str, reason: str, user: User) -> LegalHold:
        """Hold the patient of a pseudonym or of our own id.

        Raises NotAllowed, NotFound, and InvalidInput without a reason or for one who is held already.
        """
        require(user, Permission.HOLD_PATIENTS)
        return self._place(reference, reason, user.id, user.display_name)

    def place_by_command(self, reference: str, reason: str) -> LegalHold:
        """As `place`, by whoever may run commands on the server's machine."""
        return self._place(reference, reason, None, COMMAND)

    def lift(self, hold_id: str, reason: str, user: User) -> LegalHold:
        """End a hold. Raises NotAllowed, NotFound, and InvalidInput without a reason."""
        require(user, Permission.HOLD_PATIENTS)
        return self._lift(hold_id, reason, user.id, user.display_name)

    def lift_by_command(self, reference: str, reason: str) -> LegalHold:
        """End the hold on a patient, by whoever may run commands on the server's machine."""
        patient = self._patients.find(reference.strip(), with_identity=False)
        holds = [] if patient is None else self._store.of_patients([patient.id])
        if not holds:
            raise NotFound("There is no hold on this patient.")
        return self._lift(holds[0].id, reason, None, COMMAND)

    def all(self, user: User) -> list[LegalHold]:
        """Every hold, those that hold first. Raises NotAllowed."""
        require(user, Permission.SET_RETENTION)
        return self._store.all()

    def listed(self) -> list[LegalHold]:
        """As `all`, for the command line."""
        return self._store.all()

    def _place(self, reference: str, reason: str, user_id: str | None, name: str) -> LegalHold:
        patient = self._patients.find(reference.strip(), with_identity=True)
        if patient is None:
            raise NotFound(NO_PATIENT)
        scans = self._scans.of_patient(patient.id)
        if scans and all(scan.synthetic for scan in scans):
            raise InvalidInput(SYNTHETIC)
        words = without_identity(reason_of(reason, LONGEST_REASON), patient.identity)
        hold = LegalHold(new_id(), patient.id, patient.pseudonym, words, user_id or "", name, now())
        with self._audit.together():
            self._store.place(hold)
            detail = f"{patient.pseudonym}: {words}"
            self._audit.record(AuditEvent(hold.placed_at, user_id, "hold.place", patient.id, detail))
        return hold

    def _lift(self, hold_id: str, reason: str, user_id: str | None, name: str) -> LegalHold:
        words = reason_of(reason, LONGEST_REASON)
        with self._audit.together():
            known = next((hold for hold in self._store.all() if hold.id == hold_id), None)
            patient = known and self._patients.get(known.patient_id, with_identity=True)
            if patient:
                words = without_identity(words, patient.identity)
            hold = self._store.lift(hold_id, user_id or "", name, now(), words)
            detail = f"{hold.pseudonym}: {words}"
            self._audit.record(AuditEvent(now(), user_id, "hold.lift", hold.patient_id, detail))
        return hold
