"""Retrainings: what could be learnt from now, what is under way, and what came of those before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import retrainings as parts
from dashboard.components.outputs import Values, beside, outputs, pressed
from dashboard.components.retrainings import ACT, WHY
from data.errors import InvalidInput, TrackingAway
from data.records import Retraining, RetrainingState, User
from services import addresses
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.versions import VersionServices
    from services.retraining.retrainings import Retrainings

CONTENT, SAID, SEEN, TICK = (f"retrainings-{part}" for part in ("content", "said", "seen", "tick"))
SHOWN = "lb-retrainings"
EVERY_MS = 3000
INTRODUCTION = (
    "A version learns from this house's reviewed scans, in the background, and is rehearsed on patients whom "
    "it has not seen. It serves nobody before a person lets it go live."
)


def layout(user: User, argument: str = "") -> Component:
    """Build the page; `show` fills it."""
    head: list[Component] = [html.H1("Retraining"), dcc.Link("All versions", href=addresses.MODELS)]
    if may(user, Permission.RETRAIN):
        head.append(
            dcc.Link("Plan when it is looked whether one is due", href=f"{addresses.ALERTS}#schedules")
        )
    return html.Div(
        [
            html.Div(head, className="lb-page-head lb-wraps"),
            html.P(INTRODUCTION, className="text-secondary"),
            html.Div(id=SAID, role="status"),
            dcc.Loading(
                html.Div(id=CONTENT, className=SHOWN),
                delay_show=300,
                overlay_style={"visibility": "visible"},
            ),
            dcc.Store(id=SEEN),
            dcc.Interval(id=TICK, interval=EVERY_MS),
        ],
        className="lb-rehearsal",
    )


def show(retrainings: Retrainings, versions: VersionServices, user: User) -> list[Component]:
    """Return what each task could learn from, for who reviews nothing, what is open, and what was before."""
    recent = retrainings.recent(user)
    still_open = [each for each in recent if each.state.open]
    tasks_open = {each.task for each in still_open}
    # How many truths there are would tell whoever reads a scan blind that another has judged it.
    shown = () if may(user, Permission.REVIEW) else versions.registry.clinical
    content: list[Component] = [
        parts.offer(user, task, retrainings.material(task), versions.serving.live(task), task in tasks_open)
        for task in shown
    ]
    content += [_in_hand(retrainings, versions, user, each) for each in still_open]
    before = [each for each in recent if not each.state.open]
    if not content:
        content.append(html.P("None is under way."))
    return [*content, html.H2("Before"), *parts.listed(user, before)] if before else content


def changed(retrainings: Retrainings, versions: VersionServices, user: User, seen: str | None) -> Values:
    """The page where something has changed since `seen`; what was said of an act goes with it."""
    now = _word(retrainings, user)
    if now == seen:
        return dict.fromkeys((SAID, CONTENT, SEEN), no_update)
    return {SAID: None, CONTENT: show(retrainings, versions, user), SEEN: now}


def act(retrainings: Retrainings, user: User, button: Mapping[str, str], why: str) -> str:
    """Do what a button says; returns a sentence that tells what was done."""
    name = button["retraining"]
    match button["verb"]:
        case parts.REQUEST:
            retrainings.request(name, why, user)
            return "Its scans are being packed; the training follows by itself."
        case parts.START:
            retrainings.start(name, user)
            return "Its scans are being packed; the training follows by itself."
        case parts.DECLINE:
            retrainings.decline(name, why, user)
            return "Declined."
        case parts.CANCEL:
            retrainings.cancel(name, why, user)
            return "Cancelled; what it had made is dropped."
    raise InvalidInput("There is no such button.")


def register(app: Dash, retrainings: Retrainings, versions: VersionServices) -> None:
    """Bind the page."""

    @app.callback(
        output=outputs({SAID: "children", CONTENT: "children", SEEN: "data"}),
        inputs=[Input(TICK, "n_intervals"), State(SEEN, "data")],
    )
    def _show(_: int | None, seen: str | None) -> Values:
        return changed(retrainings, versions, require(Permission.SEE_MODELS), seen)

    @app.callback(
        output=outputs({SAID: "children", CONTENT: "children", SEEN: "data"}, again=True),
        inputs=[
            Input({"type": ACT, "retraining": ALL, "verb": ALL}, "n_clicks"),
            State({"type": WHY, "retraining": ALL}, "value"),
        ],
        prevent_initial_call=True,
        running=[
            (Output(CONTENT, "className"), f"{SHOWN} lb-busy", SHOWN),
            (Output(TICK, "disabled"), True, False),
        ],
    )
    def _act(clicks: list[int | None], _: list[str | None]) -> Values:
        user = require(Permission.RETRAIN)
        button = pressed(ctx.triggered_id, [ctx.triggered[0]["value"]])
        (reasons,) = ctx.states_list
        sentence = act(retrainings, user, button, beside(button, reasons, "retraining") or "")
        said = html.Div(sentence, className="alert alert-success py-2")
        content = show(retrainings, versions, user)
        return {SAID: said, CONTENT: content, SEEN: _word(retrainings, user)}


def _word(retrainings: Retrainings, user: User) -> str:
    """A word that differs whenever something of a retraining has changed."""
    recent = retrainings.recent(user)
    packed = [f"{retrainings.packed(each) or 0:.1f}" for each in recent if each.state.works]
    return ";".join([*(f"{each.id[:8]}{each.state}{each.changed_at}" for each in recent), *packed])


def _in_hand(
    retrainings: Retrainings, versions: VersionServices, user: User, retraining: Retraining
) -> Component:
    if retraining.state is not RetrainingState.READY or retraining.version is None:
        return parts.in_hand(user, retraining, None, None, retrainings.packed(retraining))
    task, version = retraining.task, retraining.version
    try:
        gate = versions.promotions.gate_result(task, version)
        made = None if gate.rehearsal_id is None else versions.rehearsals.opened(gate.rehearsal_id)
    except TrackingAway as away:
        return html.Div(
            [parts.in_hand(user, retraining, None, None), html.P(str(away), className="lb-failed")]
        )
    return parts.in_hand(user, retraining, gate, made)
