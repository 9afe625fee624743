"""Priors of a patient, on the patient's page: fetched when a clinician asks, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, Output, State
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import priors as parts
from dashboard.components.outputs import clicked
from dashboard.components.patient import PATIENT_ID
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.priors.priors import Priors


def show(priors: Priors, user: User, reference: str) -> list[Component]:
    """Return what was asked for of a patient; raises NotFound."""
    return parts.requests(priors.of_patient(reference, user))


def fetch(priors: Priors, user: User, reference: str) -> list[Component]:
    """Ask for a patient's priors, and return the list; raises NotFound, InvalidInput."""
    priors.fetch(reference, user)
    return show(priors, user, reference)


def register(app: Dash, priors: Priors) -> None:
    """Bind the part of the page."""

    @app.callback(
        Output(parts.REQUESTS, "children"), Input(parts.TICK, "n_intervals"), State(PATIENT_ID, "data")
    )
    def _show(_: int | None, reference: str) -> list[Component]:
        return show(priors, require(Permission.FETCH_PRIORS), reference)

    @app.callback(
        Output(parts.REQUESTS, "children", allow_duplicate=True),
        Input(parts.FETCH, "n_clicks"),
        State(PATIENT_ID, "data"),
        prevent_initial_call=True,
    )
    def _fetch(clicks: int | None, reference: str) -> list[Component]:
        user = require(Permission.FETCH_PRIORS)
        clicked(clicks)
        return fetch(priors, user, reference)
