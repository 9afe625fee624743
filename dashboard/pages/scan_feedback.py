"""What people say is wrong with a scan's result, on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, State

from dashboard.auth import require
from dashboard.components import feedback as parts
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.scan import SCAN_ID
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.reviewing.feedback import FeedbackMessages
    from services.reviewing.scan_views import ScanViews

SHOWN = {parts.PANEL: "hidden", parts.RESULT: "data", parts.LIST: "children"}
AFTER_SENDING = {
    parts.SENT: "children",
    parts.CATEGORY: "value",
    parts.WORDS: "value",
    parts.LIST: "children",
}


def show(feedback: FeedbackMessages, scan_views: ScanViews, user: User, scan_id: str) -> Values:
    """Return the panel of a scan; one that has no result has none. Answers count as seen then."""
    result = scan_views.scan(scan_id, user).result
    messages = feedback.of_scan(scan_id, user)
    feedback.see(user, messages)
    return {
        parts.PANEL: result is None,
        parts.RESULT: None if result is None else result.id,
        parts.LIST: parts.on_scan(messages, user),
    }


def send(
    feedback: FeedbackMessages,
    user: User,
    scan_id: str,
    result_id: str | None,
    category: str | None,
    words: str | None,
) -> Values:
    """Send a message, and return the emptied form with what was said so far."""
    feedback.send(scan_id, user, category or "", words or "", result_id)
    return {
        parts.SENT: "Sent. You get the answer here and under “Messages”.",
        parts.CATEGORY: None,
        parts.WORDS: "",
        parts.LIST: parts.on_scan(feedback.of_scan(scan_id, user), user),
    }


def register(app: Dash, feedback: FeedbackMessages) -> None:
    """Bind the form; `dashboard.pages.scan` fills the panel."""

    @app.callback(
        output=outputs(AFTER_SENDING, again=True),
        inputs=[
            Input(parts.SEND, "n_clicks"),
            State(SCAN_ID, "data"),
            State(parts.RESULT, "data"),
            State(parts.CATEGORY, "value"),
            State(parts.WORDS, "value"),
        ],
        prevent_initial_call=True,
    )
    def _send(
        clicks: int | None, scan_id: str, result_id: str | None, category: str | None, words: str | None
    ) -> Values:
        user = require(Permission.GIVE_FEEDBACK)
        clicked(clicks)
        return send(feedback, user, scan_id, result_id, category, words)
