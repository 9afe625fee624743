"""The place of the panel in which a mask is corrected; dashboard/assets/editing_*.js fill it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import dcc, html
from dash.development.base_component import Component

from data.records import UnaidedReading, User
from services.permissions import Permission, may
from services.task_words import words_of

if TYPE_CHECKING:
    from services.reviewing.scan_views import ScanView

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
    """What the scripts must know of a scan: ids, and the finding; None where there is no mask to draw.

    `parent` is the review that counts now, `corrected` the one whose mask stands in the place of the AI's; ""
    where there is none.
    """
    result = view.result
    if view.reads_unaided is not None and words_of(view.scan.task).draws_mask:
        return _unaided(view, view.reads_unaided, user)
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


def _unaided(view: ScanView, reading: UnaidedReading, user: User) -> dict[str, str]:
    """The same for who reads without the AI: it begins with nothing, or with what was `drawn` before."""
    return {
        "user": user.id,
        "scan": view.scan.id,
        "result": "",
        "parent": "",
        "corrected": "",
        "unaided": reading.id,
        "drawn": reading.mask_id or "",
        "finding": words_of(view.scan.task).finding,
    }
