"""`pneumonia`: from an X-ray to one input, and from the network's map to probability and heat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from data.records import PNEUMONIA, Spacing
from models.imaging import from_square, normalised, to_square
from models.pneumonia import network
from models.task import Answer, Array, Decision, FloatArray, Kind, Task


class EvidenceMap(nn.Module):
    """The trained ResNet, asked before its pooling: one logit a place, (n, 1, size/32, size/32).

    Their mean is the network's logit. For a network that ends in average pooling and one linear
    layer this map is Grad-CAM of the last convolution (Selvaraju et al., ICCV 2017), without
    a backward pass.
    """

    def __init__(self, trained: nn.Module) -> None:
        super().__init__()
        parts = dict(trained.named_children())
        linear = parts.pop("fc")
        parts.pop("avgpool")
        assert isinstance(linear, nn.Linear)
        self.features = nn.Sequential(*parts.values())
        self.weigh = nn.Conv2d(linear.in_features, 1, kernel_size=1)
        with torch.no_grad():
            self.weigh.weight.copy_(linear.weight[:, :, None, None])
            self.weigh.bias.copy_(linear.bias)  # type: ignore[union-attr]

    def forward(self, images: Tensor) -> Tensor:
        """(n, 1, size, size) -> (n, 1, size/32, size/32) logits."""
        evidence: Tensor = self.weigh(self.features(images))
        return evidence


def inputs(image: Array) -> Tensor:
    """(1, height, width) of any scale -> (1, 1, size, size) in [0, 1]."""
    return to_square(normalised(image[:1]), network.INPUT_SIZE)


def answer(evidence: FloatArray, shape: tuple[int, int, int], spacing: Spacing, decision: Decision) -> Answer:
    """Calibrated probability and a heat map (height, width) of what spoke for pneumonia."""
    probability = decision.probability(float(evidence[0].mean()))
    return Answer(
        probability=probability,
        positive=probability >= decision.threshold,
        heatmap=heatmap(evidence[0, 0], *shape[1:]),
    )


def heatmap(evidence: FloatArray, height: int, width: int) -> FloatArray:
    """Positive evidence (rows, columns) enlarged to the picture and scaled to 0..1."""
    positive = torch.from_numpy(np.maximum(evidence, 0))[None, None]
    side = max(height, width)
    smooth = functional.interpolate(positive, size=(side, side), mode="bicubic", align_corners=False)
    full: FloatArray = np.maximum(from_square(smooth, height, width)[0], 0)
    top = float(full.max())
    if top > 0:
        full /= top
    return full


TASK = Task(
    name=PNEUMONIA,
    title="Pneumonia on chest X-ray",
    kind=Kind.CLASSIFICATION,
    folder=Path(__file__).parent,
    input_size=network.INPUT_SIZE,
    preprocessing="percentiles 1 and 99.5 to 0..1, padded square, 160 px, bilinear",
    build=network.build,
    for_inference=EvidenceMap,
    inputs=inputs,
    answer=answer,
)
