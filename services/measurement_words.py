"""The sizes of what was found, in words with units: pages, reports and texts show the same cells."""

from __future__ import annotations

from dataclasses import dataclass

from data.records import AnnotationValues, Lesion, Measurements, Scan

MOST_LESIONS = 8
EMPTY = "The mask is empty."
AT_BORDER = "The mask touches the border of the scan: the real size may be larger."
SATELLITES = "Small pieces beside the largest{where} are not outlined, as such seldom are tumour: look there."
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
    lesions = measurements.lesions[:MOST_LESIONS]
    columns = _columns(lesions, scan, placed=placed)
    return MeasuredWords(
        warnings=tuple(_warnings(measurements, scan)),
        whole=tuple((name, value) for name, value in _whole(measurements, scan) if value),
        head=tuple(name for name, _ in columns),
        rows=tuple(zip(*(cells for _, cells in columns), strict=True)),
        more=len(measurements.lesions) - len(lesions),
    )


def _warnings(measurements: Measurements, scan: Scan) -> list[str]:
    if not measurements.lesions:
        return []
    warnings = [AT_BORDER] if measurements.touches_border else []
    if measurements.satellites:
        where = f" ({_slices(measurements.satellites)})" if scan.slices > 1 else ""
        warnings.append(SATELLITES.format(where=where))
    return [*warnings, PIXELS_ONLY] if scan.spacing.in_plane is None else warnings


def _whole(measurements: Measurements, scan: Scan) -> list[tuple[str, str]]:
    whole = [("Volume", millilitres(measurements.volume_ml)), ("Lesions", str(len(measurements.lesions)))]
    if scan.slices > 1:
        whole.append(("Slices touched", f"{measurements.slices_touched} of {scan.slices}"))
    return whole


def _columns(lesions: tuple[Lesion, ...], scan: Scan, *, placed: bool) -> list[tuple[str, list[str]]]:
    flat = scan.slices == 1
    columns = [
        ("", [str(number + 1) for number in range(len(lesions))]),
        ("Area" if flat else "Volume", [lesion_size(lesion, flat=flat) for lesion in lesions]),
    ]
    if scan.spacing.voxel_ml is not None:
        columns.append(("Longest", [_measured(lesion.maximum_3d_diameter_mm) for lesion in lesions]))
        if placed:
            columns.append(("Head to foot", [_measured(lesion.craniocaudal_mm) for lesion in lesions]))
    columns += _in_plane(lesions)
    if not flat:
        columns.append(("Slices", [_first_to_last(lesion.box.slices) for lesion in lesions]))
    return [*columns, ("Position", [position(lesion, placed=placed) for lesion in lesions])]


def _in_plane(lesions: tuple[Lesion, ...]) -> list[tuple[str, list[str]]]:
    longest = [_length(lesion.longest_diameter_mm, lesion.longest_diameter_px) for lesion in lesions]
    across = [
        _length(lesion.perpendicular_diameter_mm, lesion.perpendicular_diameter_px) for lesion in lesions
    ]
    return [("Longest in plane", longest), ("Perpendicular in plane", across)]


def _length(length_mm: float | None, length_px: float) -> str:
    return f"{length_px:.0f} px" if length_mm is None else millimetres(length_mm)


def _measured(length_mm: float | None) -> str:
    return "not measured" if length_mm is None else millimetres(length_mm)


def _first_to_last(slices: tuple[int, int]) -> str:
    return f"{slices[0] + 1}–{slices[1] + 1}"


def _slices(numbers: tuple[int, ...]) -> str:
    """Slices, counted from 1, as people write them: "slice 4", "slices 4–6, 9"."""
    starts = [number for number in numbers if number - 1 not in numbers]
    ends = [number for number in numbers if number + 1 not in numbers]
    runs = [
        f"{start + 1}" if start == end else _first_to_last((start, end))
        for start, end in zip(starts, ends, strict=True)
    ]
    return f"{'slice' if len(numbers) == 1 else 'slices'} {', '.join(runs)}"


def annotation_words(values: AnnotationValues) -> str:
    """What somebody measured by hand: "34.2 mm", "34.2 × 12.1 mm" or "57.3°", to one decimal."""
    if values.angle_degrees is not None:
        return f"{values.angle_degrees:.1f}°"
    lengths = [f"{length:.1f}" for length in (values.length, values.perpendicular) if length is not None]
    return f"{' × '.join(lengths)} {values.unit}"


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
