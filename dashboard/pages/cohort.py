"""The cohort page: what came through the house, for any choice of filters that its address holds.

The address is the only state: controls and clicks on charts change it, everything else is drawn
from it, so that a link shows the same view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import cohort_filters, cohort_panels
from dashboard.components.cohort_filters import CONTROLS
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

LOCATION = "location"
TOTAL = "cohort-total"
TILES = "cohort-tiles"
CHIPS = "cohort-chips"
EXPORTS = "cohort-exports"
EMPTY = "cohort-empty"
BODY = "cohort-body"
AGREEMENT = "cohort-agreement"
REFUSED = "cohort-refused"
COMPARISON = "cohort-comparison"
COMPARE = "cohort-compare"
VIEWS = "cohort-views"
VIEW_NAME = "cohort-view-name"
VIEW_SAVE = "cohort-view-save"
VIEW_DELETE = "cohort-view-delete"
VIEW_SAID = "cohort-view-said"

CHARTS = {  # name -> heading; wide ones take the whole row
    "time": "Scans over time",
    "task": "Scans by task",
    "site": "Scans by site",
    "scanner": "Scans by scanner",
    "age": "Positive by age, with 95 % interval",
    "sex": "Positive by sex, with 95 % interval",
    "version": "Positive by model version, with 95 % interval",
    "size": "Tumour volume",
    "size_by_site": "Tumour volume by site",
    "size_by_scanner": "Tumour volume by scanner",
    "place": "Where the largest lesions lie",
    "chance": "Probability",
    "review": "Reviews",
    "truth": "AI against the truth",
    "refusals": "Refusals by reason",
    "refusals_by_scanner": "Refusals by scanner",
}
WIDE = {"time"}


def graph_id(name: str) -> str:
    """The id of a chart."""
    return f"cohort-graph-{name.replace('_', '-')}"


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what it shows comes from its address."""
    return html.Div(
        [
            html.Div(
                [html.H1("Cohort"), html.Span(id=TOTAL, className="lb-total"), html.Div(id=EXPORTS)],
                className="lb-page-head",
            ),
            cohort_filters.bar(),
            _views(),
            html.Div(id=CHIPS, className="lb-chips"),
            html.Div(id=TILES, className="lb-tiles"),
            html.Div(id=EMPTY),
            html.Div(_body(), id=BODY),
            html.Div(id=REFUSED),
        ],
        className="lb-cohort",
    )


def _body() -> list[Component]:
    charts = [_chart(name, heading) for name, heading in CHARTS.items()]
    comparing = html.Div(_compare_buttons(), className="lb-compare")
    return [
        html.Div(charts, className="lb-charts"),
        html.Div(id=AGREEMENT),
        html.Section([comparing, html.Div(id=COMPARISON)]),
    ]


def show(services: Services, user: User, search: str | None) -> dict[str, Any]:
    """Everything that an address shows, by the id of the component it goes to.

    Raises InvalidInput for an address that filters by what does not exist.
    """
    asked = services.cohort.numbers.asked(search or "")
    found = services.cohort.numbers.cohort(asked.filters)
    figures = services.cohort.numbers.charts(found)
    return {
        TOTAL: cohort_panels.total_words(found),
        EXPORTS: cohort_panels.exports(asked.query),
        CHIPS: cohort_panels.chips(found.filters, asked.vs),
        TILES: cohort_panels.tiles(found, services.cohort.numbers.query_of),
        EMPTY: cohort_panels.nothing() if not found.scans.n else None,
        BODY: "" if found.scans.n else "lb-hidden",
        AGREEMENT: cohort_panels.agreement(found),
        REFUSED: cohort_panels.refused(found, services.cohort.numbers.refusals(asked.filters), user),
        COMPARISON: _comparison(services, asked.filters, asked.vs),
        **{graph_id(name): figures[name] for name in CHARTS},
    }


def register(app: Dash, services: Services) -> None:
    """Bind the page."""
    children = [TOTAL, EXPORTS, CHIPS, TILES, EMPTY, AGREEMENT, REFUSED, COMPARISON]

    @app.callback(
        *(Output(name, "children") for name in children),
        Output(BODY, "className"),
        *(Output(graph_id(name), "figure") for name in CHARTS),
        Input(LOCATION, "search"),
    )
    def _show(search: str | None) -> tuple[Any, ...]:
        shown = show(services, require(Permission.SEE_STATISTICS), search)
        names = [*children, BODY, *(graph_id(name) for name in CHARTS)]
        return tuple(shown[name] for name in names)

    @app.callback(
        *(Output(control.id, part) for control in CONTROLS for part in ("options", "value")),
        Output(cohort_filters.FIRST, "value"),
        Output(cohort_filters.LAST, "value"),
        Input(LOCATION, "search"),
    )
    def _controls(search: str | None) -> tuple[Any, ...]:
        require(Permission.SEE_STATISTICS)
        asked = services.cohort.numbers.asked(search or "")
        return cohort_filters.values(services.cohort.numbers.choices(), asked.filters)

    _register_address(app)
    _register_views(app, services)


