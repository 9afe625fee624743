"""On the performance page: what a threshold would do becomes a version that can be rehearsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, Output, State, dcc
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import clicked
from dashboard.components.performance.layout import REGISTER, REGISTER_SAID, REGISTER_WHY, THRESHOLD
from data.errors import InvalidInput
from services import addresses
from services.permissions import Permission

if TYPE_CHECKING:
    from data.records import User
    from services.performance.numbers import Performance
    from services.versions.thresholds import OtherThresholds


def registered(
    performance: Performance,
    thresholds: OtherThresholds,
    user: User,
    search: str | None,
    threshold: float | None,
    why: str | None,
) -> list[Component | str]:
    """Register the version of the address with this threshold; what to say. Raises as the service does."""
    asked = performance.asked(search or "", user)
    if not asked.version or threshold is None:
        raise InvalidInput("Choose a version and a threshold first.")
    made = thresholds.register(asked.task, asked.version, threshold, why or "", user)
    link = dcc.Link("rehearse it and let the gate judge", href=addresses.MODELS)
    return [f"Registered as version {made.version}; next: ", link, "."]


def register(app: Dash, performance: Performance, thresholds: OtherThresholds) -> None:
    """Bind it."""

    @app.callback(
        Output(REGISTER_SAID, "children"),
        Input(REGISTER, "n_clicks"),
        State(LOCATION, "search"),
        State(THRESHOLD, "value"),
        State(REGISTER_WHY, "value"),
        prevent_initial_call=True,
        running=[(Output(REGISTER, "disabled"), True, False)],
    )
    def _register(
        clicks: int | None, search: str | None, threshold: float | None, why: str | None
    ) -> list[Component | str]:
        user = require(Permission.REGISTER_VERSIONS)
        clicked(clicks)
        return registered(performance, thresholds, user, search, threshold, why)
