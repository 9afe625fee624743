"""The registered model versions: which is live, how good it was, and its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.auth import READERS, require
from dashboard.components import metrics
from dashboard.components.results import local_time, task_name
from data.records import ModelVersion, User

if TYPE_CHECKING:
    from services.container import Services

CONTENT = "models-content"
LIVE = "champion"


def layout(user: User, argument: str = "") -> Component:
    """Build the page; `show` fills it."""
    return html.Div(
        [
            html.Div(html.H1("Models"), className="lb-page-head"),
            dcc.Loading(html.Div(id=CONTENT, className="lb-models"), delay_show=300),
        ]
    )


def show(services: Services) -> list[Component]:
    """Return one section a task: its card, and its versions, newest first."""
    return [_task(services, task) for task in services.registry.clinical]


def register(app: Dash, services: Services) -> None:
    """Bind the page."""

    @app.callback(Output(CONTENT, "children"), Input(CONTENT, "id"))
    def _show(_: str) -> list[Component]:
        require(*READERS)
        return show(services)


def _task(services: Services, task: str) -> Component:
    versions = services.registry.versions(task)
    if not versions:
        body: list[Component] = [
            html.P(services.registry.trouble or "No version is registered.", className="text-secondary")
        ]
    else:
        body = [_version(version) for version in versions]
    card = services.registry.card(task)
    if card:
        body.append(
            html.Details(
                [html.Summary("Model card"), dcc.Markdown(card, className="lb-markdown")],
                open=True,
                className="lb-card",
            )
        )
    return html.Section([html.H2(task_name(task)), *body], className="lb-model-task")


def _version(version: ModelVersion) -> Component:
    live = LIVE in version.aliases
    badges = [
        html.Span(
            "live" if alias == LIVE else alias, className="lb-badge" + (" lb-live" if alias == LIVE else "")
        )
        for alias in version.aliases
    ]
    head = html.Div(
        [
            html.Strong(f"{version.name} version {version.version}"),
            *badges,
            html.Span(f"registered {local_time(version.created_at)}", className="text-secondary"),
            html.Code(version.weights_sha256[:12], title=version.weights_sha256),
        ],
        className="lb-version-head",
    )
    parts: list[Component] = [head]
    if version.description:
        parts.append(html.P(version.description, className="mb-2"))
    parts.append(metrics.table(version.metrics))
    return html.Article(parts, className="lb-card" + (" lb-card-live" if live else ""))
