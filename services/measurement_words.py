"""The sizes of what was found, in words with units: pages, reports and texts show the same cells."""

from __future__ import annotations

from dataclasses import dataclass

from data.records import Lesion, Measurements, Scan

MOST_LESIONS = 8
EMPTY = "The mask is empty."
AT_BORDER = "The mask touches the border of the scan: the real size may be larger."
PIXELS_ONLY = "Pixels only: the file does not state its spacing."


@dataclass(frozen=True)
class MeasuredWords:
    """A mask's sizes: sentences that warn, the whole by name, and a row a lesion, the largest first.

    `head` names the cells of `rows`; `more` is how many smaller lesions have no row.
    """

    warnings: tuple[str, ...]
    whole: tuple[tuple[str, str], ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int


def measured_words(measurements: Measurements, scan: Scan, *, placed: bool) -> MeasuredWords:
    """Sizes with units; pixels, and saying so, where the file states no spacing.

    `placed`: whether the file says how the patient lies.
    """
    flat, lesions = scan.slices == 1, measurements.lesions
    return MeasuredWords(
        warnings=tuple(_warnings(measurements, scan)),
        whole=tuple((name, value) for name, value in _whole(measurements, scan) if value),
        head=("", "Area" if flat else "Volume", "Longest", "Perpendicular")
        + (() if flat else ("Slices",))
        + ("Position",),
        rows=tuple(
            _row(number, lesion, flat=flat, placed=placed)
            for number, lesion in enumerate(lesions[:MOST_LESIONS], start=1)
        ),
        more=max(0, len(lesions) - MOST_LESIONS),
    )


def _warnings(measurements: Measurements, scan: Scan) -> list[str]:
    if not measurements.lesions:
        return []
    warnings = [AT_BORDER] if measurements.touches_border else []
    return [*warnings, PIXELS_ONLY] if scan.spacing.in_plane is None else warnings


def _whole(measurements: Measurements, scan: Scan) -> list[tuple[str, str]]:
    whole = [("Volume", millilitres(measurements.volume_ml)), ("Lesions", str(len(measurements.lesions)))]
    if scan.slices > 1:
        whole.append(("Slices touched", f"{measurements.slices_touched} of {scan.slices}"))
    return whole


def _row(number: int, lesion: Lesion, *, flat: bool, placed: bool) -> tuple[str, ...]:
    first, last = lesion.box.slices
    return (
        str(number),
        lesion_size(lesion, flat=flat),
        _length(lesion.longest_diameter_mm, lesion.longest_diameter_px),
        _length(lesion.perpendicular_diameter_mm, lesion.perpendicular_diameter_px),
        *(() if flat else (f"{first + 1}–{last + 1}",)),
        position(lesion, placed=placed),
    )


def _length(length_mm: float | None, length_px: float) -> str:
    return f"{length_px:.0f} px" if length_mm is None else millimetres(length_mm)


def millilitres(volume: float | None) -> str:
    """Format a volume; small ones keep more digits."""
    if volume is None:
        return ""
    return f"{volume:.1f} mL" if volume >= 1 else f"{volume:.2f} mL"


def millimetres(length: float | None) -> str:
    """Format a length in whole millimetres, or with one digit below 10."""
    if length is None:
        return ""
    return f"{length:.0f} mm" if length >= 10 else f"{length:.1f} mm"


def lesion_size(lesion: Lesion, *, flat: bool) -> str:
    """How large a lesion is: its volume, of a picture its area; in voxels or pixels without spacing."""
    if flat and lesion.area_mm2 is not None:
        return f"{lesion.area_mm2:.0f} mm²"
    if not flat and lesion.volume_ml is not None:
        return millilitres(lesion.volume_ml)
    return f"{lesion.voxels} {'px' if flat else 'voxels'}"


def position(lesion: Lesion, *, placed: bool) -> str:
    """Say where a lesion's centre lies: patient axes in mm, or the pixel where they are unknown."""
    if lesion.position_mm is None or not placed:
        _, row, column = lesion.centroid
        return f"row {row:.0f}, column {column:.0f}"
    letters = (("R", "L"), ("A", "P"), ("S", "I"))
    # RAS: the positive direction is right, anterior, superior.
    parts = [
        f"{positive if value >= 0 else negative} {abs(value):.0f}"
        for value, (positive, negative) in zip(lesion.position_mm, letters, strict=True)
    ]
    return ", ".join(parts) + " mm"
