"""U-Net with an EfficientNet-Lite encoder: a slice and its neighbours in, one logit a pixel out."""

from __future__ import annotations

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn

from models.pretrained import Start, encoder_weights, start_from

INPUT_SIZE = 192
CHANNELS = 3
"""The slice before, the slice itself and the slice after it; a lone slice stands three times."""
ENCODER_SCALE = 2


class GreyUNet(nn.Module):
    """smp's U-Net, fed with [0, 1] as its ImageNet encoder was fed with [-1, 1]."""

    def __init__(self, scale: int = ENCODER_SCALE) -> None:
        super().__init__()
        self.unet = smp.Unet(
            f"tu-tf_efficientnet_lite{scale}", encoder_weights=None, in_channels=CHANNELS, classes=1
        )

    def forward(self, slices: Tensor) -> Tensor:
        """(n, 3, size, size) in [0, 1] -> (n, 1, size, size) logits."""
        return self.described(slices)[0]

    def described(self, slices: Tensor) -> tuple[Tensor, Tensor]:
        """The same with the encoder's deepest features, averaged over the picture, (n, 352)."""
        features = self.unet.encoder(slices * 2 - 1)
        logits: Tensor = self.unet.segmentation_head(self.unet.decoder(features))
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
        """The same with the mean of what the encoder makes of both, (n, 352): no side counts more."""
        assert isinstance(self.trained, GreyUNet)
        plain, vector = self.trained.described(slices)
        mirrored, other = self.trained.described(slices.flip(-1))
        return torch.cat([plain, mirrored.flip(-1)], dim=1), (vector + other) / 2


def build(start: Start = Start.SCRATCH, scale: int = ENCODER_SCALE) -> nn.Module:
    """A network, its weights to be loaded or its encoder trained from `start`."""
    network = GreyUNet(scale)
    weights = encoder_weights(start, scale)
    if weights is not None:
        start_from(network.unet.encoder.model, weights)
    return network
