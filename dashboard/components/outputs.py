"""Outputs of callbacks by name: a page's function returns a dict, so that nothing is counted or reordered.

A function that has nothing to change raises PreventUpdate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import Output, no_update, set_props
from dash.exceptions import PreventUpdate

Values = dict[str, Any]
"""Values by the id of the component that they go to; by property below that where it takes several."""


def outputs(places: Mapping[str, str | Sequence[str]], *, again: bool = False) -> dict[str, Any]:
    """Outputs for `Values` of the same ids; `again` where another callback fills the same properties.

    A place has one property, or several: {"title": "children", "empty": ("children", "hidden")}.
    """
    return {name: _output(name, properties, again) for name, properties in places.items()}


def _output(name: str, properties: str | Sequence[str], again: bool) -> Output | dict[str, Output]:
    if isinstance(properties, str):
        return Output(name, properties, allow_duplicate=again)
    return {part: Output(name, part, allow_duplicate=again) for part in properties}


def unchanged(places: Mapping[str, str | Sequence[str]]) -> Values:
    """Values that leave these places as they are."""
    return {
        name: no_update if isinstance(properties, str) else dict.fromkeys(properties, no_update)
        for name, properties in places.items()
    }


def set_apart(values: Values, places: Mapping[str, str]) -> Values:
    """Set those of the values that go to these places by themselves; returns the others, for the outputs.

    Dash asks the server for every callback of a page that comes up, with `prevent_initial_call` too, where an
    output stands outside of that page. So what a page's buttons change in the frame is no output of theirs.
    """
    for name in places.keys() & values.keys():
        if values[name] is not no_update:
            set_props(name, {places[name]: values[name]})
    return {name: value for name, value in values.items() if name not in places}


def clicked(*clicks: int | None) -> None:
    """Go on only where a button was clicked: Dash also calls when a button appears."""
    if not any(clicks):
        raise PreventUpdate


def beside(button: Mapping[str, str], states: Sequence[Mapping[str, Any]], *parts: str) -> str | None:
    """The value of the field beside a button: of the same `parts` of its id; None where there is none."""
    for state in states:
        if all(state["id"][part] == button[part] for part in parts):
            value = state.get("value")
            return None if value is None else str(value)
    return None


def pressed(triggered: Any, clicks: Sequence[int | None]) -> dict[str, str]:
    """The id of the button in a list that was pressed; `triggered` is `ctx.triggered_id`."""
    if not isinstance(triggered, dict) or not any(clicks):
        raise PreventUpdate
    return triggered
