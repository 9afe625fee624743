"""A small residual network: one grey picture in, three logits out (brain MRI, chest X-ray, neither)."""

from __future__ import annotations

from torch import Tensor, nn

INPUT_SIZE = 112
WIDTHS = (24, 48, 96, 160)


class _Block(nn.Module):
    def __init__(self, inward: int, outward: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inward, outward, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outward),
            nn.ReLU(inplace=True),
            nn.Conv2d(outward, outward, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outward),
        )
        self.skip = nn.Sequential(nn.Conv2d(inward, outward, 1, stride, bias=False), nn.BatchNorm2d(outward))
        self.activation = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        activated: Tensor = self.activation(self.body(images) + self.skip(images))
        return activated


def build() -> nn.Module:
    """About 0.8 million parameters; a few milliseconds a picture on a CPU."""
    stem = [nn.Conv2d(1, WIDTHS[0], 5, 2, 2, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU(inplace=True)]
    blocks = [_Block(inward, outward, 2) for inward, outward in zip(WIDTHS, WIDTHS[1:], strict=False)]
    blocks.append(_Block(WIDTHS[-1], WIDTHS[-1], 1))
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(WIDTHS[-1], 3)]
    return nn.Sequential(*stem, *blocks, *head)
