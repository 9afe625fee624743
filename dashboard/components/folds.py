"""Parts of a page that are folded: the tab keeps which are open (folds.js)."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component


def fold(name: str, heading: str, *content: Component, look: str = "") -> Component:
    """A part that is there, folded."""
    return html.Details([html.Summary(heading), *content], id=name, className=f"lb-fold {look}".strip())


def asking_fold(name: str, heading: str, *content: Component) -> Component:
    """A card that is folded, and whose content the server is asked for once it is open, at each address.

    A page binds it by `Input(address_of(name), "data")`, which is the address to be shown.
    """
    title = html.Summary(html.H2(heading))
    content = (title, *content, dcc.Store(id=address_of(name)))
    return html.Details(list(content), id=name, className="lb-card lb-fold lb-fold-asks")


def address_of(name: str) -> str:
    """The id of the store that holds the address which a fold shows."""
    return f"{name}-address"
