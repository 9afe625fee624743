"""The lower part of the performance page: one version more closely, and a second one beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dash import Patch, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.components.outputs import Values
from dashboard.components.performance import details, pairs
from dashboard.components.performance.layout import (
    CALIBRATION,
    CASES,
    COMPARISON,
    CURVES,
    GROUPS,
    GROUPS_FIGURE,
    GROUPS_GRAPH,
    MATRIX,
    PLAIN,
    PRECISION,
    PROPOSALS,
    ROC,
    THRESHOLD,
    TRAINING,
    TRAINING_CURVES,
    WHAT_IF,
)
from services import addresses
from services.performance import charts as performance_charts
from services.performance.cases import NOT_BY_CHOICE, OF_METRIC, WHAT
from services.performance.metrics import METRICS
from services.performance.numbers import MOST_PROPOSALS
from services.permissions import Permission, may
from services.statistics.subgroups import SUBGROUPS

if TYPE_CHECKING:
    from data.records import User
    from services.assembly.performance import PerformanceServices
    from services.performance.numbers import PerformanceQuery


def show(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """Right and wrong and the cases, by the id of the component they go to."""
    asked = performance.numbers.asked(search or "", user)
    errors = performance.details.errors(asked)
    charts = performance_charts.errors(errors)
    return {
        MATRIX: details.matrix(errors),
        CASES: _cases(performance, asked, user),
        ROC: charts["roc"],
        PRECISION: charts["precision"],
        CALIBRATION: charts["calibration"],
        THRESHOLD: round(errors.threshold, 3) if errors.n else 0.5,
        CURVES: "lb-charts" if charts["roc"]["data"] else "lb-hidden",
    }


def groups(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """Groups of patients, by the id of the component they go to."""
    asked = performance.numbers.asked(search or "", user)
    metric, told = METRICS[asked.metric], performance.details.groups(asked)
    whole = performance.details.errors(asked).figures.get(metric.name)
    chart = performance_charts.groups(
        told,
        metric,
        whole.value if whole else None,
        _group_link(performance, asked, OF_METRIC.get(metric.name, "all")),
    )
    return {
        GROUPS: details.groups(told, metric, SUBGROUPS, _group_link(performance, asked)),
        GROUPS_GRAPH: chart,
        GROUPS_FIGURE: "lb-groups" if chart["data"] else "lb-hidden",
    }


def proposals(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """Scans of the random sample that wait for a review."""
    return {PROPOSALS: _proposals(performance, performance.numbers.asked(search or "", user))}


def what_if(
    performance: PerformanceServices, user: User, search: str | None, threshold: float | None
) -> Values:
    """What a threshold would do: the table, and the marks on both curves."""
    asked = performance.numbers.asked(search or "", user)
    errors = performance.details.errors(asked)
    if threshold is None or not errors.n:
        raise PreventUpdate
    after, then = performance.details.at(asked, threshold)
    table = details.what_if(METRICS, errors.figures, then, errors.confusion, after)
    if errors.curves is None:
        return {WHAT_IF: table, ROC: no_update, PRECISION: no_update}
    recall, far, precision = (then[name].value for name in ("recall", "far", "precision"))
    return {WHAT_IF: table, ROC: _mark(far, recall), PRECISION: _mark(recall, precision)}


def training(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """The run behind the version, and its curves."""
    asked = performance.numbers.asked(search or "", user)
    if not asked.version:
        nothing = html.P("No version is registered.", className="text-secondary")
        return {TRAINING: nothing, TRAINING_CURVES: []}
    run = performance.details.training(asked)
    figures = performance_charts.training(run)
    return {
        TRAINING: details.training(run, asked.query()),
        TRAINING_CURVES: [_drawn(name, figure) for name, figure in figures.items()],
    }


def compared(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """Two versions on the scans that both have read."""
    asked = performance.numbers.asked(search or "", user)
    if not asked.vs:
        words = "Choose a second version to see where it would have been better or worse."
        return {COMPARISON: html.P(words, className="text-secondary")}
    return {COMPARISON: pairs.comparison(performance.pairs.compared(asked), METRICS)}


def _drawn(name: str, figure: dict[str, Any]) -> Component:
    return html.Figure(
        [html.Figcaption(name), dcc.Graph(figure=figure, config=PLAIN, className="lb-graph lb-small")],
        className="lb-chart",
    )


def _cases(performance: PerformanceServices, asked: PerformanceQuery, user: User) -> Component | None:
    if asked.of != "real":
        if not may(user, Permission.SEE_STATISTICS):
            return None
        cases = details.validation_cases(performance.details.validation_cases(asked, user))
        return html.Section([html.H2("Cases of validation"), cases], className="lb-card")
    if not asked.cases:
        return None
    page = performance.cases.page(asked.which(asked.cases), asked.page)
    links = {}
    if page.number > 1:
        links["Before"] = addresses.performance(asked.query(page=page.number - 1))
    if page.number < page.last:
        links["After"] = addresses.performance(asked.query(page=page.number + 1))
    links["Close"] = addresses.performance(asked.query(cases="", group="", page=1))
    title = WHAT[asked.cases]
    if asked.group:
        title = f"{title}, {asked.group.replace(':', ' ')}"
    return details.cases(page, title, links)


def _group_link(
    performance: PerformanceServices, asked: PerformanceQuery, what: str = "all"
) -> Callable[[str], str]:
    def address(group: str) -> str:
        return performance.cases.address(replace(asked.which(what), group=group))

    return address


def _proposals(performance: PerformanceServices, asked: PerformanceQuery) -> Component:
    if asked.chosen:
        return html.P(NOT_BY_CHOICE, className="text-secondary")
    of_version = replace(asked, month="")  # as what is proposed
    coverage = performance.numbers.coverage(of_version)
    return details.proposals(performance.numbers.proposals(asked), MOST_PROPOSALS, coverage)


def _mark(x: float, y: float) -> Patch:
    patch = Patch()
    patch["data"][-1]["x"] = [x]
    patch["data"][-1]["y"] = [y]
    return patch
