"""A scan's results read again: the buttons, and what came of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.results import local_time
from data.records import Ingredient, IngredientState, Rerun, RerunNumbers, RerunOutcome, User
from services.measurement_words import millilitres
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.versions.reruns import RerunResult

PANEL, TICK = "rerun-panel", "rerun-tick"
AGAIN = "rerun-again"  # type of the buttons: {"type", "result"}
EVERY_MS = 1500
HEADS = {
    RerunOutcome.WAITING: "Waits to be read again",
    RerunOutcome.IDENTICAL: "Identical",
    RerunOutcome.WITHIN_LIMITS: "Within the limits",
    RerunOutcome.DIFFERENT: "Different",
    RerunOutcome.NOT_POSSIBLE: "Cannot be read again",
    RerunOutcome.FAILED: "Failed",
}
_LOOKS = {
    RerunOutcome.IDENTICAL: "lb-rerun-good",
    RerunOutcome.DIFFERENT: "lb-rerun-bad",
    RerunOutcome.NOT_POSSIBLE: "lb-rerun-bad",
    RerunOutcome.FAILED: "lb-rerun-bad",
}
_STATES = {
    IngredientState.SAME: "same",
    IngredientState.OTHER: "another one",
    IngredientState.MISSING: "missing",
    IngredientState.UNKNOWN: "not noted then",
}
_SHORT, _LONGEST = 12, 48  # letters of a hash, of words


def place() -> list[Component]:
    """Where the results stand, and what looks again while one waits."""
    return [html.Div(id=PANEL), dcc.Interval(id=TICK, interval=EVERY_MS, disabled=True)]


def panel(user: User, results: Sequence[RerunResult]) -> Component | None:
    """Every result of a scan, newest first, with a button and its reruns."""
    if not results or not may(user, Permission.RERUN_RESULTS):
        return None
    intro = "Reads a stored result again from the kept pixels, weights and decision, and compares."
    return html.Div([html.P(intro, className="text-secondary small"), *map(_result, results)])


def waits(results: Sequence[RerunResult]) -> bool:
    """Whether one of them is not done yet."""
    return any(rerun.outcome is RerunOutcome.WAITING for each in results for rerun in each.reruns)


def _result(each: RerunResult) -> Component:
    result = each.result
    made = result.provenance
    where = f" at {made.read_at}" if made.read_at else ""
    what = f"Version {made.model_version}, read{where} {local_time(result.created_at)}"
    waiting = any(rerun.outcome is RerunOutcome.WAITING for rerun in each.reruns)
    button = dbc.Button(
        "Read again and compare",
        id={"type": AGAIN, "result": result.id},
        size="sm",
        color="secondary",
        outline=True,
        disabled=waiting,
        title=f"{what}: read it again and compare",
    )
    head = html.Div([html.Span(what), button], className="lb-rerun-head")
    return html.Div([head, *(_rerun(rerun) for rerun in each.reruns)], className="lb-rerun")


def _rerun(rerun: Rerun) -> Component:
    asked = f"{local_time(rerun.asked_at)}, {rerun.asked_name}"
    strong = html.Strong(HEADS[rerun.outcome], className=_LOOKS.get(rerun.outcome))
    line = html.Div([strong, f" ({asked})"], role="status")
    if rerun.outcome is RerunOutcome.WAITING:
        return line
    report = rerun.report
    parts: list[Component] = [line, html.P(report.sentence, className="mb-1")]
    detail: list[Component] = [html.Summary("Numbers and ingredients")]
    if report.numbers is not None:
        detail.append(_table(("", "Stored", "Now"), _numbers(report.numbers)))
    if report.ingredients:
        detail.append(_table(("Ingredient", "", "Then", "Now"), map(_ingredient, report.ingredients)))
    if report.read_by:
        detail.append(html.P(f"Read now by {report.read_by}.", className="text-secondary small"))
    return html.Div([*parts, html.Details(detail)] if len(detail) > 1 else parts)


def _numbers(numbers: RerunNumbers) -> list[tuple[Component | str, ...]]:
    rows: list[tuple[Component | str, ...]] = [
        ("Probability", *(repr(value) for value in numbers.probability)),
        ("Call", *("positive" if value else "negative" for value in numbers.positive)),
        ("Threshold", *(f"{value:g}" for value in numbers.threshold)),
    ]
    if any(numbers.mask_sha256):
        rows.append(("Mask hash", *map(_hash, numbers.mask_sha256)))
    if any(value is not None for value in numbers.volume_ml):
        rows.append(("Volume", *(millilitres(value) or "" for value in numbers.volume_ml)))
    if numbers.mask_dice is not None:
        rows.append(("Dice of both masks", "", f"{numbers.mask_dice:.6f}"))
    if numbers.pixel_flips is not None:
        rows.append(("Voxels in one mask alone", "", f"{100 * numbers.pixel_flips:.4f} %"))
    if numbers.pixel_shift is not None:
        rows.append(("Mean shift of the pixels' probability", "", f"{numbers.pixel_shift:.6f}"))
    return rows


def _ingredient(each: Ingredient) -> tuple[Component | str, ...]:
    state = html.Span(_STATES[each.state], title=each.why)
    return each.name, state, _hash(each.kept), _hash(each.now)


def _hash(text: str | None) -> Component | str:
    """A hash or a long word by its beginning; the whole in its title."""
    if not text:
        return "–"
    most = _LONGEST if " " in text else _SHORT
    return html.Code(text if len(text) <= most else f"{text[:most]}…", title=text)


def _table(names: Sequence[str], rows: Iterable[Sequence[Component | str]]) -> Component:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    body = html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows])
    return html.Div(
        html.Table([head, body], className="table table-sm lb-rerun-table"), className="lb-scroll"
    )
