"""A linear layer on what an ImageNet network sees: one grey picture in, a logit for each class out."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from models.encoders import Encoder
from models.pretrained import Start, encoder_weights, start_from

INPUT_SIZE = 160
CLASSES = 9
_ENCODER = Encoder.LITE0
_SEEN = (112, 192, 320)
"""Channels after the fifth, sixth and seventh stage: texture, parts, and whole shapes."""


class AcquisitionNetwork(nn.Module):
    """EfficientNet-Lite0 (Tan and Le, ICML 2019) as ImageNet left it, and one trained linear layer.

    Few real pictures of some classes are at hand: a network trained through and through would learn
    their sources by heart.
    """

    def __init__(self) -> None:
        super().__init__()
        from timm import create_model  # 190 MB, of no use where OpenVINO runs the network

        whole = create_model(_ENCODER.timm_name, pretrained=False, num_classes=0)
        parts = dict(whole.named_children())
        self.conv_stem, self.bn1, self.blocks = parts["conv_stem"], parts["bn1"], parts["blocks"]
        for weight in self.parameters():
            weight.requires_grad = False
        self.scale = nn.BatchNorm1d(sum(_SEEN), affine=False)
        self.drop = nn.Dropout(0.2)
        self.classify = nn.Linear(sum(_SEEN), CLASSES)

    def train(self, mode: bool = True) -> Self:
        """Only the last layer takes note; the ImageNet part and its scaling stay as they are."""
        super().train(mode)
        for part in (self.conv_stem, self.bn1, self.blocks, self.scale):
            part.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """(n, 1, size, size) in [0, 1] -> (n, classes) logits."""
        seen = self.scale(self.features(images))
        logits: Tensor = self.classify(self.drop(seen))
        return logits

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """(n, 1, size, size) -> (n, 624) before scaling: each channel's mean after the last three stages."""
        at = self.bn1(self.conv_stem((images * 2 - 1).expand(-1, 3, -1, -1)))
        seen = []
        assert isinstance(self.blocks, nn.Sequential)
        for stage in self.blocks:
            at = stage(at)
            seen.append(at.float().mean((-2, -1)))
        return torch.cat(seen[-len(_SEEN) :], dim=1)


def build(start: Start = Start.SCRATCH) -> nn.Module:
    """About 2.9 million parameters, of which 5,625 are trained."""
    network = AcquisitionNetwork()
    weights = encoder_weights(start, _ENCODER)
    if weights is not None:
        start_from(network, weights)
    nn.init.normal_(network.classify.weight, std=0.01)
    nn.init.zeros_(network.classify.bias)
    return network
