"""A drift run as files: whole inside the house, without what stands for few outside of it."""

from __future__ import annotations

import json

from data.database import now
from data.errors import NotFound
from data.records import AuditEvent, User
from data.stores.audit import AuditLog
from reports.drift_html import handed_on
from services.cohort.exports import Export
from services.cohort.small_numbers import Audience, audience_asked, audience_of_pages
from services.drift.runs import DriftRuns
from services.permissions import Permission, require

DRIFT, TRUTH = "drift", "truth"
_HOUSE = "Evidently's page on classification tells counts of few and is for the house only."


class DriftExports:
    """Writes; each file that leaves is noted in the audit trail."""

    def __init__(self, runs: DriftRuns, audit: AuditLog) -> None:
        self._runs = runs
        self._audit = audit

    def json(self, run_id: str, user: User, audience: str | None = None) -> Export:
        """Every number of a run; inside byte for byte as it was kept. Raises NotFound.

        For `outside` unless it is said, as every file; raises as `audience_asked` does.
        """
        require(user, Permission.SEE_DRIFT)
        readers = audience_asked(audience, user)
        content = self._runs.content(run_id)
        if readers.withholds:
            content = json.dumps(self._runs.told(run_id, readers), allow_nan=False, indent=1).encode()
        return self._noted(run_id, "json", content, user, readers)

    def html(self, run_id: str, page: str, user: User, audience: str | None = None) -> Export:
        """Evidently's page inside, a page of our own outside; of the truth there is none outside."""
        require(user, Permission.SEE_DRIFT)
        readers = audience_asked(audience, user)
        content = self._page(run_id, page, readers)
        return self._noted(run_id, f"{page}.html", content, user, readers)

    def shown(self, run_id: str, page: str, user: User) -> bytes:
        """The same page to look at, as this person's pages are told numbers; raises NotFound."""
        require(user, Permission.SEE_DRIFT)
        return self._page(run_id, page, audience_of_pages(user))

    def _page(self, run_id: str, page: str, readers: Audience) -> bytes:
        if not readers.withholds:
            return self._runs.html(run_id, page)
        if page == TRUTH:
            raise NotFound(_HOUSE)
        return handed_on(self._runs.told(run_id, readers)).encode()

    def _noted(self, run_id: str, kind: str, content: bytes, user: User, readers: Audience) -> Export:
        words = "" if readers.withholds else "-for-the-house"
        name, ending = (DRIFT, kind) if "." not in kind else kind.split(".")
        subject = kind if readers.withholds else f"{kind}, for the house"
        self._audit.record(AuditEvent(now(), user.id, "drift.export", subject, f"run={run_id}"))
        mime = "application/json" if ending == "json" else "text/html; charset=utf-8"
        return Export(f"lightbox-{name}-{run_id[:8]}{words}.{ending}", content, mime)
