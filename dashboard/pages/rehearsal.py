"""One rehearsal: where a candidate differs from the champion, scan by scan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import rehearsals
from dashboard.components.results import task_name
from data.records import Rehearsal, User
from services import addresses
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.versions import VersionServices
    from services.reviewing.blinding import Blinding

ID = "rehearsal-id"
CONTENT = "rehearsal-content"


def layout(user: User, argument: str = "") -> Component:
    """Build the page of the rehearsal that the address names; `show` fills it."""
    return html.Div(
        [dcc.Store(id=ID, data=argument), dcc.Loading(html.Div(id=CONTENT), delay_show=300)],
        className="lb-rehearsal",
    )


def show(versions: VersionServices, blinding: Blinding, user: User, rehearsal_id: str) -> list[Component]:
    """Return everything that a person may know of a rehearsal; raises NotFound."""
    made = versions.rehearsals.opened(rehearsal_id)
    known = blinding.known([difference.scan_id for difference in made.differences], user)
    differences = tuple(difference for difference in made.differences if difference.scan_id in known)
    made = replace(made, differences=differences)
    kept = versions.rehearsal_pictures.kept(rehearsal_id)
    return [
        _head(made),
        html.Section(rehearsals.summary(made), className="lb-card"),
        *rehearsals.differences(user, made, kept),
    ]


def register(app: Dash, versions: VersionServices, blinding: Blinding) -> None:
    """Bind the page."""

    @app.callback(Output(CONTENT, "children"), Input(ID, "data"))
    def _show(rehearsal_id: str) -> list[Component]:
        return show(versions, blinding, require(Permission.SEE_MODELS), rehearsal_id)


def _head(made: Rehearsal) -> Component:
    title = f"Rehearsal: {task_name(made.task)} version {made.version}"
    return html.Div(
        [html.H1(title), dcc.Link("All versions", href=addresses.MODELS)], className="lb-page-head lb-wraps"
    )
