"""Messages about results: everybody's for who answers them, one's own for the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import feedback as parts
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, beside, outputs, pressed
from data.records import FeedbackState, User
from services import addresses
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.reviewing.feedback import FeedbackMessages

_OWN = "You have sent no message. On a scan's page, choose “Something is wrong with this result”."
_NONE = {
    FeedbackState.OPEN: "Nothing waits for an answer.",
    FeedbackState.ANSWERED: "Nothing is answered and still to be closed.",
    FeedbackState.CLOSED: "Nothing was closed yet.",
}


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what it shows comes from its address and the messages."""
    heading = "Messages about results" if may(user, Permission.ANSWER_FEEDBACK) else "Your messages"
    return html.Div(
        [
            html.Div([html.H1(heading), html.Div(id=parts.STATES)], className="lb-page-head lb-wraps"),
            html.Div(id=parts.CARDS, className="lb-feedback-cards"),
        ]
    )


def show(feedback: FeedbackMessages, user: User, search: str | None) -> Values:
    """Return the messages of an address, and the ways to the others."""
    if not may(user, Permission.ANSWER_FEEDBACK):
        mine = feedback.mine(user)
        feedback.see(user, mine)
        return {parts.STATES: None, parts.CARDS: parts.cards(mine, user, _OWN)}
    state = _state(search)
    messages = feedback.queue(user, state)
    feedback.see(user, messages)
    return {
        parts.STATES: parts.states(feedback.counts(), state),
        parts.CARDS: parts.cards(messages, user, _NONE[state]),
    }


def act(feedback: FeedbackMessages, user: User, button: Mapping[str, str], words: str | None) -> None:
    """Answer or close a message, as a button says."""
    feedback.answer(button["message"], user, words or "", close=button["verb"] == parts.CLOSE)


def waiting(feedback: FeedbackMessages, user: User) -> list[Component]:
    """Return how many messages wait for a person, for the frame; `dashboard.shell` asks with every page."""
    return parts.waiting(feedback.waiting(user), user)


def register(app: Dash, feedback: FeedbackMessages) -> None:
    """Bind the page, and the number in the frame."""

    @app.callback(
        output=outputs({parts.STATES: "children", parts.CARDS: "children"}),
        inputs=[Input(LOCATION, "search"), Input(parts.CHANGED, "data")],
    )
    def _show(search: str | None, _: Any) -> Values:
        return show(feedback, require(Permission.GIVE_FEEDBACK), search)

    @app.callback(Output(parts.WAITING, "children"), Input(parts.CHANGED, "data"), prevent_initial_call=True)
    def _wait(_: Any) -> list[Component]:
        return waiting(feedback, require(Permission.GIVE_FEEDBACK))

    @app.callback(
        Output(parts.CHANGED, "data"),
        Input({"type": parts.ACT, "message": ALL, "verb": ALL}, "n_clicks"),
        State({"type": parts.ANSWER, "message": ALL}, "value"),
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None], _: list[str | None]) -> str:
        user = require(Permission.ANSWER_FEEDBACK)
        button = pressed(ctx.triggered_id, clicks)
        act(feedback, user, button, beside(button, ctx.states_list[0], "message"))
        return f"{button['verb']} {button['message']}"


def _state(search: str | None) -> FeedbackState:
    try:
        return FeedbackState(addresses.feedback_state(search))
    except ValueError:
        return FeedbackState.OPEN
