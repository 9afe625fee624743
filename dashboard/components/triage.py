"""Taking, giving and putting back scans, and saying how urgent they are: chosen rows, or one scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.worklist import URGENCY_NAMES
from data.records import URGENCIES_TO_SET, User
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.reviewing.triage import Taken
    from services.reviewing.unaided import Asked

BAR = "triage-bar"
COUNT = "triage-count"
TAKE = "triage-take"
COLLEAGUE = "triage-colleague"
GIVE = "triage-give"
PUT_BACK = "triage-put-back"
UNAIDED = "triage-unaided"
UNAIDED_SAID = "triage-unaided-said"
URGENCY = {urgency: f"triage-urgency-{urgency.value}" for urgency in URGENCIES_TO_SET}
CLEAR = "triage-urgency-clear"
SAID = "triage-said"
URGENCY_SAID = "triage-urgency-said"
CHANGED = "triage-changed"
URGENCY_CHANGED = "triage-urgency-changed"


def selection_bar(user: User) -> Component:
    """What can be done with the rows that are chosen; worklist.js shows it when some are."""
    groups: list[Component] = [html.Span(id=COUNT, className="lb-triage-count", role="status")]
    assigns, urges = may(user, Permission.ASSIGN_SCANS), may(user, Permission.SET_URGENCY)
    groups.append(_assigning(takes=may(user, Permission.REVIEW), hidden=not assigns))
    groups.append(_urging(hidden=not urges))
    groups.append(_unaided(hidden=not may(user, Permission.REVIEW)))
    return html.Div(
        [
            html.Div(
                groups,
                id=BAR,
                className="lb-triage",
                hidden=True,
                role="toolbar",
                **aria(label="Chosen scans"),
            ),
            html.Div(
                [html.Span(id=SAID), html.Span(id=URGENCY_SAID), html.Span(id=UNAIDED_SAID)],
                className="lb-triage-said",
                role="status",
            ),
            dcc.Store(id=CHANGED),
            dcc.Store(id=URGENCY_CHANGED),
        ],
        className="lb-triage-place",
    )


def _assigning(*, takes: bool, hidden: bool) -> Component:
    give = html.Div(
        [
            html.Label("Colleague", htmlFor=COLLEAGUE, className="visually-hidden"),
            dbc.Select(id=COLLEAGUE, options=[], placeholder="Colleague", size="sm"),
            _button("Give", GIVE),
        ],
        className="lb-triage-give",
    )
    return html.Div(
        [html.Span(_button("Take", TAKE), hidden=not takes), give, _button("Put back", PUT_BACK)],
        className="lb-triage-group",
        hidden=hidden,
    )


def _urging(*, hidden: bool) -> Component:
    buttons = [_button(URGENCY_NAMES[urgency], name) for urgency, name in URGENCY.items()]
    return html.Div(
        [html.Span("Urgency"), *buttons, _button("Clear", CLEAR)],
        className="lb-triage-group",
        role="group",
        hidden=hidden,
        **aria(label="Urgency"),
    )


def _unaided(*, hidden: bool) -> Component:
    button = _button("Read without the AI first", UNAIDED)
    return html.Div(button, className="lb-triage-group", hidden=hidden)


def unaided_words(asked: Asked) -> str:
    """What came of asking to read scans without the AI first."""
    said = f"{_scans(asked.n)} to be read by you without the AI first." if asked.n else "None changed."
    return said + (f" Of {_scans(asked.seen)} you have seen the AI's result." if asked.seen else "")


def taken_words(taken: Taken) -> str:
    """What came of taking scans."""
    mine = f"{_scans(taken.n)} yours now." if taken.n else "None taken."
    return mine + (
        f" Others belong to {', '.join(taken.others)}: ask them, or give it." if taken.others else ""
    )


def given_words(n: int, name: str) -> str:
    """What came of giving scans."""
    return f"{_scans(n)} given to {name}."


def put_back_words(n: int) -> str:
    """What came of putting scans back."""
    return f"{_scans(n)} put back."


def urgency_words(n: int, name: str) -> str:
    """What came of saying how urgent scans are."""
    return f"{_scans(n)} said to be {name.lower()}." if name else f"{_scans(n)} left to what is suggested."


def _scans(n: int) -> str:
    return "1 scan" if n == 1 else f"{n} scans"


def _button(words: str, name: str) -> Component:
    button: Component = dbc.Button(words, id=name, size="sm", color="light")
    return button
