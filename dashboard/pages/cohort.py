"""The cohort page: what came through the house, for any choice of filters that its address holds.

The address is the only state: controls and clicks on charts change it, everything else is drawn
from it, so that a link shows the same view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components.cohort import filters as cohort_filters
from dashboard.components.cohort import panels as cohort_panels
from dashboard.components.cohort.filters import CONTROLS
from dashboard.components.folds import fold
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, outputs
from dashboard.departments import department_names
from data.errors import InvalidInput
from data.records import User
from services.cohort.filters import of_kind, of_made_scans
from services.permissions import Permission, may
from services.task_words import MEASURED_VOLUME

if TYPE_CHECKING:
    from services.assembly.cohort import CohortServices
    from services.cohort.filters import Query

TOTAL = "cohort-total"
TILES = "cohort-tiles"
MORE_TILES = "cohort-more-tiles"
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
    "size": MEASURED_VOLUME.capitalize(),
    "size_by_site": f"{MEASURED_VOLUME.capitalize()} by site",
    "size_by_scanner": f"{MEASURED_VOLUME.capitalize()} by scanner",
    "place": "Where the largest lesions lie",
    "chance": "Probability",
    "review": "Reviews",
    "truth": "AI against the truth",
    "refusals": "Refusals by reason",
    "refusals_by_scanner": "Refusals by scanner",
}
WIDE = {"time"}
FIRST = ("time", "site", "age", "size")
"""What is seen without opening anything; the other charts stand in folds."""

FOLDS = {  # key -> heading and charts
    "origins": ("Tasks and scanners", ("task", "scanner")),
    "positives": ("Positive by sex and by model version", ("sex", "version")),
    "lesions": (
        "Volume by site and scanner, and where lesions lie",
        ("size_by_site", "size_by_scanner", "place"),
    ),
    "answers": ("Probability, reviews, AI against the truth", ("chance", "review", "truth")),
    "refusals": ("Refusals by reason and scanner", ("refusals", "refusals_by_scanner")),
}
OTHER_FOLDS = ("files", "filters", "more", "compare")
COMPARE_ACTS = {"keep": "Keep as second cohort", "swap": "Swap the two", "end": "End the comparison"}


def graph_id(name: str) -> str:
    """The id of a chart."""
    return f"cohort-graph-{name.replace('_', '-')}"


def fold_id(key: str) -> str:
    """The id of a fold; whether it is open is kept by the tab (folds.js)."""
    return f"cohort-fold-{key}"


SHOWN = {
    **dict.fromkeys(
        (TOTAL, EXPORTS, CHIPS, TILES, MORE_TILES, EMPTY, AGREEMENT, REFUSED, COMPARISON), "children"
    ),
    BODY: "className",
    **{graph_id(name): "figure" for name in CHARTS},
}


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what it shows comes from its address."""
    return html.Div(
        [
            html.Div(
                [
                    html.H1("Cohort"),
                    html.Span(id=TOTAL, className="lb-total"),
                    _fold("files", "Files and reports", html.Div(id=EXPORTS)),
                ],
                className="lb-page-head",
            ),
            _fold("filters", "Filters and saved views", cohort_filters.bar(), _views(user)),
            html.Div(id=CHIPS, className="lb-chips"),
            html.Div(id=TILES, className="lb-tiles"),
            html.Div(id=EMPTY),
            html.Div(_body(), id=BODY),
            html.Div(id=REFUSED),
        ],
        className="lb-cohort",
    )


def _body() -> list[Component]:
    said: dict[str, Component] = {"answers": html.Div(id=AGREEMENT)}
    comparing = html.Div(_compare_buttons(), className="lb-compare")
    return [
        _charts(FIRST),
        _fold("more", "Volumes, corrections and times", html.Div(id=MORE_TILES, className="lb-tiles")),
        *(
            _fold(key, heading, _charts(names), *([said[key]] if key in said else []))
            for key, (heading, names) in FOLDS.items()
        ),
        _fold("compare", "Two cohorts side by side", comparing, html.Div(id=COMPARISON)),
    ]


def _charts(names: Sequence[str]) -> Component:
    return html.Div([_chart(name, CHARTS[name]) for name in names], className="lb-charts")


def _fold(key: str, heading: str, *content: Component) -> Component:
    return fold(fold_id(key), heading, *content, look=f"lb-fold-{key}")


def show(cohort: CohortServices, user: User, search: str | None) -> Values:
    """Everything that an address shows, by the id of the component it goes to.

    Raises InvalidInput for an address that filters by what does not exist.
    """
    asked = cohort.numbers.asked(search or "")
    numbers = cohort.numbers.cohort(asked.filters, user)
    figures = cohort.numbers.charts(numbers)
    others = of_kind(numbers.filters, made=not of_made_scans(numbers.filters))
    return {
        TOTAL: [
            *cohort_panels.total_words(numbers),
            *(f" · {name}" for name in department_names()),
            *cohort_panels.kind_switch(others, cohort.numbers.total(others, user), cohort.numbers.query_of),
        ],
        EXPORTS: cohort_panels.exports(asked.query, user),
        CHIPS: cohort_panels.chips(numbers.filters, asked.vs),
        TILES: cohort_panels.tiles(numbers, cohort.numbers.query_of),
        MORE_TILES: cohort_panels.more_tiles(numbers, cohort.numbers.query_of),
        EMPTY: cohort_panels.nothing() if not numbers.scans.n else None,
        BODY: "" if numbers.scans.n else "lb-hidden",
        AGREEMENT: cohort_panels.agreement(numbers),
        REFUSED: cohort_panels.refused(numbers, cohort.numbers.refusals(asked.filters), user),
        COMPARISON: _comparison(cohort, user, asked.filters, asked.vs),
        **{graph_id(name): figures[name] for name in CHARTS},
    }


