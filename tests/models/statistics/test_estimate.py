"""Constants of the 95 % level, and numbers of which nothing is known."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest

from models.statistics import estimate
from models.statistics.estimate import CHANGE, Estimate, undefined, unvaried


def test_the_level_is_95_per_cent_of_a_normal_distribution() -> None:
    assert pytest.approx(1.959963984540054) == estimate.Z95
    assert estimate.TAILS == (2.5, 97.5)
    assert (estimate.SHARE, estimate.CHANGE) == ((0.0, 1.0), (-1.0, 1.0))
    assert all(math.isnan(end) for end in estimate.UNBOUNDED)


def test_an_undefined_number_is_anywhere_within_its_bounds() -> None:
    nothing = undefined(7, CHANGE)
    assert math.isnan(nothing.value)
    assert (nothing.low, nothing.high, nothing.n) == (-1.0, 1.0, 7)
    assert (undefined().low, undefined().high, undefined().n) == (0.0, 1.0, 0)


def test_an_estimate_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        unvaried(1.0, 3, (0, 1)).value = 0.5  # type: ignore[misc]
    assert unvaried(0.25, 1, CHANGE) == Estimate(0.25, -1.0, 1.0, 1)


@pytest.mark.parametrize(
    "known", [Estimate(0.8, 0.5, 0.9, 10), Estimate(12.0, 3.0, math.nan, 4), undefined(3)]
)
def test_what_was_made_plain_is_read_again(known: Estimate) -> None:
    assert repr(Estimate.of_plain(known.plain())) == repr(known)  # NaN is like no other, but in words
