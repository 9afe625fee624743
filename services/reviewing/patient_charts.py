"""What was measured on a patient over time, as charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reports.chart_axes import Figure
from reports.patient_figures import CourseLine, course_figure
from services.reviewing.patients import Course, Measured


def volume_chart(courses: Sequence[Course]) -> Figure | None:
    """Volumes in mL over time; None where none is known."""
    return _chart(courses, lambda point: point.volume_ml, "Volume", "mL")


def product_chart(courses: Sequence[Course]) -> Figure | None:
    """Sums of the products of two diameters over time, in mm²; None where none is known."""
    return _chart(courses, lambda point: point.product_mm2, "Product", "mm²")


def course_name(course: Course) -> str:
    """What a line of a chart is called: "FLAIR, version 2" or "FLAIR, reviewed"."""
    who = "reviewed" if course.version is None else f"version {course.version}"
    return f"{course.sequence}, {who}" if course.sequence else who.capitalize()


def _chart(
    courses: Sequence[Course], value: Callable[[Measured], float | None], up: str, unit: str
) -> Figure | None:
    lines = [line for line in (_line(course, value) for course in courses) if line.values]
    return course_figure(lines, up, unit) if lines else None


def _line(course: Course, value: Callable[[Measured], float | None]) -> CourseLine:
    known = [(point.at, number) for point in course.points if (number := value(point)) is not None]
    # Without their zone, as the browser would draw them in one of its own.
    times = [at.astimezone().replace(tzinfo=None).isoformat() for at, _ in known]
    return CourseLine(course_name(course), course.version is None, times, [number for _, number in known])
