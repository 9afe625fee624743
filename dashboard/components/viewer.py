"""The viewer's frame and controls, and what viewer.js must know of a scan.

The pictures are drawn by the server; the browser only stacks, prefetches and toggles them, so
that scrolling is as fast as swapping images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria, data
from data.records import Lesion, Measurements, Result, Scan
from services.task_words import words_of

if TYPE_CHECKING:
    from services.reviewing.worklist import ScanView

DATA = "viewer-data"
SLICE = "viewer-slice"
SLICE_ROW = "viewer-slice-row"
LAYERS = "viewer-layers"
OPACITY = "viewer-opacity"
OPACITY_ROW = "viewer-opacity-row"
WINDOW = "viewer-window"
PRESET = "viewer-preset"
SOURCE = "viewer-source"
SOURCE_ROW = "viewer-source-row"
JUMPS = "viewer-jumps"
STAGE = "viewer-stage"

LAYER_NAMES = {"mask": "Mask", "outline": "Outline", "box": "Box", "diameters": "Diameters"}
HEATMAP_NAME = {"heatmap": "Heat map"}


def frame() -> Component:
    """Build the viewer; viewer.js fills the stage."""
    return html.Section(
        [
            dcc.Store(id=DATA),
            html.Div(
                id=STAGE,
                className="lb-stage",
                tabIndex=0,
                role="img",
                **aria(label="Slices of the scan; arrow keys change the slice"),
            ),
            html.Div(
                dcc.Slider(
                    id=SLICE,
                    min=1,
                    max=2,
                    step=1,
                    value=1,
                    marks=None,
                    updatemode="drag",
                    allow_direct_input=False,
                ),
                id=SLICE_ROW,
                className="lb-slice-row",
            ),
            _controls(),
        ],
        className="lb-viewer",
        **aria(label="Viewer"),
    )


def _controls() -> Component:
    return html.Div(
        [
            dbc.Checklist(id=LAYERS, options=[], value=[], inline=True, switch=True, class_name="lb-toggles"),
            html.Div(
                [
                    html.Span("Opacity", className="lb-control-name"),
                    dcc.Slider(
                        id=OPACITY,
                        min=0,
                        max=100,
                        step=5,
                        value=45,
                        marks=None,
                        updatemode="drag",
                        allow_direct_input=False,
                    ),
                ],
                id=OPACITY_ROW,
                className="lb-control",
            ),  # fmt: skip
            html.Div(
                [
                    html.Span("Window", className="lb-control-name"),
                    dcc.RangeSlider(
                        id=WINDOW,
                        min=0,
                        max=1,
                        step=0.01,
                        value=[0, 1],
                        marks=None,
                        updatemode="drag",
                        allow_direct_input=False,
                    ),
                    dbc.RadioItems(
                        id=PRESET,
                        options=[
                            {"label": "Default", "value": "default"},
                            {"label": "Full range", "value": "full"},
                        ],
                        value="default",
                        inline=True,
                        class_name="lb-presets",
                    ),
                ],
                className="lb-control",
            ),  # fmt: skip
            html.Div(
                [
                    html.Span("Mask", className="lb-control-name"),
                    dbc.RadioItems(
                        id=SOURCE,
                        options=[
                            {"label": "AI", "value": "ai"},
                            {"label": "Corrected", "value": "corrected"},
                        ],
                        value="ai",
                        inline=True,
                    ),
                ],
                id=SOURCE_ROW,
                className="lb-control",
                hidden=True,
            ),
            html.Div(id=JUMPS, className="lb-jumps"),
        ],
        className="lb-controls",
    )


def viewer_data(view: ScanView, window: tuple[float, float, float, float]) -> dict[str, Any]:
    """Collect what viewer.js needs: geometry, window, and on which slices there is what."""
    scan, result = view.scan, view.result
    low, high, minimum, maximum = window
    sources: dict[str, Any] = {}
    if result is not None and result.has_mask:
        sources["ai"] = _source(result.measurements, result.id)
    corrected = view.corrected
    if corrected is not None:
        sources["corrected"] = _source(corrected.measurements, corrected.id)
    return {
        "base": f"/scans/{scan.id}",
        "slices": scan.slices,
        "height": scan.height,
        "width": scan.width,
        "aspect": round(aspect(scan), 5),
        "window": {"low": low, "high": high, "min": minimum, "max": maximum},
        "orientation": list(view.orientation) if view.orientation else None,
        "sources": sources,
        "heatmap": result.id if result is not None and shows_heatmap(result) else None,
        "start": first_slice(scan, shown_measurements(view)),
    }


def shows_heatmap(result: Result) -> bool:
    """Whether a heat map is drawn: results keep maps of versions whose maps were not checked."""
    return result.has_heatmap and result.positive and words_of(result.task).heat_map


def shown_measurements(view: ScanView) -> Measurements | None:
    """Of the corrected mask where there is one, else of the AI's."""
    corrected = view.corrected
    if corrected is not None:
        return corrected.measurements
    return view.result.measurements if view.result is not None else None


