"""A drift run in words and tables: verdict, features, runs, two runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.facts import p_words
from dashboard.components.icons import icon
from dashboard.components.results import local_time
from data.records import SYNTHETIC, DriftRun, ReportKind, RunState, Severity
from services import addresses
from services.addresses import DriftAddress, ReportsAddress
from services.drift.charts import (
    Pair,
    beside_headline,
    distance,
    distribution,
    effect_words,
    facts,
    headline,
    picture,
)
from services.drift.influential_scans import EMBEDDING, OVERALL

SEVERITIES = {
    Severity.CALM: ("Calm", "lb-calm", "bi-check-circle"),
    Severity.TOO_FEW: ("Too few", "lb-few", "bi-hourglass"),
    Severity.NOT_JUDGED: ("No alarm", "lb-few", "bi-info-circle"),
    Severity.WARNING: ("Warning", "lb-warning", "bi-exclamation-triangle"),
    Severity.CRITICAL: ("Critical", "lb-critical", "bi-exclamation-octagon"),
}
STATES = {
    "drifted": "drifted", "steady": "steady", "too-few": "too few", "not-compared": "not compared",
}  # fmt: skip


PICTURED = 4
"""So many features are pictured below the verdict."""


def badge(severity: Severity) -> Component:
    """A severity as a word on its colour."""
    words, look, sign = SEVERITIES[severity]
    return html.Span([icon(sign, "me-1"), words], className=f"lb-severity {look}")


def waiting(run: DriftRun, progress: float | None) -> Component:
    """A run that is not done."""
    percent = round(100 * (progress or 0.0))
    said = aria(valuenow=str(percent), label="Progress")
    bar = html.Div(className="progress-bar", style={"width": f"{max(percent, 3)}%"})
    return html.Div(
        [
            html.P(f"Comparing {percent} % …" if percent else "Waiting for its turn …", className="mb-2"),
            html.Div(bar, className="progress", role="progressbar", **said),
        ],
        className="lb-card",
    )  # fmt: skip


def failed(run: DriftRun) -> Component:
    """A run that came to nothing."""
    return html.Div(
        [html.H2("This run failed."), html.P(run.failure or "Nobody knows why.")], className="lb-card"
    )


def nothing(may_run: bool) -> Component:
    """No run yet."""
    said = "Choose a window below and compare it." if may_run else "Nobody has compared anything yet."
    return html.Div(
        [icon("bi-activity", "lb-empty-icon"), html.H2("No drift run yet."), html.P(said)],
        className="lb-empty",
    )


def verdict(snapshot: Mapping[str, Any], offers_retraining: bool) -> Component:
    """What changed, against what, of how many, in one sentence; what else was seen below it.

    `offers_retraining`: with the way to the page on which a retraining is begun.
    """
    synthetic = [html.Span(SYNTHETIC, className="lb-synthetic")] if snapshot["synthetic"] else []
    shown = badge(Severity(snapshot["severity"]))
    return html.Div(
        [
            html.P([shown, *synthetic, html.Strong(headline(snapshot))], className="lb-lead"),
            *(html.P(line) for line in beside_headline(snapshot)),
            html.P(dcc.Link("Retrain", href=addresses.RETRAININGS)) if offers_retraining else None,
        ],
        className="lb-card",
    )


def worst(run: DriftRun, snapshot: Mapping[str, Any]) -> Component | None:
    """Pictures of the features that are farthest from the reference; each leads to its scans."""
    pictured = [feature for feature in snapshot["features"] if feature["effect"] is not None][:PICTURED]
    if not pictured:
        return None
    links = [_link(run, OVERALL, "Scans least like the reference", None)]
    if snapshot["embedding"] is not None:
        links.append(_link(run, EMBEDDING, "The same by embedding", None))
    words = "What drifted the most" if pictured[0]["drifted"] else "The farthest from the reference"
    return html.Div(
        [
            html.Div([html.H2(words), *links], className="lb-section-head"),
            html.Div([_pictured(run, feature) for feature in pictured], className="lb-charts lb-worst"),
        ]
    )


def _pictured(run: DriftRun, feature: Mapping[str, Any]) -> Component:
    p = feature["p_corrected"]
    said = f"{effect_words(feature)}, p {'unknown' if p is None else p_words(p)}"
    name = dcc.Link(feature["title"], href=str(DriftAddress(run.task, run.id, feature["name"])))
    state = html.Span(STATES[feature["status"]], className="lb-state" + " lb-drifted" * feature["drifted"])
    graph = dcc.Graph(
        figure=distribution(feature),
        config={"displayModeBar": False, "staticPlot": True},
        className="lb-graph",
    )
    return html.Figure(
        [html.Figcaption([name, " ", state]), graph, html.P(said, className="text-secondary")],
        className="lb-card lb-chart",
    )


def caveats(snapshot: Mapping[str, Any]) -> Component:
    """What one must know of the numbers: notes, what was compared, how a feature is judged; folded."""
    notes = [html.Li(note) for note in snapshot["notes"]]
    known = {"Severity", "Notice", SYNTHETIC, "Task"}
    told = [(label, value) for label, value in facts(snapshot) if label not in known]
    refusals = snapshot["refusals"]
    if refusals["share"]["value"] is not None:
        told.append(("Refused meanwhile", f"{refusals['refused']:,} files or series, whatever the task"))
    known_of_it = [part for label, value in told for part in (html.Dt(label), html.Dd(value))]
    count = f" ({len(notes)} {'note' if len(notes) == 1 else 'notes'})" if notes else ""
    return html.Details(
        [
            html.Summary(f"Caveats and method{count}"),
            html.Ul(notes, className="lb-notes") if notes else None,
            html.Dl(known_of_it, className="lb-facts"),
            _method(snapshot),
        ],
        className="lb-card",
    )


def _method(snapshot: Mapping[str, Any]) -> Component:
    limits = snapshot["limits"]
    return html.P(
        f"A feature drifted where its distance is {limits['effect']} or more and its p, corrected "
        f"for the number of features (Benjamini-Hochberg), is below {limits['p']}. Distance of "
        "numbers: Wasserstein, in standard deviations (SD) of the reference; of names: "
        "Jensen-Shannon (JS), at most 0.83. Both are Evidently's. Reference and window: median and "
        "the middle half, or the most frequent name. Features with a limit of their own are named "
        "in the notes.",
        className="text-secondary",
    )


def downloads(run: DriftRun, has_truth: bool, may_see_few: bool) -> Component:
    """The run as files: for handing on, and for the house where the person may see numbers of few."""
    look = "btn btn-sm btn-outline-primary"
    title = "To hand on: numbers that stand for fewer than 5 patients are withheld"
    links: list[Component] = [
        html.A(words, href=f"/drift/{run.id}/{file}", download="", className=look, title=title)
        for words, file in (("JSON", "snapshot.json"), ("HTML", "drift.html?download"))
    ]
    report = str(ReportsAddress(ReportKind.DRIFT, {"run": run.id}))
    links.append(dcc.Link("PDF report", href=report, className=look))
    house = [_for_the_house(run, has_truth)] if may_see_few else []
    return html.Div([*links, *house], className="lb-exports")


def _for_the_house(run: DriftRun, has_truth: bool) -> Component:
    look = "btn btn-sm btn-outline-secondary"
    files = [("JSON", "snapshot.json?audience=inside"), ("HTML", "drift.html?download&audience=inside")]
    if has_truth:
        files.append(("HTML, classification", "truth.html?download&audience=inside"))
    links = [
        html.A(words, href=f"/drift/{run.id}/{file}", download="", className=look) for words, file in files
    ]
    words = html.P("Every number, also of fewer than 5 patients. Not to be handed on.")
    return html.Details([html.Summary("For the house"), words, *links], className="lb-house-files")


def features(run: DriftRun, snapshot: Mapping[str, Any], chosen: str | None) -> Component:
    """Every feature, the drifted ones first; each leads to its scans."""
    head = ["Feature", "Reference and window", "Reference", "Window", "Distance", "p, corrected", ""]
    rows = [_feature(run, feature, chosen) for feature in snapshot["features"]]
    table = html.Table(
        [html.Thead(html.Tr([html.Th(name, scope="col") for name in head])), html.Tbody(rows)],
        className="table table-sm lb-features",
    )
    return html.Details(
        [html.Summary(f"All {len(rows)} features"), html.Div(table, className="lb-scroll")],
        className="lb-card",
    )


def runs(known: Sequence[DriftRun], shown: str | None, other: str | None) -> Component:
    """The runs as a table; each opens, and stands beside the one that is shown."""
    head = ["When", "", "Reference", "Window", "Version", "Drifted", ""]
    rows = [_run(listed, shown, other) for listed in known]
    table = html.Table(
        [html.Thead(html.Tr([html.Th(listed, scope="col") for listed in head])), html.Tbody(rows)],
        className="table table-sm",
    )
    words = f"Runs ({len(known)})"
    return html.Details([html.Summary(words), html.Div(table, className="lb-scroll")], className="lb-card")


def pairs(compared: Sequence[Pair], first: DriftRun, second: DriftRun) -> Component:
    """Two runs side by side."""
    head = ["Feature", local_time(first.created_at), local_time(second.created_at), "Change"]
    rows = []
    for pair in compared:
        before, after = pair.effects
        change = "–" if before is None or after is None else f"{after - before:+.2f}"
        cells = [_effect(*told) for told in zip(pair.effects, pair.drifted, strict=True)]
        rows.append(html.Tr([html.Td(pair.title), *cells, html.Td(change)]))
    table = html.Table(
        [html.Thead(html.Tr([html.Th(pair, scope="col") for pair in head])), html.Tbody(rows)],
        className="table table-sm",
    )
    said = []
    for run in (first, second):
        if run.severity is not None:
            words = f"{run.drifted} of {run.watched} features, against {run.reference_name}"
            said.append(html.P([badge(run.severity), f" {local_time(run.created_at)}: {words}"]))
    return html.Div(
        [html.H2("Two runs side by side"), *said, html.Div(table, className="lb-scroll")], className="lb-card"
    )


def frames(run: DriftRun, has_truth: bool) -> Component:
    """Evidently's own pages; they are fetched when they are opened."""
    shown = [("drift", "Evidently's own report")]
    if has_truth:
        shown.append(("truth", "Evidently's report on classification"))
    return html.Div(
        [
            html.Details(
                [
                    html.Summary(words),
                    html.Iframe(
                        src=f"/drift/{run.id}/{page}.html", title=words, className="lb-frame",
                        sandbox="allow-scripts",
                    ),
                ],
                className="lb-card",
            )
            for page, words in shown
        ]
    )  # fmt: skip


