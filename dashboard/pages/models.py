"""The model versions: which is live and by whose word, what may follow it, and what one can do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import model_promotions, model_versions, rehearsals
from dashboard.components.attributes import data
from dashboard.components.model_controls import ACT, COUNT, WHY
from dashboard.components.outputs import Values, beside, clicked, outputs, pressed
from dashboard.components.results import task_name
from data.errors import Busy, InvalidInput
from data.records import ModelVersion, PromotionGateResult, User
from services import addresses
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.versions import VersionServices

CONTENT = "models-content"
PROGRESS = "models-progress"
SAID = "models-said"
SEEN = "models-seen"
TICK = "models-tick"
LOOK = "models-look"
UPLOADED = "models-uploaded"  # set by the browser when an upload was registered
SHOWN = "lb-models"  # how the content looks
EVERY_MS = 2000
PROMOTIONS_SHOWN = 30


def layout(user: User, argument: str = "") -> Component:
    """Build the page; `show` fills it."""
    hidden = "" if may(user, Permission.PROMOTE) else "d-none"
    look = dbc.Button(
        "Look in MLflow now", id=LOOK, size="sm", color="secondary", outline=True, class_name=hidden
    )
    sets = dcc.Link("Have a version read a set of scans", href=addresses.EVALUATIONS)
    links = [sets, dcc.Link("Retraining", href=addresses.RETRAININGS)]
    if may(user, Permission.SEE_ACCEPTANCE):
        links.append(dcc.Link("Local acceptance", href=addresses.ACCEPTANCE))
    return html.Div(
        [
            html.Div([html.H1("Models"), look, *links], className="lb-page-head lb-wraps"),
            html.Div(id=SAID, role="status"),
            html.Div(id=PROGRESS),
            # What is shown stays to be read while a version is loaded: without a style Dash hides it.
            dcc.Loading(
                html.Div(id=CONTENT, className=SHOWN),
                delay_show=300,
                overlay_style={"visibility": "visible"},
            ),
            dcc.Store(id=SEEN),
            dcc.Store(id=UPLOADED),
            dcc.Interval(id=TICK, interval=EVERY_MS),
        ]
    )


def show(versions: VersionServices, user: User) -> list[Component]:
    """Return one section a task: what is live, what waits, every version, the card, what went before."""
    return [_task(versions, user, task) for task in versions.registry.clinical]


def word(versions: VersionServices) -> str:
    """A word that differs whenever `show` would, of all that happens in this house."""
    lives = [versions.serving.live(task) or "" for task in versions.registry.clinical]
    decided = [f"{promotion.id[:8]}{promotion.state}" for promotion in versions.promotions.recent(limit=10)]
    ran = [f"{job.id[:8]}{job.state}" for _, job in versions.rehearsals.jobs()]
    choices = [versions.serving.choice(task) for task in versions.registry.clinical]
    run_by = [choice.kind.words for choice in choices if choice is not None]
    troubles = [versions.serving.trouble(task) or "" for task in versions.registry.clinical]
    troubles += [versions.registry.trouble or "", versions.registered_files.trouble() or ""]
    suspended = map(versions.suspensions.active, versions.registry.clinical)
    stopped = [each.id[:8] for of_task in suspended for each in of_task]
    return ";".join([*lives, *decided, *ran, *run_by, *troubles, *stopped, str(versions.registry.changes)])


def _seen(versions: VersionServices, uploaded: str | None) -> str:
    return f"{word(versions)};{uploaded or ''}"


def act(
    versions: VersionServices, user: User, button: Mapping[str, str], why: str | None, count: str | None
) -> str:
    """Do what a button says; returns a sentence that tells what was done."""
    task, version, live = button["task"], button["version"], button["live"] or None
    promotions, reason = versions.promotions, why or ""
    match button["verb"]:
        case "register":
            made = versions.uploads.take_alternative(task, version, user)
            return f"Registered as version {made.version}; it serves nobody before it is promoted."
        case "rehearse":
            versions.rehearsals.request(task, version, _count(count), user)
            return f"Version {version} is being rehearsed."
        case "promote":
            promotions.ask(task, version, reason, user, live)
            return f"Version {version} is live."
        case "override":
            promotions.override(task, version, reason, user, live)
            return "Asked. Somebody else has to confirm it now."
        case "confirm":
            return f"Version {promotions.confirm(version, reason, user).version} is live."
        case "refuse":
            promotions.refuse(version, reason, user)
            return "It does not go live."
        case "rollback":
            return f"Version {promotions.rollback(task, reason, user, live).version} is live again."
        case "challenge":
            promotions.challenge(task, version, user)
            return f"Version {version} is the challenger."
        case "unchallenge":
            promotions.challenge(task, None, user)
            return "There is no challenger any more."
    raise InvalidInput("There is no such button.")


def changed(versions: VersionServices, user: User, uploaded: str | None, seen: str | None) -> Values:
    """The page where something has changed since `seen`, and always how far rehearsals are.

    What was said of an act goes with the state that it told of.
    """
    now = _seen(versions, uploaded)
    return {
        SAID: no_update if now == seen else None,
        CONTENT: no_update if now == seen else show(versions, user),
        PROGRESS: rehearsals.progress(user, versions.rehearsals.jobs()),
        SEEN: now,
    }


def look(versions: VersionServices, user: User, uploaded: str | None = None) -> Values:
    """Follow what another tool moved in MLflow, and say so."""
    moved = versions.serving.look()
    sentence = f"Changed: {', '.join(map(task_name, moved))}." if moved else "Nothing was moved there."
    return {SAID: _said(sentence), CONTENT: show(versions, user), SEEN: _seen(versions, uploaded)}


def acted(
    versions: VersionServices,
    user: User,
    button: Mapping[str, str],
    why: str | None,
    count: str | None,
    uploaded: str | None = None,
) -> Values:
    """Do what a button says, and show what came of it; `uploaded` is what `changed` is told of, too."""
    sentence = act(versions, user, button, why, count)
    return {SAID: _said(sentence), CONTENT: show(versions, user), SEEN: _seen(versions, uploaded)}


def cancel(versions: VersionServices, user: User, job_id: str) -> list[Component]:
    """End a rehearsal, and show those that go on."""
    versions.rehearsals.cancel(job_id, user)
    return rehearsals.progress(user, versions.rehearsals.jobs())


def register(app: Dash, versions: VersionServices) -> None:
    """Bind the page."""
    _register_showing(app, versions)
    _register_acting(app, versions)


def _register_showing(app: Dash, versions: VersionServices) -> None:
    @app.callback(
        output=outputs({**dict.fromkeys((SAID, CONTENT, PROGRESS), "children"), SEEN: "data"}),
        inputs=[Input(TICK, "n_intervals"), Input(UPLOADED, "data"), State(SEEN, "data")],
    )
    def _show(_: int | None, uploaded: str | None, seen: str | None) -> Values:
        return changed(versions, require(Permission.SEE_MODELS), uploaded, seen)

    @app.callback(
        output=outputs({SAID: "children", CONTENT: "children", SEEN: "data"}, again=True),
        inputs=[Input(LOOK, "n_clicks"), State(UPLOADED, "data")],
        prevent_initial_call=True,
    )
    def _look(clicks: int | None, uploaded: str | None) -> Values:
        user = require(Permission.PROMOTE)
        clicked(clicks)
        return look(versions, user, uploaded)


def _register_acting(app: Dash, versions: VersionServices) -> None:
    @app.callback(
        output=outputs({SAID: "children", CONTENT: "children", SEEN: "data"}, again=True),
        inputs=[
            Input({"type": ACT, "task": ALL, "version": ALL, "verb": ALL, "live": ALL}, "n_clicks"),
            State({"type": WHY, "task": ALL, "version": ALL}, "value"),
            State({"type": COUNT, "task": ALL, "version": ALL}, "value"),
            State(UPLOADED, "data"),
        ],
        prevent_initial_call=True,
        # A second click before the first is answered would only be told that there is nothing to do; and were
        # the page drawn anew in the meantime, the buttons would be others, and Dash would drop the answer.
        running=[
            (Output(CONTENT, "className"), f"{SHOWN} lb-busy", SHOWN),
            (Output(TICK, "disabled"), True, False),
        ],
    )
    def _act(
        clicks: list[int | None], _: list[str | None], __: list[str | None], uploaded: str | None
    ) -> Values:
        user, button = require(Permission.SEE_MODELS), pressed(ctx.triggered_id, [ctx.triggered[0]["value"]])
        reasons, counts, _uploaded = ctx.states_list
        reason, count = (beside(button, each, "task", "version") for each in (reasons, counts))
        return acted(versions, user, button, reason, count, uploaded)

    @app.callback(
        Output(PROGRESS, "children", allow_duplicate=True),
        Input({"type": rehearsals.CANCEL, "job": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _cancel(clicks: list[int | None]) -> list[Component]:
        return cancel(versions, require(Permission.REHEARSE), pressed(ctx.triggered_id, clicks)["job"])


def _task(versions: VersionServices, user: User, task: str) -> Component:
    known, live = versions.registry.versions(task), versions.serving.live(task)
    history = versions.promotions.recent(task, PROMOTIONS_SHOWN)
    gates, away = _gates(versions, task, known, live)
    suspended = versions.suspensions.active(task)
    body: list[Component | None] = [_live(versions, task, known, live)]
    body += model_versions.suspended(user, suspended, live)
    body.append(_run_by(versions, task))
    troubles = (versions.serving.trouble(task), versions.registered_files.trouble(task), away)
    body += [html.P(trouble, className="lb-failed") for trouble in troubles if trouble]
    if not known:
        words = versions.registry.trouble or "No version is registered."
        body.append(html.P(words, className="text-secondary"))
    body += model_promotions.waiting(user, history, live)
    refused = model_promotions.refused(history)
    body += model_versions.cards(
        user, known, live, gates, _being_rehearsed(versions, task), suspended, refused
    )
    body.append(model_promotions.going_back(user, task, live, versions.promotions.previous(task)))
    if may(user, Permission.REGISTER_VERSIONS):
        # Without MLflow nobody knows what is registered, and nothing can be.
        shipped = versions.uploads.alternatives(task, known) if known else {}
        body += model_versions.alternatives(task, live, shipped)
        body.append(_upload(task))
    body += [_card(versions, task), model_promotions.history(history)]
    return html.Section(
        [html.H2(task_name(task)), *(part for part in body if part is not None)], className="lb-model-task"
    )


def _being_rehearsed(versions: VersionServices, task: str) -> set[str]:
    return {
        asked.version
        for asked, job in versions.rehearsals.jobs()
        if asked.task == task and not job.finished_at
    }


def _gates(
    versions: VersionServices, task: str, known: Sequence[ModelVersion], live: str | None
) -> tuple[dict[str, PromotionGateResult], str | None]:
    """The promotion gate's word on each version, or why there is none."""
    if live is None:  # the networks are still being loaded: there is nothing to compare with yet
        return {}, None
    others = [version.version for version in known if version.version != live]
    try:
        return versions.promotions.gate_results(task, others), None
    except Busy as error:
        return {}, str(error)


