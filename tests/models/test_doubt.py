"""A mask's expected Dice follows from how sharp its probabilities are."""

from __future__ import annotations

import numpy as np
import pytest

from models import doubt
from models.overlap import dice


def _case(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(signs, mask's Dice): the blurrier the map and the further its mirror, the further off the truth."""
    rows, columns = np.indices((64, 64)) - 32
    distance = np.hypot(rows, columns)
    blur, radius = random.uniform(0.3, 6), random.uniform(8, 16)
    plain, mirrored = (1 / (1 + np.exp((distance - radius - way * blur / 3) / blur)) for way in (-1, 1))
    shown = doubt.signs(plain[None], mirrored[None], 0.5)
    assert shown is not None
    truth = distance < radius + random.choice([-1, 1]) * blur
    return shown, dice((plain + mirrored > 1)[None], truth[None])


def test_the_estimate_tells_good_masks_from_poor_ones() -> None:
    random = np.random.default_rng(0)
    shown, scores = zip(*[_case(random) for _ in range(160)], strict=True)
    fitted = doubt.fitted(shown[:120], scores[:120])
    assert fitted is not None
    expected = [doubt.expected_dice(fitted.weights, signs) for signs in shown[120:]]
    assert np.corrcoef(expected, scores[120:])[0, 1] > 0.8
    assert np.mean(np.abs(np.array(expected) - scores[120:])) < 0.08
    assert all(0 <= share <= 1 for share in expected)


def test_a_left_out_estimate_knows_nothing_of_its_own_case() -> None:
    random = np.random.default_rng(1)
    shown, scores = (list(column) for column in zip(*[_case(random) for _ in range(60)], strict=True))
    honest = doubt.fitted(shown, scores)
    scores[0] = 0.0  # a case that is wrong altogether
    deceived = doubt.fitted(shown, scores)
    assert honest is not None
    assert deceived is not None
    assert deceived.left_out[0] == pytest.approx(honest.left_out[0], abs=1e-6)


def test_no_mask_no_signs_and_few_cases_no_estimate() -> None:
    shown, _ = _case(np.random.default_rng(2))
    assert doubt.fitted([shown] * 10, [0.9] * 10) is None
    assert doubt.signs(np.zeros((1, 8, 8)), np.zeros((1, 8, 8)), 0.5) is None


def test_each_sign_by_hand() -> None:
    """Four pixels of six slices: a sure one, a fair one, a doubtful one, and one outside."""
    plain = np.zeros((6, 1, 100))
    mirrored = np.zeros((6, 1, 100))
    plain[0, 0, :4] = [1.0, 0.75, 0.6, 0.2]
    mirrored[0, 0, :4] = [1.0, 0.65, 0.4, 0.4]  # together 1, 0.7, 0.5, 0.3
    plain[3, 0, 50] = mirrored[3, 0, 50] = 0.95  # a piece of its own
    signs = doubt.signs(plain, mirrored, 0.4)
    assert signs is not None
    inside, everywhere, size = 1 + 0.7 + 0.5 + 0.95, 1 + 0.7 + 0.5 + 0.3 + 0.95, 4
    both = 1 + 0.65 + 0.4 + 0.2 + 0.95
    assert signs == pytest.approx(
        [
            1.0,
            2 * inside / (everywhere + size),
            2 * 2 / (2 + 5),  # above 0.75: two; above 0.25: five
            2 * 2 / (2 + 5),  # above 0.9: two; above 0.1: five
            2 * 3 / (4 + 3),  # plain draws four above 0.4, mirrored three of them
            2 * both / (plain.sum() + mirrored.sum()),
            (0.0 + 0.1 + 0.2 + 0.0) / 4,
            inside / size,
            1 - inside / everywhere,
            everywhere / 100,  # the hundred surest hold all there is
            np.log10(4 / 600),
            3 / 4,
            np.log(2),
        ],
        rel=1e-5,
    )


def test_a_pixel_at_the_threshold_is_not_in_the_mask() -> None:
    flat = np.full((1, 2, 2), 0.5)
    assert doubt.signs(flat, flat, 0.5) is None
    assert doubt.signs(flat, flat, 0.49) is not None


def test_an_expected_dice_lies_between_0_and_1() -> None:
    assert doubt.expected_dice((0.5, 1.0), np.array([1.0, 0.25])) == 0.75
    assert doubt.expected_dice((0.5, 1.0), np.array([1.0, 0.75])) == 1.0
    assert doubt.expected_dice((0.5, -1.0), np.array([1.0, 0.75])) == 0.0


def test_forty_cases_are_enough_for_an_estimate() -> None:
    random = np.random.default_rng(3)
    shown, scores = (list(column) for column in zip(*[_case(random) for _ in range(40)], strict=True))
    assert doubt.fitted(shown[:39], scores[:39]) is None
    assert doubt.fitted(shown, scores) is not None
