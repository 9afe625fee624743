"""The folded parts of the performance page: each is worked out once somebody opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components.folds import address_of
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, outputs
from dashboard.components.performance.layout import FOLDS
from data.records import User
from services.addresses import PERFORMANCE
from services.permissions import Permission


def bind(
    app: Dash,
    fold: str,
    places: Mapping[str, str],
    permission: Permission,
    show: Callable[[User, str], Values],
) -> None:
    """Fill a fold's places from the address that it shows; `show` raises InvalidInput for a bad one."""

    @app.callback(
        output=outputs(places),
        inputs=[Input(address_of(fold), "data"), State(LOCATION, "pathname")],
        prevent_initial_call=True,
    )
    def _show(search: str | None, path: str | None) -> Values:
        user = require(permission)
        if search is None or path != PERFORMANCE:
            raise PreventUpdate
        return show(user, search)


def register(app: Dash) -> None:
    """Bind which folds are open."""
    for fold in FOLDS:  # each by itself: those of the whole house are not on everybody's page
        app.clientside_callback(
            ClientsideFunction("lightbox", "performanceFold"),
            Output(fold, "open"),
            Output(address_of(fold), "data"),
            Input(LOCATION, "search"),
        )
