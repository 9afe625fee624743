"""Asking reviewers to look at scans: who asked, and why."""

from __future__ import annotations

from collections.abc import Sequence

from data.database import new_id, now
from data.records import AuditEvent, ReviewRequest, User
from data.stores.audit import AuditLog
from data.stores.review_requests import ReviewRequestStore
from data.stores.scans import ScanStore
from services.permissions import Permission, require
from services.reviewing.chosen_scans import chosen_scans
from services.typed_input import reason_of

LONGEST_WHY = 300


class ReviewRequests:
    """Requests that stay open until somebody reviews the scan."""

    def __init__(self, store: ReviewRequestStore, scans: ScanStore, audit: AuditLog) -> None:
        self._store = store
        self._scans = scans
        self._audit = audit

    def ask(self, scan_ids: Sequence[str], why: str, user: User) -> int:
        """Ask for reviews; returns of how many scans. Raises InvalidInput for none, too many or no reason."""
        require(user, Permission.ASK_FOR_REVIEWS)
        wanted = chosen_scans(scan_ids)
        words = reason_of(why, LONGEST_WHY, "Say why they should be reviewed.")
        scans = [scan for scan_id in wanted if (scan := self._scans.get(scan_id)) is not None]
        moment = now()
        asked = [
            ReviewRequest(
                new_id(), scan.id, scan.task, words, user.id, user.display_name, moment, scan.synthetic
            )
            for scan in scans
        ]
        with self._audit.together():
            self._store.add(asked)
            self._audit.record(AuditEvent(moment, user.id, "review.request", f"{len(scans)} scans", words))
        return len(scans)

    def open(self, task: str | None = None) -> list[ReviewRequest]:
        """What waits for a review, newest first."""
        return self._store.open(task)

    def of_scan(self, scan_id: str) -> ReviewRequest | None:
        """The scan's open request, or None."""
        return self._store.of_scan(scan_id)

    def withdraw(self, request_id: str, user: User) -> None:
        """Take a request back; raises NotAllowed."""
        require(user, Permission.WITHDRAW_REVIEW_REQUESTS)
        with self._audit.together():
            self._store.withdraw(request_id)
            self._audit.record(AuditEvent(now(), user.id, "review.withdraw", request_id))
