"""Prior and current: both scans beside each other with one slider, and what became of each lesion."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria, data
from dashboard.components.facts import warning
from dashboard.components.results import local_date
from dashboard.components.viewer import first_slice
from services import addresses
from services.measurement_words import millilitres
from services.reading_words import VERDICT_NAMES, outline_source
from services.reviewing.growth import percent_change
from services.reviewing.scan_views import letters

if TYPE_CHECKING:
    from services.reviewing.growth import Comparison, LesionChange, Side
    from services.reviewing.patients import PatientScan

PATIENT_ID = "growth-patient"
IDENTITY = "growth-identity"
CURRENT = "growth-current"
PRIOR = "growth-prior"
CONTENT = "growth-content"
TICK = "growth-tick"
EVERY_MS = 2000
PICTURES_ALONE = (
    "Class by the pictures alone (RANO-LGG, van den Bent 2011), against this prior: steroids, the clinical "
    "state and a confirming scan belong to it as well."
)


def frame(patient_id: str) -> Component:
    """Build the page's frame; the choices and everything below come with the comparison."""
    return html.Div(
        [
            dcc.Store(id=PATIENT_ID, data=patient_id),
            dcc.Interval(id=TICK, interval=EVERY_MS, disabled=True),
            html.Div(id=IDENTITY, className="lb-page-head lb-identity"),
            html.Div([_choice(PRIOR, "Prior"), _choice(CURRENT, "Current")], className="lb-growth-choices"),
            html.Div(id=CONTENT),
        ],
        className="lb-growth",
        id="growth-page",
    )


def scan_options(scans: tuple[PatientScan, ...]) -> list[dict[str, str]]:
    """Scans to choose from: the day, the sequence, and the beginning of the id where these are equal."""
    names = [f"{local_date(scan.examined_at)} {scan.sequence}".strip() for scan in scans]
    return [
        {"label": name if names.count(name) == 1 else f"{name} ({scan.scan.id[:6]})", "value": scan.scan.id}
        for name, scan in zip(names, scans, strict=True)
    ]


def content(shown: Comparison) -> list[Component]:
    """Everything below the choices."""
    if shown.sides is None:
        return [_waiting(shown)]
    prior, current = shown.sides
    return [
        html.Section(_verdict(shown), className="lb-card lb-growth-verdict"),
        _viewer(shown, prior, current),
        html.Section(_table(shown), className="lb-card"),
    ]


def _choice(name: str, label: str) -> Component:
    return html.Div([html.Label(label, htmlFor=name), dbc.Select(id=name, options=[])])


def _waiting(shown: Comparison) -> Component:
    if shown.failure:
        words = f"A scan could not be read by today's version: {shown.failure}"
        return html.Div([html.H2("Not read"), html.P(words)], className="lb-failure", role="alert")
    names = {scan.scan.id: local_date(scan.examined_at) for scan in (shown.prior, shown.current)}
    days = " and ".join(names[scan_id] for scan_id in shown.waiting)
    version = f"today's version {shown.version}" if shown.version else "today's version"
    words = (
        f"The scan of {days} was read by another version. It is being read by {version} first, so that both "
        "are measured alike; its own answer stays as it is."
    )
    spinner = html.Div(className="spinner-border text-primary", **aria(hidden="true"))
    return html.Div(
        [spinner, html.Div([html.H2("Being read again"), html.P(words)])],
        className="lb-progress",
        role="status",
    )


def _verdict(shown: Comparison) -> list[Component]:
    assert shown.sides is not None
    parts: list[Component] = [html.P(shown.why, className="mb-1")]
    if shown.response is not None:
        look = f"lb-growth-{shown.response.name.lower()}"
        parts.insert(0, html.H2(shown.response.value.capitalize(), className=look))
        parts.append(html.P(PICTURES_ALONE, className="text-secondary mb-1"))
    linked = "by the patient's position in mm" if shown.by_position else "by share, as no positions are known"
    words = [side_words(side) for side in shown.sides]
    parts += [warning(mark) for mark in marks_of(shown.sides)]
    words.append(f"Slices are linked {linked}. The scans are not registered.")
    return [*parts, *(html.Div(sentence, className="lb-bar-words") for sentence in words)]


def marks_of(sides: tuple[Side, Side]) -> list[str]:
    """Of prior and current, with its day, that the version behind the outline is not accepted."""
    said = [(local_date(side.scan.examined_at), side.not_accepted) for side in sides]
    return [f"{day}: {mark}" for day, mark in said if mark is not None]


