"""Two versions on the same cases: differences, tests, and the cases that one took from the other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.cohort.panels import number
from dashboard.components.facts import p_words
from services import addresses
from services.performance.number_words import UNKNOWN, gap_words, value_words
from services.performance.pairs import RESULT

if TYPE_CHECKING:
    from services.performance.metrics import Metric
    from services.performance.pairs import VersionPair
    from services.statistics.pairing import PairedCase, PairedDifference, PairedVersions

OUTCOMES = {"lose": "Version {second} is worse", "win": "Version {second} is better", "tie": "No difference"}
ORIGINS = {
    RESULT: "{n} by results that people were shown",
    "evaluation": "{n} by an evaluation",
    "rehearsal": "{n} by a rehearsal",
}
MOST_CASES = 50


def comparison(pair: VersionPair, metrics: Mapping[str, Metric]) -> Component:
    """Everything about a pair."""
    paired = pair.result
    if not paired.n:
        kind = "synthetic " if pair.synthetic else ""
        words = f"No judged {kind}scan was read by both versions {pair.first} and {pair.second}. "
        words += "A rehearsal on the Models page, or an "
        link = dcc.Link("evaluation of a set of scans", href=addresses.EVALUATIONS)
        more = ", makes a version read the scans that another has read."
        return html.P([words, link, more, *_trouble(pair)], className="text-secondary")
    table = differences(paired, pair.first, pair.second, metrics)
    return html.Div([html.P(_summary(pair)), _origins(pair), table, *_lists(pair)])


def _summary(pair: VersionPair) -> str:
    test = pair.result.mcnemar
    words = (
        f"{number(pair.result.n)} judged scans were read by both. Version {pair.first} alone was right on "
    )
    words += f"{number(test.first_only)}, version {pair.second} alone on {number(test.second_only)} "
    return words + f"(McNemar's exact test, p = {_p(test.p)})."


def _origins(pair: VersionPair) -> Component:
    """Where the answers of both versions stand."""
    parts: list[Component | str] = ["Where the answers come from: "]
    for second, version in enumerate((pair.first, pair.second)):
        parts.append(f"version {version}: ")
        for place, (origin, count) in enumerate(pair.count(bool(second)).items()):
            words = ORIGINS[origin.kind].format(n=number(count))
            parts += [", "] if place else []
            parts.append(dcc.Link(words, href=origin.source) if origin.source else words)
        parts.append("." if second else "; ")
    return html.P([*parts, *_trouble(pair)], className="text-secondary")


def _trouble(pair: VersionPair) -> list[str]:
    return [f" {pair.trouble}"] if pair.trouble else []


def differences(paired: PairedVersions, first: str, second: str, metrics: Mapping[str, Metric]) -> Component:
    """Every figure of both versions, by their names, with its difference; second minus first."""
    names = ["", f"Version {first}", f"Version {second}", "Difference", "95 % interval", "p", "n"]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [
        _row(metrics[name], item) for name, item in paired.differences.items() if item.n and name in metrics
    ]
    table = html.Table([head, html.Tbody(rows)], className="table table-sm lb-numbers")
    words = "Differences are second minus first, on the same scans; no p value is corrected for their number."
    return html.Div([html.Div(table, className="lb-scroll"), html.P(words, className="text-secondary")])


def _row(metric: Metric, difference: PairedDifference) -> Component:
    sure = math.isfinite(difference.value) and (difference.low > 0 or difference.high < 0)
    gap, interval = (
        gap_words(metric, difference.value, difference.low, difference.high)
        if math.isfinite(difference.value)
        else (UNKNOWN, UNKNOWN)
    )
    cells: list[Component | str] = [
        html.Span(metric.label, title=metric.meaning),
        value_words(metric, difference.first),
        value_words(metric, difference.second),
        gap,
        interval,
        "–" if difference.p is None else _p(difference.p),
        number(difference.n),
    ]
    return html.Tr([html.Td(cell) for cell in cells], className="lb-gap" if sure else None)


def _lists(pair: VersionPair) -> list[Component]:
    lists: list[Component] = []
    for outcome, words in OUTCOMES.items():
        mine = [case for case in pair.result.cases if case.outcome == outcome]
        summary = html.Summary(f"{words.format(second=pair.second)}: {number(len(mine))} scans")
        shown = [_case(case, pair) for case in mine[:MOST_CASES]]
        if len(mine) > MOST_CASES:
            shown.append(html.Li(f"… and {number(len(mine) - MOST_CASES)} more", className="text-secondary"))
        lists.append(
            html.Details([summary, html.Ul(shown, className="lb-pair-cases")], open=outcome == "lose")
        )
    return lists


def _case(case: PairedCase, pair: VersionPair) -> Component:
    link = dcc.Link(f"Scan {case.scan_id[:8]}", href=addresses.scan(case.scan_id), className="lb-scan-link")
    if case.by == "dice":
        words = f"Dice {case.first_value:.3f} → {case.second_value:.3f}"
    else:
        words = f"{_right(case.first_value)} → {_right(case.second_value)}"
    kinds = [origin.kind for origin in pair.origins[case.scan_id]]
    return html.Li([link, f" {words} (", html.Span(" and ".join(kinds), className="text-secondary"), ")"])


def _right(value: float) -> str:
    return "right" if value else "wrong"


def _p(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return p_words(value)
