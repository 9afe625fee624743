"""What the scans behind a drifted feature share, as a table with the way to them."""

from __future__ import annotations

from collections.abc import Mapping

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.facts import p_words
from services import addresses
from services.addresses import WorklistAddress
from services.cohort.filters import query_of
from services.drift.segments import Segment, Segmentation

HEAD = ("Shared", "Name", "Among these", "Among the others", "Difference", "p, corrected", "Scans")


def table(segmentation: Segmentation) -> list[Component]:
    """The names that stand out, the surest first."""
    known = segmentation
    said = (
        f"Looked at: {known.tail:,} readings of the window {known.words}, beside the other {known.rest:,}. "
        f"Of {known.looked_at:,} names these are more frequent among them, the surest first."
    )
    if not known.segments:
        nothing = f"None of {known.looked_at:,} names is surely more frequent among them."
        return [_heading(), html.P(f"{said.partition(' Of ')[0]} {nothing}", className="text-secondary")]
    rows = [_row(segment) for segment in known.segments]
    head = html.Thead(html.Tr([html.Th(words, scope="col") for words in HEAD]))
    shown = html.Table([head, html.Tbody(rows)], className="table table-sm")
    return [_heading(), html.P(said, className="text-secondary"), html.Div(shown, className="lb-scroll")]


def nothing(why: str) -> list[Component]:
    """Why there is nothing to set beside each other, under the same heading as the table."""
    return [_heading(), html.P(why, className="text-secondary")]


def _heading() -> Component:
    return html.H2("What these scans share")


def _row(segment: Segment) -> Component:
    p = segment.p_corrected
    change = segment.difference
    points = (
        f"{100 * change['value']:+.0f} points ({100 * change['low']:+.0f} to {100 * change['high']:+.0f})"
    )
    return html.Tr(
        [
            html.Td(segment.title),
            html.Td(segment.value),
            html.Td(_share(segment.inside)),
            html.Td(_share(segment.outside)),
            html.Td(points),
            html.Td(p_words(p)),
            html.Td(_links(segment)),
        ]
    )


def _share(share: Mapping[str, float | int | None]) -> str:
    """A share with its interval and the counts behind it."""
    value, low, high, n = (share[name] for name in ("value", "low", "high", "n"))
    assert value is not None and low is not None and high is not None and n is not None
    hits = round(value * n)
    return f"{100 * value:.0f} % ({100 * low:.0f} to {100 * high:.0f}), {hits:,} of {n:,}"


def _links(segment: Segment) -> list[Component | str]:
    if not segment.filters:
        return ["–"]
    cohort = f"{addresses.COHORT}?{query_of(segment.filters)}"
    return [
        dcc.Link("Cohort", href=cohort),
        " · ",
        dcc.Link("Worklist", href=str(WorklistAddress(segment.filters))),
    ]