def controls(cohort: CohortServices, user: User, search: str | None) -> Values:
    """What the menus offer, and what an address has chosen in them."""
    return cohort_filters.values(cohort.numbers.choices(user), cohort.numbers.asked(search or "").said)


def save_view(cohort: CohortServices, user: User, name: str | None, search: str | None) -> Values:
    """Keep an address under a name."""
    kept = cohort.views.save(name or "", search or "", user)
    return _views_shown(cohort) | {VIEW_SAID: f"Saved as “{kept.name}”.", VIEW_NAME: ""}


def delete_view(cohort: CohortServices, user: User, view_id: str | None) -> Values:
    """Forget a kept address; raises InvalidInput where none is chosen."""
    if not view_id:
        raise InvalidInput("Choose the saved view that is to be deleted first.")
    cohort.views.delete(view_id, user)
    return _views_shown(cohort) | {VIEW_SAID: "Deleted."}


def view_query(cohort: CohortServices, view_id: str | None) -> str:
    """The query of a kept address."""
    if not view_id:
        raise PreventUpdate
    return f"?{cohort.views.get(view_id).query}"


def _views_shown(cohort: CohortServices) -> Values:
    options = [{"label": view.name, "value": view.id} for view in cohort.views.all()]
    return {VIEWS: options, VIEW_SAID: "", VIEW_NAME: no_update}


def register(app: Dash, cohort: CohortServices) -> None:
    """Bind the page."""

    @app.callback(output=outputs(SHOWN), inputs=[Input(LOCATION, "search")])
    def _show(search: str | None) -> Values:
        user = require(Permission.SEE_COHORT)
        with cohort.one_look():
            return show(cohort, user, search)

    @app.callback(output=outputs(cohort_filters.VALUES), inputs=[Input(LOCATION, "search")])
    def _controls(search: str | None) -> Values:
        user = require(Permission.SEE_COHORT)
        with cohort.one_look():
            return controls(cohort, user, search)

    _register_address(app)
    _register_views(app, cohort)


def _register_address(app: Dash) -> None:
    """What changes the address: controls, clicks on charts, the comparison's buttons; and the folds."""
    app.clientside_callback(
        ClientsideFunction("lightbox", "cohortFolds"),
        *(Output(fold_id(key), "open") for key in (*OTHER_FOLDS, *FOLDS)),
        Input(LOCATION, "search"),
    )
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


def _register_views(app: Dash, cohort: CohortServices) -> None:
    @app.callback(
        output=outputs({VIEWS: "options", VIEW_SAID: "children", VIEW_NAME: "value"}),
        inputs=[
            Input(VIEW_SAVE, "n_clicks"),
            Input(VIEW_DELETE, "submit_n_clicks"),
            State(VIEW_NAME, "value"),
            State(VIEWS, "value"),
            State(LOCATION, "search"),
        ],
    )
    def _change_views(
        _: int | None, __: int | None, name: str | None, chosen: str | None, search: str | None
    ) -> Values:
        user = require(Permission.SEE_COHORT)
        if ctx.triggered_id == VIEW_SAVE:
            return save_view(cohort, user, name, search)
        if ctx.triggered_id == VIEW_DELETE:
            return delete_view(cohort, user, chosen)
        return _views_shown(cohort)

    @app.callback(
        Output(LOCATION, "search", allow_duplicate=True), Input(VIEWS, "value"), prevent_initial_call=True
    )
    def _open_view(chosen: str | None) -> str:
        require(Permission.SEE_COHORT)
        return view_query(cohort, chosen)


def _comparison(cohort: CohortServices, user: User, filters: Query, vs: str | None) -> Component | None:
    if vs is None:
        return None
    other = cohort.numbers.asked(vs).filters
    return cohort_panels.comparison(cohort.comparison.compare(filters, other, user), filters, other)


def _compare_buttons() -> list[Component]:
    return [
        html.Button(words, id=f"{COMPARE}-{act}", className="btn btn-sm btn-outline-primary")
        for act, words in COMPARE_ACTS.items()
    ]


def _views(user: User) -> Component:
    """Views are everybody's: who is bound to departments has none."""
    shown = "lb-views" if may(user, Permission.SAVE_VIEWS) else "lb-views lb-hidden"
    label = html.Label("Saved views", htmlFor=VIEWS, className="visually-hidden")
    named = html.Label("Name of this view", htmlFor=VIEW_NAME, className="visually-hidden")
    return html.Div(
        [
            label,
            dcc.Dropdown(id=VIEWS, placeholder="Saved views", className="lb-view-choice"),
            dcc.ConfirmDialogProvider(
                html.Button("Delete", className="btn btn-sm btn-outline-secondary"),
                id=VIEW_DELETE,
                message="Delete this saved view, for everybody?",
            ),
            named,
            dcc.Input(id=VIEW_NAME, placeholder="Name of this view", maxLength=60, className="form-control"),
            html.Button("Save view", id=VIEW_SAVE, className="btn btn-sm btn-outline-primary"),
            html.Span(id=VIEW_SAID, className="text-secondary", role="status"),
        ],
        className=shown,
    )


def _chart(name: str, heading: str) -> Component:
    graph = dcc.Graph(id=graph_id(name), config={"displayModeBar": False}, className="lb-graph")
    return html.Figure(
        [html.Figcaption(heading), graph], className="lb-card lb-chart" + (" lb-wide" if name in WIDE else "")
    )
