"""Versions going live: the promotion gate's word, overrides, the way back, and who let what go live."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.icons import icon
from dashboard.components.model_controls import act_button, reason_field
from dashboard.components.results import local_time
from data.records import (
    Promotion,
    PromotionGateResult,
    PromotionKind,
    PromotionState,
    PromotionVerdict,
    User,
)
from services import addresses
from services.permissions import Permission, may
from services.versions.promotion_words import outcome_words

GOING_BACK = "back"  # stands for a version in the reason for a rollback

GATE_WORDS = {
    PromotionVerdict.PASS: ("The promotion gate lets it pass", "bi-check-circle", "lb-gate-pass"),
    PromotionVerdict.FAIL: ("The promotion gate stops it", "bi-x-octagon", "lb-gate-fail"),
    PromotionVerdict.CANNOT_TELL: ("The promotion gate cannot tell", "bi-question-circle", "lb-gate-unknown"),
}


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
            reason_field(task, GOING_BACK, "Why version " + str(live) + " has to go"),
            act_button("rollback", f"Go back to version {previous}", task, GOING_BACK, live, "danger"),
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
    return html.Details(
        [html.Summary("What went live or did not, and why"), html.Div(table, className="lb-scroll")]
    )


def refused(promotions: Sequence[Promotion]) -> dict[str, Promotion]:
    """By version the override that somebody else refused, where nothing has come of it since."""
    last: dict[str, Promotion] = {}
    for promotion in promotions:  # the newest first
        last.setdefault(promotion.version, promotion)
    return {version: each for version, each in last.items() if _was_refused(each)}


def refused_words(promotion: Promotion) -> str:
    """Who refused an override, when and why."""
    when = local_time(promotion.decided_at or promotion.asked_at)
    said = f"{promotion.decided_name} refused that it goes live without the promotion gate's pass ({when})"
    return f"{said}: “{promotion.decision}”" if promotion.decision else f"{said}."


def _was_refused(promotion: Promotion) -> bool:
    """Whether somebody else said no; who asked may have withdrawn it, which nobody needs to be told."""
    return promotion.state is PromotionState.REFUSED and promotion.decided_by != promotion.asked_by


def gate_box(gate: PromotionGateResult) -> Component:
    """The promotion gate's word in words and colour."""
    words, sign, look = GATE_WORDS[gate.verdict]
    said: list[Component | str] = [icon(sign), html.Strong(words + ". "), gate.sentence]
    if gate.rehearsal_id:
        said += [" ", dcc.Link("See what changes", href=addresses.rehearsal(gate.rehearsal_id))]
    return html.Div(said, className=f"lb-gate {look}")


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
        task, asked = promotion.task, promotion.id
        parts.append(reason_field(task, asked, "Why you withdraw it" if own else "Why you decide so"))
        buttons = [act_button("refuse", "Withdraw" if own else "Refuse", task, asked, live, "secondary")]
        if not own:
            confirm = "Confirm: let it go live"
            buttons.insert(0, act_button("confirm", confirm, task, asked, live, "danger"))
        parts.append(html.Div(buttons, className="lb-model-acts"))
    return html.Div(parts, className="lb-card lb-request")


def _told(promotion: Promotion) -> list[str]:
    went = f"version {promotion.version}" + (
        f" in the place of {promotion.from_version}" if promotion.from_version else ""
    )
    what = f"back to {went}" if promotion.kind is PromotionKind.ROLLBACK else went
    outcome = outcome_words(promotion)
    if promotion.decided_name:
        outcome += f", {promotion.decided_name}"
    if promotion.decision:
        outcome += f": {promotion.decision}"
    return [local_time(promotion.asked_at), what, promotion.asked_name, promotion.reason, outcome]
