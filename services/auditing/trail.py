"""The audit trail for those who answer for the house: by person, kind, subject and days, and as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from data import house_clock
from data.database import now
from data.errors import InvalidInput, NotFound
from data.records import AuditEvent, AuditLink, AuditOutcome, AuditPage, AuditQuery, User
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from reports.audit_record import AuditRecord
from reports.audit_table import AuditRow, audit_table
from reports.dicom_audit import audit_message
from reports.fhir.audit import audit_bundle, audit_ndjson
from reports.fhir.elements import FhirVersion
from services.accounts import Accounts
from services.addresses import AuditAddress
from services.auditing.actions import ACTIONS, ActionKind, action_words
from services.auditing.forms import DICOM_MESSAGES, FORMS
from services.auditing.records import record_of
from services.permissions import Permission, require

PAGE_EVENTS = 100
ITSELF = "Lightbox"
"""Who did what nobody did: a promotion that was followed, a report that expired."""

_AT_ONCE = 5000  # of a file


class AuditFile(NamedTuple):
    """The trail as a file."""

    name: str
    content: bytes
    mime: str


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
        return self._pseudonyms(events)

    def names(self, user: User) -> Mapping[str, str]:
        """Who is meant by which id: everybody who ever had an account, by name."""
        require(user, Permission.SEE_AUDIT)
        return self._names()

    def export(self, address: AuditAddress, kind: str, user: User) -> AuditFile:
        """Every event that an address asks for, newest first, as one of `FORMS`; it is an event itself.

        Raises NotAllowed, NotFound for a kind that there is not, InvalidInput.
        """
        require(user, Permission.SEE_AUDIT)
        if kind not in FORMS:
            raise NotFound("The audit trail comes as " + ", ".join(FORMS) + ".")
        links = list(self._every(replace(self.asked(address), before=None)))
        content = self.written(links, kind)
        detail = address.query if kind == "csv" else f"{kind}: {address.query}"
        self._log.record(AuditEvent(now(), user.id, "audit.export", "audit", detail))
        return AuditFile(f"lightbox-audit.{kind}", content, FORMS[kind])

    def export_alone(self, address: AuditAddress, kind: str) -> bytes:
        """As `export`, for the command line, which needs no role; DICOM audit messages too, one a line."""
        links = list(self._every(replace(self.asked(address), before=None)))
        self._log.record(AuditEvent(now(), None, "audit.export", "audit", kind))
        if kind == DICOM_MESSAGES:
            return b"".join(audit_message(record) + b"\n" for record in self.told(links))
        return self.written(links, kind)

    def written(self, links: Sequence[AuditLink], kind: str) -> bytes:
        """Events as one of `FORMS`."""
        if kind == "csv":
            names, patients = self._names(), self._pseudonyms(link.event for link in links)
            return audit_table([_row(link.event, names, patients) for link in links])
        records = self.told(links)
        release = FhirVersion.R5 if "r5" in kind else FhirVersion.R4
        return (audit_ndjson if kind.endswith("ndjson") else audit_bundle)(records, release)

    def told(self, links: Sequence[AuditLink]) -> list[AuditRecord]:
        """Events as other systems are told of them."""
        names, patients = self._names(), self._pseudonyms(link.event for link in links)
        return [record_of(link, names, patients) for link in links]

    def _names(self) -> Mapping[str, str]:
        people = sorted(self._accounts.all(), key=lambda person: person.display_name.casefold())
        return {person.id: f"{person.display_name} ({person.name})" for person in people}

    def _pseudonyms(self, events: Iterable[AuditEvent]) -> Mapping[str, str]:
        return self._patients.pseudonyms({event.patient for event in events if event.patient})

    def _every(self, wanted: AuditQuery) -> Iterator[AuditLink]:
        while links := self._log.links(wanted, _AT_ONCE):
            yield from links
            wanted = replace(wanted, before=links[-1].event.number)


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
        return house_clock.start_of_day(day)
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
