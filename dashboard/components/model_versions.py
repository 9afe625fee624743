"""Versions of a task's model: what each is, whether it may go live, and what one can do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import metrics
from dashboard.components.icons import icon
from dashboard.components.results import local_time
from data.records import (
    ModelVersion,
    Promotion,
    PromotionGateResult,
    PromotionKind,
    PromotionState,
    PromotionVerdict,
    User,
)
from services import addresses
from services.permissions import Permission, may

ACT = "models-act"  # type of the buttons: {"type", "task", "version", "verb", "live"}
WHY = "models-why"  # type of the reasons: {"type", "task", "version"}
COUNT = "models-count"  # type of how many scans to rehearse on: {"type", "task", "version"}
GOING_BACK = "back"  # stands for a version in the reason for a rollback

LIVE, CHALLENGER = "champion", "challenger"
SHOWN = 6
COUNTS = (50, 100, 250, 500, 1000)

GATE_WORDS = {
    PromotionVerdict.PASS: ("The promotion gate lets it pass", "bi-check-circle", "lb-gate-pass"),
    PromotionVerdict.FAIL: ("The promotion gate stops it", "bi-x-octagon", "lb-gate-fail"),
    PromotionVerdict.CANNOT_TELL: ("The promotion gate cannot tell", "bi-question-circle", "lb-gate-unknown"),
}
_STATES = {
    PromotionState.ASKED: "waits for a second person",
    PromotionState.DONE: "went live",
    PromotionState.REFUSED: "did not go live",
}


def cards(
    user: User,
    versions: Sequence[ModelVersion],
    live: str | None,
    gates: Mapping[str, PromotionGateResult],
    rehearsed: set[str],
) -> list[Component]:
    """The versions, newest first; what is older than the latest few is folded away.

    `rehearsed` holds the versions whose rehearsal is under way.
    """
    shown = [
        _card(user, version, live, gates.get(version.version), version.version in rehearsed)
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


def waiting(user: User, promotions: Sequence[Promotion], live: str | None) -> list[Component]:
    """Overrides that wait for their second person."""
    return [
        _request(user, promotion, live)
        for promotion in promotions
        if promotion.state is PromotionState.ASKED and promotion.overridden
    ]


def going_back(user: User, task: str, live: str | None, previous: str | None) -> Component | None:
    """One click back to the champion before, for MLOps staff, where there was one."""
    if not may(user, Permission.PROMOTE) or previous is None:
        return None
    return html.Details(
        [
            html.Summary(f"Go back to version {previous}"),
            html.P("It serves again within seconds; nothing that is being read is lost.", className="mb-2"),
            _reason(task, GOING_BACK, "Why version " + str(live) + " has to go"),
            _button("rollback", f"Go back to version {previous}", task, GOING_BACK, live, "danger"),
        ],
        className="lb-card",
    )


def history(promotions: Sequence[Promotion]) -> Component | None:
    """Who let what go live, newest first."""
    if not promotions:
        return None
    names = ["When", "What", "Asked by", "Why", "Outcome"]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [html.Tr([html.Td(cell) for cell in _told(promotion)]) for promotion in promotions]
    table = html.Table([head, html.Tbody(rows)], className="table table-sm lb-decisions")
    return html.Details([html.Summary("What went live, and why"), html.Div(table, className="lb-scroll")])


def gate_box(gate: PromotionGateResult) -> Component:
    """The promotion gate's word in words and colour."""
    words, sign, look = GATE_WORDS[gate.verdict]
    said: list[Component | str] = [icon(sign), html.Strong(words + ". "), gate.sentence]
    if gate.rehearsal_id:
        said += [" ", dcc.Link("See what changes", href=addresses.rehearsal(gate.rehearsal_id))]
    return html.Div(said, className=f"lb-gate {look}")


def _in_front(version: ModelVersion, versions: Sequence[ModelVersion], live: str | None) -> bool:
    return version.version == live or bool(version.aliases) or version in versions[:SHOWN]


