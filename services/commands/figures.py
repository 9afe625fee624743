"""How `train` and `evaluate` print their figures."""

from __future__ import annotations


def print_figures(figures: dict[str, dict[str, float]]) -> None:
    """One line a figure: value, 95 % interval and n, as `Evaluation.plain` gives them."""
    for name, figure in figures.items():
        interval = f"95 % {figure['low']:.4f} to {figure['high']:.4f}"
        print(f"{name:32} {figure['value']:.4f}  ({interval}, n = {figure['n']})")
