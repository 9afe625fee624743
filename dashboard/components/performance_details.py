"""The lower part of the performance page: errors, thresholds, groups, cases, training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.cohort_panels import number
from dashboard.components.performance_panels import interval_words, value_words
from dashboard.components.results import VERDICT_NAMES, local_time
from services import addresses

if TYPE_CHECKING:
    from services.performance.cases import CasePage
    from services.performance.details import Errors, Training, ValidationCase
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


def matrix(found: Errors) -> Component:
    """The confusion matrix; each cell leads to its cases."""
    if not found.n:
        return html.P(found.absent, className="text-secondary")
    counts = _counts(found.confusion)
    cells = [_cell(words, under, counts[name], found.addresses.get(name)) for name, words, under in CELLS]
    return html.Div(
        [
            html.Div(cells, className="lb-matrix"),
            html.P(_matrix_words(found), className="text-secondary mb-0"),
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
    found: Mapping[str, Sequence[Subgroup]], metric: Metric, titles: Mapping[str, str], link: Any
) -> Component:
    """Figures by group with the gap to all others; a gap whose interval leaves out zero stands out."""
    found = {
        dimension: members
        for dimension, members in found.items()
        if any(member.figures.get(metric.name) for member in members)
    }
    if not found:
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
    for dimension, members in found.items():
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


def validation_cases(found: Sequence[ValidationCase]) -> Component:
    """The labelled cases of an evaluation, worst first."""
    if not found:
        return html.P(
            "The run of this version keeps no list of its validation cases.", className="text-secondary"
        )
    shown = found[:MOST_VALIDATION]
    columns = [name for name, value in shown[0].numbers.items() if not isinstance(value, (dict, list))]
    rows = [
        html.Tr([html.Td(cell) for cell in (one.name, *(_plain(one.numbers.get(name)) for name in columns))])
        for one in shown
    ]
    words = f"{number(len(found))} labelled cases, the worst first"
    words += f"; the first {MOST_VALIDATION} are shown." if len(found) > MOST_VALIDATION else "."
    words += " They come from the labelled data: there are no scans of them in this house."
    names = ["Case", *(name.replace("_", " ") for name in columns)]
    table = html.Div(_whole(names, rows), className="lb-scroll")
    return html.Div([html.P(words, className="text-secondary"), table])


def training(found: Training, query: str) -> Component:
    """The run behind a version: facts, parameters, pictures, files."""
    version = found.version.version
    facts = {
        "Registered": local_time(version.created_at),
        "Weights": version.weights_sha256,
        "Data": found.data_sha256 or "not recorded",
        "Run": f"{found.run.name} ({found.run.run_id})" if found.run else "none",
        "Started": local_time(found.run.started_at) if found.run else "",
    }
    parts: list[Component] = [_facts(facts)]
    if version.description:
        parts.insert(0, html.P(version.description))
    parts.append(html.Details([html.Summary("Parameters"), _facts(dict(found.version.parameters))]))
    if found.pictures:
        pictures = [_picture(path, query) for path in found.pictures]
        parts.append(html.Div(pictures, className="lb-run-pictures"))
    else:
        parts.append(html.P("The run keeps no pictures.", className="text-secondary"))
    listed = html.Ul([html.Li(html.Code(file)) for file in found.files])
    parts.append(html.Details([html.Summary(f"Files of the run ({len(found.files)})"), listed]))
    return html.Div(parts)


def proposals(found: Sequence[Proposal], most: int) -> Component:
    """Scans of the random sample that wait for a review; `most` is how many are ever asked for."""
    if not found:
        return html.P("Every scan of the random sample is judged.", className="text-secondary")
    shown = found[:MOST_PROPOSALS]
    links = [
        dcc.Link(f"Scan {one.scan_id[:8]}", href=addresses.scan(one.scan_id), className="lb-chip")
        for one in shown
    ]
    count = f"At least {number(most)}" if len(found) == most else number(len(found))
    words = f"{count} scans of the random sample wait for a review, whatever the model said."
    words += f" The {len(shown)} oldest:" if len(found) > len(shown) else ""
    return html.Div([html.P(words), html.Div(links, className="lb-chips")])


def _case(one: Any) -> Component:
    said = "positive" if one.positive else "negative"
    wrong = one.positive != one.truth_positive
    scan = dcc.Link(f"Scan {one.scan_id[:8]}", href=addresses.scan(one.scan_id), className="lb-scan-link")
    cells: list[Component | str] = [
        scan,
        local_time(one.created_at),
        html.Span(said, className="lb-past" if wrong else None),
        f"{one.probability:.3f} (threshold {one.threshold:.3f})",
        "positive" if one.truth_positive else "negative",
        VERDICT_NAMES[one.verdict],
        "–" if one.dice is None else f"{one.dice:.3f}",
    ]
    return html.Tr([html.Td(cell) for cell in cells])


def _cell(words: str, under: str, n: int, href: str | None) -> Component:
    inside = [
        html.Span(words, className="lb-tile-label"),
        html.Span(number(n), className="lb-tile-value"),
        html.Span(under, className="lb-tile-under"),
    ]
    return dcc.Link(inside, href=href, className="lb-tile") if href else html.Div(inside, className="lb-tile")


def _matrix_words(found: Errors) -> str:
    return (
        f"{number(found.n)} cases, at the threshold each was read with; the latest is {found.threshold:.3f}."
    )


def _counts(found: Confusion) -> dict[str, int]:
    return {
        "hit": found.hit,
        "miss": found.miss,
        "false-alarm": found.false_alarm,
        "clear": found.right_negative,
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
    scale, unit = (100, " points") if metric.percent else (1, "")
    digits = ".1f" if metric.percent else ".3f"
    return [
        f"{scale * gap.value:+{digits}}{unit}",
        f"{scale * gap.low:+{digits}} to {scale * gap.high:+{digits}}",
    ]


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
