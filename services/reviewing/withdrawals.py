"""Wrong uploads: a scan is taken back for a reason, as if it were not here, and can be restored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.database import Database, now, together
from data.errors import NO_SCAN, NotFound
from data.records import AuditEvent, Patient, Result, User, Withdrawal
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.withdrawals import WithdrawalStore
from services.permissions import Permission, may, require
from services.typed_input import reason_of

LONGEST_REASON = 500


@dataclass(frozen=True)
class WithdrawnView:
    """A withdrawn scan as one viewer may see it."""

    withdrawal: Withdrawal
    patient: Patient


class Withdrawals:
    """Takes scans back and restores them; bytes, results and reviews stay."""

    def __init__(
        self,
        database: Database,
        store: WithdrawalStore,
        scans: ScanStore,
        results: ResultStore,
        reviews: ReviewStore,
        patients: PatientStore,
        audit: AuditLog,
        read: Callable[[str], None],
        judged: Callable[[Result], None],
    ) -> None:
        """`read` has a scan read; `judged` is told of each reviewed result that stops or starts counting."""
        self._database = database
        self._store = store
        self._scans = scans
        self._results = results
        self._reviews = reviews
        self._patients = patients
        self._audit = audit
        self._read = read
        self._judged = judged

    def withdraw(self, scan_id: str, reason: str, user: User) -> None:
        """Take a scan back; said once more it changes nothing.

        Raises NotAllowed, NotFound, and InvalidInput without a reason.
        """
        require(user, Permission.WITHDRAW_SCANS)
        words = reason_of(reason, LONGEST_REASON, "Say why this scan is withdrawn.")
        moment = now()
        withdrawal = Withdrawal(scan_id, words, user.id, user.display_name, moment)
        with together(self._database):
            if self._store.add(withdrawal):
                self._audit.record(AuditEvent(moment, user.id, "scan.withdraw", scan_id, words))
        self._tell(scan_id)

    def restore(self, scan_id: str, user: User) -> None:
        """Let a withdrawn scan be here again, and have it read if it was not; nothing changes for others.

        Raises NotAllowed, NotFound.
        """
        require(user, Permission.WITHDRAW_SCANS)
        with together(self._database):
            if self._store.remove(scan_id):
                self._audit.record(AuditEvent(now(), user.id, "scan.restore", scan_id))
        scan = self._scans.existing(scan_id)
        self._tell(scan_id)
        if scan.status.in_queue:
            self._read(scan_id)

    def of_scan(self, scan_id: str, viewer: User) -> WithdrawnView | None:
        """Who withdrew a scan, when and why; None where it was not. Raises NotFound for who sees none."""
        require(viewer, Permission.SEE_SCANS, hidden=NO_SCAN)
        known = self._store.get(scan_id)
        if known is None:
            return None
        patient = self._patients.get(known[1], with_identity=may(viewer, Permission.SEE_IDENTITY))
        assert patient is not None
        return WithdrawnView(known[0], patient)

    def refuse_withdrawn(self, scan_id: str, viewer: User) -> None:
        """Raises NotFound, as of a scan that never was, for all but those who may restore a withdrawn one."""
        if not may(viewer, Permission.WITHDRAW_SCANS) and self._store.get(scan_id) is not None:
            raise NotFound(NO_SCAN)

    def _tell(self, scan_id: str) -> None:
        reviewed = {review.result_id for review in self._reviews.of_scan(scan_id)}
        for result in self._results.of_scan(scan_id):
            if result.id in reviewed:
                self._judged(result)
