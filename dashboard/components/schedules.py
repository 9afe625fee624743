"""Schedules in words, and the form in which one is made or changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.dialog import form_dialog
from dashboard.components.icons import icon
from dashboard.components.results import local_time
from services.schedules import LONGEST_NAME

if TYPE_CHECKING:
    from services.schedules import Preview, ScheduleView

ACTION = "schedule-action"  # type of the buttons: {"type", "schedule", "verb"}
ADD = "schedule-add"
FORM = "schedule-form"
FORM_HEADING = "schedule-form-heading"
PLANNING = "schedule-planning"  # the id of what is changed, "" for a new one
WHAT = "schedule-what"
WHAT_ROW = "schedule-what-row"
NAME = "schedule-name"
CRON = "schedule-cron"
PREVIEW = "schedule-preview"
SAVE = "schedule-save"
DELETING = "schedule-deleting"
CONFIRM = "schedule-confirm"
_EXAMPLES = "schedule-examples"

EXAMPLES = {
    "0 6 * * *": "every day at 06:00",
    "0 6 * * 1-5": "Monday to Friday at 06:00",
    "0 7 * * 1": "every Monday at 07:00",
    "0 7 1 * *": "the first of every month at 07:00",
    "0 */4 * * *": "every four hours",
}


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


def preview(meaning: Preview, moment: datetime) -> list[Component]:
    """Show what an expression means and when it comes next."""
    coming = [html.Li(moment_words(time, moment)) for time in meaning.times]
    zone = meaning.times[0].tzname() if meaning.times else ""
    return [html.Div(f"{meaning.words} ({zone})"), html.Ul(coming, className="lb-coming")]


def options(choices: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    """The choices for a menu: kind and ask as the value, words as the label."""
    return [{"value": json.dumps([kind, ask]), "label": words} for kind, ask, words in choices]


def form() -> Component:
    """Ask what is run, under which name, and when; one form for making and changing."""
    examples = html.Datalist(
        [html.Option(value=cron, label=words) for cron, words in EXAMPLES.items()], id=_EXAMPLES
    )
    cron = dbc.Input(id=CRON, list=_EXAMPLES, maxlength=64, autocomplete="off", placeholder="0 6 * * *")
    parts = "minute, hour, day of the month, month, day of the week"
    fields = [
        html.Div([html.Label("What", htmlFor=WHAT), dbc.Select(id=WHAT)], id=WHAT_ROW),
        html.Label("Name", htmlFor=NAME),
        dbc.Input(id=NAME, maxlength=LONGEST_NAME, autocomplete="off"),
        html.Label("When", htmlFor=CRON),
        cron,
        examples,
        html.Div(f"Five parts: {parts}.", className="text-secondary small"),
        html.Div(id=PREVIEW, className="lb-preview", **aria(live="polite")),
    ]
    return form_dialog(FORM, FORM_HEADING, fields, SAVE)


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


def _next(view: ScheduleView, moment: datetime) -> Component | None:
    if not view.schedule.active or not view.when.times:
        return None
    return html.Div([icon("bi-clock"), f"next: {moment_words(view.when.times[0], moment)}"])


def _last(view: ScheduleView) -> Component:
    schedule = view.schedule
    if view.in_hand:
        return html.Div([icon("bi-hourglass-split"), "runs in a moment"], className="lb-alert-times")
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
