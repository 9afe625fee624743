"""The bell in the frame: how many alerts call, and what each says."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import alerts
from dashboard.components.icons import icon
from dashboard.components.kinds import in_frame
from data.records import Alert, KindCount, User
from services import addresses

BELL = "bell"
LIST = "bell-list"
SEEN = "bell-seen"  # the token of what is shown; whoever changes an alert sets it anew

MOST_SHOWN = 8


def bell() -> Component:
    """Build the bell; `label` and `panel` fill it."""
    menu = dbc.DropdownMenu(
        html.Div(panel([], None), id=LIST, className="lb-bell-list"),
        label=label(KindCount()),
        id=BELL,
        align_end=True,
        caret=False,
        toggle_class_name="lb-bell-toggle",
        class_name="lb-bell",
    )
    return html.Div([dcc.Store(id=SEEN), menu], className="lb-bell-place")


def label(calling: KindCount) -> list[Component]:
    """Show the bell itself and the number of alerts."""
    words = calling.of("open alert", "open alerts") if calling.any else "No open alerts"
    look = "bi-bell-fill" if calling.any else "bi-bell"
    return [icon(look, ""), *in_frame(calling), html.Span(words, className="visually-hidden")]


def panel(calling: Sequence[Alert], user: User | None) -> list[Component]:
    """Show the gravest alerts, and the way to all."""
    rows: list[Component] = [_row(alert, user) for alert in calling[:MOST_SHOWN]]
    if not rows:
        rows = [html.P("Nothing calls.", className="lb-bell-none")]
    if len(calling) > MOST_SHOWN:
        rows.append(html.P(f"… and {len(calling) - MOST_SHOWN} more", className="lb-bell-none"))
    return [*rows, dcc.Link("All alerts and schedules", href=addresses.ALERTS, className="lb-bell-all")]


def _row(alert: Alert, user: User | None) -> Component:
    return html.Div(
        [
            html.Div([alerts.severity(alert), alerts.title(alert, user)], className="lb-bell-title"),
            html.Div(alert.sentence, className="lb-bell-sentence"),
            html.Div(alerts.times(alert), className="lb-bell-times"),
            html.Div(alert.end_sentence, className="lb-bell-times") if alert.end_sentence else None,
        ],
        className="lb-bell-row",
    )
