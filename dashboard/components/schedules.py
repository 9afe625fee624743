"""Schedules in words, with their runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.icons import icon
from dashboard.components.results import local_time
from data.records import RunOutcome, ScheduleRun

if TYPE_CHECKING:
    from services.schedules.schedules import ScheduleView

ACTION = "schedule-action"  # type of the buttons: {"type", "schedule", "verb"}
ADD = "schedule-add"
OUTCOMES = {RunOutcome.DONE: "done", RunOutcome.SKIPPED: "nothing to run", RunOutcome.FAILED: "failed"}
_LATE = timedelta(minutes=10)  # a run that began so long after its time was caught up
DELETING = "schedule-deleting"
CONFIRM = "schedule-confirm"


def cards(views: Sequence[ScheduleView], names: dict[str, str], moment: datetime) -> list[Component]:
    """Show every schedule; `names` are those of the people who made them, by id."""
    if not views:
        return [html.P("Nothing is run periodically yet.", className="text-secondary")]
    return [_card(view, names, moment) for view in views]


def moment_words(time: datetime, moment: datetime) -> str:
    """Put a coming time in words: "today at 14:15", "Monday 30 November at 06:00"; in `time`'s own zone."""
    days = (time.date() - moment.astimezone(time.tzinfo).date()).days
    if days in (0, 1):
        return f"{'today' if days == 0 else 'tomorrow'} at {time:%H:%M}"
    year = "" if time.year == moment.astimezone(time.tzinfo).year else f" {time.year}"
    return f"{time:%A} {time.day} {time:%B}{year} at {time:%H:%M}"


def _card(view: ScheduleView, names: dict[str, str], moment: datetime) -> Component:
    schedule = view.schedule
    state = [] if schedule.active else [html.Span("Paused", className="lb-badge")]
    verb = ("pause", "Pause") if schedule.active else ("go-on", "Go on")
    buttons = [("run", "Run now"), verb, ("change", "Change"), ("delete", "Delete")]
    made = names.get(schedule.made_by, "Lightbox")
    return html.Article(
        [
            html.Div(
                [
                    html.Div([html.Strong(schedule.name), *state], className="lb-alert-head"),
                    html.Div(view.what, className="lb-alert-times"),
                    html.Div(
                        f"made by {made}, {local_time(schedule.created_at)}", className="lb-alert-times"
                    ),
                    _history(view),
                ]
            ),
            html.Div(
                [html.Div([view.when.words, " ", html.Code(schedule.cron)]), _next(view, moment), _last(view)]
            ),
            html.Div(
                [_button(verb, label, schedule.id) for verb, label in buttons], className="lb-alert-acts"
            ),
        ],
        className="lb-card lb-schedule" + ("" if schedule.active else " lb-alert-quiet"),
    )


def _history(view: ScheduleView) -> Component | None:
    """The latest runs and what came of them, folded away."""
    if not view.runs:
        return None
    rows = [html.Li(_run(run)) for run in view.runs]
    return html.Details([html.Summary("Runs"), html.Ul(rows, className="lb-schedule-runs")])


def _run(run: ScheduleRun) -> list[Component | str]:
    why = "by hand" if run.by_hand else ""
    if run.due_at is not None and run.started_at - run.due_at > _LATE:
        why = f"caught up, was due {local_time(run.due_at)}"
    began = f"{local_time(run.started_at)}{f' ({why})' if why else ''}: "
    if run.outcome is None:
        return [began, "running"]
    said = f"{OUTCOMES[run.outcome]}{f'. {run.sentence}' if run.sentence else ''}"
    return [began, dcc.Link(said, href=run.link) if run.link else said]


def _next(view: ScheduleView, moment: datetime) -> Component | None:
    if not view.schedule.active or not view.when.times:
        return None
    return html.Div([icon("bi-clock"), f"next: {moment_words(view.when.times[0], moment)}"])


def _last(view: ScheduleView) -> Component:
    schedule = view.schedule
    if view.in_hand:
        return html.Div([icon("bi-hourglass-split"), "runs in a moment"], className="lb-alert-times")
    if view.runs and view.runs[0].outcome is None:
        since = local_time(view.runs[0].started_at)
        return html.Div([icon("bi-hourglass-split"), f"running since {since}"], className="lb-alert-times")
    if schedule.last_run_at is None:
        return html.Div("has not run yet", className="lb-alert-times")
    ended = local_time(schedule.last_run_at)
    if schedule.failure:
        return html.Div([icon("bi-x-circle"), f"failed {ended}: {schedule.failure}"], className="lb-failed")
    return html.Div([icon("bi-check2"), f"last run {ended}"], className="lb-alert-times")


def _button(verb: str, label: str, schedule_id: str) -> Component:
    return html.Button(
        label,
        id={"type": ACTION, "schedule": schedule_id, "verb": verb},
        className="btn btn-sm btn-outline-secondary",
    )
