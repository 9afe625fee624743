"""Erasing: a patient everywhere, for a reason that somebody gives; or scans, by a rule.

Whatever the database knows goes in one transaction, with the event of the audit trail and with the note of
which files are left: after a kill before its end nothing has happened, after a kill behind it the files are
finished at the next start. Each step may be repeated, and is, while work goes on that had begun before.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from data.database import Database, new_id, now, together
from data.errors import NO_PATIENT, InvalidInput, NotFound, TrackingAway
from data.free_pages import overwrite_deleted
from data.ledger.in_memory import Ledger
from data.ledger.selection import patients_with
from data.records import (
    AuditEvent,
    AuditOutcome,
    Erasure,
    ErasureKind,
    ErasurePlan,
    ErasureState,
    JobState,
    LegalHold,
    Patient,
    User,
)
from data.stores.audit import AuditLog
from data.stores.erasures import ErasureStore
from data.stores.expired_refusals import ExpiredRefusalStore
from data.stores.jobs import JobStore
from data.stores.legal_holds import LegalHoldStore
from data.stores.patient_rows import PatientRows, PatientRowStore
from data.stores.patients import PatientStore
from services.containment import contained
from services.deidentification import without_identity
from services.identity_providers.confirmation import Given
from services.permissions import Permission, require
from services.retention.files import ErasedFiles
from services.retention.places import TABLES_REWRITTEN
from services.retention.tracked import ErasedRuns
from services.typed_input import reason_of

log = logging.getLogger(__name__)

MOST_LISTED = 20
LONGEST_REASON = 500
COMMAND = "command line"
_AWAY = "MLflow cannot be reached: what it keeps of single scans goes once it is back."
_AT_WORK = "Work that had begun before is waited for, so that nothing of it stays."
_IN_USE = "The database is in use: deleted rows are overwritten with the next try."
_AFTER_SCANS = frozenset(
    ["open", "read", "read-beside", "features", "import", "rerun", "rehearsal", "evaluation", "report"]
    + ["retraining-pack", "drift"]
)
"""Kinds of jobs that look at scans for long: one that began before may still write what it read."""


@dataclass(frozen=True)
class Holdings:
    """What is kept of a patient."""

    patient: Patient
    counts: Mapping[str, int]
    """Rows by table."""
    holds: tuple[LegalHold, ...]
    sent_to: tuple[str, ...]
    """Names of other systems that results were sent to: they keep them."""
    words_in_audit: int
    """Events of the audit trail that name the patient in words that a person wrote; they stay."""


class Erasing:
    """Takes patients and scans out of the house."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        patients: PatientStore,
        audit: AuditLog,
        files: ErasedFiles,
        runs: ErasedRuns,
        confirm: Callable[[str, Given, str, str], object],
    ) -> None:
        """`confirm` takes who asks, what they show for it, a code, and the act; it raises InvalidInput."""
        self._database = database
        self._ledger = ledger
        self._patients = patients
        self._audit = audit
        self._files = files
        self._runs = runs
        self._confirm = confirm
        self._rows = PatientRowStore(database)
        self._holds = LegalHoldStore(database)
        self._erasures = ErasureStore(database)
        self._jobs = JobStore(database)
        self._refusals = ExpiredRefusalStore(database)

    def search(self, words: str, user: User) -> list[Patient]:
        """The first patients in whose name, id or pseudonym every word stands, with identity."""
        require(user, Permission.ERASE_PATIENTS)
        known = self._patients.unmerged(patients_with(self._ledger.columns().people, words), MOST_LISTED)
        if words.split():
            told = ", ".join(patient.pseudonym for patient in known) if len(known) <= 5 else ""
            detail = f"{len(known)} found for erasing{': ' if told else ''}{told}"
            self._audit.record(AuditEvent(now(), user.id, "patient.search", "", detail))
        return known

    def holdings(self, reference: str, user: User) -> Holdings:
        """What is kept of the patient of a pseudonym or of our own id. Raises NotAllowed, NotFound."""
        require(user, Permission.ERASE_PATIENTS)
        holdings = self.holdings_of(reference)
        self._audit.record(AuditEvent(now(), user.id, "patient.holdings", holdings.patient.id))
        return holdings

    def holdings_of(self, reference: str) -> Holdings:
        """As `holdings`, for the command line. Raises NotFound."""
        patient = self._patient(reference)
        rows = self._rows.of_patient(patient.id)
        return Holdings(
            patient,
            self._rows.counts(rows),
            tuple(self._holds.of_patients(rows.owner_ids, rows.scan_ids)),
            tuple(self._rows.delivered_to(rows)),
            self._rows.words_in_audit(rows),
        )

    def erase(self, reference: str, reason: str, given: Given, user: User, code: str = "") -> Erasure:
        """Erase a patient everywhere, for good.

        `given` and `code` show once more who asks (`services.identity_providers.confirmation`). Raises
        NotAllowed, NotFound, and InvalidInput without a reason, where they show nothing, or for somebody who
        is held.
        """
        require(user, Permission.ERASE_PATIENTS)
        words = reason_of(reason, LONGEST_REASON)
        self._confirm(user.id, given, code, act_of(reference))
        return self._erase(reference, words, user.id, user.display_name)

    def erase_by_command(self, reference: str, reason: str) -> Erasure:
        """As `erase`, by whoever may run commands on the server's machine."""
        return self._erase(reference, reason_of(reason, LONGEST_REASON), None, COMMAND)

    def erase_expired(self, choose: Callable[[], Sequence[str]], rule: str) -> Erasure | None:
        """Erase the scans that `choose` gives, and patients of whom nothing else is here; None for none.

        It is asked once nobody can hold, move or bring scans. Files go with the next `resume`. Raises
        InvalidInput where one of the scans is held.
        """
        with together(self._database):
            self._rows.lock()
            rows = self._rows.of_scans(choose())
            if not rows.scan_ids:
                return None
            self._refuse_held(rows)
            return self._taken_out(rows, ErasureKind.EXPIRY, "", rule, None, "rule")

    def erase_refusals(self, before: datetime, rule: str, *, synthetic: bool) -> int:
        """Erase what was refused before a moment, by a rule; how many refusals that was."""
        with together(self._database):
            gone, upload_ids = self._refusals.take_out(before, synthetic=synthetic)
            if not gone and not upload_ids:
                return 0
            counts = {"refusals": gone, "uploads": len(upload_ids)}
            plan = ErasurePlan(upload_ids=upload_ids)
            erasure = Erasure(
                new_id(), ErasureKind.EXPIRY, "", ErasureState.FILES, rule, None, "rule", now(), (), (), plan,
                {name: n for name, n in counts.items() if n},
            )  # fmt: skip
            self._erasures.add(erasure)
            detail = f"{rule} {told(erasure.counts)}"
            self._audit.record(AuditEvent(erasure.asked_at, None, "retention.refusals", erasure.id, detail))
        return gone

    def reapply(self, erasures: Sequence[Erasure]) -> int:
        """Erase once more what a restored backup brought back of these; how many scans that was.

        Where a patient is on a hold that the backup knows it is done all the same: it had been lifted.
        """
        scans = 0
        for each in erasures:
            with together(self._database):
                self._rows.lock()
                rows = self._rows.of_scans(each.scan_ids)
                if not rows.scan_ids:
                    continue
                reason = f"erased before the restore: {each.reason}"
                again = self._taken_out(rows, each.kind, each.pseudonym, reason, None, each.asked_name)
            scans += len(rows.scan_ids)
            self._finish_quietly(again)
        return scans

    def recent(self, user: User, limit: int = 50) -> list[Erasure]:
        """The latest erasures, newest first. Raises NotAllowed."""
        require(user, Permission.SET_RETENTION)
        return self._erasures.recent(limit)

    def all(self) -> list[Erasure]:
        """Every erasure, the oldest first: ids, pseudonyms and reasons, nobody's name."""
        return self._erasures.since(None)

    def resume(self) -> None:
        """Finish whatever a stop or an outage left; may be called at any time."""
        unfinished = self._erasures.unfinished()
        if unfinished:
            self._finish_quietly(*unfinished)

    def _erase(self, reference: str, reason: str, user_id: str | None, name: str) -> Erasure:
        patient = self._patient(reference)
        reason = without_identity(reason, patient.identity)
        with together(self._database):
            self._rows.lock()
            rows = self._rows.of_patient(patient.id)
            if not rows.patient_ids:
                raise NotFound(NO_PATIENT)
            held = self._holds.of_patients(rows.owner_ids, rows.scan_ids)
            if not held:
                erasure = self._taken_out(rows, ErasureKind.PATIENT, patient.pseudonym, reason, user_id, name)
        if held:
            self._note_refused(patient, held, user_id)
            raise InvalidInput(held_words(held))
        self._finish_quietly(erasure)
        return self._known(erasure)

    def _taken_out(
        self,
        rows: PatientRows,
        kind: ErasureKind,
        pseudonym: str,
        reason: str,
        user_id: str | None,
        name: str,
    ) -> Erasure:
        """The rows go, with what says so; inside a transaction."""
        counts = self._rows.take_out(rows)
        erasure = Erasure(
            new_id(), kind, pseudonym, ErasureState.FILES, reason, user_id, name, now(),
            rows.patient_ids, rows.scan_ids, rows.plan, counts,
        )  # fmt: skip
        self._erasures.add(erasure)
        action = "patient.erase" if kind is ErasureKind.PATIENT else "retention.expire"
        detail = f"{pseudonym}: {reason} {told(counts)}" if pseudonym else f"{reason} {told(counts)}"
        patient = erasure.patient_id
        self._audit.record(
            AuditEvent(erasure.asked_at, user_id, action, patient or erasure.id, detail, patient=patient)
        )
        return erasure

    def _finish_quietly(self, *erasures: Erasure) -> None:
        contained(lambda: self._finish(erasures), "the files of erased scans are not gone yet")

    def _finish(self, erasures: Sequence[Erasure]) -> None:
        gone = {
            erasure.id: counts for erasure in erasures if (counts := self._files_gone(erasure)) is not None
        }
        if not gone:
            return
        for erasure_id in gone:
            self._erasures.forget_plan(erasure_id)  # it names studies
        in_use = not overwrite_deleted(self._database, TABLES_REWRITTEN)
        for erasure in erasures:
            if erasure.id in gone and in_use:
                self._erasures.note(erasure.id, _IN_USE)
            elif erasure.id in gone:
                self._end(erasure, gone[erasure.id])

    def _files_gone(self, erasure: Erasure) -> dict[str, int] | None:
        """What went of an erasure, where nothing can be left; else None, and a note says why."""
        before = self._running_since_before(erasure)  # asked first: what ends now may have written before
        counts = Counter(erasure.counts)
        counts.update(self._files.take_out(erasure))
        why = _AT_WORK if before else ""
        try:
            counts.update(self._runs.take_out(erasure))
        except TrackingAway:
            why = _AWAY
        self._erasures.counted(erasure.id, counts, why)
        return None if why else dict(counts)

    def _end(self, erasure: Erasure, counts: Mapping[str, int]) -> None:
        action = "patient.erased" if erasure.kind is ErasureKind.PATIENT else "retention.expired"
        patient = erasure.patient_id
        words = f"{erasure.pseudonym} {told(counts)}".strip()
        with self._audit.together():
            if self._erasures.done(erasure.id, now()):
                event = AuditEvent(
                    now(), erasure.asked_by, action, patient or erasure.id, words, patient=patient
                )
                self._audit.record(event)

    def _running_since_before(self, erasure: Erasure) -> bool:
        """Whether something is at work that may have looked at the scans before they were gone."""
        return any(
            job.state is JobState.RUNNING
            and job.kind in _AFTER_SCANS
            and job.started_at is not None
            and job.started_at <= erasure.asked_at
            for job in self._jobs.unfinished()
        )

    def _refuse_held(self, rows: PatientRows) -> None:
        held = self._holds.of_patients(rows.owner_ids, rows.scan_ids)
        if held:
            raise InvalidInput(held_words(held))

    def _note_refused(self, patient: Patient, held: Sequence[LegalHold], user_id: str | None) -> None:
        detail = f"{patient.pseudonym}: {held_words(held)}"
        self._audit.record(
            AuditEvent(now(), user_id, "patient.erase", patient.id, detail, AuditOutcome.REFUSED)
        )

    def _patient(self, reference: str) -> Patient:
        patient = self._patients.find(reference.strip(), with_identity=True)
        if patient is None:
            raise NotFound(NO_PATIENT)
        return patient

    def _known(self, erasure: Erasure) -> Erasure:
        return self._erasures.get(erasure.id) or erasure


def act_of(reference: str) -> str:
    """What somebody confirms who erases."""
    return f"erase {reference.strip()}"


def held_words(holds: Sequence[LegalHold]) -> str:
    """Why nothing is erased, as a sentence."""
    hold = holds[0]
    whose = f"{hold.pseudonym} is" if len(holds) == 1 else f"{hold.pseudonym} and others are"
    return (
        f"{whose} under legal hold since {hold.placed_at:%Y-%m-%d} (by {hold.placed_name}: {hold.reason}). "
        "Nothing is erased until somebody lifts it."
    )


def told(counts: Mapping[str, int]) -> str:
    """Counts as the audit trail has them."""
    return json.dumps(dict(sorted(counts.items())), separators=(",", ":"))
