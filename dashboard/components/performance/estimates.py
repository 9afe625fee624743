"""What is estimated without truth on the performance page, and what reviews said of such estimates later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dash import html
from dash.development.base_component import Component

from dashboard.components.cohort.panels import number
from services.performance.estimate_records import (
    ASSUMPTIONS,
    ESTIMATED,
    LEAST_CHECKED,
    LEAST_OF_EACH,
    LEAST_PERIODS,
    NOT_TRUSTED,
    Trust,
)
from services.performance.metrics import METRICS
from services.performance.number_words import gap_words, interval_words, told_share, value_words

if TYPE_CHECKING:
    from services.performance.estimate_records import (
        CheckedPeriod,
        EstimateCheck,
        Estimated,
        EstimatedPoint,
    )
    from services.performance.metrics import Metric
    from services.performance.numbers import PerformanceQuery

WITHOUT_TRUTH = "performance-without-truth"
_CHECKED_ON = {"sample": "the random sample", "reviewed": "all that was reviewed"}
_INTERVALS = (
    "Each interval holds 95 % of what a review of all n scans would give, by chance alone, if the "
    "probabilities are right."
)
_DICE_INTERVALS = (
    "Each interval holds 95 % of what the mean of n masks would be, if single ones lie around what is "
    "expected of them as they did in validation, or, where that is not known, as widely as Dice can."
)


def panel(estimated: Estimated, asked: PerformanceQuery) -> list[Component]:
    """The estimates of the address's version, with what they rest on and how they fared."""
    metric = METRICS[estimated.metric]
    if metric.name not in ESTIMATED:
        return [html.P(_not_estimated(metric), className="text-secondary mb-0")]
    check = estimated.check(asked.version, asked.synthetic)
    points = [
        point
        for point in estimated.points
        if (point.version, point.synthetic) == (asked.version, asked.synthetic)
    ]
    if check is None or not points:
        return [html.P("This version has read nothing here yet.", className="text-secondary mb-0")]
    said = f"{_INTERVALS if metric.name != 'dice' else _DICE_INTERVALS} {calibration_words(metric, points)}"
    parts: list[Component] = [html.P(ASSUMPTIONS), verdict(check, metric)]
    if check.trust is not Trust.FAILS:
        parts += [html.P(said, className="text-secondary"), _table(metric, points)]
    if check.periods:
        parts += [html.H3("Estimated, and what reviews said of the same scans"), _compared(metric, check)]
    return parts


def verdict(check: EstimateCheck, metric: Metric) -> Component:
    """Whether the estimates may be believed here, with the coverage that says so."""
    n = len(check.periods)
    if check.trust is Trust.UNCHECKED:
        words = (
            f"Not proved here yet: {_comparisons(n)} so far, and {LEAST_PERIODS} are needed. One takes a "
            f"month, or several joined, with {LEAST_CHECKED} judged scans that {_in_sentence(metric)} is "
            "counted of."
        )
        return html.P(words, className="lb-estimate-verdict")
    coverage = (
        f"the reviewed value lay within the estimate's interval in {check.inside} of {n} comparisons "
        f"or {told_share(check.coverage)}, where 95 % are to be expected; checked on "
        f"{_CHECKED_ON[check.part]}."
    )
    if check.trust is Trust.FAILS:
        words = f"These estimates cannot be trusted here and are not drawn: {coverage}"
        return html.Div(words, className="lb-warning lb-estimate-verdict", role="status")
    return html.P(f"Past estimates held: {coverage}", className="lb-estimate-verdict")


def calibration_words(metric: Metric, points: Sequence[EstimatedPoint]) -> str:
    """On what the probabilities were calibrated."""
    if metric.name == "dice":
        return "Expected Dice is as the version came with it."
    newest = max(points, key=lambda point: point.month)
    if not newest.calibrated_on:
        return (
            "Probabilities are as the version came with them: too few scans of the random sample are judged "
            f"to correct them on the house's own ({LEAST_OF_EACH} with and {LEAST_OF_EACH} without the "
            "finding are needed)."
        )
    when = f" before {newest.month}" if newest.month else ""
    return (
        "Probabilities are corrected on the house's own random sample: "
        f"{number(newest.calibrated_on)} judged scans{when}. Earlier months are corrected on fewer, or not "
        "at all, as the table says."
    )


def _not_estimated(metric: Metric) -> str:
    named = ", ".join(METRICS[name].label for name in METRICS if name in ESTIMATED)
    return f"{metric.label} is not estimated without truth. These are: {named}."


def _comparisons(n: int) -> str:
    return "no comparison" if not n else f"{n} comparison{'' if n == 1 else 's'} with reviews"


def _in_sentence(metric: Metric) -> str:
    if metric.name in ("dice", "f1"):  # names
        return metric.label
    return metric.label[0].lower() + metric.label[1:]


def _table(metric: Metric, points: Sequence[EstimatedPoint]) -> Component:
    names = ["Month", f"{metric.label}, estimated", "95 % interval", "n", "Probabilities"]
    rows = [_row(metric, point) for point in sorted(points, key=lambda point: point.month, reverse=True)]
    return _whole(names, rows)


def _row(metric: Metric, point: EstimatedPoint) -> list[str]:
    figure = point.figure
    told = [value_words(metric, figure.value), interval_words(metric, figure.low, figure.high)]
    if point.withheld:
        words = "not to be trusted" if point.withheld == NOT_TRUSTED else f"too few (n = {number(figure.n)})"
        told = [words, "–"]
    by = f"corrected on {number(point.calibrated_on)}" if point.calibrated_on else "as the version came"
    return [point.month or "all", *told, number(figure.n), by]


def _compared(metric: Metric, check: EstimateCheck) -> Component:
    names = [
        *("Months", "Estimated", "95 % interval", "Reviewed", "95 % interval", "n"),
        *("Reviewed minus estimated", "95 % interval", "Within the estimate's interval"),
    ]
    return _whole(names, [_period(metric, period) for period in reversed(check.periods)])


def _period(metric: Metric, period: CheckedPeriod) -> list[str | Component]:
    cells: list[str | Component] = [period.words]
    for figure in (period.estimated, period.reviewed):
        cells += [value_words(metric, figure.value), interval_words(metric, figure.low, figure.high)]
    gap = period.gap
    inside = "yes" if period.inside else html.Span("no", className="lb-past")
    return [*cells, number(gap.n), *gap_words(metric, gap.value, gap.low, gap.high), inside]


def _whole(names: Sequence[str], rows: Sequence[Sequence[str | Component]]) -> Component:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    body = html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows])
    table = html.Table([head, body], className="table table-sm lb-numbers")
    return html.Div(table, className="lb-scroll", tabIndex=0)
