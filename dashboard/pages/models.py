"""The model versions: which is live and by whose word, what may follow it, and what one can do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import model_versions, rehearsals
from dashboard.components.model_versions import ACT, COUNT, WHY
from dashboard.components.results import task_name
from data.errors import Busy, InvalidInput
from data.records import Gate, ModelVersion, User
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.container import Services

CONTENT = "models-content"
PROGRESS = "models-progress"
SAID = "models-said"
SEEN = "models-seen"
TICK = "models-tick"
LOOK = "models-look"
UPLOADED = "models-uploaded"  # set by the browser when an upload was registered
EVERY_MS = 2000
PROMOTIONS_SHOWN = 30


def layout(user: User, argument: str = "") -> Component:
    """Build the page; `show` fills it."""
    hidden = "" if may(user, Permission.PROMOTE) else "d-none"
    look = dbc.Button(
        "Look in MLflow now", id=LOOK, size="sm", color="secondary", outline=True, class_name=hidden
    )
    return html.Div(
        [
            html.Div([html.H1("Models"), look], className="lb-page-head lb-wraps"),
            html.Div(id=SAID, role="status"),
            html.Div(id=PROGRESS),
            dcc.Loading(html.Div(id=CONTENT, className="lb-models"), delay_show=300),
            dcc.Store(id=SEEN),
            dcc.Store(id=UPLOADED),
            dcc.Interval(id=TICK, interval=EVERY_MS),
        ]
    )


def show(services: Services, user: User) -> list[Component]:
    """Return one section a task: what is live, what waits, every version, the card, what went before."""
    return [_task(services, user, task) for task in services.versions.registry.clinical]


def word(services: Services) -> str:
    """A word that differs whenever `show` would, of all that happens in this house."""
    lives = [services.versions.serving.live(task) or "" for task in services.versions.registry.clinical]
    decided = [
        f"{promotion.id[:8]}{promotion.state}" for promotion in services.versions.promotions.recent(limit=10)
    ]
    ran = [f"{job.id[:8]}{job.state}" for _, job in services.versions.rehearsals.jobs()]
    return ";".join([*lives, *decided, *ran])


def act(
    services: Services, user: User, pressed: Mapping[str, str], why: str | None, count: str | None
) -> str:
    """Do what a button says; returns a sentence that tells what was done."""
    task, version, live = pressed["task"], pressed["version"], pressed["live"] or None
    promotions, reason = services.versions.promotions, why or ""
    match pressed["verb"]:
        case "rehearse":
            services.versions.rehearsals.request(task, version, _count(count), user)
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


def register(app: Dash, services: Services) -> None:
    """Bind the page."""
    _register_showing(app, services)
    _register_acting(app, services)


def _register_showing(app: Dash, services: Services) -> None:
    @app.callback(
        Output(CONTENT, "children"),
        Output(PROGRESS, "children"),
        Output(SEEN, "data"),
        Input(TICK, "n_intervals"),
        Input(UPLOADED, "data"),
        State(SEEN, "data"),
    )
    def _show(_: int | None, uploaded: str | None, seen: str | None) -> tuple[Any, ...]:
        user = require(Permission.SEE_MODELS)
        now = f"{word(services)};{uploaded or ''}"
        running = rehearsals.progress(user, services.versions.rehearsals.jobs())
        return no_update if now == seen else show(services, user), running, now

    @app.callback(
        Output(SAID, "children"),
        Output(CONTENT, "children", allow_duplicate=True),
        Input(LOOK, "n_clicks"),
        prevent_initial_call=True,
    )
    def _look(clicks: int | None) -> tuple[Any, Any]:
        user = require(Permission.PROMOTE)
        if not clicks:
            return no_update, no_update
        changed = services.versions.serving.look()
        said = f"Changed: {', '.join(map(task_name, changed))}." if changed else "Nothing was moved there."
        return _said(said), show(services, user)


def _register_acting(app: Dash, services: Services) -> None:
    @app.callback(
        Output(SAID, "children", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
        Output(SEEN, "data", allow_duplicate=True),
        Input({"type": ACT, "task": ALL, "version": ALL, "verb": ALL, "live": ALL}, "n_clicks"),
        State({"type": WHY, "task": ALL, "version": ALL}, "value"),
        State({"type": COUNT, "task": ALL, "version": ALL}, "value"),
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None], _: list[str | None], __: list[str | None]) -> tuple[Any, ...]:
        user = require(Permission.SEE_MODELS)
        pressed = ctx.triggered_id
        if not pressed or not ctx.triggered[0]["value"]:
            return (no_update,) * 3
        reasons, counts = ctx.states_list
        said = act(services, user, pressed, _of(pressed, reasons), _of(pressed, counts))
        return _said(said), show(services, user), word(services)

    @app.callback(
        Output(PROGRESS, "children", allow_duplicate=True),
        Input({"type": rehearsals.CANCEL, "job": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _cancel(clicks: list[int | None]) -> Any:
        user = require(Permission.REHEARSE)
        if not ctx.triggered_id or not any(clicks):
            return no_update
        services.versions.rehearsals.cancel(ctx.triggered_id["job"], user)
        return rehearsals.progress(user, services.versions.rehearsals.jobs())


def _task(services: Services, user: User, task: str) -> Component:
    versions, live = services.versions.registry.versions(task), services.versions.serving.live(task)
    told = services.versions.promotions.recent(task, PROMOTIONS_SHOWN)
    gates, away = _gates(services, task, versions, live)
    rehearsed = {
        asked.version
        for asked, job in services.versions.rehearsals.jobs()
        if asked.task == task and not job.finished_at
    }
    body: list[Component | None] = [_live(services, task, versions, live)]
    body += [
        html.P(one, className="lb-failed") for one in (services.versions.serving.trouble(task), away) if one
    ]
    if not versions:
        body.append(
            html.P(
                services.versions.registry.trouble or "No version is registered.", className="text-secondary"
            )
        )
    body += model_versions.waiting(user, told, live)
    body += model_versions.cards(user, versions, live, gates, rehearsed)
    body.append(model_versions.going_back(user, task, live, services.versions.promotions.previous(task)))
    body.append(_upload(task) if may(user, Permission.REGISTER_VERSIONS) else None)
    body += [_card(services, task), model_versions.history(told)]
    shown = [one for one in body if one is not None]
    return html.Section([html.H2(task_name(task)), *shown], className="lb-model-task")


def _gates(
    services: Services, task: str, versions: Sequence[ModelVersion], live: str | None
) -> tuple[dict[str, Gate], str | None]:
    """The gate's word on each version, or why there is none."""
    if live is None:  # the networks are still being loaded: there is nothing to compare with yet
        return {}, None
    try:
        return services.versions.promotions.gates(
            task, [version.version for version in versions if version.version != live]
        ), None
    except Busy as error:
        return {}, str(error)


