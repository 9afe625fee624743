"""What the performance page is set by: a control for each part of its address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.outputs import Values
from dashboard.components.results import task_name
from data.records import SEXES

if TYPE_CHECKING:
    from services.performance.numbers import MetricView, PerformanceQuery

IMPLIED = "performance-implied"  # the whole address as the server understood it
UPPER = ("task", "metric", "by", "part")
LOWER = ("of", "version", "month", "synthetic", "vs")
WHO = ("site", "scanner", "sex", "age")
CONTROLS = (*UPPER, *LOWER, *WHO)
"""The order of the controls' values; performance.js knows the same one."""

_LABELS = {
    "task": "Task", "metric": "Metric", "version": "Version", "month": "Month", "vs": "Second version",
    "site": "Site", "scanner": "Scanner", "sex": "Sex", "age": "Age group",
}  # fmt: skip
_CHOICES = {
    "by": {"version": "By version", "month": "By month"},
    "part": {"reviewed": "All reviewed", "sample": "Random sample only"},
    "of": {"real": "Real use", "validation": "Validation"},
    "synthetic": {"no": "Real patients", "yes": "Synthetic"},
}
ALL_MONTHS, NO_VERSION, EVERYBODY = "all", "none", "all"
_EVERY = {"site": "All sites", "scanner": "All scanners", "sex": "All sexes", "age": "All ages"}
Options = list[dict[str, str]]


def control_id(name: str) -> str:
    """The id of a control."""
    return f"performance-{name}"


MENUS = ("task", "metric", "version", "month", "vs", *WHO)  # what they offer comes from the server
VALUES: dict[str, str | Sequence[str]] = {
    **{control_id(name): ("options", "value") if name in MENUS else "value" for name in CONTROLS},
    IMPLIED: "data",
}


def upper() -> Component:
    """What the chart is set by, and of whose scans real use is told."""
    return html.Div(
        [_control(name) for name in (*UPPER, *WHO)], className="lb-menus lb-performance-menus", role="search"
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
    asked: PerformanceQuery,
    shown: MetricView,
    tasks: Iterable[str],
    metrics: Iterable[Any],
    who: Mapping[str, Sequence[str]],
) -> Values:
    """What each control offers and has chosen, and all that is chosen by name; fits `VALUES`.

    `who` is what scans can be chosen by.
    """
    options = _offered(asked, shown, tasks, metrics) | {name: _groups(asked, name, who[name]) for name in WHO}
    values = chosen(asked)
    controls = {
        control_id(name): {"options": options[name], "value": values[name]} if name in MENUS else values[name]
        for name in CONTROLS
    }
    return controls | {IMPLIED: values}


def _offered(
    asked: PerformanceQuery, shown: MetricView, tasks: Iterable[str], metrics: Iterable[Any]
) -> dict[str, list[dict[str, str]]]:
    known = [version.version for version in reversed(shown.versions)]
    known += [] if asked.version in ("", *known) else [asked.version]
    live = shown.live.version.version if shown.live else None
    versions = [
        _option(version, f"Version {version}{' (live)' if version == live else ''}") for version in known
    ]
    others = [option for option in versions if option["value"] != asked.version]
    months = sorted({*shown.read_months, asked.month} - {""}, reverse=True)
    return {
        "task": [_option(task, task_name(task)) for task in tasks],
        "metric": [_option(metric.name, metric.label) | {"title": metric.meaning} for metric in metrics],
        "version": versions,
        "month": [_option(ALL_MONTHS, "All months"), *(_option(month, month) for month in months)],
        "vs": [_option(NO_VERSION, "No second version"), *others],
    }


def _groups(asked: PerformanceQuery, name: str, known: Sequence[str]) -> Options:
    """The groups of a dimension; one that the address names is offered also where nobody is in it."""
    mine = getattr(asked, name)
    names = [*known, *([mine] if mine and mine not in known else [])]
    words = SEXES if name == "sex" else {}
    return [_option(EVERYBODY, _EVERY[name]), *(_option(each, words.get(each, each)) for each in names)]


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
        **{name: getattr(asked, name) or EVERYBODY for name in WHO},
    }


def _control(name: str) -> Component:
    if name in _CHOICES:
        options = [_option(value, words) for value, words in _CHOICES[name].items()]
        first = next(iter(_CHOICES[name]))
        switch: Component = dbc.RadioItems(
            id=control_id(name),
            options=options,
            value=first,
            inline=True,
            class_name="lb-switch btn-group btn-group-sm",
            input_class_name="btn-check",
            label_class_name="btn btn-sm btn-outline-primary",
            label_checked_class_name="active",
        )
        return switch
    label = html.Label(_LABELS[name], htmlFor=control_id(name), className="visually-hidden")
    menu = dcc.Dropdown(
        id=control_id(name), options=[], clearable=False, searchable=False, placeholder=_LABELS[name]
    )
    return html.Div([label, menu], className="lb-menu")


def _option(value: str, words: str) -> dict[str, str]:
    return {"value": value, "label": words}
