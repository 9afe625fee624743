"""A version's living model card: what is filled, by whom, from where, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.results import local_time
from data.records import ModelVersion, User
from services import addresses
from services.permissions import Permission, may
from services.reporting.model_card.attributes import ATTRIBUTES, HEADINGS
from services.reporting.model_card.cards import SOURCES, summary

if TYPE_CHECKING:
    from services.reporting.model_card.cards import CardEntry, LivingCard

ABOUT, WORDS, SAVE = "model-card-about", "model-card-words", "model-card-save"


def form(user: User) -> Component:
    """What a person writes of an attribute that the house cannot fill; hidden from who may not."""
    hidden = "" if may(user, Permission.WRITE_MODEL_CARDS) else " lb-hidden"
    return html.Details(
        [
            html.Summary("Write what the house cannot know"),
            html.Label([html.Span("About"), dbc.Select(id=ABOUT, options=[])], className="lb-labelled mb-2"),
            html.Label(
                [html.Span("What is to be said"), dbc.Textarea(id=WORDS, rows=3)],
                className="lb-labelled mb-2",
            ),
            dbc.Button("Keep it, with my name and today's date", id=SAVE, size="sm", color="primary"),
        ],
        className="lb-card" + hidden,
    )


def options(card: LivingCard) -> list[dict[str, str]]:
    """The attributes that a person may write of: missing ones first."""
    free = [entry for entry in card.entries if entry.text is None or entry.author is not None]
    free.sort(key=lambda entry: entry.text is not None)
    return [
        {"label": f"{entry.attribute.number}. {entry.attribute.name}", "value": entry.attribute.key}
        for entry in free
    ]


def head(card: LivingCard, versions: list[ModelVersion]) -> list[Component]:
    """What it is, how much of it there is, and the files."""
    query = addresses.model_card_query(card.task, card.version)
    look = "btn btn-sm btn-outline-primary"
    files = [
        html.A(kind.upper(), href=f"/exports/model-card.{kind}?{query}", download="", className=look)
        for kind in ("pdf", "json")
    ]
    others = [
        dcc.Link(f"Version {version.version}", href=addresses.model_card(version.name, version.version))
        for version in versions
        if version.name == card.task and version.version != card.version
    ]
    missing = [html.Li(f"{each.number}. {each.name}") for each in card.missing]
    return [
        html.Div(
            [
                html.H1(f"Model card: {card.title}, version {card.version}"),
                html.Div(files, className="lb-exports"),
            ],
            className="lb-page-head lb-wraps",
        ),
        html.P(
            [
                dcc.Link("All versions", href=addresses.MODELS),
                *(part for link in others for part in (" · ", link)),
            ]
        ),
        html.Section(
            [
                html.P(html.Strong(summary(card))),
                html.Details([html.Summary("What is missing"), html.Ul(missing)], open=True)
                if missing
                else None,
                html.P(SOURCES, className="text-secondary small mb-0"),
            ],
            className="lb-card",
        ),
    ]


def entries(card: LivingCard) -> list[Component]:
    """Every attribute, by category, and the headings of Annex IV."""
    categories = dict.fromkeys(attribute.category for attribute in ATTRIBUTES)
    parts: list[Component] = []
    for category in categories:
        mine = [_entry(entry) for entry in card.entries if entry.attribute.category == category]
        parts.append(html.Section([html.H2(category), *mine], className="lb-card"))
    return [*parts, _headings(card)]


def _entry(entry: CardEntry) -> Component:
    attribute = entry.attribute
    title = html.H3(f"{attribute.number}. {attribute.name}", className="lb-card-attribute")
    if entry.text is None or entry.as_of is None:
        return html.Div([title, html.P("Missing.", className="lb-failed")])
    said = dcc.Markdown(entry.text, className="lb-markdown")
    if entry.author is not None:
        source: list[Component | str] = [f"Written by {entry.author}"]
    else:
        source = ["From: ", dcc.Link(entry.evidence_words, href=entry.evidence)]
    return html.Div(
        [title, said, html.P([*source, f", {local_time(entry.as_of)}"], className="text-secondary small")]
    )


def _headings(card: LivingCard) -> Component:
    rows = []
    for heading in HEADINGS:
        numbers = ", ".join(str(entry.attribute.number) for entry in card.under(heading))
        said = f"attributes {numbers}" if numbers else html.Span("missing", className="lb-failed")
        rows.append(html.Tr([html.Td(f"{heading.number}. {heading.name}"), html.Td(said)]))
    names = html.Thead(
        html.Tr([html.Th("Heading", scope="col"), html.Th("What says something of it", scope="col")])
    )
    table = html.Table([names, html.Tbody(rows)], className="table table-sm")
    return html.Section(
        [html.H2("Under the headings of the EU AI Act's Annex IV"), html.Div(table, className="lb-scroll")],
        className="lb-card",
    )
