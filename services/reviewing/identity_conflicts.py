"""Two patients with the same number and name: a person says whether they are one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from data.database import Database, now, together
from data.errors import InvalidInput
from data.records import AuditEvent, Identity, Patient, PatientConflict, Scan, User
from data.stores.audit import AuditLog
from data.stores.patient_conflicts import PatientConflictStore
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from services.permissions import Permission, require

MOST_LISTED = 50
T = TypeVar("T")


@dataclass(frozen=True)
class PatientRecord:
    """One of the two, with all scans, the newest first."""

    patient: Patient
    identity: Identity
    scans: tuple[Scan, ...]

    @property
    def scan_days(self) -> tuple[date, ...]:
        """The days of the scans in this server's zone, the newest first: of arrival where a file has none."""
        moments = [scan.header.acquired_at or scan.created_at for scan in self.scans]
        return tuple(sorted({moment.astimezone().date() for moment in moments}, reverse=True))


@dataclass(frozen=True)
class ConflictView:
    """A conflict with all that helps to decide it; the older patient is the first."""

    id: str
    records: tuple[PatientRecord, PatientRecord]

    @property
    def birth_dates(self) -> tuple[date, ...]:
        """The dates of birth to choose from: none to choose where there are fewer than two."""
        return _distinct(record.identity.birth_date for record in self.records)

    @property
    def sexes(self) -> tuple[str, ...]:
        """The sexes to choose from."""
        return _distinct(record.identity.sex for record in self.records)


class IdentityConflicts:
    """Lists what nobody has settled, and settles it."""

    def __init__(
        self,
        database: Database,
        conflicts: PatientConflictStore,
        patients: PatientStore,
        scans: ScanStore,
        audit: AuditLog,
    ) -> None:
        self._database = database
        self._conflicts = conflicts
        self._patients = patients
        self._scans = scans
        self._audit = audit

    def open(self, user: User) -> list[ConflictView]:
        """The oldest MOST_LISTED that nobody has settled; raises NotAllowed."""
        require(user, Permission.SETTLE_IDENTITIES)
        return [self._view(conflict) for conflict in self._conflicts.open(MOST_LISTED)]

    def of_patient(self, patient_id: str, user: User) -> list[ConflictView]:
        """Those of one patient (our own id) that nobody has settled; raises NotAllowed."""
        require(user, Permission.SETTLE_IDENTITIES)
        return [self._view(conflict) for conflict in self._conflicts.of_patient(patient_id)]

    def same_person(
        self, conflict_id: str, user: User, birth_date: date | None = None, sex: str | None = None
    ) -> None:
        """Merge the two into the older one; `birth_date` and `sex` are what is right where they differ.

        Said once more it changes nothing. Raises NotFound, NotAllowed, and InvalidInput where what is right
        was not chosen or somebody has settled it in another way.
        """
        require(user, Permission.SETTLE_IDENTITIES)
        with together(self._database):
            self._patients.lock()  # what is looked at here stays so until it is settled
            conflict = self._view(self._conflicts.get(conflict_id))
            right_date = _right(conflict.birth_dates, birth_date, "date of birth")
            right_sex = _right(conflict.sexes, sex, "sex")
            if self._conflicts.merge(conflict_id, right_date, right_sex):
                said = f"date of birth {_source(conflict, 'birth_date', right_date)}"
                said += f", sex {_source(conflict, 'sex', right_sex)}"
                self._note(user, "patient.merge", conflict, f"{len(conflict.records[1].scans)} scans; {said}")

    def two_people(self, conflict_id: str, user: User) -> None:
        """Let the two stay apart, without a warning.

        Said once more it changes nothing. Raises NotFound, NotAllowed, and InvalidInput where they are
        merged.
        """
        require(user, Permission.SETTLE_IDENTITIES)
        with together(self._database):
            self._patients.lock()
            conflict = self._view(self._conflicts.get(conflict_id))
            if self._conflicts.keep_apart(conflict_id):
                self._note(user, "patient.keep-apart", conflict, "two people")

    def _note(self, user: User, action: str, conflict: ConflictView, detail: str) -> None:
        """Names pseudonyms and no date of birth: identities stand in one table, with what was wrong too."""
        older, younger = (record.patient.pseudonym for record in conflict.records)
        self._audit.record(AuditEvent(now(), user.id, action, f"{younger} and {older}", detail))

    def _view(self, conflict: PatientConflict) -> ConflictView:
        older, younger = (self._record(patient) for patient in conflict.patients)
        return ConflictView(conflict.id, (older, younger))

    def _record(self, patient: Patient) -> PatientRecord:
        assert patient.identity is not None
        return PatientRecord(patient, patient.identity, tuple(self._scans.of_patient(patient.id)))


def _distinct(values: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(value for value in values if value is not None))


def _right(known: tuple[T, ...], chosen: T | None, name: str) -> T | None:
    """The value that holds: the chosen one of two, or the only one there is."""
    if chosen is None and len(known) < 2:
        return known[0] if known else None
    if chosen not in known:
        raise InvalidInput(f"Say which {name} is right: one of the two that the records have.")
    return chosen


def _source(conflict: ConflictView, name: str, value: object) -> str:
    """Whose value it is that holds, in words without the value."""
    if value is None:
        return "unknown"
    records = conflict.records
    holders = [record.patient.pseudonym for record in records if getattr(record.identity, name) == value]
    return f"of {' and '.join(holders)}"