def _feature(run: DriftRun, feature: Mapping[str, Any], chosen: str | None) -> Component:
    look = " ".join(
        name
        for name, on in (("lb-drifted", feature["drifted"]), ("lb-chosen", feature["name"] == chosen))
        if on
    )
    unit = f" {feature['unit']}" if feature["unit"] else ""
    title = dcc.Link(
        feature["title"], href=str(DriftAddress(run.task, run.id, feature["name"])), title=feature["meaning"]
    )
    p = feature["p_corrected"]
    return html.Tr(
        [
            html.Td(title),
            html.Td(html.Img(src=picture(feature), alt="", className="lb-spark")),
            html.Td(usual(feature["reference"], unit)),
            html.Td(usual(feature["current"], unit)),
            html.Td(distance(feature)),
            html.Td("–" if p is None else p_words(p)),
            html.Td(STATES[feature["status"]], className="lb-state"),
        ],
        className=look,
    )


def usual(side: Mapping[str, Any], unit: str) -> str:
    """A side's median with its middle half, or its most frequent name."""
    if side.get("median") is not None:
        return f"{figure(side['median'])}{unit} ({figure(side['q25'])} to {figure(side['q75'])})"
    if side.get("top") is not None:
        return f"{side['top']} ({100 * side['share']:.0f} %)"
    return "–"