def _live(versions: VersionServices, task: str, known: Sequence[ModelVersion], live: str | None) -> Component:
    if live is None:
        return html.P("No version is loaded; scans of this kind wait.", className="lb-failed")
    registered = any(version.version == live for version in known)
    copy = f"Live: version {live}, from this machine's own copy."
    return html.P(html.Strong(f"Version {live} is live." if registered else copy))


def _run_by(versions: VersionServices, task: str) -> Component | None:
    choice = versions.serving.choice(task)
    if choice is None:
        return None
    return html.P(f"Run by {choice.kind.words}. {choice.why}", className="text-secondary")


def _card(versions: VersionServices, task: str) -> Component | None:
    card = versions.registry.card(task)
    if not card:
        return None
    return model_versions.folded_card("Model card of the live version", card, look="lb-card")


def _upload(task: str) -> Component:
    """A field for a zip; the browser sends it by itself, as a file may be large."""
    name = f"models-zip-{task}"
    return html.Details(
        [
            html.Summary("Register another version"),
            html.P(
                "A zip with weights.safetensors, settings.json and card.md, as training writes them. It is "
                "checked, loaded once and tried on a phantom; it serves nobody before it is promoted.",
                className="mb-2",
            ),
            html.Button(
                "Choose a zip",
                id=name,
                className="btn btn-sm btn-outline-primary lb-choose-zip",
                **data(task=task),
            ),
            html.Div(id=f"{name}-message", className="text-secondary", role="status"),
        ],
        className="lb-card",
    )


def _count(text: str | None) -> int:
    try:
        return int(text or "100")
    except ValueError:
        raise InvalidInput("A rehearsal needs a number of scans.") from None


def _said(sentence: str) -> Component:
    # Not a dbc.Alert: one that was closed once does not open again for the next sentence.
    return html.Div(sentence, className="alert alert-success py-2")
