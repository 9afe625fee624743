"""Departments as administrators make them, and as scans are moved between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.results import local_date
from data.records import User, name_key
from services.department_groups import SETTING, WHOLE_HOUSE, GroupLine
from services.departments.departments import LONGEST_NAME, LONGEST_REASON, DepartmentsView, DepartmentView
from services.permissions import Permission, may, role_name

LIST = "department-list"
SAID = "department-said"
WHICH, NAME, SENDERS, SITES = (f"department-make-{name}" for name in ("which", "name", "senders", "sites"))
SAVE, DELETE = "department-make-save", "department-make-delete"
PEOPLE = "department-bind-people"
PERSON, SEES, CHOSEN = "department-bind-person", "department-bind-sees", "department-bind-chosen"
BIND = "department-bind-save"
GROUPS = "department-groups"
EARLIER, ASSIGN, EXPECTED = (
    "department-assign-earlier",
    "department-assign-give",
    "department-assign-expected",
)
WHAT, TO, REASON, MOVE = (f"department-move-{name}" for name in ("what", "to", "reason", "act"))

NEW, NONE = "new", "none"  # no id is called so
HOUSE, SOME = "house", "departments"
_INTRO = (
    "Who is bound to departments sees, finds and counts the scans of these departments alone: another "
    "department's scan is not there for them. Everybody else, and every administrator, works for the whole "
    "house. A new scan is of the department that its sender's AE title says, else the site that its file "
    "names, else the only department of who uploaded it; of none otherwise, and then the whole house's alone."
)
_BY_GROUPS = (
    "Who signs in with the hospital's account sees what these groups give, from each sign-in on; all that "
    f"fit count. They stand in the setting {SETTING}."
)
_BEFORE = "Scans that came before"
_NO_DEPARTMENTS = "There are no departments: everybody sees the whole house."


def making() -> Component:
    """The form for a new department, and for changes of one."""
    return html.Div(
        [
            _field("Department", WHICH, dbc.Select(id=WHICH, options=which(()), value=NEW)),
            _field("Name", NAME, dbc.Input(id=NAME, maxlength=LONGEST_NAME, autocomplete="off")),
            _field("Senders: AE titles, one a line", SENDERS, dbc.Textarea(id=SENDERS, rows=3)),
            _field("Sites as DICOM files name them, one a line", SITES, dbc.Textarea(id=SITES, rows=3)),
            html.Div(
                [
                    dbc.Button("Save the department", id=SAVE, color="primary"),
                    dbc.Button("Delete", id=DELETE, color="secondary", outline=True),
                ],
                className="lb-department-acts",
            ),
        ],
        className="lb-card lb-department-form",
    )


def binding() -> Component:
    """The form that says whose scans a person sees."""
    ways = [
        {"value": HOUSE, "label": "The whole house"},
        {"value": SOME, "label": "Only these departments"},
    ]
    return html.Div(
        [
            _field("Person", PERSON, dbc.Select(id=PERSON, options=[])),
            html.Fieldset(
                [
                    html.Legend("Sees", className="form-label"),
                    dbc.RadioItems(id=SEES, options=ways, value=HOUSE),
                    dbc.Checklist(id=CHOSEN, options=[], value=[], className="lb-department-chosen"),
                ]
            ),
            dbc.Button("Save whose scans they see", id=BIND, color="primary"),
        ],
        className="lb-card lb-department-form",
    )


def moving() -> Component:
    """The form that moves scans."""
    words = "A scan's id, or a patient's pseudonym for all their scans"
    return html.Div(
        [
            _field(words, WHAT, dbc.Input(id=WHAT, maxlength=64, autocomplete="off")),
            _field("To", TO, dbc.Select(id=TO, options=[])),
            _field("Why", REASON, dbc.Input(id=REASON, maxlength=LONGEST_REASON, autocomplete="off")),
            dbc.Button("Move", id=MOVE, color="primary"),
        ],
        className="lb-card lb-department-form",
    )


def intro() -> Component:
    """What departments are."""
    return html.P(_INTRO, className="text-secondary lb-department-words")


def table(view: DepartmentsView) -> Component:
    """What there is, a row a department."""
    if not view.departments:
        return html.P(_NO_DEPARTMENTS, className="text-secondary")
    names = ["Department", "Senders", "Sites", "Scans", "People"]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    none = ["of no department", "", "", str(view.without), "the whole house"]
    rows = [*(_row(each) for each in view.departments), html.Tr([html.Td(words) for words in none])]
    return html.Table([head, html.Tbody(rows)], className="table align-middle lb-people")


def groups(view: DepartmentsView) -> list[Component]:
    """What groups of the hospital give, and which lines give nothing; nothing where no group does."""
    if not view.groups:
        return []
    known = {name_key(each.department.name) for each in view.departments}
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in ("Group", "Gives", "Now")]))
    rows = [_group_row(line, known) for line in view.groups]
    table = html.Table([head, html.Tbody(rows)], className="table align-middle lb-people")
    return [heading("Groups of the hospital"), html.P(_BY_GROUPS, className="text-secondary"), table]


def heading(words: str) -> Component:
    """Over a part of the page."""
    return html.Div(html.H2(words), className="lb-page-head lb-section")


def people(everybody: Sequence[User], names: Mapping[str, str], by_groups: Collection[str]) -> Component:
    """Whose scans each account sees; `by_groups`: ids of those for whom the hospital's groups say it."""
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in ("Name", "Role", "Sees")]))
    rows = [
        html.Tr([html.Td(user.display_name), html.Td(role_name(user)), html.Td(sees(user, names) + said)])
        for user in everybody
        for said in (", by groups of the hospital" if user.id in by_groups else "",)
    ]
    return html.Table([head, html.Tbody(rows)], className="table align-middle lb-people")