def figure(value: float) -> str:
    """A number with three digits that say something, and never an exponent that people must read."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _run(listed: DriftRun, shown: str | None, other: str | None) -> Component:
    if listed.state is RunState.DONE and listed.severity is not None:
        state: Any = badge(listed.severity)
    else:
        state = {RunState.WAITING: "running", RunState.FAILED: "failed"}.get(listed.state, "")
    beside: Any = ""
    if listed.state is RunState.DONE and shown is not None and listed.id not in (shown, other):
        beside = dcc.Link("compare", href=str(DriftAddress(listed.task, shown, vs=listed.id)))
    return html.Tr(
        [
            html.Td(dcc.Link(local_time(listed.created_at), href=str(DriftAddress(listed.task, listed.id)))),
            html.Td(state),
            html.Td(listed.reference_name),
            html.Td("" if listed.current_n is None else f"n = {listed.current_n:,}"),
            html.Td(listed.version or ""),
            html.Td("" if listed.drifted is None else f"{listed.drifted} of {listed.watched}"),
            html.Td(beside),
        ],
        className="lb-chosen" if listed.id == shown else "",
    )


def _effect(effect: float | None, drifted: bool) -> Component:
    return html.Td("–" if effect is None else f"{effect:.2f}", className="lb-drifted-cell" if drifted else "")


def _link(run: DriftRun, feature: str, words: str, chosen: str | None) -> Component:
    look = "btn btn-sm " + ("btn-primary" if feature == chosen else "btn-outline-primary")
    return dcc.Link(words, href=str(DriftAddress(run.task, run.id, feature)), className=look)


def feature_head(run: DriftRun, feature: Mapping[str, Any] | None, name: str) -> list[Component]:
    """A feature's name, what it means, and the way back."""
    back = dcc.Link(
        "Close", href=str(DriftAddress(run.task, run.id)), className="btn btn-sm btn-outline-secondary"
    )
    if feature is None:
        titles = {OVERALL: "All features together", EMBEDDING: "Embedding"}
        return [html.H2(titles.get(name, name)), back]
    said = [feature["meaning"]] if feature["meaning"] else []
    said.append(f"{feature['status'].capitalize()}: distance {effect_words(feature)}.")
    return [html.H2(feature["title"]), html.Span(" ".join(said), className="text-secondary"), back]
