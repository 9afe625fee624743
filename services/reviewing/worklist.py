"""The worklist: pages of scans, what waits for somebody, which comes next, and whether anything changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from data.errors import NO_SCAN
from data.ledger.bands import NONE
from data.ledger.blinding import Hidden
from data.ledger.worklist import WorklistStore
from data.records import (
    DoubtKind,
    KindCount,
    QueuePlace,
    ScanStatus,
    Urgency,
    User,
    WorklistPage,
    WorklistQuery,
    WorklistRow,
)
from data.stores.scans import ScanStore
from services.addresses import WorklistAddress
from services.permissions import Permission, may, require, to_cancel
from services.reading_words import queue_words
from services.reviewing.blinding import Blinding
from services.reviewing.second_readings import SecondReadings
from services.standing.acceptances import Acceptances
from services.standing.suspensions import Suspensions

BY_URGENCY = (("urgency", True),)
"""How the worklist is ordered where its address says nothing: equal ones the newest first."""
Filters = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Counter:
    """How many scans fit filters that matter, by kind; `name` is one of `_COUNTED` or "mine"."""

    name: str
    n: KindCount
    filters: Filters


_COUNTED: dict[str, Filters] = {
    "unread": {"status": (ScanStatus.READ.value,)},
    "urgent": {"urgency": (Urgency.CRITICAL.value, Urgency.URGENT.value)},
    "suggested": {"urgency": (Urgency.SUGGESTED.value,)},
    "doubtful": {"doubt": (DoubtKind.UNCERTAIN.value, DoubtKind.OUTLINE.value)},
}


class Worklist:
    """Reads; changes nothing."""

    def __init__(
        self,
        store: WorklistStore,
        scans: ScanStore,
        second: SecondReadings,
        blinding: Blinding,
        queue: Callable[[], Mapping[str, QueuePlace]],
        suspensions: Suspensions,
        acceptances: Acceptances,
    ) -> None:
        """`queue` says what waits to be read, by scan."""
        self._store = store
        self._scans = scans
        self._second = second
        self._blinding = blinding
        self._queue = queue
        self._suspensions = suspensions
        self._acceptances = acceptances

    def page(self, query: WorklistQuery, viewer: User) -> WorklistPage:
        """Some rows; pseudonyms for who may not see names and patient ids. Raises NotAllowed."""
        require(viewer, Permission.SEE_SCANS)
        with self._scans.one_moment():
            hidden = self._blinding.hidden(viewer)
            page = self._store.page(query, may(viewer, Permission.SEE_IDENTITY), self._no_answers(hidden))
            return replace(page, rows=self._queued(self._marked(page.rows, hidden), viewer))

    def counters(self, viewer: User) -> list[Counter]:
        """How many scans wait for what, each with the filters that list them. Raises NotAllowed."""
        require(viewer, Permission.SEE_SCANS)
        mine: Filters = {"assigned": (viewer.id,)}
        listed = {"mine": mine, **_COUNTED} if may(viewer, Permission.REVIEW) else _COUNTED
        unreviewed = {"review": (NONE,), "prior": ("no",)}
        hidden = self._no_answers(self._blinding.hidden(viewer))
        return [
            Counter(name, self._store.count({**filters, **unreviewed}, hidden), {**filters, **unreviewed})
            for name, filters in listed.items()
        ]

    def _no_answers(self, hidden: Hidden) -> Hidden:
        """What a person is not to know yet, and what is no answer as its version is suspended."""
        withheld = self._suspensions.withheld_scans()
        return replace(hidden, readings=hidden.readings | withheld) if withheld else hidden

    def next_unread(
        self, scan_id: str, viewer: User, address: str = "", words: str | None = ""
    ) -> str | None:
        """The scan after this one that was read and nobody has reviewed, or None; after the last the first.

        It is looked for in the worklist that the query of an address says, in its order, among what `words`
        find; without a query in the whole one. Raises NotFound, InvalidInput for a query that does not fit.
        """
        require(viewer, Permission.SEE_SCANS, hidden=NO_SCAN)
        self._scans.existing(scan_id)
        listed = WorklistAddress.read(address)
        query = WorklistQuery(
            search=words or "",
            filters=dict(listed.filters)
            | {"review": ("none",), "prior": ("no",), "status": (ScanStatus.READ.value,)},
            sort=listed.sort or BY_URGENCY,
        )
        named, hidden = may(viewer, Permission.SEE_IDENTITY), self._no_answers(self._blinding.hidden(viewer))
        return self._store.following(query, scan_id, named, hidden)

    def _marked(self, rows: tuple[WorklistRow, ...], hidden: Hidden) -> tuple[WorklistRow, ...]:
        """Rows that say where a second reading is asked for, and where one without the AI is to be given."""
        doubles = self._second.of_scans([row.scan_id for row in rows])
        waiting = {scan_id for scan_id, double in doubles.items() if double.is_open}
        withheld = self._suspensions.withheld_scans() - hidden.readings
        not_accepted = self._acceptances.marked([row.scan_id for row in rows]) - hidden.readings
        any_mark = waiting | hidden.readings | withheld | not_accepted
        return tuple(
            replace(
                row,
                second_reading=row.scan_id in waiting,
                unaided=row.scan_id in hidden.readings,
                suspended=row.scan_id in withheld,
                not_accepted=row.scan_id in not_accepted,
            )
            if row.scan_id in any_mark
            else row
            for row in rows
        )

    def _queued(self, rows: tuple[WorklistRow, ...], viewer: User) -> tuple[WorklistRow, ...]:
        """Rows that say of what is not read yet where it stands, and whether the viewer may cancel that."""
        if not any(row.status.in_queue for row in rows):
            return rows
        queue = self._queue()
        return tuple(
            replace(
                row,
                queue=queue.get(row.scan_id),
                may_cancel=may(viewer, to_cancel(viewer, row.sent_by)),
            )
            if row.status.in_queue
            else row
            for row in rows
        )

    def changes_token(self, *, of_scan: str | None = None) -> str:
        """A text that is another one after any change of a scan, result or review, or of the queue.

        With `of_scan`, of the queue that scan's place alone counts.
        """
        queue = self._queue()
        if of_scan is not None:
            queue = {of_scan: queue[of_scan]} if of_scan in queue else {}
        said = sorted((scan_id, queue_words(queued)) for scan_id, queued in queue.items())
        known = self._scans.changes_token()
        said += [("", self._acceptances.token())] if self._acceptances.token() else []
        return f"{known}.{hashlib.sha256(repr(said).encode()).hexdigest()[:8]}" if said else known
