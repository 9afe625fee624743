"""The three answers on the performance page: how many were uncertain and why, with refusals beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.cohort.panels import number
from dashboard.components.performance.panels import room_for
from data.records import Doubt, Outcome
from services.performance.number_words import plain_share, told_share
from services.task_words import OUTCOME_NAMES

if TYPE_CHECKING:
    from services.performance.answer_shares import AnswerShares
    from services.performance.numbers import PerformanceQuery

ANSWERS = "performance-answers"
_WORDS = (
    "Of all readings, judged or not, by the answer that people saw. For recall and the other figures above "
    "an uncertain answer counts by the model's own call at its threshold. Intervals are Wilson's (95 %)."
)
_REFUSED = (
    "Refused files are those of the task's modality, in the month that they came, whichever version was to "
    "read them: nobody knows what was on them."
)
_OPENED = (
    "A link opens the scans whose newest answer it is, by day of arrival: where some were read again, or "
    "arrived in another month than they were read, it says how many it opens."
)


def panel(answered: Sequence[AnswerShares], figure: Any, asked: PerformanceQuery) -> list[Component]:
    """Chart and table of the address: months of its version, or all versions."""
    mine = [
        shares
        for shares in answered
        if shares.n
        and shares.synthetic == asked.synthetic
        and (not shares.month or shares.version == asked.version)
    ]
    if not mine:
        return [html.P("This version has read nothing here yet.", className="text-secondary mb-0")]
    by_month = bool(mine[0].month)
    graph = dcc.Graph(figure=figure, config={"displayModeBar": False}, className="lb-graph lb-answers-chart")
    words = " ".join([_WORDS, _REFUSED, _OPENED] if by_month else [_WORDS, _OPENED])
    drawn = html.Div(html.Div(graph, style=room_for(len(mine))), className="lb-scroll", tabIndex=0)
    return [drawn, _table(mine, by_month), html.P(words, className="text-secondary mb-0")]


def reason_words(shares: AnswerShares) -> str:
    """The reasons of the uncertain answers, the most frequent first; one answer may have several."""
    n = shares.counts[Outcome.UNCERTAIN]
    if not n:
        return "–"
    if not shares.reasons:
        return "withheld"
    known = [(shares.reasons[doubt], doubt) for doubt in Doubt if shares.reasons.get(doubt)]
    told = sorted(known, key=lambda reason: reason[0], reverse=True)
    return "; ".join(f"{doubt.words} {number(k)} of {number(n)} ({plain_share(k / n)})" for k, doubt in told)


def _table(mine: Sequence[AnswerShares], by_month: bool) -> Component:
    names = ["Month" if by_month else "Version", "Readings", *OUTCOME_NAMES.values(), "Why uncertain"]
    names += ["Refused of what came"] if by_month else []
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [html.Tr(_cells(shares, by_month)) for shares in reversed(mine)]
    table = html.Table([head, html.Tbody(rows)], className="table table-sm lb-numbers lb-answers")
    return html.Div(table, className="lb-scroll", tabIndex=0)


def _cells(shares: AnswerShares, by_month: bool) -> list[Component]:
    cells: list[Component] = [html.Td(shares.month or shares.version), html.Td(number(shares.n))]
    cells += [html.Td(_share(shares, outcome)) for outcome in OUTCOME_NAMES]
    cells.append(html.Td(reason_words(shares), className="lb-wraps"))
    if by_month:
        cells.append(html.Td(_refused(shares)))
    return cells


def _share(shares: AnswerShares, outcome: Outcome) -> list[Component | str]:
    """The share with its interval, and the way to its scans."""
    if shares.why(outcome):
        return [shares.why(outcome)]
    told: list[Component | str] = [told_share(shares.share(outcome))]
    href, opened = shares.opened.get(outcome, ("", 0))
    if opened:
        words = f"{number(shares.counts[outcome])} scans"
        if opened != shares.counts[outcome]:
            words = f"{number(shares.counts[outcome])} readings, {number(opened)} to open"
        told += [html.Br(), dcc.Link(words, href=href)]
    return told


def _refused(shares: AnswerShares) -> str:
    if shares.refused is None:
        return "–"
    return f"{told_share(shares.refused)}, n = {number(shares.refused.n)}"
