"""Who reads which scan, and how urgent it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from data.database import now
from data.department_wall import seen_by
from data.errors import InvalidInput
from data.records import URGENCIES_TO_SET, AuditEvent, TriageEntry, Urgency, User
from data.stores.audit import AuditLog
from data.stores.triage import TriageStore
from services.accounts import Accounts
from services.permissions import Permission, may, require
from services.reviewing.chosen_scans import chosen_scans

OF_ANOTHER = "{} does not see all of these scans: they are of other departments."


@dataclass(frozen=True)
class Taken:
    """What came of taking scans: how many one has now, and the names of those who have the others."""

    n: int
    others: tuple[str, ...] = ()


class Triage:
    """Says, and keeps on the audit trail, who reads a scan and how soon."""

    def __init__(
        self,
        store: TriageStore,
        accounts: Accounts,
        audit: AuditLog,
        prefer: Callable[[str, Urgency | None], None] = lambda *_: None,
    ) -> None:
        """`prefer` is told how urgent a scan is: one that waits for its reading is read as soon."""
        self._store = store
        self._prefer = prefer
        self._accounts = accounts
        self._audit = audit

    def take(self, scan_ids: Sequence[str], user: User) -> Taken:
        """Take scans that nobody has; what a colleague has stays theirs. Raises NotAllowed, InvalidInput."""
        require(user, Permission.ASSIGN_SCANS)
        if not may(user, Permission.REVIEW):
            raise InvalidInput("Only who may review results can take scans.")
        wanted = chosen_scans(scan_ids)
        with self._audit.together():
            owners = self._store.assign(wanted, user.id, user.id, now(), take=True)
            mine = [scan_id for scan_id, owner in owners.items() if owner == user.id]
            self._note(user, "scan.take", mine)
        others = {owner for owner in owners.values() if owner is not None and owner != user.id}
        names = self.names(others)
        return Taken(len(mine), tuple(sorted(names.get(owner, "somebody") for owner in others)))

    def give(self, scan_ids: Sequence[str], colleague_id: str, user: User) -> int:
        """Give scans to somebody who may review, whoever had them; returns how many.

        Raises NotAllowed, InvalidInput.
        """
        require(user, Permission.ASSIGN_SCANS)
        wanted = chosen_scans(scan_ids)
        colleague = next((each for each in self.colleagues() if each.id == colleague_id), None)
        if colleague is None:
            raise InvalidInput("Choose a colleague who may review results.")
        with seen_by(colleague.departments):
            if len(self._store.known(wanted)) < len(wanted) and colleague.departments is not None:
                raise InvalidInput(OF_ANOTHER.format(colleague.display_name))
        with self._audit.together():
            given = self._store.assign(wanted, colleague_id, user.id, now())
            self._note(user, "scan.give", given, colleague_id)
        return len(given)

    def put_back(self, scan_ids: Sequence[str], user: User) -> int:
        """Let nobody have the scans; returns how many. Raises NotAllowed, InvalidInput."""
        require(user, Permission.ASSIGN_SCANS)
        with self._audit.together():
            back = self._store.assign(chosen_scans(scan_ids), None, user.id, now())
            self._note(user, "scan.put-back", back)
        return len(back)

    def set_urgency(self, scan_ids: Sequence[str], urgency: Urgency | None, user: User) -> int:
        """How soon scans should be reviewed; None leaves it to what the house suggests. Returns how many.

        Raises NotAllowed, InvalidInput.
        """
        require(user, Permission.SET_URGENCY)
        if urgency is not None and urgency not in URGENCIES_TO_SET:
            raise InvalidInput("Scans are critical, urgent or routine.")
        with self._audit.together():
            said = self._store.set_urgency(chosen_scans(scan_ids), urgency, user.id, now())
            self._note(user, "scan.urgency", said, "" if urgency is None else urgency.value)
        for scan_id in said:
            self._prefer(scan_id, urgency)
        return len(said)

    def of_scan(self, scan_id: str) -> TriageEntry | None:
        """What was said of a scan, or None."""
        return self._store.get(scan_id)

    def colleagues(self) -> list[User]:
        """Who may be given scans, by name."""
        reviewers = [user for user in self._accounts.all() if user.active and may(user, Permission.REVIEW)]
        return sorted(reviewers, key=lambda user: user.display_name.casefold())

    def names(self, user_ids: Collection[str]) -> dict[str, str]:
        """The names of accounts by their ids, as rows show who has a scan."""
        return self._accounts.display_names(user_ids) if user_ids else {}

    def _note(self, user: User, action: str, scan_ids: Iterable[str], detail: str = "") -> None:
        for scan_id in scan_ids:
            self._audit.record(AuditEvent(now(), user.id, action, scan_id, detail))
