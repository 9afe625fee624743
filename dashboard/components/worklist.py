"""The worklist's parts: where scans are dropped, the filters, the counters, and what an empty one says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.icons import icon
from dashboard.components.results import STATUS_NAMES
from data.records import DoubtKind, Urgency, User, WorklistPage
from services.addresses import WorklistAddress
from services.permissions import Permission, may
from services.reading_words import VERDICT_NAMES
from services.task_words import OUTCOME_NAMES, pictures_read

if TYPE_CHECKING:
    from services.reviewing.worklist import Counter

SEARCH = "worklist-search"
WORDS = "worklist-words"  # what the address carries for the words in SEARCH
EMPTY = "worklist-empty"
TOTAL = "worklist-total"
COUNTERS = "worklist-counters"
SEEN = "worklist-seen"  # the word for the state that the rows show; live.js compares it
FILTER_TASK = "worklist-task"
FILTER_ASSIGNED = "worklist-assigned"
UPLOADS = "uploads"  # filled by uploads.js
LINKED = "worklist-linked"
ANY = "any"

URGENCY_NAMES = {
    Urgency.CRITICAL: "Critical",
    Urgency.URGENT: "Urgent",
    Urgency.SUGGESTED: "Suggested",
    Urgency.ROUTINE: "Routine",
}
DOUBT_NAMES = {
    DoubtKind.UNCERTAIN: "Uncertain",
    DoubtKind.OUTLINE: "Outline",
    DoubtKind.WARNINGS: "Warnings",
    DoubtKind.NONE: "",
}
_COUNTER_WORDS = {
    "unread": ("Unread", "Read by the model, and not reviewed yet"),
    "mine": ("Mine", "Assigned to you, and not reviewed yet"),
    "urgent": ("Urgent", "Said to be critical or urgent, and not reviewed yet"),
    "suggested": ("Suggested", "Something was found, and nobody has reviewed it yet"),
    "doubtful": ("Doubtful", "An uncertain answer or a doubtful outline, and not reviewed yet"),
}
SEVERAL = ","  # between the values of a choice that means several


@dataclass(frozen=True)
class Menu:
    """A filter with one choice; a choice may stand for several values, `SEVERAL` between them, in order.

    Choices of None are filled in later: any single value is one.
    """

    name: str  # as in the address
    everything: str
    choices: Mapping[str, str] | None

    @property
    def id(self) -> str:
        """The id of its control; worklist.js knows the filter by it."""
        return f"worklist-{self.name}"

    def value(self, filters: Mapping[str, Sequence[str]]) -> str:
        """The choice that says what an address filters by; ANY where it says nothing, or no choice does."""
        chosen = filters.get(self.name, ())
        if self.choices is None:
            return chosen[0] if len(chosen) == 1 else ANY
        together = SEVERAL.join(sorted(chosen))
        return together if together in self.choices else ANY


MENUS = (
    Menu("task", "All tasks", None),
    Menu("status", "Any status", {status.value: name for status, name in STATUS_NAMES.items()}),
    Menu("outcome", "Any result", {outcome.value: name for outcome, name in OUTCOME_NAMES.items()}),
    Menu(
        "review",
        "Any review",
        {"none": "Not reviewed"} | {verdict.value: name for verdict, name in VERDICT_NAMES.items()},
    ),
    Menu(
        "urgency",
        "Any urgency",
        {"critical,urgent": "Critical or urgent"}
        | {urgency.value: name for urgency, name in URGENCY_NAMES.items()},
    ),
    Menu(
        "doubt",
        "Any doubt",
        {
            "outline,uncertain": "Answer or outline doubtful",
            "uncertain": "Answer uncertain",
            "outline": "Outline doubtful",
            "warnings": "Scan with warnings",
            "none": "No doubt",
        },
    ),
    Menu("assigned", "Anybody's", None),
)
DAYS = {
    "from": "Received from",
    "to": "Received until",
    "acquired-from": "Acquired from",
    "acquired-to": "Acquired until",
}
CONTROLS = {
    WORDS: "data",
    **{menu.id: "value" for menu in MENUS},
    **{f"worklist-{name}": "value" for name in DAYS},
}
"""What filters, by id, each with its filter's name after the dash; and where its value stands."""
GONE = "The words that were searched for are kept for twelve hours, for who typed them. Please search again."


def total(page: WorklistPage) -> str:
    """How many scans there are; made ones are told beside the real ones, and counted with them nowhere."""
    return page.kinds.of("scan", "scans")


