"""U-Net on an ImageNet encoder: a slice and its neighbours in, one logit a pixel out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.encoders import Encoder
from models.pretrained import Start, encoder_weights, start_from

INPUT_SIZE = 192
CHANNELS = 3
"""The slice before, the slice itself and the slice after it; a lone slice stands three times."""
ENCODER = Encoder.LITE2
_WITHOUT_LAST_STAGE: dict[str, Any] = {"encoder_depth": 4, "decoder_channels": (128, 96, 48, 24)}
"""ResNet-50 without its last stage, as Mask R-CNN's "C4" has it (He et al., ICCV 2017): that stage holds two
thirds of the encoder's weights, for a map of 6 x 6."""


class GreyUNet(nn.Module):
    """smp's U-Net, fed with [0, 1] as its ImageNet encoder was fed with [-1, 1]."""

    def __init__(self, encoder: Encoder = ENCODER, dropout: float = 0.0) -> None:
        super().__init__()
        import segmentation_models_pytorch as smp  # 190 MB, of no use where OpenVINO runs the network

        self.unet = smp.Unet(
            f"tu-{encoder.timm_name}",
            encoder_weights=None,
            in_channels=CHANNELS,
            classes=1,
            **(_WITHOUT_LAST_STAGE if encoder is Encoder.RESNET50 else {}),
        )
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, slices: Tensor) -> Tensor:
        """(n, 3, size, size) in [0, 1] -> (n, 1, size, size) logits."""
        return self.described(slices)[0]

    def described(self, slices: Tensor) -> tuple[Tensor, Tensor]:
        """The same with the encoder's deepest features, averaged over the picture, (n, d)."""
        features = self.unet.encoder(slices * 2 - 1)
        logits: Tensor = self.unet.segmentation_head(self.dropout(self.unet.decoder(features)))
        return logits, features[-1].float().mean((-2, -1))


class Mirrored(nn.Module):
    """The trained network, asked of the picture and of its mirror image.

    The head is nearly symmetrical, so both should say the same; their mean is the better answer, and
    where they differ the network is unsure.
    """

    def __init__(self, trained: nn.Module) -> None:
        super().__init__()
        self.trained = trained

    def forward(self, slices: Tensor) -> Tensor:
        """(n, 3, size, size) -> (n, 2, size, size): logits of the picture, and of its mirror turned back."""
        return torch.cat([self.trained(slices), self.trained(slices.flip(-1)).flip(-1)], dim=1)

    def described(self, slices: Tensor) -> tuple[Tensor, Tensor]:
        """The same with the mean of what the encoder makes of both, (n, d): no side counts more."""
        assert isinstance(self.trained, GreyUNet)
        plain, vector = self.trained.described(slices)
        mirrored, other = self.trained.described(slices.flip(-1))
        return torch.cat([plain, mirrored.flip(-1)], dim=1), (vector + other) / 2


def build(
    encoder: Encoder = ENCODER,
    start: Start = Start.SCRATCH,
    dropout: float = 0.0,
    encoder_from: Path | None = None,
) -> nn.Module:
    """A network, its weights to be loaded or its encoder trained from `start`, or from that of a version.

    `dropout` is the share of the decoder's last channels that a training step goes without.
    """
    network = GreyUNet(encoder, dropout)
    weights = encoder_weights(start, encoder, encoder_from)
    if weights is not None:
        start_from(network.unet.encoder.model, weights)
    return network
