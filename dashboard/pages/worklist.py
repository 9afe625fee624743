"""The worklist: drop scans in, find them again, open them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dash_ag_grid as dag
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import cohort_panels
from dashboard.components.icons import icon
from dashboard.components.results import (
    STATUS_NAMES,
    VERDICT_NAMES,
    local_date,
    local_time,
    short_result,
    task_name,
)
from data.records import User, WorklistQuery, WorklistRow
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.container import Services

GRID = "worklist-grid"
SEARCH = "worklist-search"
EMPTY = "worklist-empty"
TOTAL = "worklist-total"
SEEN = "worklist-seen"  # the word for the state that the rows show; live.js compares it
FILTER_TASK = "worklist-task"
FILTER_STATUS = "worklist-status"
FILTER_RESULT = "worklist-result"
FILTER_REVIEW = "worklist-review"
UPLOADS = "uploads"  # filled by uploads.js

# The order of the callback's states; the names are those of WorklistQuery.filters.
FILTERS = {FILTER_TASK: "task", FILTER_STATUS: "status", FILTER_RESULT: "result", FILTER_REVIEW: "review"}
SORTABLE = {"patient", "patient_id", "modality", "acquired_at", "task", "status", "probability", "verdict"}
SORTABLE |= {"created_at"}
MOST_ROWS = 200
LINKED = "worklist-linked"
LOCATION = "location"
ANY = "any"


def layout(user: User, argument: str = "") -> Component:
    """Build the page; rows and uploads come later."""
    head = html.Div(
        [html.H1("Worklist"), html.Span(id=TOTAL, className="lb-total")],
        className="lb-page-head",
    )
    parts: list[Component] = [head]
    if may(user, Permission.SEND_SCANS):
        parts.append(_drop_zone())
    parts += [
        _filters(user),
        html.Div(id=LINKED, className="lb-chips"),
        html.Div(id=EMPTY, hidden=True),
        _grid(user),
        dcc.Store(id=SEEN),
    ]
    return html.Div(parts, className="lb-worklist", id="worklist")


def rows(
    services: Services,
    user: User,
    request: dict[str, Any] | None,
    search: str | None,
    filters: dict[str, str | None],
    address: str | None = None,
) -> tuple[dict[str, Any], str, Component | None]:
    """Return the rows that the grid asks for, the total in words, and the empty state or None.

    `address` holds further filters, as links from the statistics do.
    """
    linked = services.cohort.numbers.asked(address or "").filters
    asked = _query(request or {}, search, filters, linked)
    page = services.reviewing.worklist.page(asked, user)
    answer = {"rowData": [_row(row, user) for row in page.rows], "rowCount": page.total}
    total = f"{page.total:,} scan{'' if page.total == 1 else 's'}".replace(",", "\u202f")
    empty = None if page.total else _empty(user, filtered=bool(asked.search or asked.filters))
    return answer, total, empty


def register(app: Dash, services: Services) -> None:
    """Bind the grid and the filters."""

    @app.callback(Output(LINKED, "children"), Input(LOCATION, "search"))
    def _linked(address: str | None) -> list[Component]:
        require(Permission.SEE_SCANS)
        return cohort_panels.linked(services.cohort.numbers.asked(address or "").filters)

    @app.callback(Output(FILTER_TASK, "options"), Input(FILTER_TASK, "id"))
    def _tasks(_: str) -> list[dict[str, str]]:
        require(Permission.SEE_SCANS)
        return _options("All tasks", {name: task_name(name) for name in services.versions.registry.clinical})

    @app.callback(
        Output(GRID, "getRowsResponse"),
        Output(TOTAL, "children"),
        Output(EMPTY, "children"),
        Output(EMPTY, "hidden"),
        Output(GRID, "className"),
        Output(SEEN, "data"),
        Input(GRID, "getRowsRequest"),
        State(SEARCH, "value"),
        State(LOCATION, "search"),
        *(State(name, "value") for name in FILTERS),
        prevent_initial_call=True,
    )
    def _rows(
        request: dict[str, Any] | None, search: str | None, address: str | None, *values: str | None
    ) -> tuple[Any, ...]:
        user = require(Permission.SEE_SCANS)
        seen = (
            services.reviewing.worklist.changes_token()
        )  # before the rows: a change in between is shown again
        chosen = dict(zip(FILTERS.values(), values, strict=True))
        answer, total, empty = rows(services, user, request, search, chosen, address)
        first = not (request or {}).get("startRow")
        look = "ag-theme-quartz lb-grid" + (" lb-hidden" if empty else "")
        return answer, total, empty, empty is None, look, seen if first else no_update

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
    request: dict[str, Any],
    search: str | None,
    filters: dict[str, str | None],
    linked: Mapping[str, Sequence[str]],
) -> WorklistQuery:
    start = max(0, int(request.get("startRow") or 0))
    count = min(MOST_ROWS, max(1, int(request.get("endRow") or start + 50) - start))
    sort = tuple(
        (item["colId"], item["sort"] == "desc")
        for item in request.get("sortModel") or []
        if item.get("colId") in SORTABLE
    )
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
        "synthetic": row.synthetic,
        "modality": " ".join(part for part in (row.modality, row.sequence) if part),
        "acquired_at": local_date(row.acquired_at),
        "task": task_name(row.task),
        "result": short_result(row),
        "positive": row.positive,
        "status": STATUS_NAMES[row.status],
        "status_code": row.status.value,
        "verdict": VERDICT_NAMES[row.verdict] if row.verdict else "",
        "created_at": local_time(row.created_at),
    }


def _empty(user: User, *, filtered: bool) -> Component:
    if filtered:
        return _empty_state("bi-search", "No scan fits.", "Change the search or the filters.")
    if may(user, Permission.SEND_SCANS):
        return _empty_state(
            "bi-inboxes",
            "No scans yet.",
            "Drop a brain MRI or a chest X-ray above: DICOM files or folders, NIfTI, PNG, JPEG, TIFF, zip.",
        )
    return _empty_state("bi-inboxes", "No scans yet.", "They appear here when a clinician uploads them.")


def _empty_state(name: str, title: str, text: str) -> Component:
    return html.Div(
        [
            icon(name, "lb-empty-icon"),
            html.H2(title),
            html.P(text),
        ],
        className="lb-empty",
    )


def _drop_zone() -> Component:
    return html.Section(
        [
            html.Div(
                [
                    icon("bi-cloud-arrow-up", "lb-drop-icon"),
                    html.Div(
                        [
                            html.Strong("Drop scans here"),
                            html.Span("DICOM files or whole folders, NIfTI, PNG, JPEG, TIFF, zip"),
                        ],
                        className="lb-drop-text",
                    ),
                    html.Button("Choose files", id="choose-files", className="btn btn-sm btn-primary"),
                    html.Button(
                        "Choose a folder", id="choose-folder", className="btn btn-sm btn-outline-primary"
                    ),
                ],
                id="drop-zone",
                className="lb-drop",
            ),
            html.Div(id=UPLOADS, className="lb-uploads", **{"aria-live": "polite"}),
        ],
        **{"aria-label": "Upload scans"},
    )


def _filters(user: User) -> Component:
    hint = (
        "Search patient, id, sequence" if may(user, Permission.SEE_IDENTITY) else "Search pseudonym, sequence"
    )
    results = {"positive": "Found", "negative": "Not found"}
    reviews = {verdict.value: name for verdict, name in VERDICT_NAMES.items()}
    return html.Div(
        [
            html.Div(
                dcc.Input(id=SEARCH, type="search", debounce=0.3, placeholder=hint, className="form-control"),
                className="lb-search",
            ),
            _select(FILTER_TASK, "All tasks", {}),
            _select(FILTER_STATUS, "Any status", {s.value: name for s, name in STATUS_NAMES.items()}),
            _select(FILTER_RESULT, "Any result", results),
            _select(FILTER_REVIEW, "Any review", {"none": "Not reviewed"} | reviews),
        ],
        className="lb-filters",
        role="search",
    )


def _select(name: str, everything: str, choices: dict[str, str]) -> Component:
    label = html.Label(everything, htmlFor=name, className="visually-hidden")
    return html.Div([label, dbc.Select(id=name, options=_options(everything, choices), value=ANY)])


def _options(everything: str, choices: dict[str, str]) -> list[dict[str, str]]:
    named = [{"label": label, "value": value} for value, label in choices.items()]
    return [{"label": everything, "value": ANY}, *named]


def _grid(user: User) -> Component:
    return dag.AgGrid(
        id=GRID,
        className="ag-theme-quartz lb-grid",
        columnDefs=_columns(user),
        defaultColDef={"resizable": True, "sortable": False, "suppressMovable": True},
        rowModelType="infinite",
        getRowId="params.data.scan_id",
        style={"height": None, "width": "100%"},
        dashGridOptions={
            "rowHeight": 52,
            "headerHeight": 38,
            "cacheBlockSize": 50,
            "maxConcurrentDatasourceRequests": 1,  # the grid can hold one open question only
            "maxBlocksInCache": 40,
            "rowBuffer": 10,
            "infiniteInitialRowCount": 1,
            "suppressCellFocus": False,
            "animateRows": False,
            "enableCellTextSelection": True,
        },
    )


def _columns(user: User) -> list[dict[str, Any]]:
    columns: list[dict[str, Any]] = [
        {"headerName": "", "colId": "picture", "cellRenderer": "Thumbnail", "width": 66, "resizable": False},
        {"headerName": "Patient", "field": "patient", "cellRenderer": "ScanLink", "flex": 2, "minWidth": 130},
    ]
    if may(user, Permission.SEE_IDENTITY):
        columns.append({"headerName": "Patient ID", "field": "patient_id", "flex": 1, "minWidth": 100})
    columns += [
        {"headerName": "Modality", "field": "modality", "flex": 1, "minWidth": 110},
        {"headerName": "Date", "field": "acquired_at", "width": 108},
        {"headerName": "Task", "field": "task", "width": 124},
        {
            "headerName": "Result",
            "field": "result",
            "colId": "probability",
            "cellRenderer": "ResultCell",
            "flex": 2,
            "minWidth": 170,
        },
        {"headerName": "Status", "field": "status", "cellRenderer": "StatusBadge", "width": 110},
        {"headerName": "Review", "field": "verdict", "cellRenderer": "VerdictBadge", "width": 116},
        {"headerName": "Uploaded", "field": "created_at", "width": 146, "sort": "desc"},
    ]
    for column in columns:
        column["sortable"] = column.get("colId", column.get("field")) in SORTABLE
    return columns
