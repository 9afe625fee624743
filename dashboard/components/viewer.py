"""The viewer's frame, and what its scripts must know of a scan.

The scripts (dashboard/assets/viewer_*.js) fetch the scan's own voxels and masks and draw them; nothing is
asked of the server when slice, window or layer changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from data.records import Lesion, Measurements, Result, Scan
from services.task_words import outcome_words, words_of

if TYPE_CHECKING:
    from services.assembly.reviewing import ReviewingServices
    from services.reviewing.scan_views import ScanView
    from services.reviewing.windows import NamedWindow

DATA = "viewer-data"
ROOT = "viewer"

MOST_LESIONS = 12  # with a button of their own


def frame() -> Component:
    """Build the viewer's place; its scripts fill it."""
    return html.Section(
        [dcc.Store(id=DATA), html.Div(id=ROOT, className="lb-viewer-root")],
        className="lb-viewer",
        **aria(label="Viewer"),
    )


def of_scan(reviewing: ReviewingServices, view: ScanView) -> dict[str, Any]:
    """Collect what the scripts must know of a scan that somebody may see."""
    result = view.result
    kept = result is not None and result.has_mask and reviewing.voxels.has_probability(result.id)
    return viewer_data(view, reviewing.pictures.windows(view.scan.id), has_probability=kept)


def viewer_data(
    view: ScanView, windows: tuple[NamedWindow, ...], *, has_probability: bool = False
) -> dict[str, Any]:
    """Geometry, windows, and which masks and maps there are, with the addresses' versions."""
    scan, result = view.scan, view.answer
    affine = view.affine
    return {
        "base": f"/scans/{scan.id}",
        "scan": scan.id,
        "shape": list(scan.shape),
        "spacing": [scan.spacing.slice_mm, scan.spacing.row_mm, scan.spacing.column_mm],
        "affine": None if affine is None else affine[:3].tolist(),
        "placed": view.orientation is not None,
        "windows": [{"name": window.name, "low": window.low, "high": window.high} for window in windows],
        "sources": _sources(view),
        "heatmap": result.id if result is not None and shows_heatmap(result) else None,
        "probability": result.id if result is not None and has_probability else None,
        "finding": words_of(scan.task).finding,
        "says": "" if result is None else outcome_words(result.task, result.outcome),
        "start": first_voxel(scan, view.measurements if view.withheld is None else None),
    }


def shows_heatmap(result: Result) -> bool:
    """Whether a heat map is drawn: results keep maps of versions whose maps were not checked."""
    return result.has_heatmap and result.positive and words_of(result.task).heat_map


def first_slice(scan: Scan, measurements: Measurements | None) -> int:
    """The slice to open with: where the largest lesion is largest, else the middle."""
    if measurements is not None and measurements.lesions:
        return measurements.lesions[0].largest_slice
    return scan.slices // 2


def first_voxel(scan: Scan, measurements: Measurements | None) -> list[int]:
    """Where the crosshair stands first, (slice, row, column): in the largest lesion, else in the middle."""
    _, row, column = (length // 2 for length in scan.shape)
    if measurements is not None and measurements.lesions:
        _, row, column = (
            int(place + 0.5) for place in measurements.lesions[0].centroid
        )  # as a browser rounds
    return [first_slice(scan, measurements), row, column]


def _sources(view: ScanView) -> dict[str, Any]:
    """The masks there are: of the AI, and of a reviewer."""
    sources: dict[str, Any] = {}
    if view.answer is not None and view.answer.has_mask:
        sources["ai"] = _source(view.answer.measurements, view.answer.id)
    corrected = view.corrected
    if corrected is not None:
        sources["corrected"] = _source(corrected.measurements, corrected.id)
    return sources


def _source(measurements: Measurements | None, version: str) -> dict[str, Any]:
    lesions = measurements.lesions if measurements else ()
    return {
        "version": version,
        "voxels": measurements.voxels if measurements else 0,
        "volume_ml": measurements.volume_ml if measurements else None,
        "lesions": [_lesion(lesion) for lesion in lesions[:MOST_LESIONS]],
    }


def _lesion(lesion: Lesion) -> dict[str, Any]:
    return {
        "box": [lesion.box.slices, lesion.box.rows, lesion.box.columns],
        "centroid": lesion.centroid,
        "largest": lesion.largest_slice,
        "longest": lesion.longest_ends,
        "perpendicular": lesion.perpendicular_ends,
    }
