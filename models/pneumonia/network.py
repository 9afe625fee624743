"""EfficientNet-Lite with three equal channels in and one logit out."""

from __future__ import annotations

import torch
from timm import create_model
from torch import Tensor, nn

from models.pretrained import Start, encoder_weights, start_from

INPUT_SIZE = 192
SCALE = 0


class GreyClassifier(nn.Module):
    """timm's EfficientNet-Lite, fed with one grey channel in [0, 1] as ImageNet was with [-1, 1]."""

    def __init__(self, scale: int = SCALE) -> None:
        super().__init__()
        self.net = create_model(
            f"tf_efficientnet_lite{scale}", pretrained=False, num_classes=1, drop_rate=0.2
        )

    @property
    def last(self) -> nn.Linear:
        """The layer after the pooling."""
        layer = self.net.classifier
        assert isinstance(layer, nn.Linear)
        return layer

    @property
    def features(self) -> nn.Sequential:
        """Everything before the pooling: (n, 3, size, size) in [-1, 1] -> (n, c, size/32, size/32)."""
        parts = dict(self.net.named_children())
        names = ("conv_stem", "bn1", "blocks", "conv_head", "bn2")
        return nn.Sequential(*(parts[name] for name in names))

    def forward(self, images: Tensor) -> Tensor:
        """(n, 1, size, size) in [0, 1] -> (n, 1) logits."""
        logits: Tensor = self.net((images * 2 - 1).expand(-1, 3, -1, -1))
        return logits


def build(start: Start = Start.SCRATCH, scale: int = SCALE) -> nn.Module:
    """A network, its weights to be loaded or trained from `start`."""
    network = GreyClassifier(scale)
    weights = encoder_weights(start, scale)
    if weights is not None:
        start_from(network.net, {name: value for name, value in weights.items() if "classifier" not in name})
    torch.nn.init.normal_(network.last.weight, std=0.01)
    torch.nn.init.zeros_(network.last.bias)
    return network
