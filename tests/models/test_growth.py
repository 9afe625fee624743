"""Which lesions are measurable, and their products, at the limits."""

from __future__ import annotations

import numpy as np
import pytest

from data.records import Lesion, Spacing
from models.growth import diameter_product, measurable, sum_of_products
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
    from dataclasses import replace

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
