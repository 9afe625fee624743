"""The readers on the performance page: two of them, each without and with the AI, and how all read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dash import Dash, Input, Output, State
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.performance import readers, reading
from data.errors import InvalidInput
from data.records import User
from services.addresses import PERFORMANCE
from services.cohort.small_numbers import audience_of_pages
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.performance import PerformanceServices
    from services.assembly.reviewing import ReviewingServices
    from services.readers.readers import Readers
    from services.reviewing.agreement import ReaderAgreement

SHOWN = {
    readers.READERS: "children",
    readers.STUDY: "children",
    readers.RULE: "children",
    readers.PERCENT: "value",
}
FILE = "/exports/readers.csv"


def show(
    performance: PerformanceServices, agreement: ReaderAgreement, user: User, search: str | None
) -> Component:
    """Build the panel of two readers; raises InvalidInput for a bad address."""
    asked = performance.numbers.asked(search or "", user)
    return readers.panel(agreement.of_task(asked.task, user))


def study(
    performance: PerformanceServices, reviewing: ReviewingServices, user: User, search: str | None
) -> Values:
    """Return readers without and with the AI, and the rule; raises InvalidInput for a bad address."""
    task = performance.numbers.asked(search or "", user).task
    rule = next(iter(reviewing.unaided.rules(task, user)), None)
    return {
        readers.STUDY: readers.study_panel(
            reviewing.reader_studies.of_task(task, user, audience_of_pages(user))
        ),
        readers.RULE: readers.rule_words(rule),
        readers.PERCENT: 0 if rule is None else rule.percent,
    }


def all_readers(
    performance: PerformanceServices, figures: Readers, user: User, search: str | None
) -> Component:
    """Build the panel of how readers read; raises InvalidInput for a bad address."""
    task = performance.numbers.asked(search or "", user).task
    return reading.panel(figures.of_task(task, user), f"{FILE}?{urlencode({'task': task})}")


def set_rule(
    performance: PerformanceServices,
    reviewing: ReviewingServices,
    user: User,
    search: str | None,
    percent: float | None,
) -> Values:
    """Set the share of the task's new scans that is read without the AI first, and say what holds."""
    if percent is None or percent != int(percent):
        raise InvalidInput("The share is a whole number of per cent, from 0 to 100.")
    task = performance.numbers.asked(search or "", user).task
    rule = reviewing.unaided.set_rule(task, int(percent), user)
    return {readers.RULE: readers.rule_words(rule), readers.SAID: "Set."}


def register(
    app: Dash, performance: PerformanceServices, reviewing: ReviewingServices, figures: Readers
) -> None:
    """Bind the panels."""
    here = [Input(LOCATION, "search"), State(LOCATION, "pathname")]

    @app.callback(output=outputs(SHOWN), inputs=here)
    def _show(search: str | None, path: str | None) -> Values:
        user = require(Permission.SEE_STATISTICS)
        if path != PERFORMANCE:
            raise PreventUpdate
        both = show(performance, reviewing.agreement, user, search)
        return {readers.READERS: both, **study(performance, reviewing, user, search)}

    @app.callback(Output(reading.SHOWN, "children"), *here)
    def _all_readers(search: str | None, path: str | None) -> Component:
        user = require(Permission.SEE_STATISTICS)
        if path != PERFORMANCE:
            raise PreventUpdate
        return all_readers(performance, figures, user, search)

    @app.callback(
        output=outputs({readers.RULE: "children", readers.SAID: "children"}, again=True),
        inputs=[
            Input(readers.SET, "n_clicks"),
            State(readers.PERCENT, "value"),
            State(LOCATION, "search"),
        ],
        prevent_initial_call=True,
    )
    def _set(clicks: int | None, percent: float | None, search: str | None) -> Values:
        user = require(Permission.SET_UNAIDED_RULES)
        clicked(clicks)
        return set_rule(performance, reviewing, user, search, percent)
