"""How readers read: figures of groups, and of single readers under pseudonyms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dash import html
from dash.development.base_component import Component

from dashboard.components.downloads import download_link
from dashboard.components.results import local_date
from services.cohort.small_numbers import FEW_READERS, LEAST_READERS, WITHHELD
from services.readers.figures import KINDS, LEAST_CASES, figure_words
from services.readers.watch import MEANS

if TYPE_CHECKING:
    from services.readers.readers import ReaderRow, ReadersView

SHOWN = "performance-reading-shown"
NONE_YET = "Nobody has given a verdict on a real scan of this task in this time."
BY_READER = (
    "Readers stand here under pseudonyms that only this house gives, in no order of names or of accounts. "
    "Nobody's name can be had from one here. “Called” marks a reader whose verdicts are nearly all "
    "acceptances that come at once."
)


def panel(view: ReadersView, file: str) -> Component:
    """The figures of all, of groups and, for who may see them, of single readers; `file` is the CSV."""
    day = local_date(view.since)
    since = f"Verdicts on real scans since {day}; of each reader and result the last that stands."
    if not view.any:
        return html.Div([html.P(since, className="text-secondary"), html.P(NONE_YET, className="mb-0")])
    rule = (
        f"What {FEW_READERS} stand behind is not told apart, nor (“{WITHHELD}”) what would give it away, and "
        f"of fewer than {LEAST_CASES} cases only that they are too few. Scans made for demonstration do not "
        "count."
    )
    parts = [
        html.P([since, " ", rule], className="text-secondary"),
        _table("Group", [view.whole, *view.groups]),
        *([] if view.readers is None else _single(view)),
        html.Details([html.Summary("What the columns mean"), html.Dl(_meanings())], className="mt-2"),
        html.P(
            download_link("Figures as CSV, for the house only", "bi-filetype-csv", href=file),
            className="mb-0 mt-2",
        ),
    ]
    return html.Div(parts)


def _single(view: ReadersView) -> list[Component]:
    heading = html.H3("By reader", className="mt-3")
    if view.few:
        words = f"Fewer than {LEAST_READERS} people read this task: a pseudonym would be a name."
        return [heading, html.P(words)]
    parts: list[Component] = [heading, html.P(BY_READER, className="text-secondary")]
    if any(row.called for row in view.readers or ()):
        parts.append(html.P(MEANS))
    return [*parts, _table("Reader", view.readers or ())]


def _table(first: str, rows: Sequence[ReaderRow]) -> Component:
    names = [first, *(kind.label for kind in KINDS)]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    table = html.Table([head, html.Tbody([_row(row) for row in rows])], className="lb-numbers lb-reading")
    return html.Div(table, className="lb-scroll")


def _row(row: ReaderRow) -> Component:
    called = html.Span("Called", className="lb-badge lb-severity-warning ms-1") if row.called else None
    cells = [_cell(*figure_words(kind, row.figures[kind.name])) for kind in KINDS]
    return html.Tr([html.Th([row.name, called], scope="row"), *cells])


def _cell(value: str, beside: str) -> Component:
    return html.Td([html.Div(value), html.Div(beside, className="text-secondary")])


def _meanings() -> list[Component]:
    return [part for kind in KINDS for part in (html.Dt(kind.label), html.Dd(kind.meaning))]
