"""Departments: made here, people bound to them, scans given and moved to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import dash_bootstrap_components as dbc
from dash import Dash, Input, State, dcc, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import departments as parts
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs
from data.errors import InvalidInput
from data.records import User
from services import addresses
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.accounts import Accounts
    from services.departments.departments import Departments

SHOWN: dict[str, str | tuple[str, ...]] = {
    parts.LIST: "children",
    parts.WHICH: "options",
    parts.PEOPLE: "children",
    parts.GROUPS: "children",
    parts.PERSON: "options",
    parts.CHOSEN: "options",
    parts.EARLIER: "children",
    parts.ASSIGN: ("children", "class_name"),
    parts.EXPECTED: "data",
    parts.TO: "options",
    parts.SAID: "children",
}


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what there is comes from `show`."""
    manages = may(user, Permission.MANAGE_DEPARTMENTS)
    back = [dcc.Link("People", href=addresses.ADMIN, className="lb-back")] if manages else []
    only = "" if manages else "lb-hidden"
    button = dbc.Button("Assign", id=parts.ASSIGN, color="primary", class_name="lb-hidden")
    return html.Div(
        [
            html.Div([html.H1("Departments"), *back], className="lb-page-head"),
            parts.intro(),
            html.Div(id=parts.SAID, role="status"),
            html.Div(id=parts.LIST, className="lb-scroll lb-department-table"),
            html.Div([parts.heading("Make or change a department"), parts.making()], className=only),
            html.Div(
                [
                    parts.heading("Whose scans people see"),
                    parts.binding(),
                    html.Div(id=parts.PEOPLE, className="lb-scroll"),
                    html.Div(id=parts.GROUPS, className="lb-scroll"),
                ],
                className=only,
            ),
            html.Div([html.Div(id=parts.EARLIER), button], className=only),
            parts.heading("Move scans"),
            parts.moving(),
            *parts.stores(),
        ],
        className="lb-admin lb-department",
    )


def show(departments: Departments, accounts: Accounts, user: User, said: str = "") -> Values:
    """Everything that the page shows, by the id of the component it goes to."""
    view = departments.overview(user)
    everybody = sorted(accounts.all(), key=lambda each: each.display_name.casefold())
    options, names = parts.options(view.departments), departments.names()
    hidden = "" if view.assignable else "lb-hidden"
    by_groups = {each.id for each in everybody if departments.by_groups(each) and not _administers(each)}
    return {
        parts.LIST: parts.table(view),
        parts.WHICH: parts.which(view.departments),
        parts.PEOPLE: parts.people(everybody, names, by_groups) if options else None,
        parts.GROUPS: parts.groups(view) if may(user, Permission.MANAGE_DEPARTMENTS) else None,
        parts.PERSON: parts.bound_people(everybody, by_groups),
        parts.CHOSEN: options,
        parts.EARLIER: parts.earlier(view),
        parts.ASSIGN: {"children": parts.assign_words(view), "class_name": hidden},
        parts.EXPECTED: view.assignable,
        parts.TO: [*options, {"value": parts.NONE, "label": "No department"}],
        parts.SAID: _done(said) if said else None,
    }


def save(departments: Departments, user: User, which: str | None, name: str, senders: str, sites: str) -> str:
    """Make a department, or change one; what was done, in words."""
    lines = senders.splitlines(), sites.splitlines()
    if which in (None, parts.NEW):
        made = departments.make(name, *lines, user)
        return f"{made.name} was made. Say who belongs to it, and which earlier scans are its own."
    made = departments.change(str(which), name, *lines, user)
    return f"{made.name} was changed. It holds for scans that come from now on."


def bind(departments: Departments, user: User, person: str | None, way: str | None, chosen: list[str]) -> str:
    """Say whose scans a person sees; what was done, in words."""
    if not person:
        raise InvalidInput("Choose a person first.")
    changed = departments.bind(person, None if way == parts.HOUSE else chosen, user)
    return f"{changed.display_name} now sees: {parts.sees(changed, departments.names())}."


def register(app: Dash, departments: Departments, accounts: Accounts) -> None:
    """Bind the page."""

    @app.callback(
        output=outputs({**SHOWN, parts.WHAT: "value"}),
        inputs=[Input(parts.LIST, "id"), State(LOCATION, "search")],
    )
    def _show(_: str, search: str | None) -> Values:
        user = require(Permission.MOVE_BETWEEN_DEPARTMENTS)
        chosen = parse_qs((search or "").lstrip("?")).get("scan", [""])[0]
        return show(departments, accounts, user) | {parts.WHAT: chosen}

    _register_making(app, departments, accounts)
    _register_binding(app, departments, accounts)
    _register_moving(app, departments, accounts)


