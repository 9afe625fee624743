"""A form that opens over the page."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component


def form_dialog(name: str, heading: str, fields: Sequence[Component], save: str) -> Component:
    """The dialog of id `name`, closed, with a heading to be filled in by its id and a Save of id `save`."""
    dialog: Component = dbc.Modal(
        [
            dbc.ModalHeader(html.H2(id=heading)),
            dbc.ModalBody(list(fields), class_name="lb-form"),
            dbc.ModalFooter(dbc.Button("Save", id=save, color="primary")),
        ],
        id=name,
        is_open=False,
        labelledby=heading,
        centered=True,
        fade=False,
    )
    return dialog
