"""The bell's wiring: a cheap question that pages ask now and then, and what is shown on a new answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, Output
from dash.development.base_component import Component
from flask import Flask, Response, jsonify

from dashboard.auth import require
from dashboard.components import bell
from data.records import KindCount, User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.alerts.alerts import Alerts


def add_routes(server: Flask, alerts: Alerts) -> None:
    """Bind the question: has anything changed?"""

    @server.get("/alerts/token", endpoint="alerts_token")
    def _token() -> Response:
        user = require(Permission.DECIDE_ALERTS)
        return jsonify({"token": alerts.token(user)})


def show(alerts: Alerts, user: User) -> tuple[list[Component], list[Component]]:
    """Return the bell and its panel."""
    calling = alerts.calling(user)
    count = KindCount.counted(alert.synthetic for alert in calling)
    return bell.label(count), bell.panel(calling, user)


def register(app: Dash, alerts: Alerts) -> None:
    """Bind the bell; assets/bell.js sets the token."""

    @app.callback(Output(bell.BELL, "label"), Output(bell.LIST, "children"), Input(bell.SEEN, "data"))
    def _show(_: str | None) -> tuple[list[Component], list[Component]]:
        return show(alerts, require(Permission.DECIDE_ALERTS))
