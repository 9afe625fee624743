"""Retrainings: what a task could learn from now, and how far each came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import rehearsals
from dashboard.components.cohort.panels import number
from dashboard.components.model_controls import named
from dashboard.components.model_promotions import gate_box
from dashboard.components.results import local_time, task_name
from data.records import (
    SYNTHETIC,
    PromotionGateResult,
    Rehearsal,
    Retraining,
    RetrainingState,
    User,
    marked,
)
from services import addresses
from services.permissions import Permission, may
from services.retraining.retrainings import LONGEST_WHY

if TYPE_CHECKING:
    from services.retraining.retrainings import RetrainingMaterial

ACT = "retraining-act"  # type of the buttons: {"type", "retraining", "verb"}; of a new one the task
WHY = "retraining-why"  # type of the reasons: {"type", "retraining"}
REQUEST, START, DECLINE, CANCEL = "request", "start", "decline", "cancel"

_STATES = {
    RetrainingState.PROPOSED: "proposed: somebody has to begin or decline it",
    RetrainingState.PACKING: "its scans are being packed",
    RetrainingState.TRAINING: "a version is being trained",
    RetrainingState.REHEARSING: "the version is being rehearsed",
    RetrainingState.READY: "ready: somebody has to let it go live, or decline it",
    RetrainingState.PROMOTED: "live since",
    RetrainingState.DECLINED: "declined",
    RetrainingState.CANCELLED: "cancelled",
    RetrainingState.FAILED: "failed",
}


def offer(user: User, task: str, material: RetrainingMaterial, live: str | None, is_open: bool) -> Component:
    """What a task could be retrained on now, with the button for who may begin it."""
    parts: list[Component] = [html.H2(task_name(task)), html.P(_material_words(material))]
    if is_open:
        parts.append(html.P("One is open: decide on it below.", className="text-secondary mb-0"))
    elif material.too_few is not None and material.truths:
        parts.append(html.P(material.too_few, className="text-secondary mb-0"))
    elif material.too_few is None and may(user, Permission.RETRAIN):
        words = f"Why a version beside version {live} is to be trained"
        parts += [_reason(task, words), _button(task, REQUEST, "Retrain now", "primary")]
    return html.Section(parts, className="lb-card")


def listed(user: User, retrainings: Sequence[Retraining]) -> list[Component]:
    """Those that need nothing from anybody any more, newest first."""
    return [html.Div(_head(user, each), className="lb-card lb-retraining") for each in retrainings]


def in_hand(
    user: User,
    retraining: Retraining,
    gate: PromotionGateResult | None,
    made: Rehearsal | None,
    packed: float | None = None,
) -> Component:
    """One of which something is still to come; of one that is ready, what its version says otherwise."""
    parts = _head(user, retraining)
    if packed is not None:
        parts.append(dbc.Progress(value=round(100 * packed), label=f"{packed:.0%}", class_name="mb-2"))
    if gate is not None:
        parts.append(gate_box(gate))
    if made is not None:
        parts += rehearsals.summary(made)
    if retraining.state is RetrainingState.READY:
        link = dcc.Link("Let it go live on the page of models", href=addresses.MODELS)
        parts.append(html.P([link, ", by the promotion gate or an override."]))
    if may(user, Permission.RETRAIN):
        parts += _acts(retraining)
    return html.Section(parts, className="lb-card lb-retraining")


def _material_words(material: RetrainingMaterial) -> str:
    if not material.truths:
        return "No scan has a known truth yet."
    chosen = material.selection
    what = f"{SYNTHETIC} scans" if material.synthetic else "scans"
    known = f"{number(material.truths)} {what} have a known truth, {number(material.new)} of them new"
    learnt = f"{number(len(chosen.scan_ids))} ({number(chosen.positive)} with the finding)"
    apart = f"{number(chosen.kept_apart)} are of patients who are kept for testing"
    return f"{known} since the last retraining was proposed. It would learn from {learnt}; {apart}."


def _head(user: User, retraining: Retraining) -> list[Component]:
    who = retraining.opened_name or "a schedule"
    opened = f"{retraining.why} ({who}, {local_time(retraining.opened_at)})"
    said = _STATES[retraining.state]
    if retraining.state is RetrainingState.PROMOTED:
        said = f"{said} {local_time(retraining.changed_at)}"
    elif retraining.state in (RetrainingState.DECLINED, RetrainingState.CANCELLED):
        said = f"{said} by {retraining.decided_name}: “{retraining.decision}”"
    title = html.Strong(marked(task_name(retraining.task), retraining.synthetic))
    parts: list[Component] = [
        html.P([title, f": {said}"], className="mb-1"),
        html.P(opened, className="mb-1"),
    ]
    if retraining.failure:
        parts.append(html.P(retraining.failure, className="lb-failed mb-1"))
    links = _links(user, retraining)
    return [*parts, html.P(links, className="mb-1")] if links else parts


def _links(user: User, retraining: Retraining) -> list[Component | str]:
    """What it was made of and what came of it."""
    links: list[Component | str] = []
    if retraining.drift_run_id is not None:
        run = addresses.DriftAddress(retraining.task, retraining.drift_run_id)
        links += [dcc.Link("The drift run", href=str(run)), " "]
    if retraining.pack_id is not None:
        packed, apart = number(retraining.packed or 0), number(retraining.kept_apart or 0)
        links.append(f"{packed} scans were packed, {apart} kept apart. ")
        if may(user, Permission.TAKE_RETRAINING_PACKS):
            links += [html.A("The pack", href=f"/retraining/{retraining.pack_id}.zip"), " "]
    if retraining.version is not None:
        card = addresses.model_card(retraining.task, retraining.version)
        links += [f"Version {retraining.version}: ", dcc.Link("its model card", href=card)]
    return links


def _acts(retraining: Retraining) -> list[Component]:
    if retraining.state.works:
        return [_ending(retraining.id, CANCEL, "Cancel", "Why it is cancelled")]
    decline = _ending(retraining.id, DECLINE, "Decline", "Why it is declined")
    if retraining.state is RetrainingState.PROPOSED:
        return [_button(retraining.id, START, "Begin it", "primary"), decline]
    return [decline]


def _ending(name: str, verb: str, words: str, why: str) -> Component:
    button = _button(name, verb, words, "secondary")
    return html.Details([html.Summary(f"{words} it"), _reason(name, why), button], className="mt-2")


def _button(name: str, verb: str, words: str, colour: str) -> Component:
    made: Component = dbc.Button(
        words,
        id={"type": ACT, "retraining": name, "verb": verb},
        size="sm",
        color=colour,
        outline=colour == "secondary",
    )
    return made


def _reason(name: str, words: str) -> Component:
    """The field for a reason, named `words`; what is written stays while the page is drawn anew."""
    control = dbc.Textarea(
        id={"type": WHY, "retraining": name},
        placeholder=words,
        rows=2,
        maxlength=LONGEST_WHY,
        persistence=True,
        persistence_type="memory",
    )
    return named(words, control, "d-block mb-2")
