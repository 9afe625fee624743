"""Patients who may be one person: both records side by side, and what may be said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.notices import noticed
from dashboard.components.outputs import Values
from dashboard.components.results import local_date
from services import addresses

if TYPE_CHECKING:
    from data.records import Scan
    from services.reviewing.identity_conflicts import ConflictView, PatientRecord

NOTICE = "worklist-conflicts"
ACT = "conflict-act"
BIRTH_DATE = "conflict-birth-date"
SEX = "conflict-sex"
SAME, DIFFERENT = "same", "different"
SCANS_SHOWN = 5


def panels(conflicts: Iterable[ConflictView]) -> list[Component]:
    """Each conflict as a panel in which it is settled."""
    return [_panel(conflict) for conflict in conflicts]


def open_conflicts(conflicts: Sequence[ConflictView]) -> Values:
    """What the worklist's notice says of these, with a way to each."""
    count = len(conflicts)
    words = "1 pair of patients" if count == 1 else f"{count} pairs of patients"
    words += " with the same name and number: one person or two?"
    return noticed(NOTICE, words, [_link(conflict) for conflict in conflicts])


def _link(conflict: ConflictView) -> Component | str:
    older, younger = conflict.records
    words = f"{older.identity.name}, {older.identity.patient_id}: "
    words += f"{older.patient.pseudonym} and {younger.patient.pseudonym}"
    scans = (*younger.scans, *older.scans)
    return dcc.Link(words, href=addresses.scan(scans[0].id)) if scans else words


def _panel(conflict: ConflictView) -> Component:
    return html.Section(
        [
            html.H2("One person or two?"),
            html.P("These two have the same name and number here.", className="text-secondary mb-1"),
            _table(conflict),
            html.Details(
                [
                    html.Summary("They are one person"),
                    html.P("All scans come under the older pseudonym. This cannot be taken back."),
                    *_choice(conflict, BIRTH_DATE, "Which date of birth is right?"),
                    *_choice(conflict, SEX, "Which sex is right?"),
                    _button(conflict, SAME, "Merge the two"),
                ]
            ),
            html.Details(
                [
                    html.Summary("They are two people"),
                    html.P("They stay apart; later scans go to whom they fit. This cannot be taken back."),
                    _button(conflict, DIFFERENT, "Keep them apart"),
                ]
            ),
        ],
        className="lb-panel lb-conflict",
    )


def _table(conflict: ConflictView) -> Component:
    rows: list[tuple[str, Callable[[PatientRecord], Any]]] = [
        ("Name", lambda record: record.identity.name),
        ("Patient ID", lambda record: record.identity.patient_id),
        ("Born", lambda record: str(record.identity.birth_date or "not stated")),
        ("Sex", lambda record: record.identity.sex or "not stated"),
        ("Scans", lambda record: str(len(record.scans))),
        ("Newest", lambda record: _scans(record.scans)),
    ]
    head = [html.Th(record.patient.pseudonym, scope="col") for record in conflict.records]
    body = [
        html.Tr([html.Th(name, scope="row"), *(html.Td(shown(record)) for record in conflict.records)])
        for name, shown in rows
    ]
    parts = [html.Thead(html.Tr([html.Td(), *head])), html.Tbody(body)]
    return html.Table(parts, className="table table-sm lb-conflict-table")


def _scans(scans: Sequence[Scan]) -> list[Component]:
    """The newest scans as links, by the day of the examination, and how many more there are."""
    shown: list[Component] = [
        html.Div(
            dcc.Link(
                local_date(scan.header.acquired_at) or f"arrived {local_date(scan.created_at)}",
                href=addresses.scan(scan.id),
            )
        )
        for scan in scans[:SCANS_SHOWN]
    ]
    more = len(scans) - SCANS_SHOWN
    return [*shown, html.Div(f"and {more} more")] if more > 0 else shown


def _choice(conflict: ConflictView, kind: str, question: str) -> list[Component]:
    """The values of the two to choose from; nothing where they do not differ."""
    values = [str(value) for value in (conflict.birth_dates if kind == BIRTH_DATE else conflict.sexes)]
    if len(values) < 2:
        return []
    options = [{"label": value, "value": value} for value in values]
    radio = dbc.RadioItems(id={"type": kind, "conflict": conflict.id}, options=options, inline=True)
    return [html.Div([html.Span(question), radio], role="group", **aria(label=question))]


def _button(conflict: ConflictView, verb: str, label: str) -> Component:
    button: Component = dbc.Button(
        label, id={"type": ACT, "conflict": conflict.id, "verb": verb}, color="primary", size="sm"
    )
    return button
