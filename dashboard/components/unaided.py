"""Reading without the AI first: the form on a scan's page, and what is said of such readings afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.results import finding, local_time
from data.records import BY_PEOPLE, ScanStatus, UnaidedReading, current_review
from services.measurement_words import millilitres
from services.reading_words import ESCAPE_REASONS, VERDICT_NAMES, duration_words, unaided_words
from services.reviewing.unaided import LONGEST_COMMENT
from services.task_words import words_of

if TYPE_CHECKING:
    from services.reviewing.scan_views import ScanView

PANEL = "unaided"
WHY = "unaided-why"
FINDING = "unaided-finding"
COMMENT = "unaided-comment"
DRAWS = "unaided-draws"
GIVE = "unaided-give"
GIVEN = "unaided-given"  # what the button was pressed with; filled by review.js
KEPT = "unaided-kept"  # set once it is kept, so that the minutes of the verdict begin
REASON = "unaided-reason"
SHOW = "unaided-show"
ASK = "unaided-ask"
ASK_ROW = "unaided-ask-row"

HIDDEN = "Shown once you have said what you see."
_BY_RULE = (
    "Your department asks that this scan is read without the AI first. Its result is hidden until you have "
    "said what you see."
)
_ASKED = "You read this scan without the AI first. Its result is hidden until you have said what you see."
_WAITING = " The AI has not read it yet; you can keep your reading once it has."


def panel() -> Component:
    """Build the form, hidden where there is nothing to give; `scan_unaided.shown` fills it."""
    return html.Div([_form(), _asking()])


def _form() -> Component:
    body = [
        html.H2("Read without the AI"),
        html.P(id=WHY),
        html.Fieldset(
            [html.Legend("What you see"), dbc.RadioItems(id=FINDING, options=options(""), value=None)]
        ),
        html.P(id=DRAWS, className="text-secondary"),
        html.Label("Comment", htmlFor=COMMENT),
        dbc.Textarea(id=COMMENT, rows=2, maxlength=LONGEST_COMMENT),
        dbc.Button(
            "Keep it, and show the AI's result", id=GIVE, color="primary", size="sm", class_name="mt-2"
        ),
        html.Details(
            [
                html.Summary("Show the AI's result now"),
                html.P("It is kept with the reason, and no figure counts it.", className="text-secondary"),
                html.Label("Why", htmlFor=REASON),
                dbc.Select(
                    id=REASON,
                    options=[
                        {"label": words, "value": reason.value} for reason, words in ESCAPE_REASONS.items()
                    ],
                    value="",
                    placeholder="Choose a reason",
                    size="sm",
                ),
                dbc.Button("Show it now", id=SHOW, color="danger", outline=True, size="sm"),
            ]
        ),
        dcc.Store(id=GIVEN),
        dcc.Store(id=KEPT),
    ]
    return html.Section(body, id=PANEL, className="lb-panel lb-review", hidden=True)


def _asking() -> Component:
    button = dbc.Button(
        "Read without the AI first",
        id=ASK,
        color="primary",
        outline=True,
        size="sm",
        title="Its result stays hidden from you until you have said what you see",
    )
    return html.Div(button, id=ASK_ROW, className="lb-panel", hidden=True)


def options(task: str) -> list[dict[str, str]]:
    """What can be seen, in the words of a task."""
    what = finding(task) if task else "finding"
    return [
        {"label": f"{what.capitalize()} present", "value": "present"},
        {"label": f"No {what}", "value": "absent"},
        {"label": "Unsure", "value": "unsure"},
    ]


def why(view: ScanView) -> str:
    """Say why nothing of the AI is shown; "" where nothing is hidden."""
    reading = view.reads_unaided
    if reading is None:
        return ""
    said = _ASKED if reading.rule_id is None else _BY_RULE
    return said if view.scan.status is ScanStatus.READ else said + _WAITING


def drawing_hint(view: ScanView) -> str:
    """Say that the reader may draw; "" where nothing is drawn."""
    if not words_of(view.scan.task).draws_mask:
        return ""
    return "You may draw it: “Edit the mask” begins with nothing, and Save keeps it with your reading."


def entries(view: ScanView) -> list[Component]:
    """Each reading without the AI beside what its reader said with it; the newest first."""
    ended = [reading for reading in view.unaided if not reading.is_open]
    return [html.Li(_entry(view, reading)) for reading in reversed(ended)]


def _entry(view: ScanView, reading: UnaidedReading) -> list[Component | str]:
    head = f" {reading.reader_name}, {local_time(reading.ended_at)}"
    badge = html.Span("Without AI", className="lb-badge")
    if reading.escape_reason is not None:
        said = f"Not read without the AI: {ESCAPE_REASONS[reading.escape_reason].lower()}"
        return [badge, head, html.Div(said, className="text-secondary")]
    volume = None if reading.measurements is None else reading.measurements.volume_ml
    words = [
        unaided_words(reading, view.scan.task),
        f"drawn {millilitres(volume)}" if volume else "",
        duration_words(reading.seconds or 0.0),
    ]
    said = ", ".join(word for word in words if word)
    parts = [f"Unaided: {said}; with AI: {_with_ai(view, reading)}", reading.comment or ""]
    return [badge, head, html.Div(". ".join(part for part in parts if part), className="text-secondary")]


def _with_ai(view: ScanView, reading: UnaidedReading) -> str:
    """What the same reader says now of the result that was hidden."""
    own = [review for review in view.reviews if review.reviewer_id == reading.reader_id]
    verdict = current_review(own, reading.result_id or "")
    if verdict is None or verdict.verdict not in BY_PEOPLE:
        return "nothing yet"
    return VERDICT_NAMES[verdict.verdict].lower()
