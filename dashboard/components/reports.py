"""Reports: the form that asks for one, and the table of those that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.outputs import Values
from dashboard.components.results import local_time, task_name
from data.records import Report, ReportKind, ReportState, User
from services.addresses import ReportsAddress
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
DELETE = "report-delete"  # type of the questions behind the buttons in the table: {"type", "report"}

KINDS = {
    ReportKind.GOVERNANCE: "Governance: what was live, how well, who approved",
    ReportKind.PERFORMANCE: "Performance of a version or month",
    ReportKind.DRIFT: "A drift run",
    ReportKind.COHORT: "Cohort statistics",
}
WORDS = {  # what can be entered
    "task": "a task",
    "version": "a version",
    "month": "a month",
    "from": "the first day",
    "to": "the last day",
    "run": "a drift run",
    "filters": "filters",
}
INPUTS = {  # where it is entered
    "task": TASK,
    "version": VERSION,
    "month": MONTH,
    "from": FIRST,
    "to": LAST,
    "run": RUN,
    "filters": FILTERS,
}
FORM_VALUES: dict[str, str | Sequence[str]] = {
    **dict.fromkeys((KIND, TASK, VERSION, RUN), ("options", "value")),
    **dict.fromkeys((MONTH, FIRST, LAST, FILTERS), "value"),
    SIGNS: "children",
}
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
        _field("task", "Task", TASK, dcc.Dropdown(id=TASK, placeholder="Task")),
        _field("version", "Model version", VERSION, dcc.Dropdown(id=VERSION, placeholder="All versions")),
        _field("month", "Month", MONTH, _calendar(MONTH, "month")),
        _field("from", "From", FIRST, _calendar(FIRST, "date")),
        _field("to", "To, this day included", LAST, _calendar(LAST, "date")),
        _field("run", "Drift run", RUN, dcc.Dropdown(id=RUN, placeholder="Drift run")),
        _field(
            "filters",
            "Filters, as in the address of the cohort page",
            FILTERS,
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


def shown_fields(kind: str | None) -> Values:
    """The class of each field's frame: only what the kind takes is shown."""
    takes = {name for part in NEEDS[ReportKind(kind)] for name in part} if kind else set()
    return {field_id(name): "" if name in takes else "lb-hidden" for name in WORDS}


def filled_in(search: str | None) -> Values:
    """Kind and fields by the id of their control, as another page's link asks for them."""
    asked = ReportsAddress.read(search)
    known = asked.kind if asked.kind in {kind.value for kind in ReportKind} else None
    fields = asked.fields or {}
    return {KIND: known, **{INPUTS[name]: fields.get(name) for name in WORDS}}


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
    when = local_time(run.created_at)
    return {"label": f"{task_name(run.task)}, {when}, {run.severity or ''}", "value": run.id}


def _row(report: Report, progress: float, user: User) -> Component:
    state = html.Span(_STATES[report.state], className=f"lb-badge {_BADGES[report.state]}")
    state_cell: list[Component] = [state]
    if report.state is ReportState.WAITING:
        state_cell.append(dbc.Progress(value=100 * progress, className="lb-report-progress"))
    if report.failure:
        state_cell.append(html.Div(report.failure, className="lb-report-failure"))
    if report.signed:
        state_cell.append(html.Span("signed", className="lb-badge"))
    asked: list[str | Component] = [
        local_time(report.created_at),
        html.Div(report.made_name, className="text-secondary"),
    ]
    return html.Tr(
        [
            html.Td(report.title),
            html.Td(asked),
            html.Td(state_cell),
            html.Td(_files(report)),
            html.Td(_delete(report, user)),
        ]
    )


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
    button = html.Button(
        "Delete",
        className="btn btn-sm btn-outline-secondary",
        title="Delete this report for everybody",
    )
    return dcc.ConfirmDialogProvider(
        button,
        id={"type": DELETE, "report": report.id},
        message=f"Delete the report “{report.title}” and its files, for everybody?",
    )


def _field(name: str, label: str, control_id: str, control: Component) -> Component:
    return html.Div(
        [html.Label(label, htmlFor=control_id), control], id=field_id(name), className="lb-hidden"
    )


def _calendar(name: str, kind: str) -> Component:
    kind_of_html: Any = kind  # browsers know more kinds of input than Dash's annotation names
    return dcc.Input(id=name, type=kind_of_html, className="form-control")
