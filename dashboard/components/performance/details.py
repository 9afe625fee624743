"""The lower part of the performance page: errors, thresholds, groups, cases, training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.cohort.panels import number
from dashboard.components.results import local_time
from data.records import ReadCount
from services import addresses
from services.performance.number_words import gap_words, interval_words, value_words
from services.reading_words import VERDICT_NAMES

if TYPE_CHECKING:
    from services.performance.cases import CasePage
    from services.performance.details import Errors, TrainingRun, ValidationCase
    from services.performance.metrics import Metric
    from services.performance.sampling import Proposal
    from services.statistics.scoring import Confusion
    from services.statistics.subgroups import Subgroup

CELLS = (
    ("hit", "Hits", "ill, called ill"),
    ("miss", "Misses", "ill, called healthy"),
    ("false-alarm", "False alarms", "healthy, called ill"),
    ("clear", "Right negatives", "healthy, called healthy"),
)
MOST_VALIDATION, MOST_PROPOSALS = 100, 20
LEAST = 5  # cases on either side before a gap is pointed at
WHAT_IF = ("recall", "far", "frr", "precision", "specificity", "accuracy", "f1")


def matrix(errors: Errors) -> Component:
    """The confusion matrix; each cell leads to its cases."""
    if not errors.n:
        return html.P(errors.absent, className="text-secondary")
    counts = _counts(errors.confusion)
    cells = [_cell(words, under, counts[name], errors.addresses.get(name)) for name, words, under in CELLS]
    return html.Div(
        [
            html.Div(cells, className="lb-matrix"),
            html.P(_matrix_words(errors), className="text-secondary mb-0"),
        ]
    )


def what_if(
    metrics: Mapping[str, Metric],
    now: Mapping[str, Any],
    then: Mapping[str, Any],
    before: Confusion,
    after: Confusion,
) -> Component:
    """What each number is at the threshold in force and would be at another."""
    names = ["", "Now", "At this threshold", "95 % interval", "n"]
    rows = [
        [
            html.Span(metrics[name].label, title=metrics[name].meaning),
            _value(metrics[name], now.get(name)),
            *_figure_cells(metrics[name], then.get(name)),
        ]
        for name in WHAT_IF
    ]
    was, would = _counts(before), _counts(after)
    for name, words, _ in CELLS:
        change = would[name] - was[name]
        rows.append(
            [
                words,
                number(was[name]),
                number(would[name]),
                f"{change:+d} cases" if change else "no change",
                "",
            ]
        )
    return _table(names, rows)


def groups(
    dimensions: Mapping[str, Sequence[Subgroup]], metric: Metric, titles: Mapping[str, str], link: Any
) -> Component:
    """Figures by group with the gap to all others; a gap whose interval leaves out zero stands out."""
    dimensions = {
        dimension: members
        for dimension, members in dimensions.items()
        if any(member.figures.get(metric.name) for member in members)
    }
    if not dimensions:
        return html.P(
            "There are no groups to compare: too little is known of these cases.", className="text-secondary"
        )
    names = [
        "Group",
        "Cases",
        metric.label,
        "95 % interval",
        "n",
        "Gap to the others",
        "95 % interval of the gap",
    ]
    rows = []
    for dimension, members in dimensions.items():
        rows.append(html.Tr(html.Th(titles[dimension], colSpan=len(names), className="lb-group-head")))
        for member in members:
            figure, gap = member.figures.get(metric.name), member.gaps.get(metric.name)
            sure = gap is not None and min(gap.n, gap.n_rest) >= LEAST and (gap.low > 0 or gap.high < 0)
            opened = dcc.Link(number(member.n), href=link(f"{dimension}:{member.name}"))
            numbers = [*_figure_cells(metric, figure), *_gap_cells(metric, gap)]
            cells: list[Component | str] = [member.name, opened, *numbers]
            rows.append(html.Tr([html.Td(cell) for cell in cells], className="lb-gap" if sure else None))
    words = (
        "The gap is the group's number minus that of all other cases. Many gaps are looked at: one in twenty "
        "leaves out zero by chance alone. Those that do are shaded, unless fewer than five cases are there."
    )
    return html.Div(
        [html.Div(_whole(names, rows), className="lb-scroll"), html.P(words, className="text-secondary")]
    )


def cases(page: CasePage, title: str, links: Mapping[str, str]) -> Component:
    """Judged cases in rows, the most wrong first, each leading to its scan; `links` lead to other pages."""
    names = ["Scan", "Read", "AI", "Probability", "Truth", "Said by", "Dice"]
    rows = [_case(row) for row in page.rows]
    head = [
        html.H2(f"{title}: {number(page.total)}"),
        *(dcc.Link(words, href=to) for words, to in links.items()),
    ]
    body = (
        html.Div(_whole(names, rows), className="lb-scroll") if rows else html.P("There are no such cases.")
    )
    return html.Section([html.Div(head, className="lb-case-head"), body], className="lb-card")


def validation_cases(validation_cases: Sequence[ValidationCase]) -> Component:
    """The labelled cases of an evaluation, worst first."""
    if not validation_cases:
        return html.P(
            "The run of this version keeps no list of its validation cases.", className="text-secondary"
        )
    shown = validation_cases[:MOST_VALIDATION]
    columns = [name for name, value in shown[0].numbers.items() if not isinstance(value, (dict, list))]
    rows = [
        html.Tr(
            [html.Td(cell) for cell in (case.name, *(_plain(case.numbers.get(name)) for name in columns))]
        )
        for case in shown
    ]
    words = f"{number(len(validation_cases))} labelled cases, the worst first"
    words += f"; the first {MOST_VALIDATION} are shown." if len(validation_cases) > MOST_VALIDATION else "."
    words += " They come from the labelled data: there are no scans of them in this house."
    names = ["Case", *(name.replace("_", " ") for name in columns)]
    table = html.Div(_whole(names, rows), className="lb-scroll")
    return html.Div([html.P(words, className="text-secondary"), table])


def training(training: TrainingRun, query: str) -> Component:
    """The run behind a version: facts, parameters, pictures, files."""
    version = training.version.version
    facts = {
        "Registered": local_time(version.created_at),
        "Weights": version.weights_sha256,
        "Data": training.data_sha256 or "not recorded",
        "Run": f"{training.run.name} ({training.run.run_id})" if training.run else "none",
        "Started": local_time(training.run.started_at) if training.run else "",
    }
    parts: list[Component] = [_facts(facts)]
    if version.description:
        parts.insert(0, html.P(version.description))
    parts.append(html.Details([html.Summary("Parameters"), _facts(dict(training.version.parameters))]))
    if training.pictures:
        pictures = [_picture(path, query) for path in training.pictures]
        parts.append(html.Div(pictures, className="lb-run-pictures"))
    else:
        parts.append(html.P("The run keeps no pictures.", className="text-secondary"))
    listed = html.Ul([html.Li(html.Code(file)) for file in training.files])
    parts.append(html.Details([html.Summary(f"Files of the run ({len(training.files)})"), listed]))
    return html.Div(parts)


def proposals(known: Sequence[Proposal], most: int, coverage: ReadCount) -> Component:
    """Scans of the random sample that wait for a review; `most` is how many are ever asked for."""
    if not known:
        return html.P(_nothing_waits(coverage), className="text-secondary")
    shown = known[:MOST_PROPOSALS]
    links = [
        dcc.Link(f"Scan {proposal.scan_id[:8]}", href=addresses.scan(proposal.scan_id), className="lb-chip")
        for proposal in shown
    ]
    count = f"At least {number(most)}" if len(known) == most else number(len(known))
    words = f"{count} scans of the random sample wait for a review, whatever the model said."
    words += f" The {len(shown)} oldest:" if len(known) > len(shown) else ""
    return html.Div([html.P(words), html.Div(links, className="lb-chips")])


def _nothing_waits(coverage: ReadCount) -> str:
    if not coverage.sampled:
        return "No scan of the random sample has been read yet."
    if coverage.sampled_reviewed < coverage.sampled:
        return "No scan of the random sample waits for you."
    return f"Every scan of the random sample is judged (n = {number(coverage.sampled)})."


def _case(case: Any) -> Component:
    said = "positive" if case.positive else "negative"
    wrong = case.positive != case.truth_positive
    scan = dcc.Link(f"Scan {case.scan_id[:8]}", href=addresses.scan(case.scan_id), className="lb-scan-link")
    cells: list[Component | str] = [
        scan,
        local_time(case.created_at),
        html.Span(said, className="lb-past" if wrong else None),
        f"{case.probability:.3f} (threshold {case.threshold:.3f})",
        "positive" if case.truth_positive else "negative",
        VERDICT_NAMES[case.verdict],
        "–" if case.dice is None else f"{case.dice:.3f}",
    ]
    return html.Tr([html.Td(cell) for cell in cells])


def _cell(words: str, under: str, n: int, href: str | None) -> Component:
    inside = [
        html.Span(words, className="lb-tile-label"),
        html.Span(number(n), className="lb-tile-value"),
        html.Span(under, className="lb-tile-under"),
    ]
    return dcc.Link(inside, href=href, className="lb-tile") if href else html.Div(inside, className="lb-tile")


def _matrix_words(errors: Errors) -> str:
    cases = f"{number(errors.n)} cases, at the threshold each was read with"
    return f"{cases}; the latest is {errors.threshold:.3f}."


def _counts(confusion: Confusion) -> dict[str, int]:
    return {
        "hit": confusion.hit,
        "miss": confusion.miss,
        "false-alarm": confusion.false_alarm,
        "clear": confusion.right_negative,
    }


def _figure_cells(metric: Metric, figure: Any) -> list[str]:
    if figure is None or not figure.n:
        return ["–", "–", "0"]
    return [
        value_words(metric, figure.value),
        interval_words(metric, figure.low, figure.high),
        number(figure.n),
    ]


def _gap_cells(metric: Metric, gap: Any) -> list[str]:
    if gap is None or not gap.n or not gap.n_rest or not math.isfinite(gap.value):
        return ["–", "–"]
    return list(gap_words(metric, gap.value, gap.low, gap.high))


def _value(metric: Metric, figure: Any) -> str:
    return value_words(metric, figure.value) if figure is not None and figure.n else "–"


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Component:
    return html.Div(
        _whole(names, [html.Tr([html.Td(cell) for cell in row]) for row in rows]), className="lb-scroll"
    )


def _whole(names: Sequence[str], rows: Sequence[Component]) -> Component:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    return html.Table([head, html.Tbody(list(rows))], className="table table-sm lb-numbers")


def _facts(facts: Mapping[str, Any]) -> Component:
    pairs = [(name, value) for name, value in facts.items() if value not in ("", None)]
    return html.Dl(
        [part for name, value in pairs for part in (html.Dt(name), html.Dd(str(value)))], className="lb-facts"
    )


def _picture(path: str, query: str) -> Component:
    address = f"/performance-pictures?{query}&path={quote(path, safe='')}"
    name = path.rsplit("/", 1)[-1]
    return html.Figure(
        [html.A(html.Img(src=address, alt=name), href=address, target="_blank"), html.Figcaption(name)]
    )


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
