"""Sizes of hand measurements: spacing of every axis, angles, and what cannot be said in mm."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.records import AnnotationKind, AnnotationValues, Spacing
from models.annotation_values import axis_steps, measured_values, right_angled

RULER, BOTH, ANGLE = AnnotationKind.RULER, AnnotationKind.BIDIRECTIONAL, AnnotationKind.ANGLE
STEPS = axis_steps(Spacing(3.0, 2.0, 1.0))
UNKNOWN = axis_steps(Spacing())


@pytest.mark.parametrize(
    ("start", "end", "mm"),
    [
        ((4, 10, 10), (4, 10, 25), 15.0),
        ((4, 10, 10), (4, 25, 10), 30.0),
        ((2, 10, 7), (12, 10, 7), 30.0),
        ((4, 10, 10), (4, 12, 13), 5.0),  # 4 mm and 3 mm
        ((4, 10, 10), (8, 10, 15), 13.0),  # 12 mm and 5 mm
        ((4, 10, 10.5), (8, 12.5, 10.5), 13.0),
    ],
)
def test_a_ruler_is_as_long_as_the_spacing_says_in_every_plane(
    start: tuple[float, float, float], end: tuple[float, float, float], mm: float
) -> None:
    values = measured_values(RULER, [start, end], STEPS)
    assert values == AnnotationValues("mm", length=pytest.approx(mm))  # type: ignore[arg-type]


def test_of_two_diameters_the_longer_one_comes_first() -> None:
    points = [(0, 10.0, 10.0), (0, 10.0, 16.0), (0, 5.0, 13.0), (0, 15.0, 13.0)]
    values = measured_values(BOTH, points, STEPS)
    assert (values.unit, values.length, values.perpendicular) == ("mm", 20.0, 6.0)
    assert values.angle_degrees is None


def test_two_diameters_are_perpendicular_in_the_body_and_not_in_the_picture() -> None:
    """At 2 x 1 mm what looks square on pixels is not, and the other way round."""
    square = [(0, 0.0, 0.0), (0, 4.0, 4.0), (0, 4.0, 0.0), (0, 0.0, 4.0)]
    body = [(0, 0.0, 0.0), (0, 2.0, 4.0), (0, 2.0, 0.0), (0, 0.0, 4.0)]  # (4, 4) mm and (-4, 4) mm
    assert right_angled(body, STEPS, 0.01) and not right_angled(square, STEPS, 10)
    assert right_angled(square, UNKNOWN, 0.01) and not right_angled(body, UNKNOWN, 10)


def test_diameters_off_by_more_than_is_allowed_are_not_perpendicular() -> None:
    def off(degrees: float) -> list[tuple[float, float, float]]:
        radians = math.radians(90 + degrees)
        return [(0, 0, 0), (0, 0, 10), (0, 0, 0), (0, 5 * math.sin(radians), 10 * math.cos(radians))]

    for sign in (1, -1):
        assert right_angled(off(0.99 * sign), STEPS, 1.0)
        assert not right_angled(off(1.01 * sign), STEPS, 1.0)


@given(st.floats(0.01, 180), st.floats(0, 360), st.floats(1, 50), st.floats(1, 50))
def test_an_angle_is_the_one_that_was_drawn(angle: float, turn: float, first: float, second: float) -> None:
    def at(length: float, degrees: float) -> tuple[float, float, float]:
        radians = math.radians(degrees)
        return 7, 100 + length * math.sin(radians) / 2.0, 100 + length * math.cos(radians)

    values = measured_values(ANGLE, [at(first, turn), (7, 100, 100), at(second, turn + angle)], STEPS)
    assert values.angle_degrees == pytest.approx(angle, abs=1e-4)
    assert (values.unit, values.length) == ("mm", None)


def test_without_spacing_there_are_pixels_only() -> None:
    values = measured_values(RULER, [(0, 3, 4), (0, 6, 8)], UNKNOWN)
    assert values == AnnotationValues("px", length=5.0)
    values = measured_values(ANGLE, [(0, 0, 5), (0, 0, 0), (0, 5, 0)], UNKNOWN)
    assert (values.unit, values.angle_degrees) == ("px", 90.0)


def test_a_lone_picture_has_millimetres_in_its_plane() -> None:
    steps = axis_steps(Spacing(None, 0.5, 0.25))
    assert measured_values(RULER, [(0, 0, 0), (0, 6, 16)], steps) == AnnotationValues("mm", 5.0)
    assert measured_values(RULER, [(0, 0, 0), (3, 0, 4)], steps) == AnnotationValues("px", 5.0)


def test_in_a_sheared_grid_lengths_are_those_of_the_body() -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0.5, 2.0], [0, -1.0, 0], [-1.0, 0, 0]]).T
    steps = axis_steps(Spacing(2.0, 1.0, 1.0), affine)
    across_slices = measured_values(RULER, [(0, 8, 8), (4, 8, 8)], steps)
    assert across_slices.length == pytest.approx(4 * math.hypot(0.5, 2.0))
