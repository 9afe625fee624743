"""A version's model card: filled by the house as of now, and by people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import model_card as parts
from dashboard.components.model_card import ABOUT, SAVE, WORDS
from dashboard.components.outputs import Values, clicked, outputs
from data.errors import NotFound
from data.records import User
from services import addresses
from services.permissions import Permission

if TYPE_CHECKING:
    from services.reporting.model_card.cards import LivingCard, ModelCards

QUERY, HEAD, ENTRIES = "model-card-query", "model-card-head", "model-card-entries"
SHOWN = {HEAD: "children", ENTRIES: "children", ABOUT: ("options", "value"), WORDS: "value"}


def layout(user: User, argument: str = "") -> Component:
    """Build the page; its query names task and version."""
    return html.Div(
        [
            dcc.Store(id=QUERY, data=argument),
            html.Div(id=HEAD),
            parts.form(user),
            dcc.Loading(html.Div(id=ENTRIES), delay_show=300, overlay_style={"visibility": "visible"}),
        ],
        className="lb-rehearsal",
    )


def show(cards: ModelCards, user: User, query: str) -> Values:
    """The card that a query names; without one, that of the newest version."""
    task, version = addresses.model_card_of(query)
    if not task or not version:
        newest = next(iter(cards.versions()), None)
        if newest is None:
            raise NotFound("No version is registered.")
        task, version = newest.name, newest.version
    return _shown(cards, cards.of(task, version, user))


def write(cards: ModelCards, user: User, query: str, about: str | None, words: str | None) -> Values:
    """Keep what a person writes, and show the card with it."""
    task, version = addresses.model_card_of(query)
    return _shown(cards, cards.write(task, version, about or "", words or "", user))


def register(app: Dash, cards: ModelCards) -> None:
    """Bind the page."""

    @app.callback(output=outputs(SHOWN), inputs=[Input(QUERY, "data")])
    def _show(query: str) -> Values:
        return show(cards, require(Permission.SEE_STATISTICS), query)

    @app.callback(
        output=outputs(SHOWN, again=True),
        inputs=[Input(SAVE, "n_clicks"), State(QUERY, "data"), State(ABOUT, "value"), State(WORDS, "value")],
        prevent_initial_call=True,
    )
    def _write(clicks: int | None, query: str, about: str | None, words: str | None) -> Values:
        user = require(Permission.WRITE_MODEL_CARDS)
        clicked(clicks)
        return write(cards, user, query, about, words)


def _shown(cards: ModelCards, card: LivingCard) -> Values:
    options = parts.options(card)
    return {
        HEAD: parts.head(card, cards.versions()),
        ENTRIES: parts.entries(card),
        ABOUT: {"options": options, "value": options[0]["value"] if options else no_update},
        WORDS: "",
    }
