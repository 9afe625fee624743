"""Attributes of HTML whose names are no names of Python: aria-* and data-*."""

from __future__ import annotations

from typing import Any


def aria(**values: str) -> dict[str, Any]:
    """Attributes for screen readers, to be spread into a component: `aria(label="Menu")` is aria-label."""
    return {f"aria-{_dashed(name)}": value for name, value in values.items()}


def data(**values: str) -> dict[str, Any]:
    """Attributes for the page's own scripts, to be spread into a component: `data(scan="1")` is data-scan."""
    return {f"data-{_dashed(name)}": value for name, value in values.items()}


def _dashed(name: str) -> str:
    return name.replace("_", "-")
