"""What no truth decides on the performance page: estimates of unjudged months, and the shares of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from dashboard.components.outputs import Values
from dashboard.components.performance import answers, estimates
from services.cohort.small_numbers import audience_of_pages
from services.performance import charts as performance_charts
from services.performance.cases import NOT_BY_CHOICE

if TYPE_CHECKING:
    from data.records import User
    from services.assembly.performance import PerformanceServices

_NOT_BY_CHOICE = html.P(NOT_BY_CHOICE, className="text-secondary")


def estimated(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """Estimates of unjudged months, by the id of the component they go to; InvalidInput for a bad address."""
    asked = performance.numbers.asked(search or "", user)
    shown = _NOT_BY_CHOICE if asked.chosen else estimates.panel(performance.estimates.of(asked), asked)
    return {estimates.WITHOUT_TRUTH: shown}


def answered(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """Shares of answers, by the id of the component they go to; InvalidInput for a bad address."""
    asked = performance.numbers.asked(search or "", user)
    if asked.chosen:
        return {answers.ANSWERS: _NOT_BY_CHOICE}
    outside = audience_of_pages(user).withholds
    told = performance.answers.told_outside(asked) if outside else performance.answers.of(asked)
    return {answers.ANSWERS: answers.panel(told, performance_charts.answers(told, asked), asked)}
