"""A form that opens over the page."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component


def form_dialog(
    name: str,
    heading: str,
    fields: Sequence[Component],
    save: str,
    *,
    says: str = "Save",
    colour: str = "primary",
) -> Component:
    """The dialog of id `name`, closed, with a heading to be filled in by its id.

    Its button has the id `save`, and says "Save" in the common colour unless told otherwise.
    """
    dialog: Component = dbc.Modal(
        [
            dbc.ModalHeader(html.H2(id=heading)),
            dbc.ModalBody(list(fields), class_name="lb-form"),
            # Filled by assets/dialogs.js with what the page's alert says, which would lie over the heading.
            html.P(className="lb-dialog-error", role="alert"),
            dbc.ModalFooter(dbc.Button(says, id=save, color=colour)),
        ],
        id=name,
        is_open=False,
        labelledby=heading,
        centered=True,
        fade=False,
    )
    return dialog
