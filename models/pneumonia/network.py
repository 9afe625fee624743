"""An ImageNet encoder with three equal channels in and one logit out."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from models.encoders import Encoder
from models.pretrained import Start, encoder_weights, start_from

INPUT_SIZE = 192
ENCODER = Encoder.LITE0
DROPOUT = 0.2
_RESNET = ("conv1", "bn1", "act1", "maxpool", "layer1", "layer2", "layer3", "layer4")
_LITE, _LITE_WIDENING = ("conv_stem", "bn1", "blocks"), ("conv_head", "bn2")


class GreyClassifier(nn.Module):
    """timm's network, fed with one grey channel in [0, 1] as EfficientNet-Lite was with [-1, 1]."""

    def __init__(self, encoder: Encoder = ENCODER, dropout: float = DROPOUT) -> None:
        super().__init__()
        self.encoder = encoder
        from timm import create_model  # 190 MB, of no use where OpenVINO runs the network

        self.net = create_model(encoder.timm_name, pretrained=False, num_classes=1, drop_rate=dropout)

    @property
    def last(self) -> nn.Linear:
        """The layer after the pooling."""
        layer = getattr(self.net, self.encoder.last_layer)
        assert isinstance(layer, nn.Linear)
        return layer

    @property
    def features(self) -> tuple[nn.Sequential, nn.Sequential]:
        """Everything before the pooling: what describes a picture, and what still widens that (or nothing).

        (n, 3, size, size) in [-1, 1] -> (n, d, size/32, size/32), and from there to (n, c, size/32, size/32).
        """
        resnet = self.encoder is Encoder.RESNET50
        parts = dict(self.net.named_children())
        stages = (_RESNET, ()) if resnet else (_LITE, _LITE_WIDENING)
        described, widening = (nn.Sequential(*(parts[name] for name in names)) for names in stages)
        return described, widening

    def forward(self, images: Tensor) -> Tensor:
        """(n, 1, size, size) in [0, 1] -> (n, 1) logits."""
        logits: Tensor = self.net((images * 2 - 1).expand(-1, 3, -1, -1))
        return logits


def build(
    encoder: Encoder = ENCODER,
    start: Start = Start.SCRATCH,
    dropout: float = DROPOUT,
    encoder_from: Path | None = None,
) -> GreyClassifier:
    """A network, its weights to be loaded or trained from `start`, or from the encoder of a version."""
    network = GreyClassifier(encoder, dropout)
    weights = encoder_weights(start, encoder, encoder_from)
    if weights is not None:
        theirs = {name: value for name, value in weights.items() if not name.startswith(encoder.last_layer)}
        start_from(network.net, theirs)
    torch.nn.init.normal_(network.last.weight, std=0.01)
    torch.nn.init.zeros_(network.last.bias)
    return network
