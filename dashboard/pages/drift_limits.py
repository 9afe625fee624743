"""Setting the limits of single features on the drift page; runs are judged by them from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import ALL, Dash, Input, State, ctx

from dashboard.auth import require
from dashboard.components.drift import limits as parts
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.records import User
from services.drift.limits import DriftLimits, title_of
from services.permissions import Permission, may

LIST = "drift-limits"


def shown(service: DriftLimits, user: User, task: str, sentence: str = "") -> Values:
    """The limits that were set, and what to say."""
    known = service.of(task)
    return {LIST: parts.table(known, may(user, Permission.SET_DRIFT_LIMITS)), parts.SAID: sentence}


def set_limit(
    service: DriftLimits, user: User, task: str, feature: str, method: str, effect: str, p: str
) -> Values:
    """Keep a limit; raises InvalidInput."""
    service.set_typed(task, feature, method, effect, p, user)
    return shown(service, user, task, f"{title_of(feature)} is judged so from the next run on.")


def reset(service: DriftLimits, user: User, task: str, feature: str) -> Values:
    """The usual limit again."""
    service.reset(task, feature, user)
    return shown(service, user, task, f"{title_of(feature)} is judged as usual from the next run on.")


def register(app: Dash, service: DriftLimits, task_of: Callable[[str | None], str]) -> None:
    """Bind this part of the page."""
    places = {LIST: "children", parts.SAID: "children"}

    @app.callback(output=outputs(places), inputs=[Input(LOCATION, "search")])
    def _show(search: str | None) -> Values:
        return shown(service, require(Permission.SEE_DRIFT), task_of(search))

    @app.callback(
        output=outputs({parts.METHOD: ("options", "value"), parts.EFFECT: "value", parts.P: "value"}),
        inputs=[Input(parts.FEATURE, "value"), Input(LIST, "children"), State(LOCATION, "search")],
    )
    def _offered(feature: str, _: Any, search: str | None) -> Values:
        require(Permission.SEE_DRIFT)
        return parts.offered(feature, service.of(task_of(search)))

    @app.callback(
        output=outputs(places, again=True),
        inputs=[
            Input(parts.SET, "n_clicks"),
            State(LOCATION, "search"),
            State(parts.FEATURE, "value"),
            State(parts.METHOD, "value"),
            State(parts.EFFECT, "value"),
            State(parts.P, "value"),
        ],
        prevent_initial_call=True,
    )
    def _set(
        clicks: int | None,
        search: str | None,
        feature: str,
        method: str,
        effect: str | None,
        p: str | None,
    ) -> Values:
        user = require(Permission.SET_DRIFT_LIMITS)
        clicked(clicks)
        return set_limit(service, user, task_of(search), feature, method, effect or "", p or "")

    @app.callback(
        output=outputs(places, again=True),
        inputs=[Input({"type": parts.RESET, "feature": ALL}, "n_clicks"), State(LOCATION, "search")],
        prevent_initial_call=True,
    )
    def _reset(clicks: list[int | None], search: str | None) -> Values:
        user = require(Permission.SET_DRIFT_LIMITS)
        return reset(service, user, task_of(search), pressed(ctx.triggered_id, clicks)["feature"])
