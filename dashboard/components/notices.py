"""A notice above a page's content that opens into a list: what waits for a person, with a way to each.

It stays while what it says changes, so that it does not close under a reader's hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.outputs import Values


def notice(name: str) -> Component:
    """The place of a notice, hidden until something waits; `name` is its id."""
    summary, items = _parts(name)
    return html.Details(
        [html.Summary(id=summary), html.Ul(id=items)],
        id=name,
        hidden=True,
        className="lb-warning lb-waiting-list",
    )


def notice_outputs(name: str) -> Mapping[str, str]:
    """What a callback that fills a notice writes."""
    summary, items = _parts(name)
    return {name: "hidden", summary: "children", items: "children"}


def noticed(name: str, words: str, items: Sequence[Component | str]) -> Values:
    """What a notice says, and of what; without items it hides."""
    summary, listed = _parts(name)
    return {name: not items, summary: words, listed: [html.Li(item) for item in items]}


def _parts(name: str) -> tuple[str, str]:
    return f"{name}-summary", f"{name}-list"
