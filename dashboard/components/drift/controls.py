"""What a drift run compares: task, reference, window; and the references themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import scan_filters
from dashboard.components.attributes import aria
from dashboard.components.fields import field_for
from dashboard.components.results import local_time, task_name
from data.records import Against, DriftReference, ReferenceKind
from services.drift.reference_rules import NAMES

TASK = "drift-task"
REFERENCE = "drift-reference"
LAST = "drift-last"
DAYS = "drift-days"
FIRST = "drift-first"
TO = "drift-to"
FILTERS = "drift-filters"
RUN = "drift-run"
COMPARE = "drift-compare"
FREEZE_NAME = "drift-freeze-name"
FREEZE = "drift-freeze"
DELETE = "drift-reference-delete"
HOUSE = Against.HOUSE.value
"""The choice of the house's own first accepted month."""
KINDS = {
    ReferenceKind.TRAINING: "training data",
    ReferenceKind.PERIOD: "readings",
    ReferenceKind.ROLLING: "readings",
}


def task() -> Component:
    """Whose drift is shown."""
    return _field("Task", dcc.Dropdown(id=TASK, clearable=False), TASK, "lb-drift-task")


def form(may_run: bool) -> Component:
    """What to compare, folded away while a run is read; who may not run has none of it."""
    choice = dcc.Dropdown(id=REFERENCE, clearable=False, value=HOUSE)
    window = html.Div(
        [
            _field("Reference", choice, REFERENCE, "lb-drift-reference"),
            _field("Newest readings", _input(LAST, "number", "1000", min=1, step=1), LAST),
            _field("Last days", _input(DAYS, "number", "30", min=1, step=1), DAYS),
            _field("From day", _input(FIRST, "text", "2026-11-01"), FIRST),
            _field("To day", _input(TO, "text", "2026-11-30"), TO),
            html.Button("Compare now", id=RUN, className="btn btn-primary"),
        ],
        className="lb-drift-window",
    )
    filters = html.Div(scan_filters.menus(FILTERS), className="lb-scan-filters-row")
    return html.Details(
        [html.Summary("Compare a window"), window, filters],
        id=COMPARE,
        className="lb-card" if may_run else "lb-hidden",
    )


def freezing() -> Component:
    """Keep the window that the controls name as a reference."""
    return html.Div(
        [
            _field(
                "Keep this window as a reference called",
                _input(FREEZE_NAME, "text", "Autumn 2026"),
                FREEZE_NAME,
            ),
            html.Button("Keep", id=FREEZE, className="btn btn-outline-primary"),
        ],
        className="lb-drift-window",
    )


def options(references: Sequence[DriftReference]) -> list[dict[str, str]]:
    """The references to choose from: by a rule, or frozen ones by their name."""
    known = [
        {"label": f"{reference.name} (n = {reference.n:,})", "value": reference.id}
        for reference in references
    ]
    return [*rules(), *known]


def rules() -> list[dict[str, str]]:
    """The references that a rule chooses anew for each run."""
    return [{"label": words.capitalize(), "value": rule.value} for rule, words in NAMES.items()]


def references(known: Sequence[DriftReference], may_delete: bool) -> Component:
    """The frozen sets as a table."""
    if not known:
        return html.P("None yet: the first comparison makes one.", className="text-secondary")
    head = ["Name", "Of", "n", "Hash", "Made", ""]
    rows = [
        html.Tr(
            [
                html.Td(reference.name),
                html.Td(
                    KINDS[reference.kind] + (f", version {reference.version}" if reference.version else "")
                ),
                html.Td(f"{reference.n:,}"),
                html.Td(html.Code(reference.sha256[:12])),
                html.Td(local_time(reference.created_at)),
                html.Td(_delete(reference) if may_delete else None),
            ]
        )
        for reference in known
    ]
    table = html.Table(
        [html.Thead(html.Tr([html.Th(reference, scope="col") for reference in head])), html.Tbody(rows)],
        className="table table-sm",
    )
    return html.Div(table, className="lb-scroll")


def tasks(names: Sequence[str]) -> list[dict[str, str]]:
    """The tasks to choose from."""
    return [{"label": task_name(name), "value": name} for name in names]


def _delete(reference: DriftReference) -> Component:
    return html.Button(
        "Delete",
        id={"type": DELETE, "reference": reference.id},
        className="btn btn-sm btn-outline-secondary",
        **aria(label=f"Delete {reference.name}"),
    )


def _input(name: str, kind: Literal["text", "number"], example: str, **more: Any) -> Component:
    return dcc.Input(id=name, type=kind, placeholder=example, className="form-control", debounce=True, **more)


def _field(label: str, control: Component, name: str, look: str = "") -> Component:
    return field_for(label, control, name, f"lb-drift-field {look}")
