"""The cohort page's choices as menus of another form: which scans a drift run or a schedule is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import Input, State, dcc, html
from dash.development.base_component import Component

from dashboard.components.cohort.filters import CONTROLS, value_words
from dashboard.components.outputs import Values
from services.cohort.filters import filters_of, query_of

SHOWN = tuple(control for control in CONTROLS if control.name != "task")


def menus(prefix: str, heading: str = "Only some scans") -> Component:
    """A menu a filter, folded away."""
    return html.Details(
        [
            html.Summary(heading),
            html.Div([_menu(prefix, control.name) for control in SHOWN], className="lb-menus"),
        ],
        id=folded(prefix),
        className="lb-scan-filters",
    )


def folded(prefix: str) -> str:
    """The id of what holds the menus; `open` shows them."""
    return f"{prefix}-folded"


def places(prefix: str) -> Mapping[str, Sequence[str]]:
    """Where `values` go, for outputs."""
    return {_id(prefix, control.name): ("options", "value") for control in SHOWN}


def states(prefix: str) -> dict[str, State]:
    """What is chosen in each menu, for `query`."""
    return {control.name: State(_id(prefix, control.name), "value") for control in SHOWN}


def inputs(prefix: str) -> dict[str, Input]:
    """The same as `states`, as what a callback follows."""
    return {control.name: Input(_id(prefix, control.name), "value") for control in SHOWN}


def values(prefix: str, choices: Mapping[str, Sequence[str]], query: str = "") -> Values:
    """What each menu offers, and what of a query is chosen in it."""
    filters, shown = filters_of(query), {}
    for control in SHOWN:
        chosen = list(filters.get(control.name, ()))
        known = list(choices.get(control.name, ()))
        known += [value for value in chosen if value not in known]
        options = [{"label": value_words(control.name, value), "value": value} for value in known]
        shown[_id(prefix, control.name)] = {"options": options, "value": chosen}
    return shown


def query(chosen: Mapping[str, Sequence[str] | None], kept: str = "") -> str:
    """What is chosen as the filters of an address; `kept`: a query whose other filters stay."""
    others = {name: values for name, values in filters_of(kept).items() if name not in chosen}
    return query_of(others | {name: tuple(values or ()) for name, values in chosen.items()})


def _menu(prefix: str, name: str) -> Component:
    label = next(control.label for control in SHOWN if control.name == name)
    menu = dcc.Dropdown(id=_id(prefix, name), multi=True, placeholder=label, options=[], value=[])
    return html.Div(
        [html.Label(label, htmlFor=_id(prefix, name), className="visually-hidden"), menu], className="lb-menu"
    )


def _id(prefix: str, name: str) -> str:
    return f"{prefix}-{name}"
