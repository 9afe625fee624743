"""Everybody's tokens for scripts, on the page of people: whose, for what, until when; and an end to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, ctx, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components.outputs import pressed
from dashboard.components.results import local_time
from data.records import AccessToken, TokenScope, User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.accounts import Accounts

TOKENS = "admin-tokens"
REVOKE = "admin-token-revoke"  # type of the buttons in the table: {"type", "token"}


def section() -> list[Component]:
    """Build the part of the page; the table comes from `table`."""
    return [
        html.H2("Tokens for scripts", className="mt-4"),
        html.Div(id=TOKENS, className="lb-scroll lb-card"),
    ]


def table(accounts: Accounts, administrator: User) -> Component:
    """Return the table of the tokens that work."""
    tokens = accounts.usable_tokens(administrator)
    if not tokens:
        return html.P("Nobody has a token.", className="mb-0")
    names = ["Whose", "Label", "May", "Until", "Last used", ""]
    people = {user.id: user for user in accounts.all()}
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [_row(token, people[token.user_id]) for token in tokens]
    return html.Table([head, html.Tbody(rows)], className="table table-sm align-middle mb-0")


def register(app: Dash, accounts: Accounts) -> None:
    """Bind the part."""

    @app.callback(Output(TOKENS, "children"), Input(TOKENS, "id"))
    def _tokens(_: str) -> Component:
        return table(accounts, require(Permission.ADMINISTER))

    @app.callback(
        Output(TOKENS, "children", allow_duplicate=True),
        Input({"type": REVOKE, "token": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _revoke(clicks: list[int | None]) -> Component:
        administrator, button = require(Permission.ADMINISTER), pressed(ctx.triggered_id, clicks)
        accounts.revoke_token_of_other(button["token"], administrator)
        return table(accounts, administrator)


def _row(token: AccessToken, owner: User) -> Component:
    every = token.scopes == frozenset(TokenScope)
    button = dbc.Button(
        ["Revoke", html.Span(f" {token.label}", className="visually-hidden")],
        id={"type": REVOKE, "token": token.id},
        size="sm",
        color="danger",
        outline=True,
    )
    cells = (
        owner.display_name,
        token.label,
        "all that a token may" if every else ", ".join(sorted(token.scopes)),
        local_time(token.expires_at) or "no end",
        local_time(token.last_used_at) or "never",
    )
    return html.Tr([*(html.Td(cell) for cell in cells), html.Td(button, className="text-end")])
