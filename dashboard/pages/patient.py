"""One patient: who it is, what was measured over time, and every study with its scans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input
from dash.development.base_component import Component

from dashboard import accesses
from dashboard.auth import require
from dashboard.components import patient as parts
from dashboard.components import priors
from dashboard.components.frame import TAB_TITLE
from dashboard.components.outputs import Values, outputs
from dashboard.components.patient import CONTENT, IDENTITY, PATIENT_ID
from data.records import User
from services.permissions import Permission, may
from services.reviewing.patient_charts import product_chart, volume_chart

if TYPE_CHECKING:
    from services.reviewing.patients import Patients

SHOWN = {IDENTITY: "children", CONTENT: "children", TAB_TITLE: "data"}


def layout(user: User, argument: str = "") -> Component:
    """Build the frame of the patient whom the address names; `show` fills it."""
    return parts.frame(argument, [priors.section()] if may(user, Permission.FETCH_PRIORS) else [])


def show(patients: Patients, user: User, reference: str) -> Values:
    """Return everything that the page shows of a patient, by the id of its place; raises NotFound."""
    view = patients.patient(reference, user)
    accesses.looked(accesses.PATIENT, view.patient.id)
    charts = {
        "Volume over time": volume_chart(view.courses),
        "Two-diameter product over time": product_chart(view.courses),
    }
    drawn = {name: figure for name, figure in charts.items() if figure is not None}
    line = parts.identity_line(view.patient, user, linked=False)
    return {
        IDENTITY: [*line, *parts.who_looked(view.patient, user)],
        CONTENT: parts.content(view, drawn),
        TAB_TITLE: parts.tab_title(view.patient),
    }


def register(app: Dash, patients: Patients) -> None:
    """Bind the page."""

    @app.callback(
        output=outputs(SHOWN, again=True),
        inputs=[Input(PATIENT_ID, "data")],
        prevent_initial_call="initial_duplicate",
    )
    def _show(reference: str) -> Values:
        return show(patients, require(Permission.SEE_SCANS), reference)
