"""The frame around every page: navbar by role, the alert, and which page an address means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from flask import g, has_request_context
from flask_wtf.csrf import generate_csrf

from dashboard import accesses
from dashboard.auth import PAGE_PERMISSIONS, is_page, may_open, person
from dashboard.components import bell, feedback
from dashboard.components.attributes import aria, data
from dashboard.components.frame import LOCATION, TAB_TITLE
from dashboard.components.icons import icon
from dashboard.components.outputs import set_apart
from dashboard.departments import department_names
from dashboard.errors import ALERT
from dashboard.manuals.chapters import chapter
from dashboard.pages import (
    acceptance,
    admin,
    alerts,
    audit,
    board,
    boards,
    cohort,
    departments,
    dicom,
    drift,
    evaluations,
    growth,
    model_card,
    models,
    patient,
    performance,
    rehearsal,
    reports,
    retention,
    retrainings,
    scan,
    worklist,
)
from dashboard.pages import feedback as feedback_page
from dashboard.pages.links import Links
from data.errors import InvalidInput, NotFound, WithdrawnScan
from data.records import NOTICE, Role, User
from services import addresses
from services.permissions import ROLE_NAMES, Permission, may

if TYPE_CHECKING:
    from services.reviewing.feedback import FeedbackMessages

PAGE = "page"
MENU = "menu"
MENU_TOGGLE = "menu-toggle"
HELP = "help"


@dataclass(frozen=True)
class Page:
    """One page: where it is, and what builds it from the rest of its address."""

    path: str
    title: str
    icon: str
    layout: Callable[..., Component]  # of the person, and of what the next two name, in their order
    takes_argument: bool = False  # what follows its path
    reads_query: bool = False  # what follows the question mark
    in_menu: bool = True  # False: other pages lead to it
    part: str = ""  # what follows the argument in the address

    def exists_for(self, user: User) -> bool:
        """Whether the person may see it; for others there is no such page."""
        return may(user, PAGE_PERMISSIONS[self.path])


PAGES = (
    Page(addresses.ADMIN, "People", "bi-people", admin.layout),  # where administrators land
    Page(addresses.WORKLIST, "Worklist", "bi-list-ul", worklist.layout, reads_query=True),
    Page(addresses.SCANS, "Scan", "bi-image", scan.layout, takes_argument=True, reads_query=True),
    Page(addresses.PATIENTS, "Patient", "bi-person", patient.layout, takes_argument=True),
    Page(
        addresses.PATIENTS,
        "Comparison",
        "bi-person",
        growth.layout,
        takes_argument=True,
        part=addresses.COMPARE,
    ),
    Page(addresses.COHORT, "Cohort", "bi-bar-chart", cohort.layout),
    Page(addresses.PERFORMANCE, "Performance", "bi-graph-up", performance.layout),
    Page(addresses.DRIFT, "Drift", "bi-activity", drift.layout),
    Page(addresses.BOARDS, "Boards", "bi-columns-gap", boards.layout),
    Page(addresses.BOARDS, "Board", "bi-columns-gap", board.layout, takes_argument=True),
    Page(addresses.MODELS, "Models", "bi-cpu", models.layout),
    Page(addresses.REHEARSALS, "Rehearsal", "bi-cpu", rehearsal.layout, takes_argument=True),
    Page(addresses.EVALUATIONS, "Evaluations", "bi-cpu", evaluations.layout, reads_query=True, in_menu=False),
    Page(addresses.EVALUATIONS, "Evaluation", "bi-cpu", evaluations.one_layout, takes_argument=True),
    Page(addresses.RETRAININGS, "Retraining", "bi-cpu", retrainings.layout, in_menu=False),
    Page(addresses.ACCEPTANCE, "Acceptance", "bi-clipboard-check", acceptance.layout, in_menu=False),
    Page(addresses.MODEL_CARD, "Model card", "bi-cpu", model_card.layout, reads_query=True, in_menu=False),
    Page(addresses.REPORTS, "Reports", "bi-file-earmark-text", reports.layout),
    Page(addresses.DEPARTMENTS, "Departments", "bi-buildings", departments.layout, in_menu=False),
    Page(addresses.DICOM, "DICOM", "bi-hdd-network", dicom.layout),
    Page(addresses.FEEDBACK, "Messages", "bi-chat-left-text", feedback_page.layout),
    Page(addresses.ALERTS, "Alerts", "bi-bell", alerts.layout),
    Page(addresses.RETENTION, "Retention", "bi-eraser", retention.layout),
    Page(addresses.AUDIT, "Audit", "bi-journal-text", audit.layout),
)

SOMEBODY = User(id="", name="", display_name="", role=Role.CLINICIAN)


def find_page(pathname: str, user: User) -> tuple[Page, str] | None:
    """Return the page at `pathname` and its argument; None where there is none for this role.

    "/" is the first page that the role may see.
    """
    first, _, argument = pathname.strip("/").partition("/")
    for page in PAGES:
        if not page.exists_for(user):
            continue
        if not first and not page.takes_argument:
            return page, ""
        named, _, part = argument.partition("/")
        if (f"/{first}", bool(named), part) == (page.path, page.takes_argument, page.part):
            return page, named
    return None


def nothing_wrong() -> str | None:
    """Say that the house can keep things."""
    return None


def layout(trouble: Callable[[], str | None] = nothing_wrong) -> Component:
    """Build the frame for who is asking; outside a request, for nobody in particular.

    `trouble` says why nothing can be kept now.
    """
    user = person() if has_request_context() and "person" in g else SOMEBODY
    return html.Div(
        [
            dcc.Location(id=LOCATION, refresh="callback-nav"),
            dcc.Store(id=TAB_TITLE),
            _navbar(user),
            *_told(trouble()),
            dbc.Alert(id=ALERT, is_open=False, dismissable=True, color="danger", class_name="lb-message"),
            html.Main(id=PAGE, className="lb-page"),
            html.Footer(NOTICE, className="lb-notice"),
        ],
        className="lb-shell",
    )


def _told(trouble: str | None) -> list[Component]:
    return [] if trouble is None else [dbc.Alert(trouble, color="danger", class_name="lb-message lb-storage")]


def validation_layout() -> Component:
    """Hold every id of the app, so that Dash finds a typo at the start."""
    return html.Div([layout(), bell.bell(), *(page.layout(SOMEBODY, "") for page in PAGES)])


def no_such_page() -> Component:
    """What stands at an address that means nothing to this role."""
    return html.Div(
        [
            icon("bi-signpost-split", "lb-empty-icon"),
            html.H1("There is no such page."),
            dcc.Link("Go to the start", href="/", className="btn btn-outline-primary"),
        ],
        className="lb-empty",
    )


def of_the_house(pathname: str, user: User) -> bool:
    """Return whether a page is there for the role, and not for who is bound to departments."""
    unbound = replace(user, departments=None)
    return user.departments is not None and find_page(pathname, unbound) is not None


def whole_house_only() -> Component:
    """What stands at a page that counts, keeps or rules the whole house, for who sees a part of it."""
    return html.Div(
        [
            icon("bi-buildings", "lb-empty-icon"),
            html.H1("This page is about the whole house."),
            html.P(
                f"You see the scans of {' and '.join(department_names())}. Numbers, reports and rules of the "
                "whole house are for people who belong to the whole house: ask one of them."
            ),
            dcc.Link("Go to the start", href="/", className="btn btn-outline-primary"),
        ],
        className="lb-empty",
    )


def bad_link(page: Page, sentence: str) -> Component:
    """What stands where a link asks a page for what there is not."""
    back = "/" if page.takes_argument else page.path
    words = "Go to the start" if page.takes_argument else f"{page.title} without this choice"
    return html.Div(
        [
            icon("bi-signpost-split", "lb-empty-icon"),
            html.H1("This link leads nowhere."),
            html.P(sentence),
            html.A(words, href=back, className="btn btn-outline-primary"),
        ],
        className="lb-empty",
    )


def show_page(
    pathname: str, user: User, query: str = "", links: Links | None = None
) -> tuple[Component, str]:
    """Return the content and the title of the page at `pathname`, or what is wrong with the link to it."""
    place = find_page(pathname or "/", user)
    if place is None and of_the_house(pathname or "/", user):
        accesses.refused("This page is about the whole house.")
        return whole_house_only(), "Lightbox"
    if place is None:
        if is_page(pathname) and not may_open(user, pathname):
            accesses.refused("There is no such page for this role.")
        return no_such_page(), "Lightbox"
    page, argument = place
    try:
        if links is not None:
            links.check(page.path, page.part, user, argument, query)
    except WithdrawnScan:
        pass  # its page says who took it back, and why
    except (NotFound, InvalidInput) as error:
        return bad_link(page, str(error)), "Lightbox"
    asked = ([argument] if page.takes_argument else []) + ([query] if page.reads_query else [])
    return page.layout(user, *asked), f"{page.title} – Lightbox"


def register(app: Dash, links: Links, messages: FeedbackMessages) -> None:
    """Bind the router and the menu; `links` says which addresses lead nowhere.

    How many messages wait is said with each page: a question of its own less.
    """

    @app.callback(
        Output(PAGE, "children"),
        Output(TAB_TITLE, "data"),
        Output(HELP, "href"),
        Input(LOCATION, "pathname"),
        State(LOCATION, "search"),
    )
    def _show_page(pathname: str, query: str | None) -> tuple[Component, str, str]:
        user = person()
        if may(user, Permission.GIVE_FEEDBACK):
            set_apart(
                {feedback.WAITING: feedback_page.waiting(messages, user)}, {feedback.WAITING: "children"}
            )
        return *show_page(pathname, user, query or "", links), chapter(pathname, user)

    app.clientside_callback(
        ClientsideFunction("lightbox", "setTitle"), Input(TAB_TITLE, "data"), prevent_initial_call=True
    )
    app.clientside_callback(
        ClientsideFunction("lightbox", "toggleMenu"),
        Output(MENU, "is_open"),
        Input(MENU_TOGGLE, "n_clicks"),
        Input(LOCATION, "pathname"),
        State(MENU, "is_open"),
        prevent_initial_call=True,
    )


def _navbar(user: User) -> Component:
    links = [
        dbc.NavLink([icon(page.icon), page.title], href=page.path, active="partial")
        for page in PAGES
        if page.exists_for(user) and page.in_menu and not page.takes_argument
    ]
    brand = dcc.Link(
        [html.Img(src="/assets/logo.svg", alt="", width=28, height=28), "Lightbox"],
        href="/",
        className="navbar-brand lb-brand",
    )
    toggle = html.Button(
        html.Span(className="navbar-toggler-icon"),
        id=MENU_TOGGLE,
        className="navbar-toggler",
        **aria(label="Menu", controls=MENU),
    )
    menu = dbc.Collapse(
        [dbc.Nav(links, navbar=True, class_name="me-auto"), _who(user)], id=MENU, navbar=True, is_open=False
    )
    ringing = [bell.bell()] if may(user, Permission.DECIDE_ALERTS) else []
    if may(user, Permission.GIVE_FEEDBACK):
        ringing.insert(0, feedback.waiting_place())
    return html.Nav(
        html.Div([brand, *ringing, toggle, menu], className="container-fluid"),
        className="navbar navbar-expand-md lb-navbar",
        **data(bs_theme="dark"),
        **aria(label="Main"),
    )


def _departments() -> list[Component]:
    """The departments whose scans the person sees, on every page; nothing for who sees the whole house."""
    names = department_names()
    said = ", ".join(names)
    return (
        [html.Span(said, className="lb-role lb-departments", id="departments", title=said)] if names else []
    )


def _who(user: User) -> Component:
    token = generate_csrf() if has_request_context() else ""
    return html.Div(
        [
            html.A(
                [icon("bi-person-circle"), html.Span(user.display_name, className="lb-who-name")],
                href="/account",
                className="lb-who",
                title="Your account",
                **data(user=user.id),
            ),
            html.Span(ROLE_NAMES[user.role], className="lb-role", id="role"),
            *_departments(),
            html.A(
                [icon("bi-question-circle"), html.Span("Help", className="lb-help-word")],
                id=HELP,
                href=chapter("", user),
                className="lb-who",
                target="_blank",  # beside what one is doing: a drawing that is not saved stays
                title="The manual, in a new tab",
            ),
            html.Form(
                [
                    dcc.Input(type="hidden", name="csrf_token", value=token),
                    html.Button("Sign out", type="submit", className="btn btn-sm btn-outline-light"),
                ],
                action="/logout",
                method="POST",
            ),
        ],
        className="lb-who-row",
    )
