"""The upper part of the performance page in words and tables: what is live, warnings, numbers, goals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.cohort.panels import file_links, for_the_house, number
from dashboard.components.kinds import synthetic_badge
from dashboard.components.results import local_time
from data.records import ReportKind, Suspension, User
from services import addresses
from services.addresses import ReportsAddress
from services.performance.cases import NOT_BY_CHOICE
from services.performance.estimate_records import ESTIMATED
from services.performance.number_words import KINDS_OF_NUMBERS, interval_words, value_words
from services.performance.numbers import choice_words
from services.performance.stop_rules import place_of
from services.permissions import Permission, may
from services.standing.suspensions import suspended_words

if TYPE_CHECKING:
    from data.records import ReadCount
    from services.performance.metrics import Metric
    from services.performance.numbers import Live, MetricPoint, MetricView

GOAL, LIMIT, GOAL_LABEL, LIMIT_LABEL, GOAL_SAVE, GOAL_SAID = (
    "performance-goal",
    "performance-limit",
    "performance-goal-label",
    "performance-limit-label",
    "performance-goal-save",
    "performance-goal-said",
)
MOST_OPEN = 16  # rows of the table that are shown without a click
SOURCES = {"validation": "Validation", "reviewed": "Real use", "sample": "Real use, random sample"}
FILES = {"csv": "CSV", "xlsx": "Excel", "png": "PNG"}


def source_words(point: MetricPoint) -> str:
    """Where a number comes from."""
    return SOURCES[point.source] + (f", {point.kind}" if point.kind else "")


def exports(query: str, user: User) -> Component:
    """Links to what is on the screen as files."""
    look = "btn btn-sm btn-outline-primary"
    links = file_links("/exports/performance", FILES, query, look)
    if not may(user, Permission.SEE_STATISTICS):
        return html.Div([*links, for_the_house("/exports/performance", FILES, query)], className="lb-exports")
    asked = dict(parse_qsl(query))
    ask = {name: asked[name] for name in ("task", "version", "month") if asked.get(name)}
    report = str(ReportsAddress(ReportKind.PERFORMANCE, ask))
    links.append(dcc.Link("PDF", href=report, className=look, title="A report that is typeset and kept"))
    title = "One row a judged case, with the columns that the ACR's Assess-AI registry asks for"
    links.append(
        html.A("Assess-AI", href=f"/exports/assess-ai.csv?{query}", download="", className=look, title=title)
    )
    links.append(for_the_house("/exports/performance", FILES, query))
    return html.Div(links, className="lb-exports")


def banner(shown: MetricView, suspended: Sequence[Suspension], user: User) -> list[Component]:
    """What must be known before anything is believed: suspensions, no MLflow, numbers beyond their limit."""
    parts: list[Component] = []
    for stopped in suspended:
        suspension: list[Component | str] = [suspended_words(stopped)]
        if may(user, Permission.SEE_STATISTICS):
            suspension += [" ", dcc.Link("See the stop rules", href=place_of(stopped))]
        parts.append(html.Div(suspension, className="lb-warning lb-past-limit"))
    if said := choice_words(shown):
        told = shown.metric.truth or not shown.asked.chosen
        words = said if told else f"{said} {shown.metric.label}: {NOT_BY_CHOICE}"
        parts.append(html.Div(words, className="lb-bar-words", role="status"))
    if shown.trouble:
        parts.append(html.Div(shown.trouble, className="lb-warning", role="status"))
    for point in shown.past_limit:
        when = f" in {point.month}" if point.month else ""
        words = f"{shown.metric.label} of version {point.version}{when} is "
        words += f"{value_words(shown.metric, point.figure.value)}, beyond the alert limit of "
        words += f"{value_words(shown.metric, shown.goal.alert_limit if shown.goal else None)} "
        words += f"(n = {number(point.figure.n)})."
        parts.append(html.Div(words, className="lb-warning lb-past-limit"))
    return parts


def live(shown: MetricView, user: User) -> Component:
    """Which version serves, since when, and who approved it."""
    if shown.live is None:
        return html.Div("No version is live.", className="lb-live-line text-secondary")
    serving = shown.live
    parts: list[Component] = [
        html.Strong(f"Version {serving.version.version}"),
        html.Span("live", className="lb-badge lb-live"),
        html.Span(_since(serving)),
    ]
    if serving.reason:
        parts.append(html.Span(f"“{serving.reason}”", className="text-secondary"))
    if shown.challenger and may(user, Permission.SEE_STATISTICS):
        query = shown.asked.query(version=serving.version.version, vs=shown.challenger)
        words = f"What would change with version {shown.challenger}, the challenger?"
        parts.append(dcc.Link(words, href=addresses.performance(query)))
    if may(user, Permission.SEE_MODELS):
        parts.append(dcc.Link("Model card and versions", href=addresses.MODELS))
    return html.Div(parts, className="lb-live-line")


def meaning(shown: MetricView) -> list[Component]:
    """What the metric means, in one sentence, and how its intervals are made."""
    intervals = {"none": "no interval is known", "bootstrap": "95 % intervals by bootstrap"}
    said = intervals.get(shown.metric.interval, f"95 % intervals after {shown.metric.interval}")
    crosses = " Crosses: estimated without truth." if shown.metric.name in ESTIMATED else ""
    words = f"{said[0].upper()}{said[1:]}. Hollow marks: validation. Filled marks: real use.{crosses} "
    words += KINDS_OF_NUMBERS
    return [html.Span(shown.metric.meaning, className="me-1"), html.Span(words, className="text-secondary")]


def table(shown: MetricView) -> Component:
    """The chart's numbers in rows, each leading to its cases."""
    if not shown.points:
        return html.P("Nothing is known of this metric yet.", className="text-secondary")
    names = ["Source", "Version", "Month", shown.metric.label, "95 % interval", "n", "Cases"]
    said = {shown.metric.label: shown.metric.meaning}
    head = html.Thead(html.Tr([html.Th(name, scope="col", title=said.get(name)) for name in names]))
    rows = [html.Tr(_cells(shown.metric, point)) for point in in_order(shown.points)]
    whole = html.Table([head, html.Tbody(rows)], className="table table-sm lb-numbers")
    return html.Details(
        [html.Summary("The numbers as a table"), html.Div(whole, className="lb-scroll")],
        open=len(rows) <= MOST_OPEN,
    )


