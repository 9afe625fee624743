"""U-Net with a ResNet-50 encoder, one grey channel in, one logit a pixel out."""

from __future__ import annotations

import segmentation_models_pytorch as smp
from torch import nn

INPUT_SIZE = 192


def build(encoder_weights: str | None = None) -> nn.Module:
    """A network; `encoder_weights="imagenet"` where the machine can fetch them."""
    network: nn.Module = smp.Unet("resnet50", encoder_weights=encoder_weights, in_channels=1, classes=1)
    return network
