"""Bulk imports for administrators: a form to start one, and how far each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.results import local_time
from data.records import ImportProgress, ImportState

if TYPE_CHECKING:
    from services.importing.imports import ImportView

FOLDER = "import-folder"
LABELS = "import-labels"
START = "import-start"
LIST = "import-list"
SEEN = "import-seen"
TICK = "import-tick"
ACTION = "import-action"  # type of the buttons in the table: {"type", "import", "verb"}

STATE_NAMES = {
    ImportState.LISTING: "Looking through the folder",
    ImportState.RUNNING: "Reading",
    ImportState.PAUSED: "Paused",
    ImportState.DONE: "Done",
    ImportState.FAILED: "Failed",
}
_BADGES = {
    ImportState.LISTING: "lb-status-waiting",
    ImportState.RUNNING: "lb-status-reading",
    ImportState.DONE: "lb-status-read",
    ImportState.FAILED: "lb-status-failed",
}


def form() -> Component:
    """Ask for a folder on the server's machine and, if there is one, the table of labels."""
    return html.Div(
        [
            _field("Folder or archive on the server", FOLDER, "2026-11/brain"),
            _field("Table of labels, if there is one", LABELS, "2026-11/labels.csv"),
            dbc.Button("Import", id=START, color="primary"),
        ],
        className="lb-card lb-new-import",
    )


def table(views: Sequence[ImportView], top: str) -> Component:
    """Show the latest imports; `top` is the folder below which they may lie."""
    where = html.P(["Paths are below ", html.Code(top), "."], className="text-secondary")
    if not views:
        return html.Div([where, html.P("Nothing was imported yet.", className="text-secondary")])
    names = ["Folder", "Begun", "State", "Progress", "Outcome", ""]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = html.Table(
        [head, html.Tbody([_row(view) for view in views])], className="table align-middle lb-people"
    )
    return html.Div([where, rows])


def outcome(progress: ImportProgress) -> str:
    """Say in words what became of the items."""
    counts = {
        "new": progress.added,
        "known": progress.known,
        "with a label": progress.labelled,
        "not read": progress.refused - progress.failed,
        "failed": progress.failed,
    }
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def seen(views: Sequence[ImportView]) -> str:
    """A word that differs whenever the table would."""
    return ";".join(f"{view.import_.id[:8]}{view.import_.state.value}{view.progress}" for view in views)


def _row(view: ImportView) -> Component:
    run, progress = view.import_, view.progress
    bar = dbc.Progress(
        value=round(100 * progress.fraction),
        label=f"{progress.done + progress.failed:,} of {progress.items:,}",
        style={"minWidth": "9rem", "height": "1.25rem"},
    )
    badge = html.Span(STATE_NAMES[run.state], className=f"lb-badge {_BADGES.get(run.state, '')}")
    return html.Tr(
        [
            html.Td([html.Code(run.folder), html.Div(run.labels, className="text-secondary small")]),
            html.Td(local_time(run.created_at)),
            html.Td([badge, html.Div(run.failure, className="small")] if run.failure else badge),
            html.Td(bar if progress.items else ""),
            html.Td(outcome(progress)),
            html.Td(_actions(view), className="text-end text-nowrap"),
        ]
    )


def _actions(view: ImportView) -> list[Component]:
    run, progress = view.import_, view.progress
    actions: list[Component] = []
    if progress.refused:
        href = f"/imports/{run.id}/refusals.csv"
        actions.append(html.A("Report", href=href, download="", className="btn btn-sm btn-outline-secondary"))
    if run.state in (ImportState.LISTING, ImportState.RUNNING):
        actions.append(_button("pause", "Pause", run.id))
    elif run.state is not ImportState.DONE or progress.failed:
        actions.append(_button("resume", "Go on", run.id))
    return actions


def _button(verb: str, label: str, import_id: str) -> Component:
    button: Component = dbc.Button(
        label,
        id={"type": ACTION, "import": import_id, "verb": verb},
        size="sm",
        color="secondary",
        outline=True,
        class_name="ms-1",
    )
    return button


def _field(label: str, name: str, example: str) -> Component:
    control = dbc.Input(id=name, maxlength=1024, autocomplete="off", placeholder=example)
    return html.Div([html.Label(label, htmlFor=name, className="form-label"), control])
