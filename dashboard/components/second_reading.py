"""Whether two people are asked to read a scan, what came of it, and the form that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from data.records import User
from services.permissions import Permission, may
from services.reviewing.second_readings import LONGEST_WHY, DoubleReading, is_blind

if TYPE_CHECKING:
    from services.reviewing.scan_views import ScanView

STATE = "second-state"
FORM = "second-form"
WHY = "second-why"
ASK = "second-ask"
WITHDRAW = "second-withdraw"


def panel() -> Component:
    """Build the place; `scan_second_reading.show` fills it."""
    withdraw = dbc.Button("Withdraw it", id=WITHDRAW, color="link", size="sm", style={"display": "none"})
    body = [
        html.P(id=STATE, role="status", className="mb-0"),
        withdraw,
        html.Details(
            [
                html.Summary("Ask for a second reading"),
                html.Label("Why two people should read it", htmlFor=WHY),
                dbc.Input(id=WHY, maxlength=LONGEST_WHY, size="sm"),
                dbc.Button("Ask", id=ASK, color="primary", outline=True, size="sm"),
            ],
            id=FORM,
            hidden=True,
        ),
    ]
    return html.Div(body, className="lb-second-reading")


def state(view: ScanView, user: User, overlap: float | None) -> str:
    """Say what came of the second reading that was asked for; "" where nobody did."""
    double = view.double
    if double is None:
        return ""
    asked = f"A second reading is asked for by {double.asked.asked_name}: {double.asked.why}"
    if is_blind(double, user):
        return f"{asked} What others said is shown once you have said what you see."
    if double.is_open:
        return f"{asked} {_names(double) or 'Nobody'} has read it so far."
    return f"Read by two, {_names(double)}: {_outcome(double, overlap)}"


def may_ask(view: ScanView, user: User) -> bool:
    """Whether this person may ask that two people read it."""
    return view.result is not None and view.double is None and may(user, Permission.ASK_FOR_REVIEWS)


def may_withdraw(view: ScanView, user: User) -> bool:
    """Whether this person may take the asking back."""
    return view.double is not None and may(user, Permission.WITHDRAW_REVIEW_REQUESTS)


def _outcome(double: DoubleReading, overlap: float | None) -> str:
    words = "they agree" if double.agrees else "they do not agree"
    if overlap is not None:
        words += f", Dice of their masks {overlap:.2f}"
    if double.adjudication is not None:
        return f"{words}; {double.adjudication.reviewer_name} decided."
    return f"{words}; a third decides." if double.needs_a_third else f"{words}."


def _names(double: DoubleReading) -> str:
    return " and ".join(reading.reviewer_name for reading in double.readings)
