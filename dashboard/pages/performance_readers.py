"""The readers on the performance page: two of them, each without and with the AI, and how all read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dash import Dash, Input, State
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.performance import readers, reading
from dashboard.components.performance.layout import STUDY_FOLD, TWO_READERS_FOLD
from dashboard.pages import performance_folds as folds
from data.errors import InvalidInput
from data.records import User
from services.cohort.small_numbers import audience_of_pages
from services.permissions import Permission
from services.readers.watch import PART as READING

if TYPE_CHECKING:
    from services.assembly.performance import PerformanceServices
    from services.assembly.reviewing import ReviewingServices
    from services.readers.readers import Readers
    from services.reviewing.agreement import ReaderAgreement

STUDIED = {
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

    def _two_readers(user: User, search: str) -> Values:
        return {readers.READERS: show(performance, reviewing.agreement, user, search)}

    def _study(user: User, search: str) -> Values:
        return study(performance, reviewing, user, search)

    def _all_readers(user: User, search: str) -> Values:
        return {reading.SHOWN: all_readers(performance, figures, user, search)}

    of_the_house = Permission.SEE_STATISTICS
    folds.bind(app, TWO_READERS_FOLD, {readers.READERS: "children"}, of_the_house, _two_readers)
    folds.bind(app, STUDY_FOLD, STUDIED, of_the_house, _study)
    folds.bind(app, READING, {reading.SHOWN: "children"}, of_the_house, _all_readers)

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
