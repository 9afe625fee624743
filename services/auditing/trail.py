"""The audit trail for those who answer for the house: by person, kind, subject and days, and as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from data.database import now
from data.errors import InvalidInput
from data.records import AuditEvent, AuditOutcome, AuditPage, AuditQuery, User
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from reports.audit_table import AuditRow, audit_table
from services.accounts import Accounts
from services.addresses import AuditAddress
from services.auditing.actions import ACTIONS, ActionKind, action_words
from services.permissions import Permission, require

PAGE_EVENTS = 100
ITSELF = "Lightbox"
"""Who did what nobody did: a promotion that was followed, a report that expired."""

_AT_ONCE = 5000  # of a file


class AuditTrail:
    """Reads what the services have written; nothing here changes it."""

    def __init__(self, log: AuditLog, accounts: Accounts, patients: PatientStore) -> None:
        self._log = log
        self._accounts = accounts
        self._patients = patients

    def page(self, address: AuditAddress, user: User) -> AuditPage:
        """The newest events that an address asks for.

        Raises NotAllowed, and InvalidInput for an address that asks for what there is not.
        """
        require(user, Permission.SEE_AUDIT)
        return self._log.page(self.asked(address), PAGE_EVENTS)

    def asked(self, address: AuditAddress) -> AuditQuery:
        """What an address asks for. Raises InvalidInput for what there is not."""
        query = asked(address)
        if not address.patient.strip():
            return query
        patient = self._patients.find(address.patient.strip(), with_identity=False)
        if patient is None:
            raise InvalidInput("There is no patient of this pseudonym.")
        return replace(query, patient=patient.id)

    def pseudonyms(self, events: Iterable[AuditEvent], user: User) -> Mapping[str, str]:
        """The pseudonyms of the patients whom events are about, by our own id."""
        require(user, Permission.SEE_AUDIT)
        return self._patients.pseudonyms({event.patient for event in events if event.patient})

    def names(self, user: User) -> Mapping[str, str]:
        """Who is meant by which id: everybody who ever had an account, by name."""
        require(user, Permission.SEE_AUDIT)
        people = sorted(self._accounts.all(), key=lambda person: person.display_name.casefold())
        return {person.id: f"{person.display_name} ({person.name})" for person in people}

    def file(self, address: AuditAddress, user: User) -> bytes:
        """Every event that an address asks for as CSV, oldest last; that it was taken is an event too."""
        names = self.names(user)
        wanted = replace(self.asked(address), before=None)
        events = list(self._every(wanted))
        patients = self.pseudonyms(events, user)
        rows = [_row(event, names, patients) for event in events]
        self._log.record(AuditEvent(now(), user.id, "audit.export", "audit", address.query))
        return audit_table(rows)

    def _every(self, wanted: AuditQuery) -> Iterator[AuditEvent]:
        while True:
            page = self._log.page(wanted, _AT_ONCE)
            yield from page.events
            if page.before is None:
                return
            wanted = replace(wanted, before=page.before)


def who(event: AuditEvent, names: Mapping[str, str]) -> str:
    """Who did it: a person, Lightbox itself, or what stands in place of a person (a sender, an import)."""
    return names.get(event.user_id, event.user_id) if event.user_id else ITSELF


def asked(address: AuditAddress) -> AuditQuery:
    """What an address asks for; its days are days of this server. Raises InvalidInput for what is none."""
    return AuditQuery(
        user_id=address.person,
        actions=_actions(address.kind),
        but_actions=() if address.views or address.kind else tuple(ACTIONS[ActionKind.VIEWS]),
        outcome=_outcome(address.outcome),
        subject=address.subject.strip(),
        since=_midnight(address.since),
        until=_midnight(address.until, days_later=1),
        before=_number(address.before),
    )


def _actions(kind: str) -> tuple[str, ...]:
    if not kind:
        return ()
    if kind not in set(ActionKind):
        raise InvalidInput(f"There is no kind of event called {kind}.")
    return tuple(ACTIONS[ActionKind(kind)])


def _outcome(word: str) -> AuditOutcome | None:
    if word and word not in set(AuditOutcome):
        raise InvalidInput(f"No event comes to “{word}”.")
    return AuditOutcome(word) if word else None


def _midnight(text: str, *, days_later: int = 0) -> datetime | None:
    """The beginning of a day of this server's zone."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days_later)
        return datetime.combine(day, time.min).astimezone()
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"“{text}” is not a day, as 2026-11-27 is.") from error


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise InvalidInput(f"“{text}” is not the number of an event.")
    return int(text)


def _row(event: AuditEvent, names: Mapping[str, str], patients: Mapping[str, str]) -> AuditRow:
    return AuditRow(
        event.at,
        who(event, names),
        action_words(event.action),
        event.action,
        event.subject,
        event.detail,
        event.number,
        "" if event.outcome is None else event.outcome.value,
        patients.get(event.patient, ""),
        event.role,
        event.origin.via.value,
        event.origin.address,
    )
