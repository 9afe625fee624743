"""A text that goes into the clipboard: a button, whether it worked, and the text itself to look at."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import data
from dashboard.components.icons import icon


def copied_text(text_id: str, button: str, summary: str, label: str, rows: int) -> Sequence[Component]:
    """Build the parts: `text_id` is of the text, which the page fills in; copy_text.js does the rest.

    `summary` opens the text, `label` says what it is.
    """
    return [
        html.Div(
            [
                html.Button(
                    [icon("bi-clipboard"), button],
                    type="button",
                    className="btn btn-sm btn-outline-primary",
                    **data(copies=text_id),
                ),
                html.Span(id=copied_id(text_id), className="text-secondary", role="status"),
            ],
            className="lb-review-row",
        ),
        html.Details(
            [
                html.Summary(summary),
                html.Label(label, htmlFor=text_id),
                dbc.Textarea(id=text_id, readonly=True, rows=rows, class_name="lb-report-text"),
            ]
        ),
    ]


def copied_id(text_id: str) -> str:
    """Where it is said whether copying a text worked."""
    return f"{text_id}-copied"
