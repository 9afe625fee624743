"""The worklist: drop scans in, find them again, open them. What it shows stands in its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import accesses
from dashboard.auth import require
from dashboard.components import identities as identity_parts
from dashboard.components import review_requests as request_parts
from dashboard.components import triage as triage_parts
from dashboard.components import worklist as parts
from dashboard.components import worklist_grid
from dashboard.components.attributes import aria
from dashboard.components.cohort import panels as cohort_panels
from dashboard.components.frame import LOCATION
from dashboard.components.notices import notice, notice_outputs
from dashboard.components.outputs import Values, outputs, set_apart, unchanged
from dashboard.components.results import task_name
from dashboard.components.worklist import (
    CONTROLS,
    COUNTERS,
    EMPTY,
    FILTER_ASSIGNED,
    FILTER_TASK,
    LINKED,
    SEARCH,
    SEEN,
    TOTAL,
    WORDS,
)
from dashboard.components.worklist_grid import GRID, SORTABLE
from dashboard.pages import triage as triage_page
from data.records import User, WorklistQuery
from services.addresses import WorklistAddress
from services.permissions import Permission, may
from services.reviewing.worklist import BY_URGENCY

if TYPE_CHECKING:
    from services.assembly.reviewing import ReviewingServices
    from services.reviewing.identity_conflicts import IdentityConflicts
    from services.reviewing.requests import ReviewRequests
    from services.search_words import SearchWords

MOST_ROWS = 200
GRID_CLASS = "ag-theme-quartz lb-grid"
ROWS = {
    GRID: ("getRowsResponse", "className"),
    TOTAL: "children",
    EMPTY: ("children", "hidden"),
    SEEN: "data",
}
WAITING = {
    **notice_outputs(identity_parts.NOTICE),
    **notice_outputs(request_parts.NOTICE),
    COUNTERS: "children",
}
CHOICES = {FILTER_TASK: "options", FILTER_ASSIGNED: "options"}
EVERYWHERE = {**ROWS, **WAITING, **CHOICES, LINKED: "children"}
APART = {SEARCH: "value", triage_parts.COLLEAGUE: "options"}
"""What is filled once, where somebody searches or may give scans to others."""


def layout(user: User, query: str = "") -> Component:
    """Build the page for what follows the question mark of its address; rows and uploads come later."""
    address = WorklistAddress.read(query)
    head = html.Div(
        [
            html.H1("Worklist"),
            html.Span(id=TOTAL, className="lb-total", role="status"),
            html.Nav(id=COUNTERS, className="lb-counters", **aria(label="What waits")),
        ],
        className="lb-page-head",
    )
    body: list[Component] = [head]
    if may(user, Permission.SEND_SCANS):
        body.append(parts.drop_zone())
    body += [
        notice(identity_parts.NOTICE),
        notice(request_parts.NOTICE),
        parts.filters(user, address),
        html.Div(id=LINKED, className="lb-chips"),
        html.Div(id=EMPTY, hidden=True),
        worklist_grid.grid(user, address),
        dcc.Store(id=SEEN),
    ]
    if worklist_grid.chooses(user):
        body.append(triage_parts.selection_bar(user))
    return html.Div(body, className="lb-worklist", id="worklist")


def rows(
    reviewing: ReviewingServices,
    user: User,
    request: Mapping[str, Any] | None,
    address: str | None = None,
) -> Values:
    """Return the rows that the grid asks for, the total in words, and what an empty worklist says."""
    worklist, triage, asked = reviewing.worklist, reviewing.triage, WorklistAddress.read(address)
    seen = worklist.changes_token()  # before the rows: a change in between is shown again
    query = _query(request or {}, asked, reviewing.words.opened(asked, user) or "")
    page = worklist.page(query, user)
    names = triage.names({listed.assigned_to for listed in page.rows if listed.assigned_to})
    if query.search:
        accesses.searched("worklist", page.total, [listed.pseudonym for listed in page.rows])
    empty = None if page.total else parts.empty(user, filtered=bool(query.search or query.filters))
    return {
        GRID: {
            "getRowsResponse": {
                "rowData": [worklist_grid.row(listed, user, names) for listed in page.rows],
                "rowCount": page.total,
            },
            "className": f"{GRID_CLASS} lb-hidden" if empty else GRID_CLASS,
        },
        TOTAL: parts.total(page),
        EMPTY: {"children": empty, "hidden": empty is None},
        SEEN: seen if is_first(request) else no_update,
    }


def is_first(request: Mapping[str, Any] | None) -> bool:
    """Whether the grid asks for the rows at its top: when the page opens, and whenever anything changed."""
    return not (request or {}).get("startRow")


def waiting(reviewing: ReviewingServices, user: User) -> Values:
    """Return what waits for somebody: how many scans for what, and notices, by the id of their place."""
    return {
        **conflicts(reviewing.identities, user),
        **requested(reviewing.requests, user),
        COUNTERS: parts.counters(reviewing.worklist.counters(user)),
    }


def choices(colleagues: Sequence[User], user: User, tasks: Sequence[str]) -> Values:
    """Return what the menus offer that the house knows alone."""
    return {
        FILTER_TASK: task_options(tasks),
        FILTER_ASSIGNED: assigned_options(colleagues, user),
    }


def choices_apart(colleagues: Sequence[User], words: SearchWords, user: User, address: str | None) -> Values:
    """Return what is searched for, and whom scans may be given to, as far as the person may give them."""
    # Of no words nothing is said: somebody may have begun to type.
    said = searched_for(words, user, address)
    values: Values = {SEARCH: said} if said else {}
    if may(user, Permission.ASSIGN_SCANS):
        values[triage_parts.COLLEAGUE] = triage_page.colleague_options(colleagues)
    return values


def linked(words: SearchWords, user: User, address: str | None) -> list[Component]:
    """Return what a link filters by that no control shows, as chips, and whether its words are gone."""
    asked = WorklistAddress.read(address)
    gone = (
        [] if words.opened(asked, user) is not None else [html.Span(parts.GONE, className="text-secondary")]
    )
    return [*gone, *cohort_panels.linked(parts.unlisted(asked))]


def searched_for(words: SearchWords, user: User, address: str | None) -> str:
    """Return the words that an address searches for, as the box shows them."""
    return words.opened(WorklistAddress.read(address), user) or ""


def for_address(words: SearchWords, user: User, typed: str | None, address: str | None) -> dict[str, str]:
    """Return what the address is to carry for words that were typed; the same again where it says them."""
    asked, said = WorklistAddress.read(address), (typed or "").strip()
    known = asked.sealed if asked.sealed and words.opened(asked, user) == said else ""
    return {"sealed": known or words.sealed(said, user), "said": said}


def conflicts(identities: IdentityConflicts, user: User) -> Values:
    """Return the patients who may be one person, for who may settle that."""
    settles = may(user, Permission.SETTLE_IDENTITIES)
    return identity_parts.open_conflicts(identities.open(user) if settles else [])


def requested(requests: ReviewRequests, user: User) -> Values:
    """Return the reviews that were asked for, for those whose turn it is."""
    return request_parts.requested(requests.open() if may(user, Permission.REVIEW) else [])


def task_options(tasks: Sequence[str]) -> list[dict[str, str]]:
    """Return the tasks to filter by."""
    return parts.options("All tasks", {name: task_name(name) for name in tasks})


def assigned_options(colleagues: Sequence[User], user: User) -> list[dict[str, str]]:
    """Return whose scans can be filtered by; one's own come first."""
    names = {colleague.id: colleague.display_name for colleague in colleagues}
    mine = {user.id: "My cases"} if user.id in names else {}
    return parts.options("Anybody's", mine | {"none": "Nobody's"} | {**names, **mine})


