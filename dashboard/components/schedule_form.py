"""The form in which a schedule is made or changed: plain choices, and the cron expression beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.dependencies import Input, State
from dash.development.base_component import Component

from dashboard.components import scan_filters
from dashboard.components.attributes import aria
from dashboard.components.dialog import form_dialog
from dashboard.components.outputs import Values
from dashboard.components.schedules import moment_words
from services.schedules.kinds import Offer
from services.schedules.schedules import LONGEST_NAME
from services.schedules.times import WEEKDAYS, Every, PlainTimes, Preview, plain_of

FORM = "schedule-form"
HEADING = "schedule-form-heading"
PLANNING = "schedule-planning"  # the id of what is changed, "" for a new one
WHAT = "schedule-what"
TASK = "schedule-task"
WINDOW = "schedule-window"
N = "schedule-n"
REFERENCE = "schedule-reference"
FILTERS = "schedule-filters"
NAME = "schedule-name"
EVERY = "schedule-every"
WEEKDAY = "schedule-weekday"
DAY = "schedule-day"
AT = "schedule-at"
CRON = "schedule-cron"
SENTENCE = "schedule-sentence"
SAVE = "schedule-save"
OWN = "own"
"""How often, where only an expression says it."""
MORNING = "07:00"
EVERY_WORDS = {
    Every.DAY.value: "every day",
    Every.WEEKDAY.value: "Monday to Friday",
    Every.WEEK.value: "every week",
    Every.MONTH.value: "every month",
    OWN: "as the expression says",
}
FIELDS = {"task": TASK, "window": WINDOW, "n": N, "reference": REFERENCE, "filters": FILTERS}
TIMES = {EVERY: "value", WEEKDAY: "value", DAY: "value", AT: "value", CRON: "value"}


def row_of(name: str) -> str:
    """The id of the frame around a control."""
    return f"{name}-row"


def label_of(name: str) -> str:
    """The id of the words above a control."""
    return f"{name}-label"


ROWS = {row_of(name): "hidden" for name in (*FIELDS.values(), WHAT)}
TIME_ROWS = {row_of(name): "hidden" for name in (WEEKDAY, DAY, AT)}


def form() -> Component:
    """Ask what is run, of which scans, under which name, and when; one form for making and changing."""
    window = [{"label": "newest readings", "value": "readings"}, {"label": "last days", "value": "days"}]
    fields = [
        _row("What", WHAT, dbc.Select(id=WHAT)),
        _row("Task", TASK, dbc.Select(id=TASK)),
        html.Div(
            [
                _row("How many", N, dbc.Input(id=N, inputmode="numeric", maxlength=9, autocomplete="off")),
                _row("Of what", WINDOW, dbc.Select(id=WINDOW, options=window, value="readings")),
            ],
            className="lb-schedule-fields",
        ),
        _row("Measured against", REFERENCE, dbc.Select(id=REFERENCE)),
        html.Div(scan_filters.menus(FILTERS), id=row_of(FILTERS)),
        _row("Name", NAME, dbc.Input(id=NAME, maxlength=LONGEST_NAME, autocomplete="off")),
        *_when(),
        html.Div(id=SENTENCE, className="lb-preview", **aria(live="polite")),
    ]
    return form_dialog(FORM, HEADING, fields, SAVE)


def _when() -> list[Component]:
    weekdays = [{"label": day, "value": str(number)} for number, day in enumerate(WEEKDAYS)]
    often = [{"label": words, "value": value} for value, words in EVERY_WORDS.items()]
    cron = dbc.Input(id=CRON, maxlength=64, autocomplete="off", debounce=True, class_name="font-monospace")
    day = dbc.Input(id=DAY, inputmode="numeric", maxlength=2, autocomplete="off", debounce=True)
    return [
        html.Div(
            [
                _row("How often", EVERY, dbc.Select(id=EVERY, options=often)),
                _row("On", WEEKDAY, dbc.Select(id=WEEKDAY, options=weekdays)),
                _row("On day", DAY, day),
                _row("At", AT, dbc.Input(id=AT, type="time", debounce=True)),
                _row("The same as a cron expression", CRON, cron),
            ],
            className="lb-schedule-fields",
        )
    ]


def offers(known: Sequence[tuple[str, Offer]]) -> list[dict[str, str]]:
    """What can be run, for the menu; the value holds kind and name."""
    return [{"value": value_of(kind, offer.name), "label": offer.words} for kind, offer in known]


def value_of(kind: str, offer: str) -> str:
    """A kind and the name of an offer as the value of a menu."""
    return json.dumps([kind, offer])


def shown_rows(known: Sequence[tuple[str, Offer]], what: str | None) -> Values:
    """Which fields an offer takes; the others are hidden, and so is the menu where nothing can be chosen."""
    chosen_offer = offered(known, what)
    fields = () if chosen_offer is None else chosen_offer.fields
    shown: Values = {row_of(name): field not in fields for field, name in FIELDS.items()}
    return shown | {label_of(N): "How many" if chosen_offer is None else chosen_offer.n_words}


def offered(known: Sequence[tuple[str, Offer]], what: str | None) -> Offer | None:
    """The offer that a value of the menu is; None for none."""
    return next((offer for kind, offer in known if value_of(kind, offer.name) == what), None)


def synchronised(
    changed: set[str], cron: str | None, every: str | None, weekday: Any, day: Any, at: str | None
) -> tuple[str, PlainTimes | None]:
    """Expression and plain choice after one of them was changed; InvalidInput for a time that is none."""
    if CRON in changed or every is None:
        return cron or "", plain_of(cron or "")
    if every == OWN:
        return cron or "", None
    number = str(day or "1")
    times = PlainTimes(
        Every(every), at or MORNING, int(weekday or 0), int(number) if number.isdecimal() else 0
    )
    return times.cron, times


def shown_times(cron: str, times: PlainTimes | None) -> Values:
    """Every control of the times for an expression and its plain choice; without one only the expression."""
    shown: Values = {CRON: cron, EVERY: OWN if times is None else times.every.value}
    shown |= {row_of(WEEKDAY): True, row_of(DAY): True, row_of(AT): times is None}
    shown |= {WEEKDAY: "0", DAY: 1, AT: MORNING}
    if times is not None:
        shown |= {WEEKDAY: str(times.weekday), DAY: times.day, AT: times.at}
        shown[row_of(WEEKDAY)] = times.every is not Every.WEEK
        shown[row_of(DAY)] = times.every is not Every.MONTH
    return shown


def sentence(what: str, meaning: Preview, moment: datetime) -> list[Component]:
    """What will run, when, and when next, in words."""
    coming = [moment_words(time, moment) for time in meaning.times]
    then = [f"Next {coming[0]}", *(f"then {time}" for time in coming[1:])]
    note = [html.Div(meaning.note)] if meaning.note else []
    return [
        html.Div(f"{what}."),
        html.Div([html.Strong(f"{meaning.words} ({meaning.zone})."), f" {', '.join(then)}."]),
        *note,
    ]


def chosen_states() -> dict[str, Any]:
    """The controls that say what is run, for `chosen`."""
    return _controls(State) | {"filters": scan_filters.states(FILTERS)}


def chosen_inputs() -> dict[str, Any]:
    """The same as `chosen_states`, as what a callback follows."""
    return _controls(Input) | {"filters": scan_filters.inputs(FILTERS)}


def chosen(values: Mapping[str, Any]) -> dict[str, str]:
    """What was chosen by the name of the field, as services take it."""
    plain = {name: str(values[name]) for name in ("task", "window", "reference") if values[name]}
    # An empty field is none: what is usual must not be kept where somebody took the number away.
    return plain | {"n": str(values["n"] or ""), "filters": scan_filters.query(values["filters"])}


def _controls(kind: type[Input] | type[State]) -> dict[str, Any]:
    return {field: kind(name, "value") for field, name in FIELDS.items() if field != "filters"}


def _row(label: str, name: str, control: Component) -> Component:
    return html.Div([html.Label(label, htmlFor=name, id=label_of(name)), control], id=row_of(name))
