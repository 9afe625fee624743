"""Figures as a command prints them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.statistics.estimate import Estimate


def print_figures(figures: Mapping[str, Mapping[str, float | None]]) -> None:
    """A line a figure: its value with interval and n, or that it is not defined."""
    for name, figure in figures.items():
        if figure["value"] is None:
            print(f"{name:32} not defined  (n = {figure['n']})")
            continue
        ends = [figure["low"], figure["high"]]
        interval = " to ".join("?" if end is None else f"{end:.4f}" for end in ends)
        print(f"{name:32} {figure['value']:.4f}  (95 % {interval}, n = {figure['n']})")


def print_metrics(figures: Mapping[str, Estimate]) -> None:
    """The same of the pages' metrics, in their words: shares in per cent, the rest as fractions of 1."""
    from services.performance.metrics import METRICS
    from services.performance.number_words import UNKNOWN, interval_words, value_words

    for name, figure in figures.items():
        metric = METRICS.get(name)
        if metric is None:
            continue
        value, n = value_words(metric, figure.value), f"n = {figure.n:,}"
        if value == UNKNOWN:
            print(f"{metric.label:32} not defined  ({n})")
        else:
            print(f"{metric.label:32} {value}  (95 % {interval_words(metric, figure.low, figure.high)}, {n})")
