"""Taking, giving and putting back scans, and saying how urgent they are: what its buttons do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, State, ctx
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components import triage as parts
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.triage import (
    CHANGED,
    CLEAR,
    COLLEAGUE,
    GIVE,
    PUT_BACK,
    SAID,
    TAKE,
    UNAIDED,
    UNAIDED_SAID,
    URGENCY,
    URGENCY_CHANGED,
    URGENCY_SAID,
)
from dashboard.components.worklist import URGENCY_NAMES
from dashboard.components.worklist_grid import GRID
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.reviewing.triage import Triage
    from services.reviewing.unaided import UnaidedReadings


def assign(triage: Triage, user: User, act: str, scan_ids: Sequence[str], colleague: str | None) -> str:
    """Take, give or put back scans, and say so in a sentence."""
    if act == TAKE:
        return parts.taken_words(triage.take(scan_ids, user))
    if act == GIVE:
        n = triage.give(scan_ids, colleague or "", user)
        return parts.given_words(n, triage.names([colleague or ""])[colleague or ""])
    if act == PUT_BACK:
        return parts.put_back_words(triage.put_back(scan_ids, user))
    raise PreventUpdate


def urge(triage: Triage, user: User, act: str, scan_ids: Sequence[str]) -> str:
    """Say how urgent scans are, and that it was said."""
    said = {name: urgency for urgency, name in URGENCY.items()}.get(act)
    n = triage.set_urgency(scan_ids, said, user)
    return parts.urgency_words(n, "" if said is None else URGENCY_NAMES[said])


def colleague_options(colleagues: Sequence[User]) -> list[dict[str, str]]:
    """Return whom scans may be given to."""
    return [{"label": person.display_name, "value": person.id} for person in colleagues]


def register_selection(app: Dash, triage: Triage, unaided: UnaidedReadings) -> None:
    """Bind the bar of the worklist's chosen rows; `dashboard.pages.worklist` fills it."""

    @app.callback(
        output=outputs({SAID: "children", CHANGED: "data"}),
        inputs=[
            *(Input(name, "n_clicks") for name in (TAKE, GIVE, PUT_BACK)),
            State(GRID, "selectedRows"),
            State(COLLEAGUE, "value"),
        ],
        prevent_initial_call=True,
    )
    def _assign(
        take: int | None, give: int | None, back: int | None, rows: Any, colleague: str | None
    ) -> Values:
        user = require(Permission.ASSIGN_SCANS)
        clicked(take, give, back)
        said = assign(triage, user, str(ctx.triggered_id), _chosen(rows), colleague)
        return {SAID: said, CHANGED: f"{take} {give} {back}"}

    @app.callback(
        output=outputs({URGENCY_SAID: "children", URGENCY_CHANGED: "data"}),
        inputs=[
            State(GRID, "selectedRows"),
            *(Input(name, "n_clicks") for name in (*URGENCY.values(), CLEAR)),
        ],
        prevent_initial_call=True,
    )
    def _urge(rows: Any, *clicks: int | None) -> Values:
        user = require(Permission.SET_URGENCY)
        clicked(*clicks)
        said = urge(triage, user, str(ctx.triggered_id), _chosen(rows))
        return {URGENCY_SAID: said, URGENCY_CHANGED: str(clicks)}

    @app.callback(
        output=outputs({UNAIDED_SAID: "children"}) | outputs({CHANGED: "data"}, again=True),
        inputs=[Input(UNAIDED, "n_clicks"), State(GRID, "selectedRows")],
        prevent_initial_call=True,
    )
    def _unaided(clicks: int | None, rows: Any) -> Values:
        user = require(Permission.REVIEW)
        clicked(clicks)
        asked = unaided.ask(_chosen(rows), user)
        return {UNAIDED_SAID: parts.unaided_words(asked), CHANGED: f"without the AI {clicks}"}

    app.clientside_callback(ClientsideFunction("lightbox", "rowsChosen"), Input(GRID, "selectedRows"))
    app.clientside_callback(
        ClientsideFunction("lightbox", "triaged"),
        Input(CHANGED, "data"),
        Input(URGENCY_CHANGED, "data"),
        prevent_initial_call=True,
    )


def _chosen(rows: Any) -> list[str]:
    return [row["scan_id"] for row in rows or [] if row]
