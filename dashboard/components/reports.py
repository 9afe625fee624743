"""Reports: the form that asks for one, and the table of those that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.results import local_time, task_name
from data.records import Report, ReportKind, ReportState, User
from services.permissions import Permission, may

if TYPE_CHECKING:
    from data.records import DriftRun

FORM = "report-form"
KIND = "report-kind"
TASK = "report-task"
VERSION = "report-version"
MONTH = "report-month"
FIRST = "report-from"
LAST = "report-to"
RUN = "report-run"
FILTERS = "report-filters"
MAKE = "report-make"
SAID = "report-said"
LIST = "report-list"
SEEN = "report-seen"
TICK = "report-tick"
SIGNS = "report-signs"
DELETE = "report-delete"  # type of the buttons in the table: {"type", "report"}

KINDS = {
    ReportKind.GOVERNANCE: "Governance: what was live, how well, who approved",
    ReportKind.PERFORMANCE: "Performance of a version or month",
    ReportKind.DRIFT: "A drift run",
    ReportKind.COHORT: "Cohort statistics",
}
WORDS = {  # what can be entered, in the order of INPUTS
    "task": "a task",
    "version": "a version",
    "month": "a month",
    "from": "the first day",
    "to": "the last day",
    "run": "a drift run",
    "filters": "filters",
}
INPUTS = (TASK, VERSION, MONTH, FIRST, LAST, RUN, FILTERS)
NEEDS: dict[ReportKind, tuple[tuple[str, ...], tuple[str, ...]]] = {  # kind -> (needed, optional)
    ReportKind.GOVERNANCE: (("from", "to"), ()),
    ReportKind.PERFORMANCE: (("task",), ("version", "month")),
    ReportKind.DRIFT: (("run",), ()),
    ReportKind.COHORT: ((), ("filters",)),
}
FILE_WORDS = {"pdf": "PDF", "json": "JSON", "html": "HTML"}
_BADGES = {
    ReportState.WAITING: "lb-status-reading",
    ReportState.MADE: "lb-status-read",
    ReportState.FAILED: "lb-status-failed",
}
_STATES = {ReportState.WAITING: "being made", ReportState.MADE: "ready", ReportState.FAILED: "failed"}


def form() -> Component:
    """Ask what the report is about; the fields follow the kind."""
    fields: list[Component] = [
        _field("task", "Task", dcc.Dropdown(id=TASK, placeholder="Task")),
        _field("version", "Model version", dcc.Dropdown(id=VERSION, placeholder="All versions")),
        _field("month", "Month", dcc.Input(id=MONTH, type="month", className="form-control")),
        _field("from", "From", dcc.Input(id=FIRST, type="date", className="form-control")),
        _field("to", "To, this day included", dcc.Input(id=LAST, type="date", className="form-control")),
        _field("run", "Drift run", dcc.Dropdown(id=RUN, placeholder="Drift run")),
        _field(
            "filters",
            "Filters, as in the address of the cohort page",
            dcc.Input(id=FILTERS, placeholder="all scans", className="form-control"),
        ),
    ]
    kind = html.Div(
        [
            html.Label("Report", htmlFor=KIND),
            dcc.Dropdown(id=KIND, placeholder="What the report is about", optionHeight=44),
        ],
        className="lb-report-kind",
    )
    return html.Div(
        [kind, *fields, dbc.Button("Make report", id=MAKE, color="primary")],
        id=FORM,
        className="lb-card lb-report-form",
    )


def field_id(name: str) -> str:
    """The id of the frame around a field."""
    return f"report-field-{name}"


def shown_fields(kind: str | None) -> tuple[str, ...]:
    """The class of each field's frame: only what the kind takes is shown."""
    takes = {one for part in NEEDS[ReportKind(kind)] for one in part} if kind else set()
    return tuple("" if name in takes else "lb-hidden" for name in WORDS)


def filled_in(search: str | None) -> tuple[str | None, ...]:
    """The kind and each of INPUTS as another page's link asks for them: `?kind=drift&run=…`."""
    asked = dict(parse_qsl((search or "").lstrip("?")))
    kind = asked.get("kind")
    known = kind if kind in {one.value for one in ReportKind} else None
    return known, *(asked.get(name) for name in WORDS)


def link(kind: ReportKind, **ask: str) -> str:
    """The address at which the form is filled in with this ask."""
    return "/reports?" + urlencode(
        {"kind": kind.value, **{name: value for name, value in ask.items() if value}}
    )


def table(reports: Sequence[Report], progress: Mapping[str, float], user: User) -> Component:
    """The kept reports, newest first."""
    if not reports:
        return html.P("No report was made yet.", className="text-secondary")
    names = ["Report", "Asked for", "State", "Files", ""]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [_row(report, progress.get(report.id, 0.0), user) for report in reports]
    return html.Table([head, html.Tbody(rows)], className="table align-middle lb-report-table")


def word_of(reports: Sequence[Report], progress: Mapping[str, float]) -> str:
    """A word that differs whenever the table would look different."""
    return ";".join(
        f"{report.id[:8]}{report.state.value}{progress.get(report.id, 0):.1f}" for report in reports
    )


def run_option(run: DriftRun) -> dict[str, str]:
    """A drift run to choose."""
    when = f"{run.created_at:%Y-%m-%d %H:%M}"
    return {"label": f"{task_name(run.task)}, {when} UTC, {run.severity or ''}", "value": run.id}


def _row(report: Report, progress: float, user: User) -> Component:
    state = html.Span(_STATES[report.state], className=f"lb-badge {_BADGES[report.state]}")
    told: list[Component] = [state]
    if report.state is ReportState.WAITING:
        told.append(dbc.Progress(value=100 * progress, className="lb-report-progress"))
    if report.failure:
        told.append(html.Div(report.failure, className="lb-report-failure"))
    if report.signed:
        told.append(html.Span("signed", className="lb-badge"))
    asked = [local_time(report.created_at), html.Div(report.made_name, className="text-secondary")]
    cells = [report.title, asked, told, _files(report), _delete(report, user)]
    return html.Tr([html.Td(cell) for cell in cells])


def _files(report: Report) -> Component:
    return html.Div(
        [
            html.A(
                FILE_WORDS.get(kind, kind),
                href=f"/reports/{report.id}/report.{kind}",
                target="_blank" if kind == "html" else "",
                download=None if kind == "html" else "",
                className="btn btn-sm btn-outline-primary",
                title=f"SHA-256 {sha256}",
            )
            for kind, sha256 in (report.files or {}).items()
        ],
        className="lb-report-files",
    )


def _delete(report: Report, user: User) -> Component | None:
    if not may(user, Permission.DELETE_REPORTS):
        return None
    return html.Button(
        "Delete",
        id={"type": DELETE, "report": report.id},
        className="btn btn-sm btn-outline-secondary",
        title="Delete this report for everybody",
    )


def _field(name: str, label: str, control: Component) -> Component:
    return html.Div(
        [html.Label(label, htmlFor=control.id), control], id=field_id(name), className="lb-hidden"
    )