def empty(user: User, *, filtered: bool) -> Component:
    """Say why no scan is listed, and what to do."""
    if filtered:
        return _empty_state("bi-search", "No scan fits.", "Change the search or the filters.")
    if may(user, Permission.SEND_SCANS):
        return _empty_state(
            "bi-inboxes",
            "No scans yet.",
            f"Drop {pictures_read()} above: DICOM files or folders, NIfTI, PNG, JPEG, TIFF, zip.",
        )
    return _empty_state("bi-inboxes", "No scans yet.", "They appear here when a clinician uploads them.")


def _empty_state(name: str, title: str, text: str) -> Component:
    return html.Div(
        [
            icon(name, "lb-empty-icon"),
            html.H2(title),
            html.P(text),
        ],
        className="lb-empty",
    )


def drop_zone() -> Component:
    """Take files and folders; uploads.js sends them."""
    return html.Section(
        [
            html.Div(
                [
                    icon("bi-cloud-arrow-up", "lb-drop-icon"),
                    html.Div(
                        [
                            html.Strong("Drop scans here"),
                            html.Span("DICOM files or whole folders, NIfTI, PNG, JPEG, TIFF, zip"),
                        ],
                        className="lb-drop-text",
                    ),
                    html.Button("Choose files", id="choose-files", className="btn btn-sm btn-primary"),
                    html.Button(
                        "Choose a folder", id="choose-folder", className="btn btn-sm btn-outline-primary"
                    ),
                ],
                id="drop-zone",
                className="lb-drop",
            ),
            html.Div(id=UPLOADS, className="lb-uploads", **aria(live="polite")),
        ],
        **aria(label="Upload scans"),
    )


def counters(counted: Sequence[Counter]) -> list[Component]:
    """How many scans wait for what, each number a link to them."""
    return [_counter(counter) for counter in counted]


def _counter(counter: Counter) -> Component:
    name, meaning = _COUNTER_WORDS[counter.name]
    look = f"lb-counter lb-counter-{counter.name}" + ("" if counter.n.any else " lb-counter-none")
    return dcc.Link(
        [html.Strong(counter.n.words), html.Span(name)],
        href=str(WorklistAddress(counter.filters)),
        className=look,
        title=meaning,
    )


def filters(user: User, address: WorklistAddress) -> Component:
    """Search and filter, as the address says."""
    hint = (
        "Search patient, id, sequence" if may(user, Permission.SEE_IDENTITY) else "Search pseudonym, sequence"
    )
    search = dcc.Input(
        id=SEARCH,
        type="search",
        debounce=0.3,
        placeholder=hint,
        className="form-control",
        value="",
        autoComplete="off",
    )
    days = [_day(name, label, address) for name, label in DAYS.items()]
    dated = any(name in address.filters for name in DAYS)
    return html.Div(
        [
            html.Div(
                [html.Label(hint, htmlFor=SEARCH, className="visually-hidden"), search, dcc.Store(id=WORDS)],
                className="lb-search",
            ),
            *(_select(menu, menu.value(address.filters)) for menu in MENUS),
            html.Details([html.Summary("Days"), html.Div(days, className="lb-days")], open=dated),
        ],
        className="lb-filters",
        role="search",
    )


def unlisted(address: WorklistAddress) -> dict[str, tuple[str, ...]]:
    """What an address filters by that no control shows."""
    shown = {menu.name for menu in MENUS if menu.value(address.filters) != ANY} | set(DAYS)
    return {name: values for name, values in address.filters.items() if name not in shown}


def _day(name: str, label: str, address: WorklistAddress) -> Component:
    field = dbc.Input(id=f"worklist-{name}", type="date", value=next(iter(address.filters.get(name, ())), ""))
    return html.Div([html.Label(label, htmlFor=f"worklist-{name}"), field])


def _select(menu: Menu, value: str) -> Component:
    label = html.Label(menu.everything, htmlFor=menu.id, className="visually-hidden")
    choices = options(menu.everything, menu.choices or {})
    return html.Div([label, dbc.Select(id=menu.id, options=choices, value=value)])


def options(everything: str, choices: Mapping[str, str]) -> list[dict[str, str]]:
    """The choices of a filter, by value; the first one filters nothing."""
    named = [{"label": label, "value": value} for value, label in choices.items()]
    return [{"label": everything, "value": ANY}, *named]