def sees(user: User, names: Mapping[str, str]) -> str:
    """Whose scans an account sees, in words."""
    if may(user, Permission.ADMINISTER):
        return "no scans: administers the whole house"
    if user.departments is None:
        return "the whole house"
    return ", ".join(name for each, name in names.items() if each in user.departments) or "no scan at all"


def earlier(view: DepartmentsView) -> list[Component]:
    """How many scans of no department the rules give one now, and the button that does so."""
    if not view.assignable:
        said = f"{view.without:,} scans are of no department; no rule gives one of them a department."
        return [heading(_BEFORE), html.P(said, className="text-secondary")] if view.departments else []
    each = "; ".join(f"{name}: {n:,}" for name, n in view.to_assign.items())
    words = (
        f"{view.without:,} scans are of no department. By the rules above {view.assignable:,} of them would "
        f"be of one now ({each}). Nothing is moved before you say so."
    )
    return [heading(_BEFORE), html.P(words)]


def assign_words(view: DepartmentsView) -> str:
    """What the button says that gives scans their departments."""
    return f"Assign {view.assignable:,} scan{'s' if view.assignable != 1 else ''}"


def which(departments: Sequence[DepartmentView]) -> list[dict[str, str]]:
    """What the form may be about."""
    return [{"value": NEW, "label": "A new one"}, *options(departments)]


def options(departments: Sequence[DepartmentView]) -> list[dict[str, str]]:
    """The departments for a menu."""
    return [{"value": each.department.id, "label": each.department.name} for each in departments]


def bound_people(everybody: Sequence[User], by_groups: Collection[str]) -> list[dict[str, Any]]:
    """The accounts for a menu: all but administrators; whom groups bind (ids) cannot be chosen."""
    return [
        {
            "value": user.id,
            "label": f"{user.display_name} ({user.name})"
            + (": by groups of the hospital" if user.id in by_groups else ""),
            "disabled": user.id in by_groups,
        }
        for user in everybody
        if not may(user, Permission.ADMINISTER)
    ]


def stores() -> list[Component]:
    """What the page keeps beside what it shows."""
    return [dcc.Store(id=EXPECTED)]


def _row(view: DepartmentView) -> Component:
    department = view.department
    cells = [
        department.name,
        ", ".join(department.senders) or "none",
        ", ".join(department.sites) or "none",
        f"{view.scans:,}",
        ", ".join(view.people) or "nobody",
    ]
    return html.Tr([html.Td(words) for words in cells])


def _group_row(line: GroupLine, known: Collection[str]) -> Component:
    gives = "the whole house" if line.gives == WHOLE_HOUSE else line.gives
    said = "nobody of it has signed in yet"
    if line.seen_at is not None:
        said = f"somebody of it signed in last on {local_date(line.seen_at)}"
    if line.gives != WHOLE_HOUSE and name_key(line.gives) not in known:
        said = "gives nothing: no department is called so"
    return html.Tr([html.Td(line.group), html.Td(gives), html.Td(said)])


def _field(label: str, name: str, control: Component) -> Component:
    return html.Div([html.Label(label, htmlFor=name, className="form-label"), control])
