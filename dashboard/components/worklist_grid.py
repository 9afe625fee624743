"""The worklist's table: its columns, and a row as its cells show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_ag_grid as dag
from dash.development.base_component import Component

from dashboard.components.results import (
    STATUS_NAMES,
    local_date,
    local_time,
    short_result,
    task_name,
)
from dashboard.components.worklist import DOUBT_NAMES, URGENCY_NAMES
from data.records import SYNTHETIC, User, WorklistRow
from services.addresses import WorklistAddress
from services.permissions import Permission, may
from services.reading_words import VERDICT_NAMES, queue_words
from services.standing.acceptances import NOT_ACCEPTED
from services.task_words import reasons

GRID = "worklist-grid"
SORTABLE = {
    "patient", "patient_id", "modality", "acquired_at", "task", "status", "outcome", "urgency", "doubt",
    "verdict", "created_at",
}  # fmt: skip
_FIRST_DOWN = ["desc", "asc", None]  # what calls for somebody first


def chooses(user: User) -> bool:
    """Whether rows can be chosen: there is something that the person may do with them."""
    return may(user, Permission.ASSIGN_SCANS) or may(user, Permission.SET_URGENCY)


def grid(user: User, address: WorklistAddress) -> Component:
    """Build the table in the address's order; its rows are asked for as it is scrolled."""
    options: dict[str, Any] = {
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
    }
    if chooses(user):
        options["rowSelection"] = {"mode": "multiRow", "headerCheckbox": False, "enableClickSelection": False}
        options["selectionColumnDef"] = {"width": 40, "minWidth": 40, "resizable": False}
    built: Component = dag.AgGrid(
        id=GRID,
        className="ag-theme-quartz lb-grid",
        columnDefs=_columns(user, dict(address.sort)),
        defaultColDef={"resizable": True, "sortable": False, "suppressMovable": True},
        rowModelType="infinite",
        getRowId="params.data.scan_id",
        style={"height": None, "width": "100%"},
        dashGridOptions=options,
    )
    return built


def _columns(user: User, sort: Mapping[str, bool]) -> list[dict[str, Any]]:
    columns: list[dict[str, Any]] = [
        {"headerName": "", "colId": "picture", "cellRenderer": "Thumbnail", "width": 60, "resizable": False},
        {"headerName": "Patient", "field": "patient", "cellRenderer": "ScanLink", "flex": 2, "minWidth": 100},
        {
            "headerName": "",
            "field": "pseudonym",
            "cellRenderer": "PatientLink",
            "width": 44,
            "resizable": False,
        },
    ]
    if may(user, Permission.SEE_IDENTITY):
        named = {"headerName": "Patient ID", "field": "patient_id", "tooltipField": "patient_id"}
        columns.append(named | {"flex": 1, "minWidth": 118})
    columns += [
        {"headerName": "Modality", "field": "modality", "flex": 1, "minWidth": 100},
        {"headerName": "Acquired", "field": "acquired_at", "width": 104},
        {"headerName": "Task", "field": "task", "width": 118},
        {
            "headerName": "Result", "field": "result", "colId": "outcome", "cellRenderer": "ResultCell",
            "sortingOrder": _FIRST_DOWN, "flex": 2, "minWidth": 130,
        },
        {
            "headerName": "Urgency", "field": "urgency", "cellRenderer": "UrgencyBadge",
            "sortingOrder": _FIRST_DOWN, "width": 104,
        },
        {
            "headerName": "Doubt", "field": "doubt", "cellRenderer": "DoubtBadge",
            "sortingOrder": _FIRST_DOWN, "width": 104,
        },
        {"headerName": "Assigned", "field": "assigned", "cellRenderer": "AssignedCell", "width": 104},
        {"headerName": "Status", "field": "status", "cellRenderer": "StatusBadge", "width": 92},
        {"headerName": "Review", "field": "verdict", "cellRenderer": "VerdictBadge", "width": 104},
        {"headerName": "Received", "field": "created_at", "cellRenderer": "ReceivedCell", "width": 104},
    ]  # fmt: skip
    order = list(sort)
    for column in columns:
        name = column.get("colId", column.get("field", ""))
        column["sortable"] = name in SORTABLE
        if name in SORTABLE and name in sort:
            column |= {"sort": "desc" if sort[name] else "asc", "sortIndex": order.index(name)}
    return columns


def row(listed: WorklistRow, user: User, names: Mapping[str, str]) -> dict[str, Any]:
    """A row in words; `names` are those of accounts, by id."""
    return {
        "scan_id": listed.scan_id,
        "patient": listed.patient,
        "patient_id": listed.patient_id if may(user, Permission.SEE_IDENTITY) else None,
        "pseudonym": listed.pseudonym,
        "synthetic": SYNTHETIC if listed.synthetic else "",
        "modality": " ".join(part for part in (listed.modality, listed.sequence) if part),
        "acquired_at": local_date(listed.acquired_at),
        "task": task_name(listed.task),
        "result": short_result(listed),
        "reasons": reasons(listed.doubts),
        "outcome": listed.outcome,
        "urgency": URGENCY_NAMES[listed.urgency],
        "urgency_code": listed.urgency.value,
        "doubt": DOUBT_NAMES[listed.doubt],
        "doubt_code": listed.doubt.value,
        "assigned": names.get(listed.assigned_to, "Somebody") if listed.assigned_to else "",
        "mine": listed.assigned_to == user.id,
        "status": STATUS_NAMES[listed.status],
        "status_code": listed.status.value,
        "not_accepted": NOT_ACCEPTED if listed.not_accepted else "",
        "queue": queue_words(listed.queue) if listed.queue else "",
        "may_cancel": listed.may_cancel,
        "verdict": _verdict(listed),
        "created_at": local_time(listed.created_at),
    }


def _verdict(listed: WorklistRow) -> str:
    """What counts of a scan, or that somebody has to read it a second time."""
    if listed.unaided:
        return "Without AI"
    if listed.second_reading:
        return "2nd reading"
    return VERDICT_NAMES[listed.verdict] if listed.verdict else ""
