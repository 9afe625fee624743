"""The sizes of what was found, with units: the whole, and lesion by lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import data
from dashboard.components.facts import fact_list, warning
from data.records import Lesion, Measurements
from services.measurement_words import EMPTY, MeasuredWords, measured_words

if TYPE_CHECKING:
    from services.reviewing.scan_views import ScanView


def measurements_table(measurements: Measurements, view: ScanView) -> list[Component]:
    """Sizes with units; pixels, and saying so, where the file states no spacing."""
    if not measurements.lesions:
        return [html.P(EMPTY, className="text-secondary")]
    words = measured_words(measurements, view.scan, placed=view.orientation is not None)
    parts: list[Component] = [warning(text) for text in words.warnings]
    parts.append(fact_list(list(words.whole)))
    parts.append(_lesion_table(words, measurements.lesions))
    if words.more:
        parts.append(html.P(f"and {words.more} smaller ones", className="text-secondary"))
    return parts


def _lesion_table(words: MeasuredWords, lesions: tuple[Lesion, ...]) -> Component:
    # A column a lesion: the names of sizes are longer than the sizes, and most scans have one lesion or two.
    slices = [data(slice=str(lesion.largest_slice)) for lesion in lesions[: len(words.rows)]]
    numbers, *sizes = zip(*words.rows, strict=True)
    columns = [html.Th(number, scope="col", **place) for number, place in zip(numbers, slices, strict=True)]
    head = html.Thead(html.Tr([html.Th("Lesion", scope="col"), *columns]))
    rows = [
        html.Tr(
            [
                html.Th(name, scope="row"),
                *(html.Td(cell, **place) for cell, place in zip(cells, slices, strict=True)),
            ]
        )
        for name, cells in zip(words.head[1:], sizes, strict=True)
    ]
    return html.Div(
        html.Table([head, html.Tbody(rows)], className="table table-sm lb-lesions"), className="lb-scroll"
    )
