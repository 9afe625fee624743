"""What weight decay means to each optimiser, and that each walks downhill."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.optimisers import Optimiser, optimiser_of


def _steps(kind: Optimiser, weight_decay: float, steps: int, gradient: float = 0.0) -> float:
    weight = nn.Parameter(torch.tensor([1.0]))
    optimiser = optimiser_of(kind, [weight], 0.01, weight_decay)
    for _ in range(steps):
        weight.grad = torch.tensor([gradient])
        optimiser.step()
    return weight.item()


@pytest.mark.parametrize("kind", Optimiser)
def test_every_optimiser_follows_the_gradient_down(kind: Optimiser) -> None:
    assert _steps(kind, 0.0, 5, gradient=1.0) < 1 < _steps(kind, 0.0, 5, gradient=-1.0)
    assert _steps(kind, 0.0, 5) == 1


@pytest.mark.parametrize("kind", [Optimiser.ADAMW, Optimiser.NADAM])
def test_decoupled_decay_shrinks_by_rate_times_decay(kind: Optimiser) -> None:
    assert _steps(kind, 0.5, 1) == pytest.approx(1 - 0.01 * 0.5)


def test_an_l2_penalty_goes_through_the_gradient() -> None:
    # Adam scales the penalty's gradient away: whatever the penalty, the first step is a whole one.
    assert _steps(Optimiser.ADAM, 0.5, 1) == pytest.approx(_steps(Optimiser.ADAM, 0.005, 1), abs=1e-6)
    assert _steps(Optimiser.SGD, 0.5, 1) < _steps(Optimiser.SGD, 0.005, 1) < 1
