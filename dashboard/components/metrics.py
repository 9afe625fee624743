"""Metrics of a model version as a table: value, 95 % interval and n, as far as they were kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboard.components.cohort.panels import number
from services.performance.metrics import figure_metric, figure_words
from services.performance.number_words import interval_words, value_words

CHIEF = ("recall", "specificity", "dice")
"""The metrics that are asked for first, a missed finding before all."""

_PARTS = {"low": "low", "lower": "low", "high": "high", "upper": "high", "n": "n", "count": "n"}


@dataclass(frozen=True)
class MetricRow:
    """One number with what is known of its certainty."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None


def gathered(metrics: dict[str, float]) -> list[MetricRow]:
    """Join `dice`, `dice_low`, `dice_high` and `dice_n` (also with a dot) into one metric."""
    parts: dict[str, dict[str, float]] = {}
    for key, value in metrics.items():
        stem, part = _split(key)
        parts.setdefault(stem, {})[part] = value
    common = parts.get("n", {}).get("value")
    return [
        MetricRow(
            stem, values["value"], values.get("low"), values.get("high"), _whole(values.get("n", common))
        )
        for stem, values in sorted(parts.items())
        if "value" in values and stem != "n"
    ]


def chief(metrics: dict[str, float]) -> list[MetricRow]:
    """Those of the metrics that are asked for first, in that order; of each first what is of all cases."""
    rows = [(figure_metric(row.name).name, row) for row in gathered(metrics)]
    rows.sort(key=lambda known: known[0] != known[1].name)
    return [row for name in CHIEF for measure, row in rows if measure == name]


def table(rows: Sequence[MetricRow]) -> Component:
    """The metrics as a small table."""
    if not rows:
        return html.P("No metrics were recorded.", className="text-secondary")
    names = ["Metric", "Value", "95 % interval", "n"]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    body = [html.Tr([html.Td(cell) for cell in _cells(row)]) for row in rows]
    return html.Div(
        html.Table([head, html.Tbody(body)], className="table table-sm lb-figures"), className="lb-scroll"
    )


def _cells(row: MetricRow) -> list[str]:
    metric = figure_metric(row.name)
    known = row.low is not None and row.high is not None
    interval = interval_words(metric, row.low or 0.0, row.high or 0.0) if known else ""
    n = "" if row.n is None else number(row.n)
    return [figure_words(row.name), value_words(metric, row.value), interval, n]


def _split(key: str) -> tuple[str, str]:
    for separator in (".", "_"):
        stem, has_part, part = key.rpartition(separator)
        if has_part and part in _PARTS:
            return stem, _PARTS[part]
        if has_part and part == "value":
            return stem, "value"
    return key, "value"


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
