"""A rehearsal: how far it is, and what the candidate says that the champion does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.facts import p_words
from dashboard.components.results import local_time, task_name
from data.records import (
    SYNTHETIC,
    Cost,
    Job,
    JobState,
    PairedMetric,
    Rehearsal,
    RehearsedScan,
    User,
    VersionAnswer,
)
from services import addresses
from services.measurement_words import millilitres
from services.performance.metrics import figure_metric
from services.performance.number_words import gap_words, value_words
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.versions.rehearsals import RehearsalRequest

CANCEL = "rehearsal-cancel"  # type of the buttons: {"type", "job"}
PICTURED = 24

NAMES = {"recall": "Recall", "specificity": "Specificity", "dice": "Dice"}
_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


def progress(user: User, jobs: Sequence[tuple[RehearsalRequest, Job]]) -> list[Component]:
    """Rehearsals that wait or run, and the last one if it failed."""
    rows = [_under_way(user, asked, job) for asked, job in jobs if job.state in _UNFINISHED]
    if jobs and jobs[0][1].state is JobState.FAILED:
        asked, job = jobs[0]
        said = f"The rehearsal of {task_name(asked.task)} version {asked.version} failed: {job.failure}"
        rows.append(html.P(said, className="lb-failed"))
    return rows


def summary(made: Rehearsal) -> list[Component]:
    """What it comes to, in words and small tables."""
    what = f"{SYNTHETIC} scans" if made.synthetic else "scans"
    words = (
        f"{len(made.differences)} {what} read by version {made.version} beside version {made.against}, "
        f"finished {local_time(made.finished_at)}. It changes sides on {made.sides_changed}."
    )
    parts: list[Component] = [html.P(words)]
    if made.failed:
        links = [item for scan_id, why in made.failed for item in (_link(scan_id), f" {why} ")]
        parts.append(html.P([f"It could not read {len(made.failed)}: ", *links], className="lb-failed"))
    if made.trained_on:
        parts.append(html.P(_passed_over(made), className="text-secondary"))
    parts.append(_paired(made))
    costs = _costs(made)
    return parts if costs is None else [*parts, costs]


def _passed_over(made: Rehearsal) -> str:
    scans = "1 scan was" if made.trained_on == 1 else f"{made.trained_on:,} scans were"
    return f"{scans} passed over: one of the two versions was trained on these patients."


def differences(user: User, made: Rehearsal, pictures: bool) -> list[Component]:
    """Scan by scan, most disagreement first; the first ones with pictures where they are still kept."""
    if not made.differences:
        return []
    drawn = made.differences[0].overlap is not None
    legend = html.P(
        [
            html.Span(f"version {made.against}, live then", className="lb-outline-champion"),
            html.Span(f"version {made.version}, the candidate", className="lb-outline-candidate"),
        ],
        className="lb-outline-legend",
    )
    sees = may(user, Permission.SEE_SCANS)
    pictured = [
        _tile(made, difference, sees and pictures, sees) for difference in made.differences[:PICTURED]
    ]
    parts: list[Component] = [html.H2("Where they differ most"), *([legend] if drawn else [])]
    if not pictures:
        gone = "The pictures went with a later rehearsal of this version; the numbers stay."
        parts.append(html.P(gone, className="text-secondary"))
    parts.append(html.Div(pictured, className="lb-differences"))
    rest = made.differences[PICTURED:]
    if rest:
        rows = [html.Tr([html.Td(cell) for cell in _cells(difference, sees)]) for difference in rest]
        names = ["Scan", f"Version {made.against}", f"Version {made.version}", "Agreement", "Truth"]
        head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
        table = html.Table([head, html.Tbody(rows)], className="table table-sm")
        parts.append(
            html.Details([html.Summary(f"The other {len(rest)}"), html.Div(table, className="lb-scroll")])
        )
    return parts


def _under_way(user: User, asked: RehearsalRequest, job: Job) -> Component:
    words = f"{task_name(asked.task)} version {asked.version} on the last {asked.scans} scans"
    waits = job.state is JobState.QUEUED
    cells: list[Component] = [
        html.Span([html.Strong("Rehearsal: "), words]),
        dbc.Progress(
            value=round(100 * job.progress),
            label="waits" if waits else f"{round(100 * job.progress)} %",
            class_name="lb-rehearsal-bar",
        ),
    ]
    if may(user, Permission.REHEARSE):
        cells.append(
            dbc.Button(
                "Cancel", id={"type": CANCEL, "job": job.id}, size="sm", color="secondary", outline=True
            )
        )
    return html.Div(cells, className="lb-card lb-rehearsal-row")


def _paired(made: Rehearsal) -> Component:
    if not made.paired:
        nothing = "The truth of none of these scans is known, so nothing can be said of recall or Dice."
        return html.P(nothing, className="text-secondary")
    names = [
        "Where the truth is known", f"Version {made.against}", f"Version {made.version}",
        "Difference (95 % interval)", "n", "Better on", "Worse on", "p (McNemar)",
    ]  # fmt: skip
    return _table(names, [_pair(paired) for paired in made.paired])


def _pair(metric: PairedMetric) -> list[str]:
    measure = figure_metric(metric.name)
    gap, interval = gap_words(measure, metric.difference, metric.low, metric.high)
    return [
        NAMES.get(metric.name, metric.name),
        value_words(measure, metric.champion),
        value_words(measure, metric.candidate),
        f"{gap} ({interval})",
        str(metric.n),
        str(metric.better),
        str(metric.worse),
        "" if metric.p is None else p_words(metric.p),
    ]


def _costs(made: Rehearsal) -> Component | None:
    if made.champion_cost is None or made.candidate_cost is None:
        return None
    names = ["On this machine", "Time a picture (ms)", "Weights (MB)", "Memory beyond them, at most (MB)"]
    rows = [
        [f"Version {made.against}", *_cost(made.champion_cost)],
        [f"Version {made.version}", *_cost(made.candidate_cost)],
    ]
    return _table(names, rows)


def _cost(cost: Cost) -> list[str]:
    return [f"{cost.picture_ms:.1f}", f"{cost.weights_mb:.1f}", f"{cost.peak_mb:.1f}"]


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Component:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    body = html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows])
    return html.Div(html.Table([head, body], className="table table-sm"), className="lb-scroll")


def _tile(made: Rehearsal, difference: RehearsedScan, pictured: bool, sees: bool) -> Component:
    parts: list[Component] = []
    if pictured:
        source = f"/rehearsals/{made.id}/{difference.scan_id}.png"
        alt = f"Slice {difference.slice + 1}, both outlines"
        parts.append(html.Img(src=source, alt=alt))
    scan, old, new, agreement, truth = _cells(difference, sees)
    parts.append(
        html.Dl(
            [
                html.Dt("Scan"), html.Dd(scan),
                html.Dt(f"Version {made.against}"), html.Dd(old),
                html.Dt(f"Version {made.version}"), html.Dd(new),
                html.Dt("Agreement"), html.Dd(agreement),
                html.Dt("Truth"), html.Dd(truth),
            ]
        )
    )  # fmt: skip
    return html.Article(parts, className="lb-card" + (" lb-sides" if difference.sides_changed else ""))


def _cells(difference: RehearsedScan, sees: bool) -> list[Component | str]:
    agreement = "the contrary" if difference.sides_changed else "the same side"
    if difference.overlap is not None:
        agreement += f", masks overlap with Dice {difference.overlap:.2f}"
    truth = {None: "not known", True: "positive", False: "negative"}[difference.truth_positive]
    return [
        _link(difference.scan_id) if sees else difference.scan_id[:8],
        _said(difference.champion),
        _said(difference.candidate),
        agreement,
        truth,
    ]


def _said(said: VersionAnswer) -> str:
    words = f"{'positive' if said.positive else 'negative'}, {said.probability:.2f}"
    if said.volume_ml is not None:
        words += f", {millilitres(said.volume_ml)}"
    if said.truth_dice is not None:
        words += f", Dice with the truth {said.truth_dice:.2f}"
    return words


def _link(scan_id: str) -> Component:
    return dcc.Link(scan_id[:8], href=addresses.scan(scan_id))
