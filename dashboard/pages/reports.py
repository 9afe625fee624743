"""The reports page: ask for a report, see how far it is, fetch it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import reports as parts
from dashboard.components.results import task_name
from data.errors import InvalidInput
from data.records import Report, ReportKind, User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

LOCATION = "location"
SHOWN = 100
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


def request(services: Services, user: User, kind: str | None, given: Mapping[str, str | None]) -> Report:
    """Have a report made."""
    if kind not in {one.value for one in services.reporting.kinds}:
        raise InvalidInput("Choose what the report is about first.")
    chosen = ReportKind(kind)
    return services.reporting.request(chosen, ask_of(chosen, given), user)


def listed(services: Services, user: User, seen: str | None) -> tuple[Any, Any]:
    """The table of reports and a word for it; no update where that is `seen` already."""
    reports, progress = services.reporting.recent(SHOWN), services.reporting.progress()
    word = parts.word_of(reports, progress)
    if word == seen:
        return no_update, no_update
    return parts.table(reports, progress, user), word


def choices(services: Services) -> tuple[list[dict[str, str]], ...]:
    """Options of task, version and drift run, in this order, and of the kind."""
    versions = [
        one
        for task in services.versions.registry.clinical
        for one in services.versions.registry.versions(task)
    ]
    runs = [one for task in services.versions.registry.clinical for one in services.drift.runs.runs(task, 50)]
    return (
        [{"label": task_name(task), "value": task} for task in services.versions.registry.clinical],
        [
            {"label": f"version {number}", "value": number}
            for number in sorted({version.version for version in versions}, key=lambda one: (len(one), one))
        ],
        [parts.run_option(run) for run in runs if run.state == "done"],
        [{"label": parts.KINDS[kind], "value": kind.value} for kind in services.reporting.kinds],
    )


def signs(services: Services) -> str:
    """Whether reports are signed, in words."""
    name = services.reporting.signs
    return f"Signed with the certificate of {name}." if name else "Not signed: no certificate is set."


def register(app: Dash, services: Services) -> None:
    """Bind the page."""

    @app.callback(
        Output(parts.TASK, "options"),
        Output(parts.VERSION, "options"),
        Output(parts.RUN, "options"),
        Output(parts.KIND, "options"),
        Output(parts.SIGNS, "children"),
        Output(parts.KIND, "value"),
        *(Output(name, "value") for name in parts.INPUTS),
        Input(parts.FORM, "id"),
        State(LOCATION, "search"),
    )
    def _choices(_: str, search: str | None) -> tuple[Any, ...]:
        require(Permission.USE_REPORTS)
        return (*choices(services), signs(services), *parts.filled_in(search))

    @app.callback(
        *(Output(parts.field_id(name), "className") for name in parts.WORDS), Input(parts.KIND, "value")
    )
    def _fields(kind: str | None) -> tuple[str, ...]:
        require(Permission.USE_REPORTS)
        return parts.shown_fields(kind)

    @app.callback(
        Output(parts.LIST, "children"),
        Output(parts.SEEN, "data"),
        Input(parts.TICK, "n_intervals"),
        State(parts.SEEN, "data"),
    )
    def _listed(_: int | None, seen: str | None) -> tuple[Any, Any]:
        return listed(services, require(Permission.USE_REPORTS), seen)

    @app.callback(
        Output(parts.SAID, "children"),
        Output(parts.SEEN, "data", allow_duplicate=True),
        Input(parts.MAKE, "n_clicks"),
        State(parts.KIND, "value"),
        *(State(name, "value") for name in parts.INPUTS),
        prevent_initial_call=True,
    )
    def _make(clicks: int | None, kind: str | None, *given: str | None) -> tuple[Any, Any]:
        user = require(Permission.USE_REPORTS)
        if not clicks:
            return no_update, no_update
        report = request(services, user, kind, dict(zip(parts.WORDS, given, strict=True)))
        return f"“{report.title}” is being made.", None

    @app.callback(
        Output(parts.SAID, "children", allow_duplicate=True),
        Output(parts.SEEN, "data", allow_duplicate=True),
        Input({"type": parts.DELETE, "report": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _delete(clicks: list[int | None]) -> tuple[Any, Any]:
        user = require(Permission.USE_REPORTS)  # who may delete, the service says
        if not any(clicks) or not isinstance(ctx.triggered_id, dict):
            return no_update, no_update
        services.reporting.delete(ctx.triggered_id["report"], user)
        return "Deleted.", None
