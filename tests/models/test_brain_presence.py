"""The decision of `brain-tumour`: found, abnormal or nothing, fitted on heads of several sources."""

from __future__ import annotations

import numpy as np
import pytest

from models.brain_tumour.presence import CERTAINTY, LEAST_ABNORMAL, Asked, with_presence
from models.task import Decision


def _asked(volume: bool, shift: float, n: int = 40) -> list[Asked]:
    """Half of them ill, told by the evidence, which lies `shift` higher."""
    random = np.random.default_rng(int(volume))
    cases = []
    for number in range(n):
        ill = number % 2 == 0
        signs = random.normal(0, 0.2, 8)
        signs[0] = shift + (3 if ill else -3) + random.normal(0, 0.5)
        cases.append(Asked(signs, volume, ill, elsewhere=number % 4 < 2))
    return cases


def test_lone_pictures_and_volumes_share_a_threshold() -> None:
    asked = [*_asked(False, 0.0), *_asked(True, 6.0)]
    decision = with_presence(Decision(threshold=0.5), asked)
    for case in asked:
        assert (case.probability(decision) >= decision.threshold) is case.tumour
        assert 1 - CERTAINTY <= case.probability(decision) <= CERTAINTY
    assert decision.abnormal is not None
    assert LEAST_ABNORMAL <= decision.abnormal <= decision.threshold


def test_heads_from_elsewhere_weigh_as_much_as_all_the_others() -> None:
    """Many held-out cases leave room below zero, one from elsewhere says that zero is healthy still."""
    random = np.random.default_rng(3)
    ill = [Asked(np.array([2 + random.normal(0, 0.1), *np.zeros(7)]), False, True) for _ in range(100)]
    healthy = [Asked(np.array([-2 + random.normal(0, 0.1), *np.zeros(7)]), False, False) for _ in range(100)]
    bright = [Asked(np.array([1.5, *np.zeros(7)]), False, False, elsewhere=True)]
    known = [Asked(np.array([3.0, *np.zeros(7)]), False, True, elsewhere=True)]
    without = with_presence(Decision(threshold=0.5), [*ill, *healthy])
    within = with_presence(Decision(threshold=0.5), [*ill, *healthy, *bright, *known])
    assert bright[0].probability(without) >= without.threshold
    assert bright[0].probability(within) < within.threshold


def test_no_volumes_no_weights_for_them() -> None:
    decision = with_presence(Decision(threshold=0.5), _asked(False, 0.0))
    assert decision.volume_presence is None
    assert decision.volume_shift == 0.0


@pytest.mark.parametrize(("logit", "expected"), [(60.0, 0.99), (-60.0, 0.01), (0.0, 0.5)])
def test_no_probability_is_surer_than_it_may_be(logit: float, expected: float) -> None:
    assert Decision(threshold=0.5, certainty=0.99).probability(logit) == pytest.approx(expected)
    assert Decision(threshold=0.5).probability(60.0) == pytest.approx(1.0)
