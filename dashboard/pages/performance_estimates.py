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

VALUES = {estimates.WITHOUT_TRUTH: "children", answers.ANSWERS: "children"}


def show(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """Both sections, by the id of the component they go to; raises InvalidInput for a bad address."""
    asked = performance.numbers.asked(search or "", user)
    if asked.chosen:
        words = html.P(NOT_BY_CHOICE, className="text-secondary")
        return {estimates.WITHOUT_TRUTH: words, answers.ANSWERS: words}
    outside = audience_of_pages(user).withholds
    answered = performance.answers.told_outside(asked) if outside else performance.answers.of(asked)
    chart = performance_charts.answers(answered, asked)
    return {
        estimates.WITHOUT_TRUTH: estimates.panel(performance.estimates.of(asked), asked),
        answers.ANSWERS: answers.panel(answered, chart, asked),
    }
