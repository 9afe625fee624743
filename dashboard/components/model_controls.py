"""What one presses and fills in on the models page, each known by task and version."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from services.versions.promotion import LONGEST_REASON

ACT = "models-act"  # type of the buttons: {"type", "task", "version", "verb", "live"}
COUNT = "models-count"  # type of how many scans to rehearse on: {"type", "task", "version"}
WHY = "models-why"  # type of the reasons: {"type", "task", "version"}


def reason_field(task: str, version: str, label: str) -> Component:
    """The field for a reason, named `label`."""
    control = dbc.Textarea(
        id={"type": WHY, "task": task, "version": version},
        placeholder=label,
        rows=2,
        maxlength=LONGEST_REASON,
        persistence=True,
        persistence_type="memory",
    )
    return named(label, control, "d-block mb-2")


def named(name: str, control: Component, look: str = "") -> Component:
    """A control with a name for those who do not see it."""
    return html.Label([html.Span(name, className="visually-hidden"), control], className=look)


def act_button(
    verb: str,
    label: str,
    task: str,
    version: str,
    live: str | None,
    colour: str,
    disabled: bool = False,
    *,
    outline: bool = False,
) -> Component:
    """A button that does `verb` to a version while `live` serves."""
    made: Component = dbc.Button(
        label,
        id={"type": ACT, "task": task, "version": version, "verb": verb, "live": live or ""},
        size="sm",
        color=colour,
        outline=outline,
        disabled=disabled,
    )
    return made
