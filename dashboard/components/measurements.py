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
    from services.reviewing.worklist import ScanView


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
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in words.head]))
    rows = [
        html.Tr([html.Td(cell) for cell in cells], **data(slice=str(lesion.largest_slice)))
        for cells, lesion in zip(words.rows, lesions, strict=False)
    ]
    return html.Div(
        html.Table([head, html.Tbody(rows)], className="table table-sm lb-lesions"), className="lb-scroll"
    )
