"""The reports page: ask for a report, see how far it is, fetch it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, State, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components import reports as parts
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs, pressed
from dashboard.components.results import task_name
from data.errors import InvalidInput
from data.records import Report, ReportKind, RunState, User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.drift.runs import DriftRuns
    from services.reporting.reports import Reporting
    from services.versions.registry import Registry

MOST_SHOWN = 100
RUNS_OFFERED = 50  # of each task
EVERY_MS = 2000


def layout(user: User, argument: str = "") -> Component:
    """Build the page; `listed` fills the table."""
    return html.Div(
        [
            html.Div(
                [html.H1("Reports"), html.Span(id=parts.SIGNS, className="text-secondary")],
                className="lb-page-head",
            ),
            parts.form(),
            html.Div(id=parts.SAID, role="status", className="text-secondary"),
            html.Div(id=parts.LIST, className="lb-scroll"),
            dcc.Store(id=parts.SEEN),
            dcc.Interval(id=parts.TICK, interval=EVERY_MS),
        ],
        className="lb-reports",
    )


def ask_of(kind: ReportKind, given: Mapping[str, str | None]) -> dict[str, str]:
    """What a kind of report needs of what was entered; raises InvalidInput where it is not there."""
    needed, optional = parts.NEEDS[kind]
    for name in needed:
        if not given.get(name):
            raise InvalidInput(f"Choose {parts.WORDS[name]} first.")
    return {name: str(given[name]) for name in (*needed, *optional) if given.get(name)}


def request(reporting: Reporting, user: User, kind: str | None, given: Mapping[str, str | None]) -> Report:
    """Have a report made."""
    if kind not in {known.value for known in reporting.kinds}:
        raise InvalidInput("Choose what the report is about first.")
    chosen = ReportKind(kind)
    return reporting.request(chosen, ask_of(chosen, given), user)


def listed(reporting: Reporting, user: User, seen: str | None) -> Values:
    """The table of reports and a word for it; raises PreventUpdate where that is `seen` already."""
    reports, progress = reporting.recent(MOST_SHOWN), reporting.progress()
    word = parts.word_of(reports, progress)
    if word == seen:
        raise PreventUpdate
    return {parts.LIST: parts.table(reports, progress, user), parts.SEEN: word}


def form(reporting: Reporting, registry: Registry, runs: DriftRuns, search: str | None) -> Values:
    """What the form's menus offer, how it is filled in by an address, and whether reports are signed."""
    tasks = registry.clinical
    versions = {version.version for task in tasks for version in registry.versions(task)}
    finished = [run for task in tasks for run in runs.runs(task, RUNS_OFFERED) if run.state is RunState.DONE]
    offered: dict[str, list[dict[str, str]]] = {
        parts.KIND: [{"label": parts.KINDS[kind], "value": kind.value} for kind in reporting.kinds],
        parts.TASK: [{"label": task_name(task), "value": task} for task in tasks],
        parts.VERSION: [
            {"label": f"version {version}", "value": version}
            for version in sorted(versions, key=lambda version: (len(version), version))
        ],
        parts.RUN: [parts.run_option(run) for run in finished],
    }
    filled: Values = parts.filled_in(search)
    menus = {name: {"options": options, "value": filled.pop(name)} for name, options in offered.items()}
    return filled | menus | {parts.SIGNS: signs(reporting)}


def make(reporting: Reporting, user: User, kind: str | None, given: Mapping[str, str | None]) -> Values:
    """Have a report made, say so, and have the table drawn anew."""
    report = request(reporting, user, kind, given)
    return {parts.SAID: f"“{report.title}” is being made.", parts.SEEN: None}


def delete(reporting: Reporting, user: User, report_id: str) -> Values:
    """Delete a report for everybody, say so, and have the table drawn anew."""
    reporting.delete(report_id, user)
    return {parts.SAID: "Deleted.", parts.SEEN: None}


def signs(reporting: Reporting) -> str:
    """Whether reports are signed, in words."""
    name = reporting.signs
    return f"Signed with the certificate of {name}." if name else "Not signed: no certificate is set."


def register(app: Dash, reporting: Reporting, registry: Registry, runs: DriftRuns) -> None:
    """Bind the page."""

    @app.callback(
        output=outputs(parts.FORM_VALUES), inputs=[Input(parts.FORM, "id"), State(LOCATION, "search")]
    )
    def _form(_: str, search: str | None) -> Values:
        require(Permission.USE_REPORTS)
        return form(reporting, registry, runs, search)

    @app.callback(
        output=outputs({parts.field_id(name): "className" for name in parts.WORDS}),
        inputs=[Input(parts.KIND, "value")],
    )
    def _fields(kind: str | None) -> Values:
        require(Permission.USE_REPORTS)
        return parts.shown_fields(kind)

    @app.callback(
        output=outputs({parts.LIST: "children", parts.SEEN: "data"}),
        inputs=[Input(parts.TICK, "n_intervals"), State(parts.SEEN, "data")],
    )
    def _listed(_: int | None, seen: str | None) -> Values:
        return listed(reporting, require(Permission.USE_REPORTS), seen)

    @app.callback(
        output=outputs({parts.SAID: "children", parts.SEEN: "data"}, again=True),
        inputs={
            "clicks": Input(parts.MAKE, "n_clicks"),
            "kind": State(parts.KIND, "value"),
            "given": {name: State(parts.INPUTS[name], "value") for name in parts.WORDS},
        },
        prevent_initial_call=True,
    )
    def _make(clicks: int | None, kind: str | None, given: dict[str, str | None]) -> Values:
        user = require(Permission.USE_REPORTS)
        clicked(clicks)
        return make(reporting, user, kind, given)

    @app.callback(
        output=outputs({parts.SAID: "children", parts.SEEN: "data"}, again=True),
        inputs=[Input({"type": parts.DELETE, "report": ALL}, "submit_n_clicks")],
        prevent_initial_call=True,
    )
    def _delete(clicks: list[int | None]) -> Values:
        user = require(Permission.USE_REPORTS)
        return delete(reporting, user, pressed(ctx.triggered_id, clicks)["report"])