def in_order(points: Sequence[MetricPoint]) -> list[MetricPoint]:
    """Newest months and versions first, validation last."""
    real = [point for point in points if point.source != "validation"]
    return sorted(real, key=lambda point: (point.month, point.version), reverse=True) + [
        point for point in points if point.source == "validation"
    ]


def coverage(count: ReadCount, part: str) -> str:
    """How much is judged and how that was chosen."""
    if not count.read:
        return "Nothing was read by this version in this period."
    if part == "sample":
        n, of, chosen = count.sampled_reviewed, count.sampled, "drawn at random, whatever the model said"
    else:
        n, of, chosen = count.reviewed, count.read, "those that somebody reviewed or that came with a label"
    words = f"{number(n)} of {number(of)} readings ({_share(n, of)}) are judged: {chosen}."
    if part != "sample" and count.reviewed < count.read:
        words += (
            " Who reviews what looks suspicious sees more errors than there are; the random sample does not."
        )
    return words


def room_for(places: int) -> dict[str, str]:
    """The least width of a chart with so many months or versions, each with its n beneath."""
    return {"minWidth": f"{min(54, 6 + 4 * places)}rem"}


def goal_form(user: User) -> Component:
    """Where heads and MLOps staff set goal and limit; others see them in the chart only."""
    may_set = may(user, Permission.SET_GOALS)
    fields = [
        html.Div(
            [
                html.Label(words, id=label, htmlFor=name, className="form-label"),
                dbc.Input(id=name, type="text", size="sm", disabled=not may_set),
            ]
        )
        for name, label, words in ((GOAL, GOAL_LABEL, "Goal"), (LIMIT, LIMIT_LABEL, "Alert limit"))
    ]
    save = html.Button("Set", id=GOAL_SAVE, className="btn btn-sm btn-outline-primary", disabled=not may_set)
    said = html.Span(id=GOAL_SAID, className="text-secondary", role="status")
    return html.Div([*fields, save, said], className="lb-goals" if may_set else "lb-hidden")


def goal_labels(metric: Metric) -> dict[str, str]:
    """What is typed into the fields of a metric's goal, with its unit, by the id of their labels."""
    unit = "%" if metric.percent else metric.unit or "0 to 1"
    return {GOAL_LABEL: f"Goal ({unit})", LIMIT_LABEL: f"Alert limit ({unit})"}


def goal_words(metric: Metric, value: float | None) -> str:
    """A goal as it is typed, with its unit."""
    if value is None:
        return ""
    return f"{100 * value:g} %" if metric.percent else f"{value:g} {metric.unit}".rstrip()


def _cells(metric: Metric, point: MetricPoint) -> list[Component]:
    badge = synthetic_badge("ms-1") if point.synthetic else None
    words = "its cases" if point.source == "validation" else "open"
    link = dcc.Link(words, href=point.query) if point.query else "–"
    figure = point.figure
    return [
        html.Td([source_words(point), badge]),
        html.Td(point.version),
        html.Td(point.month or ("–" if point.source == "validation" else "all")),
        html.Td(value_words(metric, figure.value), className="lb-past" if point.past_limit else None),
        html.Td(interval_words(metric, figure.low, figure.high)),
        html.Td(number(figure.n)),
        html.Td(link),
    ]


def _since(serving: Live) -> str:
    if serving.since is None:
        return (
            f"since it was registered on {local_time(serving.version.created_at)}; no approval is on record"
        )
    by = f", approved by {serving.by}" if serving.by else ""
    return f"since {local_time(serving.since)}{by}"


def _share(n: int, of: int) -> str:
    return f"{100 * n / of:.0f} %" if of else "none"
