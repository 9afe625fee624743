"""Text that may be burned into a scan's pictures: what was found, and the decision on it."""

from __future__ import annotations

from urllib.parse import quote

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.results import local_time
from data.records import BurnedInDecision, PixelScreening, Scan, User
from services.burned_in_text.screening import LONGEST_REASON
from services.burned_in_text.words import place_words, state_words
from services.permissions import TABLE, Permission, may, role_names

PANEL = "burned-in"
CONTENT = "burned-in-content"
FORM = "burned-in-form"
WHY = "burned-in-why"
LOOK, RELEASE, BLACK_OUT, HOLD = (f"burned-in-{name}" for name in ("look", "release", "black-out", "hold"))
DECISIONS = {
    RELEASE: BurnedInDecision.RELEASED,
    BLACK_OUT: BurnedInDecision.BLACKED_OUT,
    HOLD: BurnedInDecision.NONE,
}
_MOST_SHOWN = 6  # pictures with boxes
_MOST_NAMED = 12  # places in words


def panel() -> Component:
    """The panel of the scan's page; `dashboard.pages.scan_burned_in` fills it."""
    why = dbc.Textarea(id=WHY, maxLength=LONGEST_REASON, rows=2)
    buttons = html.Div(
        [
            dbc.Button("Release as they are", id=RELEASE, size="sm", color="primary", outline=True),
            dbc.Button("Black the boxes out", id=BLACK_OUT, size="sm", color="primary"),
            dbc.Button("Hold again", id=HOLD, size="sm", color="secondary", outline=True),
        ],
        className="lb-burned-in-buttons",
    )
    form = html.Div([dbc.Label("Why", html_for=WHY), why, buttons], id=FORM, hidden=True)
    look = dbc.Button("Look for text now", id=LOOK, size="sm", color="secondary", outline=True)
    return html.Section(
        [html.H2("Text in the pictures"), html.Div(id=CONTENT, role="status"), form, look],
        id=PANEL,
        className="lb-panel",
    )


def content(user: User, scan: Scan, screening: PixelScreening | None) -> list[Component]:
    """How things stand, where text was found, and who decided what."""
    said: list[Component] = [html.P(state_words(screening))]
    if screening is None or not screening.finds_text:
        return said
    if screening.decided_at is not None:
        who = f"{screening.decided_name}, {local_time(screening.decided_at)}: {screening.why}"
        said.append(html.P(who, className="text-secondary small"))
    if not may(user, Permission.RELEASE_PICTURES):
        who_may = role_names(TABLE[Permission.RELEASE_PICTURES].roles)
        said.append(html.P(f"Who may decide: {who_may}.", className="text-secondary small"))
        return said
    slices = sorted({box.slice for box in screening.boxes}) or [scan.slices // 2]
    said += [_picture(scan, screening, index) for index in slices[:_MOST_SHOWN]]
    if len(slices) > _MOST_SHOWN:
        said.append(html.P(f"Shown are {_MOST_SHOWN} of {len(slices)} slices with text."))
    places = [html.Li(place_words(box, scan)) for box in screening.boxes[:_MOST_NAMED]]
    more = len(screening.boxes) - len(places)
    if more > 0:
        places.append(html.Li(f"and {more} more"))
    said.append(html.Ul(places, className="small"))
    return said


def _picture(scan: Scan, screening: PixelScreening, index: int) -> Component:
    count = sum(box.slice == index for box in screening.boxes)
    words = f"Slice {index + 1} with {count} place{'' if count == 1 else 's'} of text framed"
    address = f"/scans/{quote(scan.id, safe='')}/burned-in/{index}.png"
    return html.A(
        html.Img(src=address, alt=words, className="lb-burned-in-picture"),
        href=address,
        target="_blank",
        title=f"{words}, in a new tab",
    )
