"""The wall between departments at the door of every request: who asks is bound here, with what they name.

The guard calls `bind` as soon as it knows the person, before any view runs; at the end of the request the
thread is the house's again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, g, has_request_context, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from dashboard import accesses
from data.records import User
from services.departments.wall import begin, end, replaced_in, texts_in

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.departments.wall import DepartmentWall

OUTSIDE = "A scan of another department: answered as for none."
_FORM = "application/x-www-form-urlencoded"


def install(server: Flask, services: Services) -> None:
    """Let every request end as the house's; `bind` is what begins otherwise."""
    services_of_departments = services.departments

    def came() -> None:
        g.departments = services_of_departments

    def went(_: BaseException | None) -> None:
        token = g.pop("departments_token", None)
        if token is not None:
            end(token)

    server.before_request(came)
    server.teardown_request(went)


def bind(user: User) -> None:
    """Whatever this request reads is what this person may see, and what else it names is as if unknown."""
    if user.departments is None:
        return
    g.departments_token = begin(user.departments)
    wall = cast("DepartmentWall", g.departments.wall)
    hidden = wall.hidden(_said())
    if hidden:
        accesses.refused(OUTSIDE)
        _put_away(hidden)


def department_names() -> tuple[str, ...]:
    """The departments that who is asking is bound to, by name; none for the whole house."""
    if not has_request_context() or "person" not in g or g.person.departments is None:
        return ()
    return cast("tuple[str, ...]", g.departments.departments.names_of(g.person)) or ("no department",)


def _said() -> list[str]:
    """Every text by which this request may name a scan; what is sent as a file names none."""
    said = [str(value) for value in (request.view_args or {}).values()]
    said += [text for pair in request.args.items(multi=True) for text in pair]
    if request.mimetype == _FORM:
        said += [text for pair in request.form.items(multi=True) for text in pair]
    if request.is_json:
        said += texts_in(request.get_json(silent=True))
    return said


def _put_away(hidden: frozenset[str]) -> None:
    asked: Any = request
    if request.view_args:
        asked.view_args = {name: replaced_in(value, hidden) for name, value in request.view_args.items()}
    asked.args = _replaced(request.args, hidden)
    if request.mimetype == _FORM:
        asked.form = _replaced(request.form, hidden)
    if request.is_json:
        body = replaced_in(request.get_json(silent=True), hidden)
        asked._cached_data = json.dumps(body).encode()
        asked._cached_json = (body, body)  # where werkzeug keeps what came, and what it has parsed


def _replaced(given: MultiDict[str, str], hidden: frozenset[str]) -> ImmutableMultiDict[str, str]:
    return ImmutableMultiDict(
        [(replaced_in(name, hidden), replaced_in(value, hidden)) for name, value in given.items(multi=True)]
    )
