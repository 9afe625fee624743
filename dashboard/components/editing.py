"""The place of the panel in which a mask is corrected; dashboard/assets/editing_*.js fill it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import dcc, html
from dash.development.base_component import Component

from data.records import User
from services.permissions import Permission, may
from services.task_words import words_of

if TYPE_CHECKING:
    from services.reviewing.worklist import ScanView

PANEL = "editing"
ABOUT = "editing-about"
ROOM = "editing-room"


def panel() -> Component:
    """Build the panel, hidden until there is a mask to correct."""
    return html.Section(
        [html.H2("Edit the mask"), dcc.Store(id=ABOUT), html.Div(id=ROOM)],
        id=PANEL,
        className="lb-panel lb-editing",
        hidden=True,
    )


def about(view: ScanView, user: User) -> dict[str, str] | None:
    """What the scripts must know of a scan: ids, and the finding's name; None where nothing can be corrected.

    `parent` is the review that counts now, `corrected` the one whose mask stands in the place of the AI's; ""
    where there is none.
    """
    result = view.result
    if result is None or not result.has_mask or not may(user, Permission.REVIEW):
        return None
    return {
        "user": user.id,
        "scan": view.scan.id,
        "result": result.id,
        "parent": "" if view.current is None else view.current.id,
        "corrected": "" if view.corrected is None else view.corrected.id,
        "finding": words_of(result.task).finding,
    }
