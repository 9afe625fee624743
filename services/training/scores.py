"""How trained weights do, validation case by validation case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from models import weights
from models.device import Device
from models.training import Trainable, predictor

Scores = Mapping[str, Sequence[float]]
"""The score of each validation case by data set."""


def scores_of(material: Trainable, best: Path, device: Device) -> Scores:
    """The scores of the weights in a file that `models.training.fit` left."""
    return material.scores(predictor(material, weights.checkpointed(best), device))