def _register_making(app: Dash, departments: Departments, accounts: Accounts) -> None:
    @app.callback(
        output=outputs({parts.NAME: "value", parts.SENDERS: "value", parts.SITES: "value"}),
        inputs=[Input(parts.WHICH, "value")],
        prevent_initial_call=True,
    )
    def _fill(which: str | None) -> Values:
        user = require(Permission.MANAGE_DEPARTMENTS)
        every = {each.department.id: each.department for each in departments.overview(user).departments}
        known = every.get(which or "")
        if known is None:
            return {parts.NAME: "", parts.SENDERS: "", parts.SITES: ""}
        return {
            parts.NAME: known.name,
            parts.SENDERS: "\n".join(known.senders),
            parts.SITES: "\n".join(known.sites),
        }

    @app.callback(
        output=outputs({**SHOWN, parts.WHICH: ("options", "value")}, again=True),
        inputs={
            "clicks": Input(parts.SAVE, "n_clicks"),
            "which": State(parts.WHICH, "value"),
            "name": State(parts.NAME, "value"),
            "senders": State(parts.SENDERS, "value"),
            "sites": State(parts.SITES, "value"),
        },
        prevent_initial_call=True,
    )
    def _save(clicks: int | None, which: Any, name: Any, senders: Any, sites: Any) -> Values:
        user = require(Permission.MANAGE_DEPARTMENTS)
        clicked(clicks)
        said = save(departments, user, which, str(name or ""), str(senders or ""), str(sites or ""))
        return _begun_anew(show(departments, accounts, user, said))

    @app.callback(
        output=outputs({**SHOWN, parts.WHICH: ("options", "value")}, again=True),
        inputs=[Input(parts.DELETE, "n_clicks"), State(parts.WHICH, "value")],
        prevent_initial_call=True,
    )
    def _delete(clicks: int | None, which: str | None) -> Values:
        user = require(Permission.MANAGE_DEPARTMENTS)
        clicked(clicks)
        if which in (None, parts.NEW):
            raise InvalidInput("Choose the department that is to be deleted first.")
        departments.delete(str(which), user)
        return _begun_anew(show(departments, accounts, user, "The department was deleted."))


def _register_binding(app: Dash, departments: Departments, accounts: Accounts) -> None:
    @app.callback(
        output=outputs({parts.SEES: "value", parts.CHOSEN: "value"}),
        inputs=[Input(parts.PERSON, "value")],
        prevent_initial_call=True,
    )
    def _fill(person: str | None) -> Values:
        require(Permission.MANAGE_DEPARTMENTS)
        known = accounts.user(person or "")
        bound = None if known is None else known.departments
        return {parts.SEES: parts.HOUSE if bound is None else parts.SOME, parts.CHOSEN: sorted(bound or ())}

    @app.callback(
        output=outputs(SHOWN, again=True),
        inputs=[
            Input(parts.BIND, "n_clicks"),
            State(parts.PERSON, "value"),
            State(parts.SEES, "value"),
            State(parts.CHOSEN, "value"),
        ],
        prevent_initial_call=True,
    )
    def _bind(clicks: int | None, person: str | None, way: str | None, chosen: list[str] | None) -> Values:
        user = require(Permission.MANAGE_DEPARTMENTS)
        clicked(clicks)
        said = bind(departments, user, person, way, list(chosen or ()))
        return show(departments, accounts, user, said)

    @app.callback(
        output=outputs(SHOWN, again=True),
        inputs=[Input(parts.ASSIGN, "n_clicks"), State(parts.EXPECTED, "data")],
        prevent_initial_call=True,
    )
    def _assign(clicks: int | None, expected: int | None) -> Values:
        user = require(Permission.MANAGE_DEPARTMENTS)
        clicked(clicks)
        given = departments.assign(int(expected or 0), user)
        has = "scan has its department" if given == 1 else "scans have their departments"
        return show(departments, accounts, user, f"{given:,} {has} now.")


def _register_moving(app: Dash, departments: Departments, accounts: Accounts) -> None:
    @app.callback(
        output=outputs({**SHOWN, parts.WHAT: "value", parts.REASON: "value"}, again=True),
        inputs=[
            Input(parts.MOVE, "n_clicks"),
            State(parts.WHAT, "value"),
            State(parts.TO, "value"),
            State(parts.REASON, "value"),
        ],
        prevent_initial_call=True,
    )
    def _move(clicks: int | None, what: str | None, to: str | None, reason: str | None) -> Values:
        user = require(Permission.MOVE_BETWEEN_DEPARTMENTS)
        clicked(clicks)
        if not to:
            raise InvalidInput("Choose a department first.")
        n = departments.move(what or "", None if to == parts.NONE else to, reason or "", user)
        moved = f"{n:,} scan{'s were' if n != 1 else ' was'} moved."
        return show(departments, accounts, user, moved) | {parts.WHAT: "", parts.REASON: ""}


def _administers(user: User) -> bool:
    return may(user, Permission.ADMINISTER)


def _begun_anew(values: Values) -> Values:
    return values | {parts.WHICH: {"options": values[parts.WHICH], "value": parts.NEW}}


def _done(sentence: str) -> Component:
    return html.Div(sentence, className="alert alert-success py-2")
