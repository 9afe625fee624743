"""Sizes of lesions by two diameters, and which lesions are measurable.

Source: RANO, Wen et al., J Clin Oncol 2010.
"""

from __future__ import annotations

from collections.abc import Iterable

from data.records import Lesion

LEAST_DIAMETER_MM = 10.0
LEAST_SLICES = 2


def diameter_product(lesion: Lesion) -> float | None:
    """Longest in-plane diameter by the longest one perpendicular to it, in mm²; None without spacing."""
    if lesion.longest_diameter_mm is None or lesion.perpendicular_diameter_mm is None:
        return None
    return lesion.longest_diameter_mm * lesion.perpendicular_diameter_mm


def measurable(lesion: Lesion) -> bool:
    """Whether both diameters are at least 10 mm and the lesion lies on two slices or more."""
    longest, across = lesion.longest_diameter_mm, lesion.perpendicular_diameter_mm
    if longest is None or across is None:
        return False
    first, last = lesion.box.slices
    long_enough = min(longest, across) >= LEAST_DIAMETER_MM - _ROUNDING
    return long_enough and last - first + 1 >= LEAST_SLICES


def sum_of_products(lesions: Iterable[Lesion]) -> float | None:
    """The sum of the diameter products of the measurable lesions, in mm²; None where no spacing is known."""
    listed = list(lesions)
    if any(diameter_product(lesion) is None for lesion in listed):
        return None
    return sum((diameter_product(lesion) or 0.0 for lesion in listed if measurable(lesion)), 0.0)


_ROUNDING = 1e-9  # mm, of sums of voxel sizes: ten voxels of 1 mm measure 10 mm
