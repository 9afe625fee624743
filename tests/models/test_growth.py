"""Which lesions are measurable, and their products, at the limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.records import Lesion, Spacing
from models.growth import (
    ResponseClass,
    diameter_product,
    measurable,
    percent_change,
    response_class,
    sum_of_products,
)
from models.measuring import measure


def lesions(*boxes: tuple[int, int, int], spacing: Spacing | None = None) -> tuple[Lesion, ...]:
    """Lesions that are boxes of so many (slices, rows, columns), measured at 1 mm unless said otherwise."""
    mask = np.zeros((12, 60 * len(boxes), 60), bool)
    for number, (slices, rows, columns) in enumerate(boxes):
        top = 60 * number + 2
        mask[2 : 2 + slices, top : top + rows, 2 : 2 + columns] = True
    return measure(mask, spacing or Spacing(3.0, 1.0, 1.0)).lesions


def plus(slices: int, arm: int) -> Lesion:
    """A plus of single-voxel arms: both of its diameters are `arm` mm exactly."""
    mask = np.zeros((8, 40, 40), bool)
    mask[2 : 2 + slices, 20, 5 : 5 + arm] = True
    middle = 5 + arm // 2
    mask[2 : 2 + slices, 20 - arm // 2 : 20 - arm // 2 + arm, middle] = True
    return measure(mask, Spacing(5.0, 1.0, 1.0)).lesions[0]


@pytest.mark.parametrize(
    ("slices", "arm", "counts"), [(2, 11, True), (2, 9, False), (1, 11, False), (5, 30, True)]
)
def test_a_lesion_is_measurable_from_ten_millimetres_on_two_slices_on(
    slices: int, arm: int, counts: bool
) -> None:
    lesion = plus(slices, arm)
    assert lesion.longest_diameter_mm == pytest.approx(arm, abs=0.6)
    assert measurable(lesion) is counts


@pytest.mark.parametrize(("across", "counts"), [(9.999, False), (10.0, True), (10.0 - 1e-12, True)])
def test_ten_millimetres_are_ten(across: float, counts: bool) -> None:
    lesion = replace(plus(2, 11), longest_diameter_mm=25.0, perpendicular_diameter_mm=across)
    assert measurable(lesion) is counts
    assert diameter_product(lesion) == 25.0 * across


def test_the_sum_is_of_the_measurable_ones() -> None:
    large, small = lesions((4, 20, 20), (4, 3, 3))
    assert measurable(large) and not measurable(small)
    assert sum_of_products([large, small]) == diameter_product(large)
    assert sum_of_products([]) == 0


def test_without_spacing_there_is_no_product() -> None:
    unknown = lesions((4, 20, 20), spacing=Spacing())
    assert diameter_product(unknown[0]) is None
    assert sum_of_products(unknown) is None
    assert not measurable(unknown[0])


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (126.0, ResponseClass.PROGRESSION),
        (125.0, ResponseClass.PROGRESSION),
        (124.999, ResponseClass.STABLE),
        (124.0, ResponseClass.STABLE),
        (100.0, ResponseClass.STABLE),
        (75.001, ResponseClass.STABLE),
        (75.0, ResponseClass.MINOR),
        (50.001, ResponseClass.MINOR),
        (50.0, ResponseClass.PARTIAL),
        (1.0, ResponseClass.PARTIAL),
    ],
)
def test_the_classes_begin_at_their_limits(after: float, said: ResponseClass) -> None:
    assert response_class(100.0, after, new_lesion=False, lesions_left=True) is said
    assert response_class(0.3 * 100.0, 0.3 * after, new_lesion=False, lesions_left=True) is said  # rounding


def test_a_new_lesion_is_progression_and_none_left_a_complete_response() -> None:
    assert response_class(100.0, 10.0, new_lesion=True, lesions_left=True) is ResponseClass.PROGRESSION
    assert response_class(100.0, 0.0, new_lesion=False, lesions_left=False) is ResponseClass.COMPLETE
    with pytest.raises(ValueError, match="nothing was measurable"):
        response_class(0.0, 5.0, new_lesion=False, lesions_left=True)


@given(st.floats(1.0, 1e5), st.floats(1e-3, 1e5), st.floats(1e-3, 1e5))
def test_more_is_never_a_better_class(before: float, first: float, second: float) -> None:
    order = list(ResponseClass)
    less, more = sorted([first, second])
    classes = [
        order.index(response_class(before, after, new_lesion=False, lesions_left=True))
        for after in (less, more)
    ]
    assert classes[0] <= classes[1]


@given(st.floats(0.1, 1e5), st.floats(0, 1e5))
def test_a_change_in_per_cent_leads_back(before: float, after: float) -> None:
    change = percent_change(before, after)
    assert change is not None and before * (1 + change / 100) == pytest.approx(after, abs=1e-6)
    assert percent_change(0.0, after) is None and percent_change(None, after) is None
