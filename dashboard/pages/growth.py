"""Prior and current scan of a patient beside each other, and the growth between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, State
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import growth as parts
from dashboard.components.frame import LOCATION, TAB_TITLE
from dashboard.components.growth import CONTENT, CURRENT, IDENTITY, PATIENT_ID, PRIOR, TICK
from dashboard.components.outputs import Values, outputs
from dashboard.components.patient import identity_line, tab_title
from data.records import User
from services import addresses
from services.permissions import Permission

if TYPE_CHECKING:
    from services.reviewing.growth import Growth

SHOWN = {
    IDENTITY: "children",
    TAB_TITLE: "data",
    CONTENT: "children",
    TICK: "disabled",
    PRIOR: ("options", "value"),
    CURRENT: ("options", "value"),
}


def layout(user: User, argument: str = "") -> Component:
    """Build the frame of the patient whom the address names; `show` fills it."""
    return parts.frame(argument)


def show(growth: Growth, user: User, reference: str, current: str | None, prior: str | None) -> Values:
    """Return everything that the page shows of two scans, by the id of its place; raises NotFound."""
    shown = growth.compare(reference, user, current, prior)
    options = parts.scan_options(shown.choices)
    return {
        IDENTITY: identity_line(shown.patient, user),
        TAB_TITLE: tab_title(shown.patient),
        CONTENT: parts.content(shown),
        TICK: shown.sides is not None or bool(shown.failure),
        PRIOR: {"options": options, "value": shown.prior.scan.id},
        CURRENT: {"options": options, "value": shown.current.scan.id},
    }


def register(app: Dash, growth: Growth) -> None:
    """Bind the page."""

    @app.callback(
        output=outputs(SHOWN, again=True),
        inputs=[
            Input(PATIENT_ID, "data"),
            Input(TICK, "n_intervals"),
            Input(CURRENT, "value"),
            Input(PRIOR, "value"),
            State(LOCATION, "search"),
        ],
        prevent_initial_call="initial_duplicate",
    )
    def _show(reference: str, _: Any, current: str | None, prior: str | None, search: str | None) -> Values:
        user = require(Permission.SEE_SCANS)
        named = addresses.compared(search) if current is None or prior is None else (current, prior)
        return show(growth, user, reference, *named)

    app.clientside_callback(ClientsideFunction("lightbox", "drawGrowth"), Input(CONTENT, "children"))
