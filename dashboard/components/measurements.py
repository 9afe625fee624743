"""The sizes of what was found, with units: the whole, and lesion by lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import data
from dashboard.components.facts import fact_list, warning
from dashboard.components.results import millilitres, millimetres, position
from data.records import Lesion, Measurements

if TYPE_CHECKING:
    from services.reviewing.worklist import ScanView

MOST_LESIONS = 8


def measurements_table(measurements: Measurements, view: ScanView) -> list[Component]:
    """Sizes with units; pixels, and saying so, where the file states no spacing."""
    scan = view.scan
    if not measurements.lesions:
        return [html.P("The mask is empty.", className="text-secondary")]
    parts: list[Component] = []
    if measurements.touches_border:
        parts.append(warning("The mask touches the border of the scan: the real size may be larger."))
    if scan.spacing.in_plane is None:
        parts.append(warning("Pixels only: the file does not state its spacing."))
    whole = [("Volume", millilitres(measurements.volume_ml)), ("Lesions", str(len(measurements.lesions)))]
    if scan.slices > 1:
        whole.append(("Slices touched", f"{measurements.slices_touched} of {scan.slices}"))
    parts.append(fact_list([(name, value) for name, value in whole if value]))
    parts.append(_lesion_table(measurements.lesions[:MOST_LESIONS], view))
    if len(measurements.lesions) > MOST_LESIONS:
        parts.append(
            html.P(f"and {len(measurements.lesions) - MOST_LESIONS} smaller ones", className="text-secondary")
        )
    return parts


def _lesion_table(lesions: tuple[Lesion, ...], view: ScanView) -> Component:
    flat = view.scan.slices == 1
    known = view.scan.spacing.in_plane is not None
    size_name = "Area" if flat else "Volume"
    names = ["", size_name, "Longest", "Perpendicular", *([] if flat else ["Slices"]), "Position"]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = []
    for number, lesion in enumerate(lesions, start=1):
        first, last = lesion.box.slices
        cells = [
            str(number),
            _size(lesion, flat=flat),
            millimetres(lesion.longest_diameter_mm) if known else f"{lesion.longest_diameter_px:.0f} px",
            millimetres(lesion.perpendicular_diameter_mm)
            if known
            else f"{lesion.perpendicular_diameter_px:.0f} px",
            *([] if flat else [f"{first + 1}–{last + 1}"]),
            position(lesion, placed=view.orientation is not None),
        ]
        rows.append(html.Tr([html.Td(cell) for cell in cells], **data(slice=str(lesion.largest_slice))))
    return html.Div(
        html.Table([head, html.Tbody(rows)], className="table table-sm lb-lesions"), className="lb-scroll"
    )


def _size(lesion: Lesion, *, flat: bool) -> str:
    if flat and lesion.area_mm2 is not None:
        return f"{lesion.area_mm2:.0f} mm²"
    if not flat and lesion.volume_ml is not None:
        return millilitres(lesion.volume_ml)
    return f"{lesion.voxels} {'px' if flat else 'voxels'}"