def _card(
    user: User, version: ModelVersion, live: str | None, gate: PromotionGateResult | None, rehearsed: bool
) -> Component:
    serves = version.version == live
    parts: list[Component] = [_head(version, serves)]
    if version.description:
        parts.append(html.P(version.description, className="mb-2"))
    since = _since(version)
    if since:
        parts.append(html.P(since, className="mb-2"))
    figures = [html.Summary("Validation figures"), metrics.table(version.metrics)]
    parts.append(html.Details(figures, open=serves or gate is None))
    if not serves and gate is not None:
        parts.append(gate_box(gate))
        if may(user, Permission.PROMOTE):
            parts.append(_actions(version, live, gate, rehearsed))
    return html.Article(parts, className="lb-card" + (" lb-card-live" if serves else ""))


def _head(version: ModelVersion, serves: bool) -> Component:
    badges = [html.Span("live", className="lb-badge lb-live")] if serves else []
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
    challenger = CHALLENGER in version.aliases
    return html.Div(
        [
            html.Div([_rehearse(task, number, live, rehearsed), _challenge(task, number, live, challenger)],
                     className="lb-model-acts"),
            _reason(task, number, "Why it should go live"),
            html.Div(
                [
                    _button(verb, label, task, number, live, "primary" if passed else "warning", rehearsed),
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
            _button("rehearse", label, task, number, live, "primary", rehearsed, outline=True),
            _named("How many scans", counts),
        ],
        className="lb-model-rehearse",
    )


def _challenge(task: str, number: str, live: str | None, challenger: bool) -> Component:
    verb, label = (
        ("unchallenge", "No challenger any more") if challenger else ("challenge", "Make challenger")
    )
    return _button(verb, label, task, number, live, "secondary", outline=True)


def _request(user: User, promotion: Promotion, live: str | None) -> Component:
    parts: list[Component] = [
        html.Strong(
            f"{promotion.asked_name} asks that version {promotion.version} goes live without the promotion "
            "gate's pass."
        ),
        html.P(f"“{promotion.reason}” ({local_time(promotion.asked_at)})", className="mb-1"),
    ]
    if promotion.gate is not None:
        parts.append(gate_box(promotion.gate))
    own = user.id == promotion.asked_by
    if may(user, Permission.CONFIRM_OVERRIDES):
        parts.append(
            _reason(promotion.task, promotion.id, "Why you withdraw it" if own else "Why you decide so")
        )
        buttons = [
            _button(
                "refuse", "Withdraw" if own else "Refuse", promotion.task, promotion.id, live, "secondary"
            )
        ]
        if not own:
            buttons.insert(
                0, _button("confirm", "Confirm: let it go live", promotion.task, promotion.id, live, "danger")
            )
        parts.append(html.Div(buttons, className="lb-model-acts"))
    return html.Div(parts, className="lb-card lb-request")


def _reason(task: str, version: str, label: str) -> Component:
    control = dbc.Textarea(
        id={"type": WHY, "task": task, "version": version},
        placeholder=label,
        rows=2,
        maxlength=2000,
        persistence=True,
        persistence_type="memory",
    )
    return _named(label, control, "d-block mb-2")


def _named(name: str, control: Component, look: str = "") -> Component:
    """A control with a name for those who do not see it."""
    return html.Label([html.Span(name, className="visually-hidden"), control], className=look)


def _button(
    verb: str,
    label: str,
    task: str,
    version: str,
    live: str | None,
    colour: str,
    disabled: bool = False,
    *,
    outline: bool = False,
) -> Component:
    button: Component = dbc.Button(
        label,
        id={"type": ACT, "task": task, "version": version, "verb": verb, "live": live or ""},
        size="sm",
        color=colour,
        outline=outline,
        disabled=disabled,
    )
    return button


def _told(promotion: Promotion) -> list[str]:
    went = f"version {promotion.version}" + (
        f" in the place of {promotion.from_version}" if promotion.from_version else ""
    )
    what = f"back to {went}" if promotion.kind is PromotionKind.ROLLBACK else went
    outcome = _STATES[promotion.state] + (
        ", past the gate" if promotion.overridden and promotion.state is PromotionState.DONE else ""
    )
    if promotion.decided_name:
        outcome += f", {promotion.decided_name}"
    if promotion.decision:
        outcome += f": {promotion.decision}"
    return [local_time(promotion.asked_at), what, promotion.asked_name, promotion.reason, outcome]