def _live(services: Services, task: str, versions: Sequence[ModelVersion], live: str | None) -> Component:
    if live is None:
        return html.P("No version is loaded; scans of this kind wait.", className="lb-failed")
    known = any(version.version == live for version in versions)
    words = f"Version {live} is live." if known else f"Live: version {live}, from this machine's own copy."
    return html.P(html.Strong(words))


def _card(services: Services, task: str) -> Component | None:
    card = services.versions.registry.card(task)
    if not card:
        return None
    told = dcc.Markdown(card, className="lb-markdown")
    return html.Details([html.Summary("Model card of the live version"), told], className="lb-card")


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
                **{"data-task": task},
            ),
            html.Div(id=f"{name}-message", className="text-secondary", role="status"),
        ],
        className="lb-card",
    )


def _of(pressed: Mapping[str, str], states: Sequence[Mapping[str, Any]]) -> str | None:
    """The value beside a button: that of the same task and version."""
    wanted = (pressed["task"], pressed["version"])
    for state in states:
        if (state["id"]["task"], state["id"]["version"]) == wanted:
            value = state.get("value")
            return None if value is None else str(value)
    return None


def _count(text: str | None) -> int:
    try:
        return int(text or "100")
    except ValueError:
        raise InvalidInput("A rehearsal needs a number of scans.") from None


def _said(sentence: str) -> Component:
    # Not a dbc.Alert: one that was closed once does not open again for the next sentence.
    return html.Div(sentence, className="alert alert-success py-2")
