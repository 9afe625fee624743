"""Ways of signing in, on the administrators' page: try them, and link people with accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import sign_in_ways as shown
from dashboard.components.outputs import Values, beside, outputs, pressed
from dashboard.components.sign_in_ways import ACCOUNT, ACTION, IDENTITIES, TOLD, TRY, WAYS
from data.errors import InvalidInput
from data.records import SignInWay, User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.accounts import Accounts
    from services.identity_providers.ways import SignInWays

NOT_SET_UP = (
    "People sign in with passwords of Lightbox. The hospital's own sign-in (OpenID Connect, or a directory "
    "by LDAP) is set up by settings; the manual for administrators says how."
)


def section() -> list[Component]:
    """Build the part of the page; its tables come from `ways` and `identities`."""
    return [
        html.Div(html.H2("Ways of signing in"), className="lb-page-head mt-3"),
        html.Div(id=WAYS),
        html.Div(id=TOLD, role="status"),
        html.Div(id=IDENTITIES),
    ]


def ways(services: SignInWays) -> Component:
    """Return what is set up, and what the hospital's groups give."""
    statuses = services.statuses()
    table = shown.ways_table(statuses, services.settings.passwords_for_all)
    if not statuses:
        return html.Div([html.P(NOT_SET_UP), table])
    return html.Div([table, html.H3("What groups give"), shown.mapping(services.federated.groups)])


def identities(services: SignInWays, accounts: Accounts, administrator: User) -> Component | None:
    """Return who has come by the hospital's sign-in, waiting ones first; nothing where it is not set up."""
    kept = services.federated.all(administrator)
    if not kept and not services.statuses():
        return None
    users = accounts.all()
    linked = shown.ways_of_accounts(kept)
    free = [user for user in users if user.active and user.id not in linked]
    return html.Div([html.H3("Who comes by them"), shown.identities_table(kept, users, free)])


def act(services: SignInWays, administrator: User, identity_id: str, verb: str, account: str | None) -> str:
    """Do what a button says, and return what was done; `account` is the id of the one that was chosen."""
    federated = services.federated
    if verb == "unlink":
        federated.unlink(identity_id, administrator)
        return "Unlinked; the account's sessions have ended. Reset its password above to use it without."
    if verb == "make":
        made = federated.make_account(identity_id, administrator)
        return f"There is an account {made.name} now. It can be used from the next sign-in on."
    if not account:
        raise InvalidInput("Choose the account that belongs to this person.")
    federated.link(identity_id, account, administrator)
    return "Linked. The account's password counts no more; the next sign-in at the hospital leads to it."


def register(
    app: Dash, services: SignInWays, accounts: Accounts, people: Callable[[User], Values], people_id: str
) -> None:
    """Bind the part of the page; `people` makes the list of accounts, which shows by which way each comes."""

    @app.callback(output=outputs({WAYS: "children", IDENTITIES: "children"}), inputs=[Input(WAYS, "id")])
    def _ways(_: str) -> Values:
        administrator = require(Permission.ADMINISTER)
        return {WAYS: ways(services), IDENTITIES: identities(services, accounts, administrator)}

    @app.callback(
        Output(WAYS, "children", allow_duplicate=True),
        Input({"type": TRY, "way": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _try(clicks: list[int | None]) -> Component:
        administrator, button = require(Permission.ADMINISTER), pressed(ctx.triggered_id, clicks)
        services.try_out(SignInWay(button["way"]), administrator)
        return ways(services)

    @app.callback(
        output=outputs({TOLD: "children", IDENTITIES: "children", people_id: "children"}, again=True),
        inputs=[
            Input({"type": ACTION, "identity": ALL, "verb": ALL}, "n_clicks"),
            State({"type": ACCOUNT, "identity": ALL}, "value"),
        ],
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None], _: list[str | None]) -> Values:
        administrator, button = require(Permission.ADMINISTER), pressed(ctx.triggered_id, clicks)
        identity = button["identity"]
        chosen = beside(button, ctx.states_list[0], "identity")
        told = act(services, administrator, identity, button["verb"], chosen)
        return {
            TOLD: html.Div(told, className="alert alert-success py-2"),
            IDENTITIES: identities(services, accounts, administrator),
            **people(administrator),
        }
