"""Whether there is a tumour is told by everything that an outline shows."""

from __future__ import annotations

import numpy as np
import pytest

from models import presence


def _blob(sharp: float, pieces: int = 1) -> np.ndarray:
    """Probabilities (3, 48, 48): round pieces, the sharper the surer."""
    rows, columns = np.indices((48, 48))
    drawn = np.zeros((48, 48))
    for piece in range(pieces):
        distance = np.hypot(rows - 8 - 12 * piece, columns - 24)
        drawn = np.maximum(drawn, 1 / (1 + np.exp((distance - 5) * sharp)))
    return np.repeat(drawn[None], 3, axis=0)


def test_the_signs_by_hand() -> None:
    plain = np.zeros((2, 1, 100))
    plain[0, 0, :2], plain[1, 0, 50] = 1.0, 0.5
    mirrored = np.zeros_like(plain)
    mirrored[0, 0, :2] = [1.0, 0.4]  # together 1, 0.7 and 0.25, of which two are drawn
    shown = presence.signs(3.5, plain, mirrored)
    inside, everywhere = 1.7, 1.95
    expected = [
        3.5,
        2 * inside / (everywhere + 2),
        2 / 3,
        2 * 1.4 / 3.9,
        inside / 2,
        np.log10(2 / 200),
        1.0,
        0.0,
    ]
    assert shown == pytest.approx(expected, abs=1e-6)


def test_nothing_drawn_is_the_smallest_share_of_all() -> None:
    shown = presence.signs(-4.0, np.zeros((1, 8, 8)), np.zeros((1, 8, 8)))
    assert shown.tolist() == [-4.0, 0.0, 0.0, 0.0, 0.0, presence.SMALLEST_SHARE, 0.0, 0.0]


def test_sharp_single_pieces_are_told_from_blurred_scattered_ones() -> None:
    random = np.random.default_rng(0)
    truth = np.arange(80) % 2 == 0
    shown = np.stack(
        [
            presence.signs(random.normal(2, 1), *(2 * (_blob(random.uniform(1, 3)),)))
            if ill
            else presence.signs(random.normal(2, 1), _blob(random.uniform(0.2, 0.5), 3), _blob(0.3, 2))
            for ill in truth
        ]
    )
    weights = presence.fitted(shown[:60], truth[:60], np.ones(60))
    assert len(weights) == shown.shape[1] + 1
    called = np.array([presence.logit(weights, signs) > 0 for signs in shown[60:]])
    assert (called == truth[60:]).all()


def test_what_counts_more_weighs_more() -> None:
    """Two cases of one sort and different truth: the one that counts more decides."""
    random = np.random.default_rng(1)
    shown = random.normal(size=(40, 8))
    truth = np.arange(40) < 20
    low, high = (
        presence.logit(presence.fitted(shown, truth, np.where(truth, ill, 1.0)), shown.mean(axis=0))
        for ill in (0.1, 10.0)
    )
    assert low < 0 < high
