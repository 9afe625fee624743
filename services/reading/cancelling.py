"""Ending a reading that waits or runs, for good: until somebody asks for it again.

The end of the job, the scan's status and the audit trail are one transaction, and so is the end of a reading
that was done: whichever comes first counts, whatever is killed in between.
"""

from __future__ import annotations

from data.database import now
from data.records import AuditEvent, Scan, ScanStatus, User
from data.stores.audit import AuditLog
from data.stores.scans import ScanStore
from services.jobs import Jobs
from services.permissions import require, to_cancel
from services.reading.reading import JOB

ACTION = "reading.cancel"
CANCELLED = "Reading cancelled by {name} at {at:%Y-%m-%d %H:%M}."


class Cancellation:
    """Cancels readings."""

    def __init__(self, scans: ScanStore, audit: AuditLog, jobs: Jobs) -> None:
        self._scans = scans
        self._audit = audit
        self._jobs = jobs

    def cancel(self, scan_id: str, user: User) -> bool:
        """End the reading of a scan; False, and nothing, where none waits or runs: what is read stays read.

        Raises NotFound, NotAllowed.
        """
        known = self._scans.get(scan_id)
        require(user, to_cancel(user, known.uploaded_by if known else ""))
        scan = known or self._scans.existing(scan_id)
        job = self._jobs.unfinished(JOB, scan_id)
        return job is not None and self._jobs.revoke(job.id, lambda: self._note(scan, user))

    def _note(self, scan: Scan, user: User) -> None:
        moment = now()
        sentence = CANCELLED.format(name=user.display_name, at=moment.astimezone())
        self._scans.set_status(scan.id, ScanStatus.CANCELLED, sentence)
        self._audit.record(AuditEvent(moment, user.id, ACTION, scan.id))
