"""Bulk imports, on the administrators' page: start one, see how far it is, pause it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components import imports
from dashboard.components.imports import ACTION, FOLDER, LABELS, LIST, SEEN, START, TICK
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.importing.imports import Importing

EVERY_MS = 2000
MOST_SHOWN = 10


def section() -> list[Component]:
    """Build the part of the page; the table comes from `show`."""
    return [
        html.Div(html.H2("Import"), className="lb-page-head mt-3"),
        imports.form(),
        html.Div(id=LIST, className="lb-scroll"),
        dcc.Store(id=SEEN),
        dcc.Interval(id=TICK, interval=EVERY_MS),
    ]


def table(importing: Importing, imports_from: Path) -> Component:
    """Return the table of the latest imports."""
    return imports.table(importing.recent(MOST_SHOWN), str(imports_from))


def show(importing: Importing, imports_from: Path, seen: str | None) -> Values:
    """Return the table and a word for it; raises PreventUpdate where that is `seen` already."""
    views = importing.recent(MOST_SHOWN)
    word = imports.seen(views)
    if word == seen:
        raise PreventUpdate
    return {LIST: imports.table(views, str(imports_from)), SEEN: word}


def act(importing: Importing, administrator: User, import_id: str, verb: str) -> None:
    """Pause an import or have it go on."""
    change = importing.pause if verb == "pause" else importing.take_up
    change(import_id, administrator)


def register(app: Dash, importing: Importing, imports_from: Path) -> None:
    """Bind the part of the page; `imports_from` is the folder below which imports may lie."""

    @app.callback(
        output=outputs({LIST: "children", SEEN: "data"}),
        inputs=[Input(TICK, "n_intervals"), State(SEEN, "data")],
    )
    def _show(_: int | None, seen: str | None) -> Values:
        require(Permission.IMPORT)
        return show(importing, imports_from, seen)

    @app.callback(
        output=outputs({LIST: "children", FOLDER: "value", LABELS: "value"}, again=True),
        inputs=[Input(START, "n_clicks"), State(FOLDER, "value"), State(LABELS, "value")],
        prevent_initial_call=True,
    )
    def _start(clicks: int | None, folder: str | None, labels: str | None) -> Values:
        administrator = require(Permission.IMPORT)
        clicked(clicks)
        importing.start_below(administrator, folder or "", labels or "")
        return {LIST: table(importing, imports_from), FOLDER: "", LABELS: ""}

    @app.callback(
        Output(LIST, "children", allow_duplicate=True),
        Input({"type": ACTION, "import": ALL, "verb": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None]) -> Component:
        administrator, button = require(Permission.IMPORT), pressed(ctx.triggered_id, clicks)
        act(importing, administrator, button["import"], button["verb"])
        return table(importing, imports_from)
