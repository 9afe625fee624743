"""The readers' agreement on the performance page, for the task that its address shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, Output, State
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components.frame import LOCATION
from dashboard.components.performance import readers
from data.records import User
from services.addresses import PERFORMANCE
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.performance import PerformanceServices
    from services.reviewing.agreement import ReaderAgreement


def show(
    performance: PerformanceServices, agreement: ReaderAgreement, user: User, search: str | None
) -> Component:
    """Build the panel; raises InvalidInput for a bad address."""
    asked = performance.numbers.asked(search or "", user)
    return readers.panel(agreement.of_task(asked.task, user))


def register(app: Dash, performance: PerformanceServices, agreement: ReaderAgreement) -> None:
    """Bind the panel."""

    @app.callback(Output(readers.READERS, "children"), Input(LOCATION, "search"), State(LOCATION, "pathname"))
    def _show(search: str | None, path: str | None) -> Component:
        user = require(Permission.SEE_STATISTICS)
        if path != PERFORMANCE:
            raise PreventUpdate
        return show(performance, agreement, user, search)
