"""On a scan's page: whose it is where the file does not say, and taking a wrong upload back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.icons import icon
from dashboard.components.patient import identity_line, identity_words
from dashboard.components.results import local_time
from data.records import SEXES, Patient, User
from services import addresses
from services.permissions import Permission, may
from services.reviewing.withdrawals import LONGEST_REASON

if TYPE_CHECKING:
    from services.reviewing.withdrawals import WithdrawnView

WITHDRAWN = "withdraw-shown"  # stands in the place of the page of a withdrawn scan
REASON = "withdraw-reason"
WITHDRAW = "withdraw-scan"
RESTORE = "withdraw-restore"
FIXED = "move-fixed"
FORM = "move-form"
SEARCH = "move-search"
NOBODY = "move-nobody"
CHOICE = "move-choice"
GIVE = "move-give"
NAME, NUMBER, BORN, SEX = "move-name", "move-number", "move-born", "move-sex"
GIVE_NEW = "move-give-new"
SAID = "move-said"


def panel(*, moves: bool, withdraws: bool) -> Component:
    """The forms, for who may use either; empty for others."""
    parts: list[Component] = []
    if moves:
        parts.append(_move())
    if withdraws:
        parts.append(_withdraw())
    return html.Section(parts, className="lb-panel") if parts else html.Div()


def options(patients: Sequence[Patient]) -> list[dict[str, str]]:
    """Patients to choose from, by pseudonym."""
    return [{"label": identity_words(patient), "value": patient.pseudonym} for patient in patients]


def withdrawn(view: WithdrawnView, user: User) -> Component:
    """What a withdrawn scan's page says instead of it, with the way back for who may."""
    known = view.withdrawal
    restore = []
    if may(user, Permission.WITHDRAW_SCANS):
        name = {"type": RESTORE, "scan": known.scan_id}
        restore.append(dbc.Button("Restore this scan", id=name, color="primary", size="sm"))
    return html.Section(
        [
            html.Div(identity_line(view.patient, user), className="lb-scan-title"),
            html.H2([icon("bi-slash-circle", "me-2"), "This scan was withdrawn"]),
            html.P(f"{known.withdrawn_name}, {local_time(known.withdrawn_at)}: {known.reason}"),
            html.P(
                "It is on no list and in no number. Its file, results and reviews are kept.",
                className="text-secondary",
            ),
            html.Div(
                [*restore, dcc.Link("Worklist", href=addresses.WORKLIST, className="btn btn-sm btn-link")]
            ),
        ],
        className="lb-card",
    )


def _move() -> Component:
    known = [
        html.Label("A patient who is here", htmlFor=SEARCH),
        dcc.Input(
            id=SEARCH,
            type="search",
            debounce=0.3,
            placeholder="Name, patient ID or pseudonym",
            className="form-control form-control-sm",
        ),
        html.Div(id=NOBODY, role="status", className="text-secondary"),
        dbc.RadioItems(id=CHOICE, options=[], class_name="lb-move-choice"),
        dbc.Button("Give the scan to this patient", id=GIVE, color="primary", size="sm"),
    ]
    sexes = [{"label": "not stated", "value": ""}]
    sexes += [{"label": name, "value": letter} for letter, name in SEXES.items()]
    new = [
        _field("Name", NAME, dbc.Input(id=NAME, size="sm", maxlength=200, autocomplete="off")),
        _field("Patient ID", NUMBER, dbc.Input(id=NUMBER, size="sm", maxlength=64, autocomplete="off")),
        _field("Date of birth", BORN, dbc.Input(id=BORN, type="date", size="sm")),
        _field("Sex", SEX, dbc.Select(id=SEX, options=sexes, value="", size="sm")),
        dbc.Button("Give the scan to this new patient", id=GIVE_NEW, color="primary", size="sm"),
    ]
    form = html.Div([*known, html.H3("Or a new one"), *new], id=FORM, className="lb-form")
    said = html.Div(id=SAID, role="status", className="text-secondary")
    return html.Details([html.Summary("Another patient"), html.P(id=FIXED), form, said])


def _withdraw() -> Component:
    return html.Details(
        [
            html.Summary("Withdraw this scan"),
            html.P(
                "A wrong upload leaves the worklist, every number and every list. It can be restored here.",
                className="text-secondary",
            ),
            html.Label("Why", htmlFor=REASON),
            dbc.Textarea(id=REASON, rows=2, maxlength=LONGEST_REASON),
            dbc.Button("Withdraw", id=WITHDRAW, color="danger", outline=True, size="sm"),
        ]
    )


def _field(label: str, name: str, control: Component) -> Component:
    return html.Div([html.Label(label, htmlFor=name), control])