def window_slider(window: dict[str, float]) -> dict[str, Any]:
    """The window's slider in the scan's own units, in 256 steps."""
    span = (window["max"] - window["min"]) or 1.0
    return {
        "min": window["min"],
        "max": window["min"] + span,
        "step": span / 256,
        "value": [window["low"], window["high"]],
    }


def aspect(scan: Scan) -> float:
    """Width by height of a slice as it should look, in mm where the pixels' size is known."""
    row_mm, column_mm = scan.spacing.in_plane or (1.0, 1.0)
    return (scan.width * column_mm) / (scan.height * row_mm)


def first_slice(scan: Scan, measurements: Measurements | None) -> int:
    """The slice to open with: where the largest lesion is largest, else the middle."""
    if measurements is not None and measurements.lesions:
        return measurements.lesions[0].largest_slice
    return scan.slices // 2


def layer_options(view: ScanView) -> tuple[list[dict[str, str]], list[str]]:
    """Return the toggles that make sense for a scan, and which are on at first."""
    names: dict[str, str] = {}
    if view.result is not None and view.result.has_mask:
        names |= LAYER_NAMES
    if view.result is not None and shows_heatmap(view.result):
        names |= HEATMAP_NAME
    on = [name for name in names if name not in ("box", "diameters")]
    return [{"label": label, "value": name} for name, label in names.items()], on


def jump_buttons(measurements: Measurements | None) -> list[Component]:
    """One button a lesion that goes to its largest slice (bound in viewer.js)."""
    lesions = measurements.lesions[:12] if measurements else ()
    return [
        html.Button(
            f"{number}: slice {lesion.largest_slice + 1}",
            className="btn btn-sm btn-outline-light",
            title=f"Go to the largest slice of lesion {number}",
            **data(slice=str(lesion.largest_slice)),
        )
        for number, lesion in enumerate(lesions, start=1)
    ]


def _source(measurements: Measurements | None, version: str) -> dict[str, Any]:
    lesions = measurements.lesions if measurements else ()
    touched = {index for lesion in lesions for index in range(lesion.box.slices[0], lesion.box.slices[1] + 1)}
    # Only the largest lesions are listed; where there are more, any slice may hold some mask.
    everywhere = measurements is not None and len(touched) < measurements.slices_touched
    return {
        "version": version,
        "everywhere": everywhere,
        "lesions": [_lesion(lesion) for lesion in lesions],
    }


def _lesion(lesion: Lesion) -> dict[str, Any]:
    return {
        "slices": lesion.box.slices,
        "rows": lesion.box.rows,
        "columns": lesion.box.columns,
        "largest": lesion.largest_slice,
        "longest": lesion.longest_ends,
        "perpendicular": lesion.perpendicular_ends,
    }
