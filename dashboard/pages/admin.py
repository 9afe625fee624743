"""People, who has an account with which role; and bulk imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import imports
from dashboard.components.results import local_time
from data.errors import InvalidInput
from data.records import Role, User
from services.permissions import ROLE_NAMES, Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

PEOPLE = "admin-people"
ONE_TIME = "admin-one-time"
NAME = "admin-name"
DISPLAY_NAME = "admin-display-name"
ROLE = "admin-role"
CREATE = "admin-create"
ACTION = "admin-action"  # type of the buttons in the table: {"type", "user", "verb"}
ROLE_OF = "admin-role-of"  # type of the role menus in the table: {"type", "user"}

IMPORTS_EVERY_MS = 2000
IMPORTS_SHOWN = 10

ROLES = {role: name[0].upper() + name[1:] for role, name in ROLE_NAMES.items()}


def layout(user: User, argument: str = "") -> Component:
    """Build the page; the table comes from `people`."""
    return html.Div(
        [
            html.Div(html.H1("People"), className="lb-page-head"),
            html.Div(id=ONE_TIME, role="status"),
            _new_person(),
            html.Div(id=PEOPLE, className="lb-scroll"),
            html.Div(html.H2("Import"), className="lb-page-head"),
            imports.form(),
            html.Div(id=imports.LIST, className="lb-scroll"),
            dcc.Store(id=imports.SEEN),
            dcc.Interval(id=imports.TICK, interval=IMPORTS_EVERY_MS),
        ],
        className="lb-admin",
    )


def people(services: Services) -> Component:
    """Return the table of everybody with an account."""
    names = ["Name", "Signs in as", "Role", "State", "Last seen", ""]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [_person(user) for user in sorted(services.accounts.all(), key=lambda user: user.name)]
    return html.Table([head, html.Tbody(rows)], className="table align-middle lb-people")


def create(
    services: Services, administrator: User, name: str | None, display_name: str | None, role: str | None
) -> Component:
    """Make an account and return its one-time password, to be shown once."""
    if not (name or "").strip() or not (display_name or "").strip():
        raise InvalidInput("Enter a name to sign in with and a full name.")
    user, password = services.accounts.create(
        str(name).strip(), str(display_name).strip(), Role(role or Role.CLINICIAN), by=administrator
    )
    return one_time_password(user, password)


def act(services: Services, administrator: User, user_id: str, verb: str) -> Component | None:
    """Do what a button in the table says; a reset returns the new one-time password."""
    user = services.accounts.user(user_id)
    if user is None:
        raise InvalidInput("This account does not exist any more.")
    if verb == "reset":
        return one_time_password(user, services.accounts.reset_password(user_id, by=administrator))
    services.accounts.set_active(user_id, verb == "activate", by=administrator)
    return None


def shown_imports(services: Services, seen: str | None) -> tuple[Any, Any]:
    """Return the table of imports and a word for it; no update where that is `seen` already."""
    views = services.importing.recent(IMPORTS_SHOWN)
    word = imports.seen(views)
    if word == seen:
        return no_update, no_update
    return imports.table(views, str(services.settings.imports_from)), word


def act_on_import(services: Services, administrator: User, import_id: str, verb: str) -> None:
    """Pause an import or have it go on."""
    act = services.importing.pause if verb == "pause" else services.importing.take_up
    act(import_id, administrator)


def set_role(services: Services, administrator: User, user_id: str, role: str) -> None:
    """Give an account another role, where it differs."""
    user = services.accounts.user(user_id)
    if user is not None and user.role.value != role:
        services.accounts.set_role(user_id, Role(role or Role.CLINICIAN), by=administrator)


def one_time_password(user: User, password: str) -> Component:
    """Show a password once."""
    return html.Div(
        [
            html.P(f"The one-time password of {user.display_name} ({user.name}). It is not shown again."),
            html.Code(password, className="lb-secret", id="one-time-password"),
        ],
        className="alert alert-warning",
    )


def register(app: Dash, services: Services) -> None:
    """Bind the page."""
    _register_people(app, services)
    _register_imports(app, services)


def _register_imports(app: Dash, services: Services) -> None:
    @app.callback(
        Output(imports.LIST, "children"),
        Output(imports.SEEN, "data"),
        Input(imports.TICK, "n_intervals"),
        State(imports.SEEN, "data"),
    )
    def _imports(_: int | None, seen: str | None) -> tuple[Any, Any]:
        require(Permission.IMPORT)
        return shown_imports(services, seen)

    @app.callback(
        Output(imports.LIST, "children", allow_duplicate=True),
        Output(imports.FOLDER, "value"),
        Output(imports.LABELS, "value"),
        Input(imports.START, "n_clicks"),
        State(imports.FOLDER, "value"),
        State(imports.LABELS, "value"),
        prevent_initial_call=True,
    )
    def _start(clicks: int | None, folder: str | None, labels: str | None) -> tuple[Any, ...]:
        administrator = require(Permission.IMPORT)
        if not clicks:
            return (no_update,) * 3
        services.importing.start_below(administrator, folder or "", labels or "")
        return shown_imports(services, None)[0], "", ""

    @app.callback(
        Output(imports.LIST, "children", allow_duplicate=True),
        Input({"type": imports.ACTION, "import": ALL, "verb": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _act_on_import(clicks: list[int | None]) -> Any:
        administrator = require(Permission.IMPORT)
        if not ctx.triggered_id or not any(clicks):
            return no_update
        act_on_import(services, administrator, ctx.triggered_id["import"], ctx.triggered_id["verb"])
        return shown_imports(services, None)[0]


def _register_people(app: Dash, services: Services) -> None:

    @app.callback(Output(PEOPLE, "children"), Input(PEOPLE, "id"))
    def _people(_: str) -> Component:
        require(Permission.ADMINISTER)
        return people(services)

    @app.callback(
        Output(ONE_TIME, "children"),
        Output(PEOPLE, "children", allow_duplicate=True),
        Output(NAME, "value"),
        Output(DISPLAY_NAME, "value"),
        Input(CREATE, "n_clicks"),
        State(NAME, "value"),
        State(DISPLAY_NAME, "value"),
        State(ROLE, "value"),
        prevent_initial_call=True,
    )
    def _create(
        clicks: int | None, name: str | None, display_name: str | None, role: str | None
    ) -> tuple[Any, ...]:
        administrator = require(Permission.ADMINISTER)
        if not clicks:
            return (no_update,) * 4
        return create(services, administrator, name, display_name, role), people(services), "", ""

    @app.callback(
        Output(ONE_TIME, "children", allow_duplicate=True),
        Output(PEOPLE, "children", allow_duplicate=True),
        Input({"type": ACTION, "user": ALL, "verb": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None]) -> tuple[Any, Any]:
        administrator = require(Permission.ADMINISTER)
        if not ctx.triggered_id or not any(clicks):
            return no_update, no_update
        return act(services, administrator, ctx.triggered_id["user"], ctx.triggered_id["verb"]), people(
            services
        )

    @app.callback(
        Output(PEOPLE, "children", allow_duplicate=True),
        Input({"type": ROLE_OF, "user": ALL}, "value"),
        prevent_initial_call=True,
    )
    def _set_role(_: list[str]) -> Any:
        administrator = require(Permission.ADMINISTER)
        if not ctx.triggered_id or not ctx.triggered:
            return no_update
        set_role(services, administrator, ctx.triggered_id["user"], str(ctx.triggered[0]["value"]))
        return no_update


def _person(user: User) -> Component:
    role = dbc.Select(
        id={"type": ROLE_OF, "user": user.id},
        options=[{"label": label, "value": role.value} for role, label in ROLES.items()],
        value=user.role.value,
        size="sm",
    )
    state = "first sign-in to come" if user.must_change_password else "active"
    verb, label = ("deactivate", "Deactivate") if user.active else ("activate", "Activate")
    buttons = [
        _button("reset", "Reset password", user),
        _button(verb, label, user),
    ]
    return html.Tr(
        [
            html.Td(user.display_name),
            html.Td(html.Code(user.name)),
            html.Td(role),
            html.Td(state if user.active else "deactivated"),
            html.Td(local_time(user.last_seen_at) or "never"),
            html.Td(buttons, className="text-end text-nowrap"),
        ],
        className="" if user.active else "lb-inactive",
    )


def _button(verb: str, label: str, user: User) -> Component:
    return dbc.Button(
        label,
        id={"type": ACTION, "user": user.id, "verb": verb},
        size="sm",
        color="secondary",
        outline=True,
        class_name="ms-1",
    )


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
