"""Growth of lesions between two scans: sizes by two diameters, and the response criteria of low-grade glioma.

Sources: RANO, Wen et al., J Clin Oncol 2010 (which lesions are measurable; sums of products of diameters);
RANO-LGG, van den Bent et al., Lancet Oncol 2011 (response on T2 or FLAIR).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from data.records import Lesion

LEAST_DIAMETER_MM = 10.0
LEAST_SLICES = 2
PROGRESSION = 1.25  # of the sum of products before, and so on
MINOR_RESPONSE = 0.75
PARTIAL_RESPONSE = 0.50


class ResponseClass(StrEnum):
    """What the pictures alone say of a low-grade glioma between two scans."""

    COMPLETE = "complete response"
    PARTIAL = "partial response"
    MINOR = "minor response"
    STABLE = "stable disease"
    PROGRESSION = "progressive disease"


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
    long_enough = min(longest, across) >= LEAST_DIAMETER_MM - _ROUNDING_MM
    return long_enough and last - first + 1 >= LEAST_SLICES


def sum_of_products(lesions: Iterable[Lesion]) -> float | None:
    """The sum of the diameter products of the measurable lesions, in mm²; None where no spacing is known."""
    listed = list(lesions)
    if any(diameter_product(lesion) is None for lesion in listed):
        return None
    return total_product(lesion for lesion in listed if measurable(lesion))


def total_product(lesions: Iterable[Lesion]) -> float:
    """The sum of all diameter products, in mm²; what has no spacing counts as nothing."""
    return sum((diameter_product(lesion) or 0.0 for lesion in lesions), 0.0)


def percent_change(before: float | None, after: float | None) -> float | None:
    """How much more `after` is, in per cent of `before`; None where one is unknown or nothing was there."""
    if before is None or after is None or before <= 0:
        return None
    return 100.0 * (after - before) / before


def response_class(before: float, after: float, *, new_lesion: bool, lesions_left: bool) -> ResponseClass:
    """The class of RANO-LGG by the sums of products of the same lesions, in mm², `before` above 0.

    A new lesion is progression whatever the others do. The limits belong to the stronger class: an increase
    of 25 % is progression, a decrease of 25 % a minor and one of 50 % a partial response.
    """
    if before <= 0:
        raise ValueError("nothing was measurable before")
    share = after / before
    if new_lesion or share >= PROGRESSION - _ROUNDING:
        return ResponseClass.PROGRESSION
    if not lesions_left:
        return ResponseClass.COMPLETE
    if share <= PARTIAL_RESPONSE + _ROUNDING:
        return ResponseClass.PARTIAL
    if share <= MINOR_RESPONSE + _ROUNDING:
        return ResponseClass.MINOR
    return ResponseClass.STABLE


_ROUNDING_MM = 1e-9  # of sums of voxel sizes: ten voxels of 1 mm measure 10 mm
_ROUNDING = 1e-9
