"""The cohort in words and tables: tiles, chips, agreement, refusals, comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.cohort.filters import LABELS, value_words
from dashboard.components.facts import p_words
from dashboard.components.icons import icon
from dashboard.components.kinds import synthetic_badge
from dashboard.components.results import local_time
from data.records import SYNTHETIC, KeptRefusal, ReportKind, User, grouped
from services import addresses
from services.addresses import ReportsAddress
from services.cohort.filters import SYNTHETIC as KIND
from services.cohort.filters import of_made_scans, of_real_scans
from services.permissions import Permission, may
from services.task_words import DRAWN_DICE, MEASURED_VOLUME

if TYPE_CHECKING:
    from services.cohort.comparison import CohortDifference
    from services.cohort.counting import Cohort, KeyFigure, Spread

MOST_REFUSALS = 200
KINDS = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet", "pdf": "PDF"}
Query = Mapping[str, Sequence[str]]


def number(n: int) -> str:
    """A count with narrow spaces between thousands."""
    return grouped(n)


def duration(seconds: float | None) -> str:
    """A length of time in the unit that fits."""
    if seconds is None:
        return "–"
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def total_words(cohort: Cohort) -> list[Component | str]:
    """How much came through, and whether it is of real patients."""
    if of_made_scans(cohort.filters):
        return [synthetic_badge("me-1"), _total(cohort)]
    return [_total(cohort)]


def kind_switch(others: Query, there: int, query_of: Callable[[Query], str]) -> list[Component]:
    """The way to the scans of the other kind, real or made: the two never share a number."""
    if not there:
        return []
    words = f"Show {SYNTHETIC} scans" if of_made_scans(others) else "Show real scans"
    return [dcc.Link(words, href=addresses.cohort(query_of(others)), className="lb-chip-clear ms-2")]


def _total(cohort: Cohort) -> str:
    scans = f"{number(cohort.scans.n)} scan{'' if cohort.scans.n == 1 else 's'}"
    return f"{scans} of {_patients(cohort)}"


def _patients(cohort: Cohort) -> str:
    return f"{number(cohort.patients)} patient{'' if cohort.patients == 1 else 's'}"


def exports(query: str, user: User) -> Component:
    """Links to what is on the screen as files, and to a reading of these scans by any version."""
    look = "btn btn-sm btn-outline-primary"
    links = file_links("/exports/cohort", KINDS, query, look)
    kept = dcc.Link(
        "Kept report", href=str(ReportsAddress(ReportKind.COHORT, {"filters": query})), className=look
    )
    read = dcc.Link("Read by a version", href=addresses.evaluations(query), className=look)
    links += [kept] if may(user, Permission.USE_REPORTS) else []
    links += [read] if may(user, Permission.EVALUATE_VERSIONS) else []
    return html.Div([*links, for_the_house("/exports/cohort", KINDS, query)], className="lb-exports")


def file_links(address: str, kinds: Mapping[str, str], query: str, look: str) -> list[Component]:
    """A link a kind of file that leaves the house."""
    title = "To hand on: numbers that stand for fewer than 5 patients are withheld"
    return [
        html.A(words, href=f"{address}.{kind}?{query}", download="", className=look, title=title)
        for kind, words in kinds.items()
    ]


def for_the_house(address: str, kinds: Mapping[str, str], query: str) -> Component:
    """The same files with every number as it stands on the page."""
    more = f"{query}&audience=inside" if query else "audience=inside"
    links: list[Component] = [
        html.A(
            words, href=f"{address}.{kind}?{more}", download="", className="btn btn-sm btn-outline-secondary"
        )
        for kind, words in kinds.items()
    ]
    words = html.P("Every number as it stands here, also of fewer than 5 patients. Not to be handed on.")
    return html.Details([html.Summary("For the house"), words, *links], className="lb-house-files")


_OF_THE_HOUSE = (
    "These are scans of your departments alone. A file that was refused is of no department: the whole house "
    "counts them."
)


def tiles(cohort: Cohort, query_of: Callable[[Query], str]) -> list[Component]:
    """The numbers that matter first, each with n, leading to its cases."""
    positive, interval = _share_words(cohort.positive)
    uncertain, of_uncertain = _share_words(cohort.uncertain)
    return [
        _tile("Scans", number(cohort.scans.n), _patients(cohort), cohort.scans, query_of),
        _tile("Positive", positive, interval, cohort.positive, query_of),
        _tile("Uncertain", uncertain, of_uncertain, cohort.uncertain, query_of),
        *([] if cohort.of_departments else [_plain("Refused", *_refused_words(cohort), "#cohort-refused")]),
        _tile("Waiting", number(cohort.waiting.n), "not read yet", cohort.waiting, query_of),
    ]


def more_tiles(cohort: Cohort, query_of: Callable[[Query], str]) -> list[Component]:
    """Volumes, corrections and times."""
    volume, measured = cohort.volume_ml.spread, f"n = {number(cohort.volume_ml.n)}"
    median = "–" if volume is None or volume.median is None else f"{volume.median:.1f} mL"
    corrected = cohort.corrected.share
    reviewed = f"of {number(0 if corrected is None else corrected.n)} reviewed"
    return [
        _tile(f"Median {MEASURED_VOLUME}", median, measured, cohort.volume_ml, query_of),
        _tile("Corrected", number(cohort.corrected.n), reviewed, cohort.corrected, query_of),
        _plain("Upload to result", *_spread_words(cohort.upload_to_read_s)),
        _plain("Result to review", *_spread_words(cohort.read_to_review_s)),
    ]  # fmt: skip


def chips(filters: Query, vs: str | None) -> list[Component]:
    """What is filtered by, one chip a filter."""
    shown: list[Component] = []
    for name, chosen in filters.items():
        if name == KIND and of_real_scans(filters):  # what is meant where nothing is said
            continue
        words = " or ".join(value_words(name, value) for value in chosen)
        shown.append(html.Span([html.Strong(f"{LABELS.get(name, name)}: "), words], className="lb-chip"))
    if shown:
        clear = addresses.cohort(_encoded({"vs": [vs]}) if vs else "")
        shown.append(dcc.Link([icon("bi-x-lg", "me-1"), "Clear all"], href=clear, className="lb-chip-clear"))
    return shown


def linked(filters: Query) -> list[Component]:
    """On the worklist: what a link from the statistics filters by, the way back, and the way out."""
    if not filters:
        return []
    back = dcc.Link("Back to the cohort", href=addresses.cohort(_encoded(filters)), className="lb-chip-clear")
    clear = dcc.Link(
        [icon("bi-x-lg", "me-1"), "Show all scans"], href=addresses.WORKLIST, className="lb-chip-clear"
    )
    return [*chips(filters, None)[:-1], back, clear]


def nothing() -> Component:
    """No scan fits."""
    return html.Div(
        [
            icon("bi-search", "lb-empty-icon"),
            html.H2("No scan fits these filters."),
            dcc.Link("Clear the filters", href=addresses.COHORT, className="btn btn-outline-primary"),
        ],
        className="lb-empty",
    )


def agreement(cohort: Cohort) -> Component | None:
    """The AI against the reviewers, as far as the truth is known."""
    counts = {group.name: group.n for group in cohort.by_truth}
    known = sum(n for name, n in counts.items() if name != "unknown")
    if not known:
        return None
    words = [
        f"Scans whose truth is known: {number(known)}. Read right: {number(counts.get('right', 0))}. "
        f"False alarms: {number(counts.get('false alarm', 0))}. Misses: {number(counts.get('miss', 0))}."
    ]
    if cohort.dice.n and cohort.dice_median is not None:
        interval = f"95 % interval {cohort.dice.low:.3f} to {cohort.dice.high:.3f}"
        words.append(
            f" {DRAWN_DICE}, mean: {cohort.dice.value:.3f} ({interval}, n = {number(cohort.dice.n)}); "
            f"median {cohort.dice_median:.3f}."
        )
    return html.P(words, className="lb-card")


def refused(cohort: Cohort, refusals: Sequence[KeptRefusal], user: User) -> Component | None:
    """The refusals behind their number; names of files only for those who may know patients."""
    if cohort.of_departments:
        return html.P(_OF_THE_HOUSE, className="text-secondary")
    if not refusals:
        return None
    named = may(user, Permission.SEE_IDENTITY)
    head = ["When", *(["File"] if named else []), "Why", "Modality", "Scanner", "Site"]
    rows = [
        html.Tr(
            [
                html.Td(local_time(refusal.created_at)),
                *([html.Td(refusal.refusal.name)] if named else []),
                html.Td(refusal.refusal.sentence if named else refusal.refusal.code.replace("_", " ")),
                html.Td(refusal.refusal.modality or ""),
                html.Td(refusal.refusal.scanner or ""),
                html.Td(refusal.refusal.site or ""),
            ]
        )
        for refusal in refusals[:MOST_REFUSALS]
    ]
    more = len(refusals) - len(rows)
    table = html.Table(
        [html.Thead(html.Tr([html.Th(name, scope="col") for name in head])), html.Tbody(rows)],
        className="table table-sm",
    )
    said = [html.P(f"and {number(more)} older ones", className="text-secondary")] if more else []
    summary = html.Summary(f"{number(cohort.refused)} refused: what, when and why")
    return html.Details([summary, html.Div(table, className="lb-scroll"), *said], className="lb-card")


def comparison(differences: Sequence[CohortDifference], first: Query, second: Query) -> Component:
    """Every quantity in both cohorts, with effect, interval and corrected p."""
    head = ["", "First", "Second", "Effect", "95 % interval", "Test", "p, corrected"]
    rows = [html.Tr([html.Td(cell) for cell in _difference(difference)]) for difference in differences]
    table = html.Table(
        [html.Thead(html.Tr([html.Th(difference, scope="col") for difference in head])), html.Tbody(rows)],
        className="table table-sm",
    )
    return html.Div(
        [
            html.P([html.Strong("First: "), _said(first), html.Br(), html.Strong("Second: "), _said(second)]),
            html.Div(table, className="lb-scroll"),
            html.P(
                "Effect: for shares the difference, first minus second, in points; for numbers the chance "
                "that a scan of the first cohort has the larger value (0.5: neither). p values are "
                "corrected for their number (Holm).",
                className="text-secondary",
            ),
        ],
        className="lb-card",
    )


def _difference(difference: CohortDifference) -> list[str]:
    values = [
        "–" if value is None else (f"{100 * value:.1f} %" if difference.kind == "share" else f"{value:.3g}")
        for value in difference.values
    ]
    cells = [
        difference.words,
        *(f"{value} (n = {number(n)})" for value, n in zip(values, difference.n, strict=True)),
    ]
    if (
        difference.effect is None
        or difference.low is None
        or difference.high is None
        or difference.p_corrected is None
    ):
        return [*cells, "too few", "", "", ""]
    points = 100 if difference.kind == "share" else 1
    form = "{:+.1f}" if difference.kind == "share" else "{:.2f}"
    effect, low, high = (
        form.format(points * value) for value in (difference.effect, difference.low, difference.high)
    )
    p = p_words(difference.p_corrected)
    return [*cells, effect, f"{low} to {high}", difference.test, p]


def _said(filters: Query) -> str:
    parts = [
        f"{LABELS.get(name, name)} {' or '.join(value_words(name, value) for value in chosen)}"
        for name, chosen in filters.items()
    ]
    return "; ".join(parts) or "all scans"


def _share_words(tile: KeyFigure) -> tuple[str, str]:
    share = tile.share
    if share is None or share.n == 0:
        return "–", "nothing read yet"
    interval = f"95 % {100 * share.low:.1f} to {100 * share.high:.1f} %"
    return f"{100 * share.value:.1f} %", f"{interval}, {number(tile.n)} of {number(share.n)} read"


def _refused_words(cohort: Cohort) -> tuple[str, str]:
    """The share of what came, where the filters fit refusals too; else how many, and by what."""
    share = cohort.refused_share
    if share is None:
        return number(cohort.refused), "files or series, by period, site, scanner and modality only"
    if not share.n:
        return "–", "nothing came"
    interval = f"95 % {100 * share.low:.1f} to {100 * share.high:.1f} %"
    return (
        f"{100 * share.value:.1f} %",
        f"{interval}, {number(cohort.refused)} of {number(share.n)} that came",
    )


def _spread_words(spread: Spread) -> tuple[str, str]:
    return duration(spread.median), f"median; 90 % within {duration(spread.p90)}, n = {number(spread.n)}"


def _tile(label: str, value: str, under: str, tile: KeyFigure, query_of: Callable[[Query], str]) -> Component:
    return dcc.Link(
        _tile_body(label, value, under), href=addresses.worklist(query_of(tile.filters)), className="lb-tile"
    )


def _plain(label: str, value: str, under: str, href: str = "") -> Component:
    body = _tile_body(label, value, under)
    return html.A(body, href=href, className="lb-tile") if href else html.Div(body, className="lb-tile")


def _tile_body(label: str, value: str, under: str) -> list[Component]:
    return [
        html.Span(label, className="lb-tile-label"),
        html.Span(value, className="lb-tile-value"),
        html.Span(under, className="lb-tile-under"),
    ]


def _encoded(values: Mapping[str, Any]) -> str:
    return urlencode(values, doseq=True)