def _register_address(app: Dash) -> None:
    """What changes the address: controls, clicks on charts, the comparison's buttons."""
    app.clientside_callback(
        ClientsideFunction("lightbox", "cohortControls"),
        Output(LOCATION, "search", allow_duplicate=True),
        *(Input(control.id, "value") for control in CONTROLS),
        Input(cohort_filters.FIRST, "value"),
        Input(cohort_filters.LAST, "value"),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("lightbox", "cohortClick"),
        Output(LOCATION, "href", allow_duplicate=True),
        *(Input(graph_id(name), "clickData") for name in CHARTS),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("lightbox", "cohortCompare"),
        Output(LOCATION, "search", allow_duplicate=True),
        *(Input(f"{COMPARE}-{act}", "n_clicks") for act in COMPARE_ACTS),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )


def _register_views(app: Dash, services: Services) -> None:
    @app.callback(
        Output(VIEWS, "options"),
        Output(VIEW_SAID, "children"),
        Output(VIEW_NAME, "value"),
        Input(VIEW_SAVE, "n_clicks"),
        Input(VIEW_DELETE, "n_clicks"),
        State(VIEW_NAME, "value"),
        State(VIEWS, "value"),
        State(LOCATION, "search"),
    )
    def _save(
        save: int | None, delete: int | None, name: str | None, chosen: str | None, search: str | None
    ) -> tuple[Any, ...]:
        user, said, typed = require(Permission.SEE_STATISTICS), "", name
        if ctx.triggered_id == VIEW_SAVE:
            kept = services.cohort.views.save(name or "", search or "", user)
            said, typed = f"Saved as “{kept.name}”.", ""
        elif ctx.triggered_id == VIEW_DELETE and chosen:
            services.cohort.views.delete(chosen, user)
            said = "Deleted."
        options = [{"label": view.name, "value": view.id} for view in services.cohort.views.all()]
        return options, said, typed

    @app.callback(
        Output(LOCATION, "search", allow_duplicate=True), Input(VIEWS, "value"), prevent_initial_call=True
    )
    def _open(chosen: str | None) -> Any:
        require(Permission.SEE_STATISTICS)
        return f"?{services.cohort.views.get(chosen).query}" if chosen else no_update


COMPARE_ACTS = {"keep": "Keep as second cohort", "swap": "Swap the two", "end": "End the comparison"}


def _comparison(services: Services, filters: Any, vs: str | None) -> Component | None:
    if vs is None:
        return None
    other = services.cohort.numbers.asked(vs).filters
    found = services.cohort.comparison.compare(filters, other)
    return cohort_panels.comparison(found, filters, other)


def _compare_buttons() -> list[Component]:
    return [
        html.H2("Two cohorts side by side"),
        *(
            html.Button(words, id=f"{COMPARE}-{act}", className="btn btn-sm btn-outline-primary")
            for act, words in COMPARE_ACTS.items()
        ),
    ]


def _views() -> Component:
    label = html.Label("Saved views", htmlFor=VIEWS, className="visually-hidden")
    named = html.Label("Name of this view", htmlFor=VIEW_NAME, className="visually-hidden")
    return html.Div(
        [
            label,
            dcc.Dropdown(id=VIEWS, placeholder="Saved views", className="lb-view-choice"),
            html.Button("Delete", id=VIEW_DELETE, className="btn btn-sm btn-outline-secondary"),
            named,
            dcc.Input(id=VIEW_NAME, placeholder="Name of this view", maxLength=60, className="form-control"),
            html.Button("Save view", id=VIEW_SAVE, className="btn btn-sm btn-outline-primary"),
            html.Span(id=VIEW_SAID, className="text-secondary", role="status"),
        ],
        className="lb-views",
    )


def _chart(name: str, heading: str) -> Component:
    graph = dcc.Graph(id=graph_id(name), config={"displayModeBar": False}, className="lb-graph")
    return html.Figure(
        [html.Figcaption(heading), graph], className="lb-card lb-chart" + (" lb-wide" if name in WIDE else "")
    )
