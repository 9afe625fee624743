"""Versions of a task's model: what each is, whether it may go live, and what one can do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import metrics
from dashboard.components.model_controls import COUNT, act_button, named, reason_field
from dashboard.components.model_promotions import gate_box, refused_words
from dashboard.components.results import local_time
from data.records import (
    ModelVersion,
    Promotion,
    PromotionGateResult,
    PromotionVerdict,
    Suspension,
    User,
)
from services import addresses
from services.performance.card_words import card_words
from services.performance.stop_rules import place_of
from services.permissions import Permission, may
from services.standing.suspensions import suspended_words

if TYPE_CHECKING:
    from services.versions.uploads import Alternative

LIVE, CHALLENGER = "champion", "challenger"
SHOWN = 3
_SUSPENDED = "lb-badge lb-suspended"
COUNTS = (50, 100, 250, 500, 1000)


def cards(
    user: User,
    versions: Sequence[ModelVersion],
    live: str | None,
    gates: Mapping[str, PromotionGateResult],
    rehearsed: set[str],
    stopped: Sequence[Suspension] = (),
    refused: Mapping[str, Promotion] = MappingProxyType({}),
) -> list[Component]:
    """The versions, newest first; what is older than the latest few is folded away.

    `rehearsed` holds the versions whose rehearsal is under way, `stopped` what of the task is suspended,
    `refused` by version the override that was refused last.
    """
    shown = [
        _card(
            user,
            version,
            live,
            gates.get(version.version),
            version.version in rehearsed,
            [each for each in stopped if each.version == version.version],
            refused.get(version.version),
        )
        for version in versions
    ]
    first = [
        card for card, version in zip(shown, versions, strict=True) if _in_front(version, versions, live)
    ]
    rest = [
        card for card, version in zip(shown, versions, strict=True) if not _in_front(version, versions, live)
    ]
    if rest:
        first.append(html.Details([html.Summary(f"{len(rest)} older versions"), *rest]))
    return first


def alternatives(task: str, live: str | None, shipped: Mapping[str, Alternative]) -> list[Component]:
    """What ships on other networks and is not registered, each with what is known of it and a button."""
    return [_alternative(task, live, name, made) for name, made in shipped.items()]


def _alternative(task: str, live: str | None, name: str, made: Alternative) -> Component:
    badge = html.Span("ships with Lightbox, not registered", className="lb-badge")
    words = (
        "Another network for the same task. Once it is registered it can be rehearsed, compared and promoted "
        "as any other version; before that it serves nobody."
    )
    return html.Article(
        [
            html.Div([html.Strong(name), badge], className="lb-version-head"),
            html.P(words, className="mb-2"),
            *(html.P(f"{note}.", className="mb-2") for note in made.notes),
            *_figures(made.metrics, serves=False),
            folded_card("Model card", made.card),
            act_button("register", f"Register {name}", task, name, live, "primary", outline=True),
        ],
        className="lb-card",
    )


def folded_card(title: str, card: str, look: str = "") -> Component:
    """A model card, out of markdown, folded under its title."""
    shown = dcc.Markdown(card_words(card), className="lb-markdown")
    return html.Details([html.Summary(title), shown], className=look)


def suspended(user: User, stopped: Sequence[Suspension], live: str | None) -> list[Component]:
    """What is suspended of the version that serves, with the way to where two people lift it."""
    return [
        _suspension(each, may(user, Permission.SEE_STATISTICS)) for each in stopped if each.version == live
    ]


def _suspension(stopped: Suspension, leads: bool) -> Component:
    said: list[Component | str] = [suspended_words(stopped)]
    if leads:
        said += [" ", dcc.Link("See the stop rules", href=place_of(stopped))]
    return html.P(said, className="lb-failed")


def _in_front(version: ModelVersion, versions: Sequence[ModelVersion], live: str | None) -> bool:
    return version.version == live or bool(version.aliases) or version in versions[:SHOWN]


def _card(
    user: User,
    version: ModelVersion,
    live: str | None,
    gate: PromotionGateResult | None,
    rehearsed: bool,
    stopped: Sequence[Suspension],
    refused: Promotion | None,
) -> Component:
    serves = version.version == live
    parts: list[Component] = [_head(version, serves, stopped)]
    if version.description:
        parts.append(html.P(version.description, className="mb-2"))
    since = _since(version)
    if since:
        parts.append(html.P(since, className="mb-2"))
    parts += _figures(version.metrics, serves=serves or gate is None)
    if not serves and gate is not None:
        parts.append(gate_box(gate))
        if refused is not None:
            parts.append(html.P(refused_words(refused), className="mb-2"))
        if may(user, Permission.PROMOTE):
            parts.append(_actions(version, live, gate, rehearsed))
    return html.Article(parts, className="lb-card" + (" lb-card-live" if serves else ""))


def _figures(figures: dict[str, float], serves: bool) -> list[Component]:
    """The validation figures folded; of what serves those that are asked for first stand open above."""
    rows, first = metrics.gathered(figures), metrics.chief(figures)
    shown: list[Component] = [metrics.table(first)] if serves and first else []
    every = f"All {len(rows)} validation figures" if shown else "Validation figures"
    return [*shown, html.Details([html.Summary(every), metrics.table(rows)])]


def _head(version: ModelVersion, serves: bool, stopped: Sequence[Suspension]) -> Component:
    badges = [html.Span("live", className="lb-badge lb-live")] if serves else []
    badges += [
        html.Span(f"suspended on {each.scanner}" if each.scanner else "suspended", className=_SUSPENDED)
        for each in stopped
    ]
    badges += [
        html.Span("champion in MLflow" if alias == LIVE else alias, className="lb-badge")
        for alias in version.aliases
        if alias != LIVE or not serves
    ]
    return html.Div(
        [
            html.Strong(f"Version {version.version}"),
            *badges,
            html.Span(f"registered {local_time(version.created_at)}", className="text-secondary"),
            html.Code(version.weights_sha256[:12], title=version.weights_sha256),
            dcc.Link("Model card", href=addresses.model_card(version.name, version.version)),
        ],
        className="lb-version-head",
    )


def _since(version: ModelVersion) -> str:
    """When and by whose word it last went live, as its tags in MLflow say."""
    by, at = version.tags.get("lightbox.promoted_by"), version.tags.get("lightbox.promoted_at")
    if not by or not at:
        return ""
    return f"Went live {_moment(at)}, approved by {by}: {version.tags.get('lightbox.reason', '')}"


def _moment(text: str) -> str:
    try:
        return local_time(datetime.fromisoformat(text))
    except ValueError:
        return text


def _actions(
    version: ModelVersion, live: str | None, gate: PromotionGateResult, rehearsed: bool
) -> Component:
    task, number = version.name, version.version
    passed = gate.verdict is PromotionVerdict.PASS
    verb, label = ("promote", "Let it go live") if passed else ("override", "Ask for an override")
    note = "" if passed else "A second person has to confirm it before it goes live."
    challenger, colour = CHALLENGER in version.aliases, "primary" if passed else "warning"
    return html.Div(
        [
            html.Div([_rehearse(task, number, live, rehearsed), _challenge(task, number, live, challenger)],
                     className="lb-model-acts"),
            reason_field(task, number, "Why it should go live"),
            html.Div(
                [
                    act_button(verb, label, task, number, live, colour, rehearsed),
                    html.Span(note, className="text-secondary small"),
                ],
                className="lb-model-acts",
            ),
        ]
    )  # fmt: skip


def _rehearse(task: str, number: str, live: str | None, rehearsed: bool) -> Component:
    counts = dbc.Select(
        id={"type": COUNT, "task": task, "version": number},
        options=[{"label": f"the last {count} scans", "value": str(count)} for count in COUNTS],
        value="100",
        size="sm",
        persistence=True,
        persistence_type="memory",
    )
    label = "Rehearsal under way" if rehearsed else "Rehearse on"
    return html.Div(
        [
            act_button("rehearse", label, task, number, live, "primary", rehearsed, outline=True),
            named("How many scans", counts),
        ],
        className="lb-model-rehearse",
    )


def _challenge(task: str, number: str, live: str | None, challenger: bool) -> Component:
    verb, label = (
        ("unchallenge", "No challenger any more") if challenger else ("challenge", "Make challenger")
    )
    return act_button(verb, label, task, number, live, "secondary", outline=True)
