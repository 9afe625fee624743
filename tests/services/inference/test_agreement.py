"""How far another way of running a network may stray: each limit on both of its sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models import tasks
from models.task import Decision, Placement
from services.inference.agreement import Agreement, Answered, agreement

CLOSE = Agreement(
    cases=30, shift=0.001, flips=0.001, call_shift=0.005, call_flips=0.001, dice=0.0, dice_low=-0.005,
    dice_high=0.005,
)  # fmt: skip


def test_at_its_limits_a_way_is_close_enough() -> None:
    assert CLOSE.close_enough
    assert replace(CLOSE, dice=None, dice_low=None, dice_high=None).close_enough


@pytest.mark.parametrize(
    "beyond",
    [
        {"shift": 0.0011},
        {"flips": 0.0011},
        {"call_shift": 0.0051},
        {"call_flips": 0.0011},
        {"dice_low": -0.0051},
        {"dice_high": 0.0051},
    ],
)
def test_beyond_any_limit_it_is_not(beyond: dict[str, float]) -> None:
    assert not replace(CLOSE, **beyond).close_enough  # type: ignore[arg-type]


def _slices(logits: float) -> list[Answered]:
    """Scans of one slice with a square of certain pixels, whose answer is right."""
    raw = np.full((1, 2, 192, 192), -8.0, np.float32)
    raw[..., 60:90, 60:90] = logits
    truth = np.zeros((1, 192, 192), bool)
    truth[..., 60:90, 60:90] = True
    return [Answered(raw, Placement((1, 192, 192)), truth)] * 4


def test_surest_pixels_that_are_cut_off_are_seen_though_every_mask_is_the_same() -> None:
    """As int8 did it: presence hangs on how sure the surest pixels are."""
    task, decision = tasks.ALL["brain-tumour"], Decision(threshold=0.5, bias=-4.0)
    apart = agreement(task, decision, _slices(9.0), _slices(3.5))
    assert apart.dice is not None
    assert apart.shift < 0.001
    assert apart.flips == 0
    assert apart.call_shift > 0.4
    assert apart.call_flips == 1
    assert not apart.close_enough


def test_the_same_answers_agree() -> None:
    task, decision = tasks.ALL["brain-tumour"], Decision(threshold=0.5)
    apart = agreement(task, decision, _slices(9.0) * 8, _slices(9.0) * 8)
    assert (apart.cases, apart.shift, apart.flips, apart.call_shift, apart.dice) == (32, 0, 0, 0, 0)
    assert apart.close_enough


def test_the_likeliest_class_of_every_picture_counts_where_scans_are_routed() -> None:
    task, decision, place = tasks.ALL["suitability"], Decision(threshold=0.5), Placement((4, 9, 9))
    before = np.array([[4.0, 0, 0], [0, 4, 0], [0, 0.01, 0], [4, 0, 0]], np.float32)
    after = before.copy()
    after[2] = [0.01, 0, 0]
    apart = agreement(task, decision, [Answered(before, place)], [Answered(after, place)])
    assert apart.flips == 0.25
    assert apart.dice is None