def register(app: Dash, reviewing: ReviewingServices, tasks: Sequence[str]) -> None:
    """Bind the grid and the filters."""
    _register_rows(app, reviewing, tasks)
    _register_scripts(app)
    triage_page.register_selection(app, reviewing.triage, reviewing.unaided)


def _register_rows(app: Dash, reviewing: ReviewingServices, tasks: Sequence[str]) -> None:
    """One callback for all that the page shows, so that opening it asks the server once."""

    @app.callback(
        output=outputs(EVERYWHERE),
        inputs={
            "request": Input(GRID, "getRowsRequest"),
            "address": State(LOCATION, "search"),
            "seen": State(SEEN, "data"),
        },
        prevent_initial_call=True,
    )
    def _rows(request: dict[str, Any] | None, address: str | None, seen: str | None) -> Values:
        user = require(Permission.SEE_SCANS)
        with reviewing.scan_views.one_look():
            values = unchanged(EVERYWHERE) | rows(reviewing, user, request, address)
            if seen is None:
                colleagues = reviewing.triage.colleagues()
                values |= choices(colleagues, user, tasks)
                set_apart(choices_apart(colleagues, reviewing.words, user, address), APART)
            if is_first(request):
                values |= waiting(reviewing, user)
                values[LINKED] = linked(reviewing.words, user, address)
        return values

    @app.callback(
        Output(WORDS, "data"),
        Input(SEARCH, "value"),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )
    def _words(typed: str | None, address: str | None) -> dict[str, str]:
        return for_address(reviewing.words, require(Permission.SEE_SCANS), typed, address)


def _register_scripts(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("lightbox", "worklistControls"),
        *(Input(name, value) for name, value in CONTROLS.items()),
        prevent_initial_call=True,
    )
    app.clientside_callback(ClientsideFunction("lightbox", "rowsCame"), Input(GRID, "getRowsResponse"))
    app.clientside_callback(ClientsideFunction("lightbox", "noteWorklist"), Input(SEEN, "data"))


def _query(request: Mapping[str, Any], address: WorklistAddress, words: str) -> WorklistQuery:
    start = max(0, int(request.get("startRow") or 0))
    count = min(MOST_ROWS, max(1, int(request.get("endRow") or start + 50) - start))
    sort = tuple(
        (item["colId"], item["sort"] == "desc")
        for item in request.get("sortModel") or []
        if item.get("colId") in SORTABLE
    )
    if any(column == "outcome" for column, _ in sort):  # equal answers by how sure they are
        sort += tuple(("probability", descending) for column, descending in sort if column == "outcome")
    return WorklistQuery(start, count, words, dict(address.filters), sort or BY_URGENCY)
