"""Links to files."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.icons import icon


def download_link(label: str, picture: str, **attributes: Any) -> Component:
    """A link that keeps a file, with a picture before its name; `attributes` are its `href`, `id`, ..."""
    return html.A([icon(picture, "me-2"), label], download="", className="lb-download", **attributes)
