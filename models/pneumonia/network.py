"""torchvision's ResNet-50 with one grey channel in and one logit out."""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models import resnet50

INPUT_SIZE = 160


def build(weights: str | None = None) -> nn.Module:
    """A network; `weights="IMAGENET1K_V2"` where the machine can fetch them.

    Pretrained colour filters are summed over their channels, which for a grey image gives
    exactly what the colour network would have answered.
    """
    resnet = resnet50(weights=weights)
    colour = resnet.conv1
    grey = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    if weights is not None:
        grey.weight = nn.Parameter(colour.weight.detach().sum(1, keepdim=True))
    else:
        nn.init.kaiming_normal_(grey.weight, mode="fan_out", nonlinearity="relu")
    resnet.conv1 = grey
    resnet.fc = nn.Linear(resnet.fc.in_features, 1)
    torch.nn.init.normal_(resnet.fc.weight, std=0.01)
    network: nn.Module = resnet
    return network
