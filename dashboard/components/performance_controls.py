"""What the performance page is set by: a control for each part of its address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.results import task_name

if TYPE_CHECKING:
    from services.performance.numbers import MetricView, PerformanceQuery

IMPLIED = "performance-implied"  # the whole address as the server understood it
UPPER = ("task", "metric", "by", "part")
LOWER = ("of", "version", "month", "synthetic", "vs")
CONTROLS = (*UPPER, *LOWER)
"""The order of the controls' values; performance.js knows the same one."""

_LABELS = {"task": "Task", "metric": "Metric", "version": "Version", "month": "Month", "vs": "Second version"}
_CHOICES = {
    "by": {"version": "By version", "month": "By month"},
    "part": {"reviewed": "All reviewed", "sample": "Random sample only"},
    "of": {"real": "Real use", "validation": "Validation"},
    "synthetic": {"no": "Real patients", "yes": "Synthetic"},
}
ALL_MONTHS, NO_VERSION = "all", "none"
Options = list[dict[str, str]]


def control_id(name: str) -> str:
    """The id of a control."""
    return f"performance-{name}"


def upper() -> Component:
    """What the chart is set by."""
    return html.Div(
        [_control(name) for name in UPPER], className="lb-menus lb-performance-menus", role="search"
    )


def lower() -> Component:
    """Which cases the details are of."""
    return html.Div(
        [_control(name) for name in LOWER if name != "vs"], className="lb-menus lb-performance-menus"
    )


def second() -> Component:
    """Which version stands beside the first."""
    return html.Div([_control("vs")], className="lb-menus lb-performance-menus")


def values(
    asked: PerformanceQuery, shown: MetricView, tasks: Iterable[str], metrics: Iterable[Any]
) -> tuple[Any, ...]:
    """Options of task, metric, version, month and vs; each control's value in order; all values by name."""
    known = [version.version for version in reversed(shown.versions)]
    known += [] if asked.version in ("", *known) else [asked.version]
    live = shown.live.version.version if shown.live else None
    versions = [_option(one, f"Version {one}{' (live)' if one == live else ''}") for one in known]
    months = sorted({*shown.read_months, asked.month} - {""})
    options = (
        [_option(task, task_name(task)) for task in tasks],
        [_option(metric.name, metric.label) | {"title": metric.meaning} for metric in metrics],
        versions,
        [_option(ALL_MONTHS, "All months"), *(_option(month, month) for month in reversed(months))],
        [
            _option(NO_VERSION, "No second version"),
            *(version for version in versions if version["value"] != asked.version),
        ],
    )
    said = chosen(asked)
    return (*options, *(said[name] for name in CONTROLS), said)


def chosen(asked: PerformanceQuery) -> dict[str, str]:
    """Every control's value for an address."""
    return {
        "task": asked.task,
        "metric": asked.metric,
        "by": asked.by,
        "part": asked.part,
        "of": asked.of,
        "version": asked.version,
        "month": asked.month or ALL_MONTHS,
        "synthetic": "yes" if asked.synthetic else "no",
        "vs": asked.vs or NO_VERSION,
    }


def _control(name: str) -> Component:
    if name in _CHOICES:
        options = [_option(value, words) for value, words in _CHOICES[name].items()]
        first = next(iter(_CHOICES[name]))
        return dbc.RadioItems(
            id=control_id(name),
            options=options,
            value=first,
            inline=True,
            class_name="lb-switch btn-group btn-group-sm",
            input_class_name="btn-check",
            label_class_name="btn btn-sm btn-outline-primary",
            label_checked_class_name="active",
        )
    label = html.Label(_LABELS[name], htmlFor=control_id(name), className="visually-hidden")
    menu = dcc.Dropdown(
        id=control_id(name), options=[], clearable=False, searchable=False, placeholder=_LABELS[name]
    )
    return html.Div([label, menu], className="lb-menu")


def _option(value: str, words: str) -> dict[str, str]:
    return {"value": value, "label": words}
