"""Making and changing a schedule by plain choices, on the page of alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components import scan_filters, schedules
from dashboard.components import schedule_form as parts
from dashboard.components.drift import controls
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.results import task_name
from data.errors import InvalidInput
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.cohort.cohort import Cohorts
    from services.drift.references import DriftReferences
    from services.schedules.schedules import Schedules

SAVED = "schedule-saved"  # a word that changes with each schedule that is saved
MONDAYS = "0 7 * * 1"
OPENED = {
    parts.FORM: "is_open",
    parts.PLANNING: "data",
    parts.HEADING: "children",
    parts.row_of(parts.WHAT): "hidden",
    parts.WHAT: ("options", "value"),
    parts.TASK: ("options", "value"),
    parts.WINDOW: "value",
    parts.N: "value",
    parts.REFERENCE: "value",
    parts.NAME: "value",
    parts.CRON: "value",
    **scan_filters.places(parts.FILTERS),
}


def section() -> list[Component]:
    """The form, closed, and what it keeps."""
    return [parts.form(), dcc.Store(id=parts.PLANNING), dcc.Store(id=SAVED)]


def opened(plans: Schedules, cohorts: Cohorts, tasks: Sequence[str], user: User, asked: Any) -> Values:
    """The filled form for what was pressed: a new schedule, or the changes of one.

    Raises PreventUpdate where neither was.
    """
    offers = plans.offers(user)
    if asked == schedules.ADD:
        kind, first = offers[0]
        return _filled(cohorts, tasks, user, "", "A new schedule", "", MONDAYS) | {
            parts.WHAT: {"options": parts.offers(offers), "value": parts.value_of(kind, first.name)}
        }
    if not isinstance(asked, dict) or asked["verb"] != "change":
        raise PreventUpdate
    schedule = plans.get(asked["schedule"])
    offer, chosen = plans.choices_of(schedule)
    value = parts.value_of(schedule.kind, offer)
    options = [option for option in parts.offers(offers) if option["value"] == value]
    heading = f"Change: {schedule.name}"
    filled = _filled(cohorts, tasks, user, schedule.id, heading, schedule.name, schedule.cron, chosen)
    return filled | {parts.WHAT: {"options": options, "value": value}}


def _filled(
    cohorts: Cohorts,
    tasks: Sequence[str],
    user: User,
    schedule_id: str,
    heading: str,
    name: str,
    cron: str,
    chosen: Mapping[str, str] | None = None,
) -> Values:
    given = chosen or {}
    return {
        parts.FORM: True,
        parts.PLANNING: schedule_id,
        parts.HEADING: heading,
        parts.row_of(parts.WHAT): bool(schedule_id),
        parts.TASK: {
            "options": [{"label": task_name(task), "value": task} for task in tasks],
            "value": given.get("task") or tasks[0],
        },
        parts.WINDOW: given.get("window", "readings"),
        parts.N: given.get("n", "1000"),
        parts.REFERENCE: given.get("reference", controls.HOUSE),
        parts.NAME: name,
        parts.CRON: cron,
        **scan_filters.values(parts.FILTERS, cohorts.window_choices(user), given.get("filters", "")),
    }


def save(
    plans: Schedules,
    user: User,
    schedule_id: str,
    what: str | None,
    chosen: Mapping[str, str],
    name: str,
    cron: str,
) -> None:
    """Keep a new schedule, or the changes of one; raises InvalidInput."""
    kind, offer = _offer(what)
    ask = plans.ask_of(kind, offer, chosen)
    if schedule_id:
        plans.change(schedule_id, name, cron, user, ask)
    else:
        plans.add(kind, ask, cron, name, user)


def sentence(plans: Schedules, what: str | None, chosen: Mapping[str, str], cron: str) -> list[Component]:
    """What will run and when, in words, or why it cannot be kept."""
    try:
        kind, offer = _offer(what)
        ask = plans.ask_of(kind, offer, chosen)
        return parts.sentence(plans.describe(kind, ask), plans.preview(cron), datetime.now(UTC))
    except InvalidInput as error:
        return [html.Span(str(error), className="lb-failed")]


def usual(plans: Schedules, what: str | None, schedule_id: str) -> str:
    """How many readings or days a new schedule of this kind begins with; raises PreventUpdate for others."""
    offer = parts.offered(plans.offers(), what)
    if schedule_id or offer is None or not offer.usual_n:
        raise PreventUpdate
    return str(offer.usual_n)


def _offer(what: str | None) -> tuple[str, str]:
    try:
        kind, offer = json.loads(what or "")
    except (RecursionError, TypeError, ValueError):
        raise InvalidInput("Choose what is to be run.") from None
    return str(kind), str(offer)


def register(
    app: Dash, plans: Schedules, references: DriftReferences, cohorts: Cohorts, tasks: Sequence[str]
) -> None:
    """Bind the form."""
    _register_opening(app, plans, cohorts, tasks)
    _register_fields(app, plans, references)

    @app.callback(
        Output(parts.FORM, "is_open", allow_duplicate=True),
        Output(SAVED, "data"),
        inputs={
            "clicks": Input(parts.SAVE, "n_clicks"),
            "schedule_id": State(parts.PLANNING, "data"),
            "what": State(parts.WHAT, "value"),
            "chosen": parts.chosen_states(),
            "name": State(parts.NAME, "value"),
            "cron": State(parts.CRON, "value"),
        },
        prevent_initial_call=True,
    )
    def _save(
        clicks: int | None,
        schedule_id: str | None,
        what: str | None,
        chosen: dict[str, Any],
        name: str | None,
        cron: str | None,
    ) -> tuple[bool, str]:
        user = require(Permission.SCHEDULE)
        clicked(clicks)
        save(plans, user, schedule_id or "", what, parts.chosen(chosen), name or "", cron or "")
        return False, datetime.now(UTC).isoformat()


def _register_opening(app: Dash, plans: Schedules, cohorts: Cohorts, tasks: Sequence[str]) -> None:
    @app.callback(
        output=outputs(OPENED, again=True),
        inputs=[
            Input(schedules.ADD, "n_clicks"),
            Input({"type": schedules.ACTION, "schedule": ALL, "verb": ALL}, "n_clicks"),
        ],
        prevent_initial_call=True,
    )
    def _open(_: int | None, __: list[int | None]) -> Values:
        user = require(Permission.SCHEDULE)
        return opened(plans, cohorts, tasks, user, ctx.triggered_id if ctx.triggered[0]["value"] else None)


def _register_fields(app: Dash, plans: Schedules, references: DriftReferences) -> None:
    @app.callback(
        output=outputs(
            {parts.row_of(name): "hidden" for name in parts.FIELDS.values()}
            | {parts.label_of(parts.N): "children"}
        ),
        inputs=[Input(parts.WHAT, "value")],
    )
    def _rows(what: str | None) -> Values:
        require(Permission.SCHEDULE)
        return parts.shown_rows(plans.offers(), what)

    @app.callback(
        Output(parts.N, "value", allow_duplicate=True),
        Input(parts.WHAT, "value"),
        State(parts.PLANNING, "data"),
        prevent_initial_call=True,
    )
    def _usual(what: str | None, schedule_id: str | None) -> str:
        require(Permission.SCHEDULE)
        return usual(plans, what, schedule_id or "")

    @app.callback(Output(parts.REFERENCE, "options"), Input(parts.TASK, "value"))
    def _references(task: str | None) -> list[dict[str, str]]:
        require(Permission.SCHEDULE)
        return controls.options(references.all(task) if task else [])

    @app.callback(
        output=outputs(parts.TIMES | parts.TIME_ROWS),
        inputs={name: Input(control, "value") for name, control in _TIME_INPUTS.items()},
        prevent_initial_call=True,
    )
    def _times(
        cron: str | None, every: str | None, weekday: str | None, day: int | None, at: str | None
    ) -> Values:
        require(Permission.SCHEDULE)
        changed = {str(part["prop_id"]).partition(".")[0] for part in ctx.triggered}
        return parts.shown_times(*parts.synchronised(changed, cron, every, weekday, day, at))

    @app.callback(
        Output(parts.SENTENCE, "children"),
        inputs={
            "what": Input(parts.WHAT, "value"),
            "chosen": parts.chosen_inputs(),
            "cron": Input(parts.CRON, "value"),
        },
        prevent_initial_call=True,
    )
    def _sentence(what: str | None, chosen: dict[str, Any], cron: str | None) -> list[Component]:
        require(Permission.SCHEDULE)
        return sentence(plans, what, parts.chosen(chosen), cron or "")


_TIME_INPUTS = {
    "cron": parts.CRON,
    "every": parts.EVERY,
    "weekday": parts.WEEKDAY,
    "day": parts.DAY,
    "at": parts.AT,
}