def side_words(side: Side) -> str:
    """Whose outline is compared."""
    scan = side.scan
    day = local_date(scan.examined_at)
    if side.brought_by is not None:
        return f"{day}: the outline {outline_source(side.brought_by)}."
    said = ""
    if scan.review is not None and scan.review.result_id == side.layer:
        said = f", {VERDICT_NAMES[scan.review.verdict].lower()} by {scan.review.reviewer_name}"
    return f"{day}: the outline of version {side.version}{said}."


def _picture(side: Side, label: str) -> Component:
    scan = side.scan.scan
    link = dcc.Link(f"{label}: {local_date(side.scan.examined_at)}", href=addresses.scan(scan.id))
    row_mm, column_mm = scan.spacing.in_plane or (1.0, 1.0)
    aspect = (scan.width * column_mm) / (scan.height * row_mm)
    pictures: list[Component] = [
        html.Img(alt=f"{label} scan", className="lb-growth-slice"),
        html.Img(alt="", className="lb-growth-outline"),
    ]
    directions = letters(scan.grid)
    if directions is not None:
        left, right, _, _ = directions
        pictures += [
            html.Span(left, className="lb-growth-letter lb-growth-left"),
            html.Span(right, className="lb-growth-letter lb-growth-right"),
        ]
    return html.Figure(
        [
            html.Figcaption([link, html.Span(className="lb-growth-at")]),
            html.Div(pictures, className="lb-growth-stage", style={"aspectRatio": f"{aspect:.4f}"}),
        ],
        **data(
            base=f"/scans/{scan.id}/slice",
            outline=f"/scans/{scan.id}/compared/{side.layer}",
            slices=str(scan.slices),
            side=label.lower(),
        ),
    )


def _viewer(shown: Comparison, prior: Side, current: Side) -> Component:
    """Both pictures; growth.js puts the slider below them and draws."""
    start = first_slice(shown.current.scan, current.measurements)
    pair = html.Div([_picture(prior, "Prior"), _picture(current, "Current")], className="lb-growth-pair")
    return html.Section(
        [pair, html.Div(className="lb-growth-slider")],
        className="lb-growth-viewer",
        id="growth-viewer",
        **data(links=json.dumps(shown.links), start=str(start)),
    )


def _table(shown: Comparison) -> list[Component]:
    names = ("Lesion", "Prior", "Current", "Change", "in %", "Product, prior", "Product, current", "in %")
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [_row(change) for change in shown.changes]
    table = html.Table([head, html.Tbody([*rows, _total(shown)])], className="table table-sm lb-growth-table")
    note = "Product: longest in-plane diameter by the longest one perpendicular to it, in mm²."
    label = aria(label="Change of each lesion")
    return [
        html.H2("Lesions"),
        html.Div(table, className="lb-scroll", tabIndex=0, role="group", **label),
        html.P(note, className="text-secondary mt-1"),
    ]


def _row(change: LesionChange) -> Component:
    """What is not there has no size, which is nothing; what has no spacing is not known."""
    volumes = (
        change.volume_before_ml if change.before else 0.0,
        change.volume_after_ml if change.after else 0.0,
    )
    products = (
        change.product_before_mm2 if change.before else 0.0,
        change.product_after_mm2 if change.after else 0.0,
    )
    cells = [lesion_words(change), *_sizes(*volumes), *_products(*products)]
    return html.Tr([html.Td(cell) for cell in cells])


def _total(shown: Comparison) -> Component:
    assert shown.sides is not None
    prior, current = (side.measurements.volume_ml for side in shown.sides)
    cells = [*_sizes(prior, current), *_products(*shown.products)]
    name = html.Th("All", scope="row", title="Products: of the measurable lesions")
    return html.Tr([name, *(html.Td(html.Strong(cell)) for cell in cells)])


def lesion_words(change: LesionChange) -> str:
    """Which lesion, and what became of it: "1", "2: new", "prior 3: gone", "prior 1, 2: merged into 1"."""
    before, after = (", ".join(map(str, numbers)) for numbers in (change.before, change.after))
    kind = change.kind.value
    if kind == "same":
        return after
    if kind == "new":
        return f"{after}: new"
    if kind == "gone":
        return f"prior {before}: gone"
    return f"prior {before} {kind} into {after}"


def _sizes(before: float | None, after: float | None) -> list[str]:
    change = "" if before is None or after is None else f"{after - before:+.2f} mL"
    return [millilitres(before), millilitres(after), change, _percent(before, after)]


def _products(before: float | None, after: float | None) -> list[str]:
    known = ["" if product is None else f"{product:.0f} mm²" for product in (before, after)]
    return [*known, _percent(before, after)]


def _percent(before: float | None, after: float | None) -> str:
    change = percent_change(before, after)
    return "" if change is None else f"{change:+.0f} %"
