"""The worklist's parts: where scans are dropped, the filters, the grid, and what an empty one says."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag
import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.icons import icon
from dashboard.components.results import STATUS_NAMES
from data.records import User
from services.permissions import Permission, may
from services.reading_words import VERDICT_NAMES
from services.task_words import OUTCOME_NAMES, pictures_read

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
AS_VOLUME = "as-volume"  # read and unticked by uploads.js

# The names are those of WorklistQuery.filters.
FILTERS = {FILTER_TASK: "task", FILTER_STATUS: "status", FILTER_RESULT: "outcome", FILTER_REVIEW: "review"}
SORTABLE = {"patient", "patient_id", "modality", "acquired_at", "task", "status", "outcome", "verdict"}
SORTABLE |= {"created_at"}
LINKED = "worklist-linked"
CONFLICTS = "worklist-conflicts"
ANY = "any"


def empty(user: User, *, filtered: bool) -> Component:
    """Say why no scan is listed, and what to do."""
    if filtered:
        return _empty_state("bi-search", "No scan fits.", "Change the search or the filters.")
    if may(user, Permission.SEND_SCANS):
        return _empty_state(
            "bi-inboxes",
            "No scans yet.",
            f"Drop {pictures_read()} above: DICOM files or folders, NIfTI, PNG, JPEG, TIFF, zip.",
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


def drop_zone() -> Component:
    """Take files and folders; uploads.js sends them."""
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
                    dbc.Checkbox(
                        id=AS_VOLUME,
                        label="These numbered pictures are the slices of one volume",
                        value=False,
                        class_name="lb-drop-volume",
                    ),
                ],
                id="drop-zone",
                className="lb-drop",
            ),
            html.Div(id=UPLOADS, className="lb-uploads", **aria(live="polite")),
        ],
        **aria(label="Upload scans"),
    )


def filters(user: User) -> Component:
    """Search and filter."""
    hint = (
        "Search patient, id, sequence" if may(user, Permission.SEE_IDENTITY) else "Search pseudonym, sequence"
    )
    results = {outcome.value: name for outcome, name in OUTCOME_NAMES.items()}
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
    return html.Div([label, dbc.Select(id=name, options=options(everything, choices), value=ANY)])


def options(everything: str, choices: dict[str, str]) -> list[dict[str, str]]:
    """The choices of a filter, by value; the first one filters nothing."""
    named = [{"label": label, "value": value} for value, label in choices.items()]
    return [{"label": everything, "value": ANY}, *named]


def grid(user: User) -> Component:
    """Build the table; its rows are asked for as it is scrolled."""
    built: Component = dag.AgGrid(
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
    return built


def _columns(user: User) -> list[dict[str, Any]]:
    columns: list[dict[str, Any]] = [
        {"headerName": "", "colId": "picture", "cellRenderer": "Thumbnail", "width": 66, "resizable": False},
        {"headerName": "Patient", "field": "patient", "cellRenderer": "ScanLink", "flex": 2, "minWidth": 130},
        {
            "headerName": "",
            "field": "pseudonym",
            "cellRenderer": "PatientLink",
            "width": 48,
            "resizable": False,
        },
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
            "colId": "outcome",
            "cellRenderer": "ResultCell",
            "sortingOrder": ["desc", "asc", None],  # what calls for somebody first
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
