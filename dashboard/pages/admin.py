"""People: who has an account with which role. Below them stand the bulk imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components.outputs import Values, clicked, outputs, pressed
from dashboard.components.results import local_time
from dashboard.components.sign_in_ways import LOCAL, ways_of_accounts
from dashboard.pages import admin_tokens, imports, sign_in_ways
from data.errors import InvalidInput
from data.records import Role, User
from services import addresses
from services.accounts import LONGEST_GROUP
from services.permissions import ROLE_NAMES, Permission

if TYPE_CHECKING:
    from pathlib import Path

    from services.accounts import Accounts
    from services.identity_providers.ways import SignInWays
    from services.importing.imports import Importing
    from services.second_factors.second_factors import SecondFactors

PEOPLE = "admin-people"
ONE_TIME = "admin-one-time"
NAME = "admin-name"
DISPLAY_NAME = "admin-display-name"
ROLE = "admin-role"
CREATE = "admin-create"
ACTION = "admin-action"  # type of the buttons in the table: {"type", "user", "verb"}
ROLE_OF = "admin-role-of"  # type of the role menus in the table: {"type", "user"}
GROUP_OF = "admin-group-of"  # type of the fields for groups of readers: {"type", "user"}
GROUPS = "admin-groups"  # the groups that there are, to choose from

ROLES = {role: name[0].upper() + name[1:] for role, name in ROLE_NAMES.items()}


def layout(user: User, argument: str = "") -> Component:
    """Build the page; the table comes from `people`."""
    return html.Div(
        [
            html.Div(
                [html.H1("People"), dcc.Link("Departments", href=addresses.DEPARTMENTS, className="lb-back")],
                className="lb-page-head",
            ),
            html.Div(id=ONE_TIME, role="status"),
            _new_person(),
            html.Div(id=PEOPLE, className="lb-scroll"),
            html.Datalist(id=GROUPS),
            *sign_in_ways.section(),
            *admin_tokens.section(),
            *imports.section(),
        ],
        className="lb-admin",
    )


def people(
    accounts: Accounts,
    factors: SecondFactors,
    administrator: User,
    ways: Mapping[str, str] = MappingProxyType({}),
) -> Component:
    """Return the table of everybody with an account; `ways`: how those sign in that have no password here."""
    names = [
        "Name", "Signs in as", "Signs in by", "Role", "Reader group",
        "Second factor", "State", "Last seen", "",
    ]  # fmt: skip
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    has = factors.all(administrator)
    everybody = sorted(accounts.all(), key=lambda user: user.name)
    rows = [
        _person(user, ways.get(user.id, ""), has.get(user.id, ""), must=factors.missing(user))
        for user in everybody
    ]
    return html.Table([head, html.Tbody(rows)], className="table align-middle lb-people")


def groups(accounts: Accounts) -> list[Component]:
    """Return the groups of readers that there are, to choose from."""
    known = sorted({user.reader_group for user in accounts.all() if user.reader_group})
    return [html.Option(value=group) for group in known]


def create(
    accounts: Accounts, administrator: User, name: str | None, display_name: str | None, role: str | None
) -> Component:
    """Make an account and return its one-time password, to be shown once."""
    if not (name or "").strip() or not (display_name or "").strip():
        raise InvalidInput("Enter a name to sign in with and a full name.")
    user, password = accounts.create(
        str(name).strip(), str(display_name).strip(), Role(role or Role.CLINICIAN), by=administrator
    )
    return one_time_password(user, password)


def act(
    accounts: Accounts, factors: SecondFactors, administrator: User, user_id: str, verb: str
) -> Component | None:
    """Do what a button in the table says; what to show of it: a new one-time password, or that it is done."""
    user = accounts.user(user_id)
    if user is None:
        raise InvalidInput("This account does not exist any more.")
    if verb == "reset":
        return one_time_password(user, accounts.reset_password(user_id, by=administrator))
    if verb == "end-sessions":
        accounts.end_sessions(user_id, by=administrator)
        return _done(f"{user.display_name} is signed out everywhere.")
    if verb == "reset-factors":
        factors.reset(user_id, by=administrator)
        name = user.display_name
        return _done(f"The second factors of {name} were removed. {name} is told so at the next sign-in.")
    accounts.set_active(user_id, verb == "activate", by=administrator)
    return None


def set_role(accounts: Accounts, administrator: User, user_id: str, role: str) -> None:
    """Give an account another role, where it differs."""
    user = accounts.user(user_id)
    if user is not None and user.role.value != role:
        accounts.set_role(user_id, Role(role or Role.CLINICIAN), by=administrator)


def set_group(accounts: Accounts, administrator: User, user_id: str, group: str) -> None:
    """Put an account into a group of readers, or into none, where that differs."""
    user = accounts.user(user_id)
    if user is not None and (user.reader_group or "") != " ".join(group.split()):
        accounts.set_reader_group(user_id, group, by=administrator)


def one_time_password(user: User, password: str) -> Component:
    """Show a password once."""
    return html.Div(
        [
            html.P(f"The one-time password of {user.display_name} ({user.name}). It is not shown again."),
            html.Code(password, className="lb-secret", id="one-time-password"),
        ],
        className="alert alert-warning",
    )


def register(
    app: Dash,
    accounts: Accounts,
    factors: SecondFactors,
    ways: SignInWays,
    importing: Importing,
    imports_from: Path,
) -> None:
    """Bind the page; `imports_from` is the folder below which imports may lie."""

    def everybody(administrator: User) -> Values:
        by = ways_of_accounts(ways.federated.all(administrator))
        return {PEOPLE: people(accounts, factors, administrator, by)}

    _register_people(app, accounts, factors, ways, everybody)
    admin_tokens.register(app, accounts)
    sign_in_ways.register(app, ways, accounts, everybody, PEOPLE)
    imports.register(app, importing, imports_from)


def _register_people(
    app: Dash,
    accounts: Accounts,
    factors: SecondFactors,
    ways: SignInWays,
    everybody: Callable[[User], Values],
) -> None:
    @app.callback(output=outputs({PEOPLE: "children", GROUPS: "children"}), inputs=[Input(PEOPLE, "id")])
    def _people(_: str) -> Values:
        administrator = require(Permission.ADMINISTER)
        return {**everybody(administrator), GROUPS: groups(accounts)}

    @app.callback(
        output=outputs(
            {ONE_TIME: "children", PEOPLE: "children", NAME: "value", DISPLAY_NAME: "value"}, again=True
        ),
        inputs=[
            Input(CREATE, "n_clicks"),
            State(NAME, "value"),
            State(DISPLAY_NAME, "value"),
            State(ROLE, "value"),
        ],
        prevent_initial_call=True,
    )
    def _create(clicks: int | None, name: str | None, display_name: str | None, role: str | None) -> Values:
        administrator = require(Permission.ADMINISTER)
        clicked(clicks)
        password = create(accounts, administrator, name, display_name, role)
        return {ONE_TIME: password, **everybody(administrator), NAME: "", DISPLAY_NAME: ""}

    @app.callback(
        output=outputs({ONE_TIME: "children", PEOPLE: "children"}, again=True),
        inputs=[Input({"type": ACTION, "user": ALL, "verb": ALL}, "n_clicks")],
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None]) -> Values:
        administrator, button = require(Permission.ADMINISTER), pressed(ctx.triggered_id, clicks)
        if button["verb"] == "reset":
            ways.federated.require_password(button["user"], "This account")
        shown = act(accounts, factors, administrator, button["user"], button["verb"])
        return {ONE_TIME: shown, **everybody(administrator)}

    @app.callback(Input({"type": ROLE_OF, "user": ALL}, "value"), prevent_initial_call=True)
    def _set_role(_: list[str]) -> None:
        administrator = require(Permission.ADMINISTER)
        if ctx.triggered_id:
            ways.federated.require_password(ctx.triggered_id["user"], "This account")
            set_role(accounts, administrator, ctx.triggered_id["user"], str(ctx.triggered[0]["value"]))

    @app.callback(
        Output(GROUPS, "children", allow_duplicate=True),  # not the table: the keyboard is in it
        Input({"type": GROUP_OF, "user": ALL}, "value"),
        prevent_initial_call=True,
    )
    def _set_group(_: list[str]) -> list[Component]:
        administrator = require(Permission.ADMINISTER)
        if not ctx.triggered_id or len(ctx.triggered) > 1:  # the table came
            raise PreventUpdate
        set_group(accounts, administrator, ctx.triggered_id["user"], str(ctx.triggered[0]["value"] or ""))
        return groups(accounts)


def _person(user: User, way: str, factor: str, *, must: bool) -> Component:
    role = dbc.Select(
        id={"type": ROLE_OF, "user": user.id},
        options=[{"label": label, "value": role.value} for role, label in ROLES.items()],
        value=user.role.value,
        disabled=bool(way),  # the hospital's groups say it
        size="sm",
    )
    state = "first sign-in to come" if user.must_change_password else "active"
    verb, label = ("deactivate", "Deactivate") if user.active else ("activate", "Activate")
    buttons = [
        *([] if way else [_button("reset", "Reset password", user)]),
        *([_button("reset-factors", "Remove second factors", user)] if factor else []),
        _button("end-sessions", "End sessions", user),
        _button(verb, label, user),
    ]
    return html.Tr(
        [
            html.Td(user.display_name),
            html.Td(html.Code(user.name)),
            html.Td(way or LOCAL),
            html.Td(
                html.Label([html.Span(f"Role of {user.display_name}", className="visually-hidden"), role])
            ),
            html.Td(_group(user)),
            html.Td(factor or _no_factor(way, must=must)),
            html.Td(state if user.active else "deactivated"),
            html.Td(local_time(user.last_seen_at) or "never"),
            html.Td(html.Div(buttons, className="lb-person-acts"), className="text-end"),
        ],
        className="" if user.active else "lb-inactive",
    )


def _group(user: User) -> Component:
    field = dbc.Input(
        id={"type": GROUP_OF, "user": user.id},
        value=user.reader_group or "",
        list=GROUPS,
        maxlength=LONGEST_GROUP,
        debounce=True,
        autocomplete="off",
        size="sm",
    )
    return html.Label([html.Span(f"Reader group of {user.display_name}", className="visually-hidden"), field])


def _no_factor(way: str, *, must: bool) -> str:
    if way:
        return "the hospital's"
    return "asked for, none yet" if must else "none"


def _done(sentence: str) -> Component:
    return html.Div(sentence, className="alert alert-success py-2")


def _button(verb: str, label: str, user: User) -> Component:
    button: Component = dbc.Button(
        label,
        id={"type": ACTION, "user": user.id, "verb": verb},
        size="sm",
        color="secondary",
        outline=True,
    )
    return button


def _new_person() -> Component:
    roles = [{"label": label, "value": role.value} for role, label in ROLES.items()]
    return html.Div(
        [
            _field("Signs in as", NAME, dbc.Input(id=NAME, maxlength=64, autocomplete="off")),
            _field("Full name", DISPLAY_NAME, dbc.Input(id=DISPLAY_NAME, maxlength=120, autocomplete="off")),
            _field("Role", ROLE, dbc.Select(id=ROLE, options=roles, value=Role.CLINICIAN.value)),
            dbc.Button("Add a person", id=CREATE, color="primary"),
        ],
        className="lb-card lb-new-person",
    )


def _field(label: str, name: str, control: Component) -> Component:
    return html.Div([html.Label(label, htmlFor=name, className="form-label"), control])
