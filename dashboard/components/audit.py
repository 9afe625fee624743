"""The audit trail: a form of what is asked for, and a table of who did what to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.downloads import download_link
from dashboard.components.fields import labelled
from dashboard.components.results import local_time
from data.records import AuditEvent, AuditOutcome, AuditPage, AuditVia, User
from services import addresses
from services.addresses import VIEWS_SHOWN, AuditAddress
from services.auditing.actions import (
    ACTIONS,
    KIND_WORDS,
    ActionKind,
    action_words,
    detail_words,
    is_about_scan,
)
from services.auditing.trail import who
from services.permissions import ROLE_NAMES, Permission, may

if TYPE_CHECKING:
    from services.auditing.watch import AuditWatch

CONTENT = "audit-content"
COLUMNS = ("When", "Who", "What", "About", "Patient", "From", "Detail")
PSEUDONYM_PATTERN = "[Pp]-[0-9A-Za-z]+"
OUTCOMES = {
    AuditOutcome.SUCCESS: "Done",
    AuditOutcome.REFUSED: "Refused",
    AuditOutcome.FAILED: "Failed",
}
_VIAS = {
    AuditVia.BROWSER: "browser",
    AuditVia.TOKEN: "API token",
    AuditVia.DICOM: "DICOM",
    AuditVia.COMMAND: "command line",
    AuditVia.SERVER: "the server itself",
}
_LOOKS = (("", "Hidden"), (VIEWS_SHOWN, "Shown"))


def form(address: AuditAddress, names: Mapping[str, str]) -> Component:
    """What is asked for; it goes into the page's address, for links and the way back."""
    people = [("", "Everybody"), *names.items()]
    kinds = [("", "Everything"), *((kind.value, words) for kind, words in KIND_WORDS.items())]
    outcomes = [("", "Any"), *((outcome.value, words) for outcome, words in OUTCOMES.items())]
    return html.Form(
        [
            labelled("Person", _choice("person", people, address.person)),
            labelled("What", _choice("kind", kinds, address.kind)),
            labelled("Outcome", _choice("outcome", outcomes, address.outcome)),
            labelled("Looks", _choice("views", _LOOKS, address.views)),
            labelled("From", dbc.Input(type="date", name="since", value=address.since, size="sm")),
            labelled("To", dbc.Input(type="date", name="until", value=address.until, size="sm")),
            labelled(
                "Patient",
                dbc.Input(
                    type="search",
                    name="patient",
                    value=address.patient,
                    size="sm",
                    placeholder="a pseudonym",
                    # It goes into the address, where no name may stand.
                    pattern=PSEUDONYM_PATTERN,
                ),
            ),
            labelled(
                "About",
                dbc.Input(
                    type="search",
                    name="subject",
                    value=address.subject,
                    size="sm",
                    placeholder="the id of a scan, a task …",
                ),
            ),
            html.Div(
                [
                    html.Button("Show", type="submit", className="btn btn-primary btn-sm"),
                    dcc.Link("Clear", href=addresses.AUDIT, className="lb-chip-clear"),
                ],
                className="lb-audit-buttons",
            ),
        ],
        action=addresses.AUDIT,
        method="GET",
        className="lb-filters lb-audit-form",
    )


def state(watch: AuditWatch) -> Component:
    """Whether the trail is as it was written, by the last check."""
    broken = watch.state == "not intact"
    checked = "" if watch.verdict is None else f" Last checked {local_time(watch.verdict.at)}."
    colour = "text-danger" if broken else "text-secondary"
    return html.P(f"{watch.sentence}{checked}", className=f"lb-audit-state {colour}", role="status")


def table(
    page: AuditPage,
    address: AuditAddress,
    names: Mapping[str, str],
    patients: Mapping[str, str],
    user: User,
) -> Component:
    """The events, the way to older ones, and the file of all of them."""
    if not page.events:
        return html.P("Nothing of this kind was done.", className="text-secondary")
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in COLUMNS]))
    body = html.Tbody([_event(event, names, patients, user) for event in page.events])
    whole = replace(address, before="")
    return html.Div(
        [
            html.Div(
                html.Table([head, body], className="table align-middle lb-people lb-audit"),
                className="lb-scroll",
            ),
            html.Div([*_ways(page, address), *_files(whole)], className="lb-audit-ways"),
        ]
    )


def _event(event: AuditEvent, names: Mapping[str, str], patients: Mapping[str, str], user: User) -> Component:
    return html.Tr(
        [
            html.Td([local_time(event.at), _small(f"no. {event.number:,}")], className="text-nowrap"),
            html.Td([who(event, names), *_role(event)]),
            html.Td([action_words(event.action), *_outcome(event)]),
            html.Td(_about(event, names, user), className="lb-audit-about"),
            html.Td(_patient(event, patients, user)),
            html.Td([_VIAS[event.origin.via], *_address(event)]),
            html.Td(detail_words(event.detail), className="lb-audit-detail"),
        ]
    )


def _small(words: str) -> Component:
    return html.Div(words, className="text-secondary small")


def _role(event: AuditEvent) -> list[Component]:
    known = {role.value: words for role, words in ROLE_NAMES.items()}
    return [_small(known.get(event.role, event.role))] if event.role else []


def _outcome(event: AuditEvent) -> list[Component]:
    if event.outcome in (None, AuditOutcome.SUCCESS):
        return []
    return [html.Div(dbc.Badge(OUTCOMES[event.outcome], color="danger"))]


def _address(event: AuditEvent) -> list[Component]:
    return [_small(event.origin.address)] if event.origin.address else []


def _patient(event: AuditEvent, patients: Mapping[str, str], user: User) -> Component | str:
    """By pseudonym, as a link to whatever else was done with this patient."""
    pseudonym = patients.get(event.patient)
    if pseudonym is None:
        return ""
    return dcc.Link(pseudonym, href=str(AuditAddress.of_patient(pseudonym)))


def _about(event: AuditEvent, names: Mapping[str, str], user: User) -> Component | str:
    """What it was done to: an account by name, a scan as a link for those who may see it."""
    if event.patient and event.subject == event.patient:
        return ""  # it stands beside, by pseudonym
    if event.action in ACTIONS[ActionKind.ACCOUNTS]:
        return names.get(event.subject, event.subject)
    if is_about_scan(event.action) and may(user, Permission.SEE_SCANS):
        return dcc.Link(event.subject, href=addresses.scan(event.subject))
    return event.subject


def _ways(page: AuditPage, address: AuditAddress) -> Sequence[Component]:
    ways = []
    if address.before:
        ways.append(dcc.Link("Newest", href=str(replace(address, before=""))))
    if page.before is not None:
        ways.append(dcc.Link("Older", href=str(replace(address, before=str(page.before))), id="audit-older"))
    return ways


def _files(whole: AuditAddress) -> list[Component]:
    kinds = (
        ("csv", "All of these as CSV", "bi-filetype-csv"),
        ("fhir-r4.ndjson", "FHIR R4", "bi-filetype-json"),
        ("fhir-r5.ndjson", "FHIR R5", "bi-filetype-json"),
    )
    return [
        download_link(
            words,
            icon,
            href=f"/exports/audit.{kind}?{whole.query}".removesuffix("?"),
            id=f"audit-{kind.replace('.', '-')}",
        )
        for kind, words, icon in kinds
    ]


def _choice(name: str, options: Sequence[tuple[str, str]], chosen: str) -> Component:
    # Bootstrap's component takes an empty value for no choice at all.
    fields = [html.Option(words, value=key, selected=key == chosen) for key, words in options]
    return html.Select(fields, name=name, className="form-select form-select-sm")
