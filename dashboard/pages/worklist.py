"""The worklist: drop scans in, find them again, open them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import identities as identity_parts
from dashboard.components import worklist as parts
from dashboard.components.cohort import panels as cohort_panels
from dashboard.components.outputs import Values, outputs
from dashboard.components.results import (
    STATUS_NAMES,
    local_date,
    local_time,
    short_result,
    task_name,
)
from dashboard.components.worklist import (
    ANY,
    CONFLICTS,
    EMPTY,
    FILTER_TASK,
    FILTERS,
    GRID,
    LINKED,
    SEARCH,
    SEEN,
    SORTABLE,
    TOTAL,
)
from data.records import User, WorklistQuery, WorklistRow
from services.permissions import Permission, may
from services.reading_words import VERDICT_NAMES
from services.task_words import reasons

if TYPE_CHECKING:
    from services.cohort.cohort import Cohorts
    from services.reviewing.identity_conflicts import IdentityConflicts
    from services.reviewing.worklist import Worklist

LOCATION = "location"
MOST_ROWS = 200
GRID_CLASS = "ag-theme-quartz lb-grid"
ROWS = {
    GRID: ("getRowsResponse", "className"),
    TOTAL: "children",
    EMPTY: ("children", "hidden"),
    SEEN: "data",
}


def layout(user: User, argument: str = "") -> Component:
    """Build the page; rows and uploads come later."""
    head = html.Div(
        [html.H1("Worklist"), html.Span(id=TOTAL, className="lb-total")],
        className="lb-page-head",
    )
    body: list[Component] = [head]
    if may(user, Permission.SEND_SCANS):
        body.append(parts.drop_zone())
    body += [
        html.Div(id=CONFLICTS),
        parts.filters(user),
        html.Div(id=LINKED, className="lb-chips"),
        html.Div(id=EMPTY, hidden=True),
        parts.grid(user),
        dcc.Store(id=SEEN),
    ]
    return html.Div(body, className="lb-worklist", id="worklist")


def rows(
    worklist: Worklist,
    cohorts: Cohorts,
    user: User,
    request: Mapping[str, Any] | None,
    search: str | None,
    filters: Mapping[str, str | None],
    address: str | None = None,
) -> Values:
    """Return the rows that the grid asks for, the total in words, and what an empty worklist says.

    `address` holds further filters, as links from the statistics do.
    """
    seen = worklist.changes_token()  # before the rows: a change in between is shown again
    linked = cohorts.asked(address or "").filters
    query = _query(request or {}, search, filters, linked)
    page = worklist.page(query, user)
    empty = None if page.total else parts.empty(user, filtered=bool(query.search or query.filters))
    is_first = not (request or {}).get("startRow")
    return {
        GRID: {
            "getRowsResponse": {"rowData": [_row(row, user) for row in page.rows], "rowCount": page.total},
            "className": f"{GRID_CLASS} lb-hidden" if empty else GRID_CLASS,
        },
        TOTAL: f"{page.total:,} scan{'' if page.total == 1 else 's'}".replace(",", "\u202f"),
        EMPTY: {"children": empty, "hidden": empty is None},
        SEEN: seen if is_first else no_update,
    }


def linked(cohorts: Cohorts, address: str | None) -> list[Component]:
    """Return what a link from the statistics filters by, as chips."""
    return cohort_panels.linked(cohorts.asked(address or "").filters)


def conflicts(identities: IdentityConflicts, user: User) -> list[Component]:
    """Return the patients who may be one person, for who may settle that."""
    if not may(user, Permission.SETTLE_IDENTITIES):
        return []
    return identity_parts.listing(identities.open(user))


def task_options(tasks: Sequence[str]) -> list[dict[str, str]]:
    """Return the tasks to filter by."""
    return parts.options("All tasks", {name: task_name(name) for name in tasks})


def register(
    app: Dash, worklist: Worklist, identities: IdentityConflicts, cohorts: Cohorts, tasks: Sequence[str]
) -> None:
    """Bind the grid and the filters."""

    @app.callback(Output(CONFLICTS, "children"), Input(SEEN, "data"))
    def _conflicts(_: str | None) -> list[Component]:
        return conflicts(identities, require(Permission.SEE_SCANS))

    @app.callback(Output(LINKED, "children"), Input(LOCATION, "search"))
    def _linked(address: str | None) -> list[Component]:
        require(Permission.SEE_SCANS)
        return linked(cohorts, address)

    @app.callback(Output(FILTER_TASK, "options"), Input(FILTER_TASK, "id"))
    def _tasks(_: str) -> list[dict[str, str]]:
        require(Permission.SEE_SCANS)
        return task_options(tasks)

    @app.callback(
        output=outputs(ROWS),
        inputs={
            "request": Input(GRID, "getRowsRequest"),
            "search": State(SEARCH, "value"),
            "address": State(LOCATION, "search"),
            "filters": {filter_name: State(name, "value") for name, filter_name in FILTERS.items()},
        },
        prevent_initial_call=True,
    )
    def _rows(
        request: dict[str, Any] | None,
        search: str | None,
        address: str | None,
        filters: dict[str, str | None],
    ) -> Values:
        return rows(worklist, cohorts, require(Permission.SEE_SCANS), request, search, filters, address)

    _register_scripts(app)


def _register_scripts(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("lightbox", "reloadWorklist"),
        Input(SEARCH, "value"),
        *(Input(name, "value") for name in FILTERS),
        prevent_initial_call=True,
    )
    # Its own callback: the address is there on every page, the fields above are not.
    app.clientside_callback(
        ClientsideFunction("lightbox", "reloadWorklist"), Input(LOCATION, "search"), prevent_initial_call=True
    )
    app.clientside_callback(
        ClientsideFunction("lightbox", "openScan"),
        Output("location", "pathname"),
        Input(GRID, "cellClicked"),
        prevent_initial_call=True,
    )
    app.clientside_callback(ClientsideFunction("lightbox", "rowsCame"), Input(GRID, "getRowsResponse"))
    app.clientside_callback(ClientsideFunction("lightbox", "noteWorklist"), Input(SEEN, "data"))


def _query(
    request: Mapping[str, Any],
    search: str | None,
    filters: Mapping[str, str | None],
    linked: Mapping[str, Sequence[str]],
) -> WorklistQuery:
    start = max(0, int(request.get("startRow") or 0))
    count = min(MOST_ROWS, max(1, int(request.get("endRow") or start + 50) - start))
    sort = tuple(
        (item["colId"], item["sort"] == "desc")
        for item in request.get("sortModel") or []
        if item.get("colId") in SORTABLE
    )
    if any(column == "outcome" for column, _ in sort):  # equal answers by how sure they are
        sort += tuple(("probability", descending) for column, descending in sort if column == "outcome")
    kept = {name: tuple(values) for name, values in linked.items()}
    for name, value in filters.items():
        if value and value != ANY:  # both the menu and the link must hold
            kept[name] = (value,) if value in kept.get(name, (value,)) else ("nothing",)
    text = (search or "").strip()
    return WorklistQuery(start, count, text, kept, sort or (("created_at", True),))


def _row(row: WorklistRow, user: User) -> dict[str, Any]:
    return {
        "scan_id": row.scan_id,
        "patient": row.patient,
        "patient_id": row.patient_id if may(user, Permission.SEE_IDENTITY) else None,
        "pseudonym": row.pseudonym,
        "synthetic": row.synthetic,
        "modality": " ".join(part for part in (row.modality, row.sequence) if part),
        "acquired_at": local_date(row.acquired_at),
        "task": task_name(row.task),
        "result": short_result(row),
        "reasons": reasons(row.doubts),
        "outcome": row.outcome,
        "status": STATUS_NAMES[row.status],
        "status_code": row.status.value,
        "verdict": VERDICT_NAMES[row.verdict] if row.verdict else "",
        "created_at": local_time(row.created_at),
    }
