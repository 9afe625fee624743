"""The filters of the cohort page: a control each, set from the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.outputs import Values
from dashboard.components.results import STATUS_NAMES
from services.cohort.class_words import class_words
from services.reading_words import VERDICT_NAMES
from services.task_words import MEASURED_VOLUME, OUTCOME_NAMES

FIRST = "cohort-from"
LAST = "cohort-to"
MORE = "cohort-more"


@dataclass(frozen=True)
class Control:
    """One filter of the bar."""

    name: str
    label: str
    first: bool  # whether it stands in the bar or under "more"

    @property
    def id(self) -> str:
        """The id of its menu."""
        return f"cohort-filter-{self.name}"


CONTROLS = (
    Control("task", "Task", True),
    Control("site", "Site", True),
    Control("scanner", "Scanner", True),
    Control("sex", "Sex", True),
    Control("age", "Age", True),
    Control("outcome", "Answer", True),
    Control("review", "Review", True),
    Control("version", "Model version", True),
    Control("result", "Model's call", False),
    Control("modality", "Modality", False),
    Control("status", "Status", False),
    Control("size", MEASURED_VOLUME.capitalize(), False),
    Control("chance", "Probability", False),
    Control("truth", "AI against the truth", False),
    Control("synthetic", "Real or synthetic", False),
    Control("prior", "Fetched as a prior", False),
    Control("sample", "Random sample", False),
)
VALUES: dict[str, str | Sequence[str]] = {
    **{control.id: ("options", "value") for control in CONTROLS},
    FIRST: "value",
    LAST: "value",
}
LABELS = {control.name: control.label for control in CONTROLS} | {
    "from": "From",
    "to": "To",
    "place": "Place in the head",
}
_WORDS = {
    "result": {"positive": "Positive", "negative": "Negative", "none": "Not read"},
    "outcome": {"none": "Not read"} | {code.value: words for code, words in OUTCOME_NAMES.items()},
    "sex": {"F": "Female", "M": "Male", "O": "Other", "unknown": "Unknown"},
    "review": {"none": "Not reviewed"} | {code.value: words for code, words in VERDICT_NAMES.items()},
    "status": {code.value: words for code, words in STATUS_NAMES.items()},
    "truth": {"unknown": "Truth unknown", "right": "Right", "false alarm": "False alarm", "miss": "Miss"},
    "size": {"none": "Nothing found", "unknown": "Without spacing"},
    "chance": {"none": "Not read"},
    "synthetic": {"yes": "Synthetic", "no": "Real"},
    "prior": {"yes": "Fetched as a prior", "no": "Not fetched"},
    "sample": {"yes": "In the random sample", "no": "Not in the random sample"},
    "version": {"none": "Not read"},
}


def value_words(name: str, value: str) -> str:
    """A filter's value as a person reads it."""
    known = _WORDS.get(name, {}).get(value, "Unknown" if value == "unknown" else value)
    return class_words(name, known)


def bar() -> Component:
    """All controls, empty."""
    period = html.Div([_day(FIRST, "From"), _day(LAST, "To")], className="lb-period")
    more = html.Details(
        [
            html.Summary("More filters"),
            html.Div([_menu(control) for control in CONTROLS if not control.first], className="lb-menus"),
        ],
        id=MORE,
    )
    shown = html.Div(
        [period, *(_menu(control) for control in CONTROLS if control.first)], className="lb-menus"
    )
    return html.Div([shown, more], className="lb-cohort-filters", role="search")


def values(choices: Mapping[str, Sequence[str]], filters: Mapping[str, Sequence[str]]) -> Values:
    """What each control offers and what is chosen in it, and both ends of the period; fits `VALUES`."""
    shown: Values = {}
    for control in CONTROLS:
        chosen = list(filters.get(control.name, ()))
        known = list(choices.get(control.name, ()))
        known += [value for value in chosen if value not in known]  # an old link may name what has gone
        options = [{"label": value_words(control.name, value), "value": value} for value in known]
        shown[control.id] = {"options": options, "value": chosen}
    for name, end in ((FIRST, "from"), (LAST, "to")):
        shown[name] = next(iter(filters.get(end, ())), None)
    return shown


def _menu(control: Control) -> Component:
    label = html.Label(control.label, htmlFor=control.id, className="visually-hidden")
    menu = dcc.Dropdown(id=control.id, multi=True, placeholder=control.label, options=[], value=[])
    return html.Div([label, menu], className="lb-menu")


def _day(name: str, label: str) -> Component:
    field = dbc.Input(id=name, type="text", placeholder=f"{label} 2026-01-31", debounce=True)
    return html.Div([html.Label(label, htmlFor=name, className="visually-hidden"), field])
