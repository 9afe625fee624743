"""Figures as a command prints them."""

from __future__ import annotations

from collections.abc import Mapping


def print_figures(figures: Mapping[str, Mapping[str, float | None]]) -> None:
    """A line a figure: its value with interval and n, or that it is not defined."""
    for name, figure in figures.items():
        if figure["value"] is None:
            print(f"{name:32} not defined  (n = {figure['n']})")
            continue
        ends = [figure["low"], figure["high"]]
        interval = " to ".join("?" if end is None else f"{end:.4f}" for end in ends)
        print(f"{name:32} {figure['value']:.4f}  (95 % {interval}, n = {figure['n']})")
