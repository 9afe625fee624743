"""Random changes to whole batches of images, drawn from an explicit generator.

All functions take images as (n, channels, height, width) in [0, 1] and are reproducible: the same
generator state gives the same change. The channels of an image change together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

TONES = 6
"""Grey values between which `random_tissue_contrast` draws its curve."""


@dataclass(frozen=True)
class GeometryRange:
    """How far `random_geometry` may go."""

    rotation_deg: float = 15.0
    scale: tuple[float, float] = (0.8, 1.25)
    shift: float = 0.08
    flip: bool = True
    shear: float = 0.05
    aspect: float = 0.0  # spread of the logarithm of width over height
    wander: bool = False  # whether an enlarged picture may show any of its parts, not its middle only


def random_geometry(
    images: Tensor, masks: Tensor | None, reach: GeometryRange, generator: torch.Generator
) -> tuple[Tensor, Tensor | None]:
    """Rotate, scale, shear, shift and mirror each image; its mask (n, 1, h, w) goes along."""
    n = len(images)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, generator=generator)

    angle = uniform(-reach.rotation_deg, reach.rotation_deg) * math.pi / 180
    scale = torch.exp(uniform(math.log(reach.scale[0]), math.log(reach.scale[1])))
    mirror = (torch.rand(n, generator=generator) < 0.5) & torch.tensor(reach.flip)
    sign = 1.0 - 2.0 * mirror.float()
    wide = torch.exp(reach.aspect * torch.randn(n, generator=generator)) if reach.aspect else torch.ones(n)
    shear = uniform(-reach.shear, reach.shear)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = sign * cos * wide, -sin + shear
    theta[:, 1, 0], theta[:, 1, 1] = sign * sin, cos
    spare = (1 - 1 / scale).clamp(min=0) * reach.wander
    for axis in (0, 1):
        theta[:, axis, 2] = uniform(-1, 1) * (reach.shift + spare)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    moved = functional.grid_sample(images, grid, align_corners=False)
    if masks is None:
        return moved, None
    return moved, functional.grid_sample(masks, grid, align_corners=False).round()


def random_contrast(images: Tensor, generator: torch.Generator, strength: float = 0.35) -> Tensor:
    """Gamma, gain and offset of each image, as exposure and scanner settings vary."""
    n = len(images)
    gamma = torch.exp(strength * torch.randn(n, 1, 1, 1, generator=generator)).clamp(0.4, 2.5)
    gain = 1 + 0.15 * torch.randn(n, 1, 1, 1, generator=generator)
    offset = 0.04 * torch.randn(n, 1, 1, 1, generator=generator)
    return (images.clamp(0, 1) ** gamma * gain + offset).clamp(0, 1.2)


def random_tissue_contrast(images: Tensor, chosen: Tensor, generator: torch.Generator) -> Tensor:
    """The images chosen (n, bool) with their grey values mapped along a random curve, black staying black.

    A curve that rises and falls makes a sequence of its own out of any head, as the synthetic contrasts
    of Billot et al. (SynthSeg, Medical Image Analysis 2023) do; what is drawn in the picture is kept.
    """
    n = len(images)
    heights = torch.rand(n, TONES, generator=generator)
    heights[:, 0] = 0
    place = images.clamp(0, 1).flatten(1) * (TONES - 1)
    below = place.floor().clamp(max=TONES - 2)
    low, high = heights.gather(1, below.long()), heights.gather(1, below.long() + 1)
    mapped = (low + (high - low) * (place - below)).view_as(images)
    return torch.where(chosen[:, None, None, None], mapped, images)


def random_bias_field(images: Tensor, generator: torch.Generator, strength: float = 0.25) -> Tensor:
    """A smooth multiplicative field, as an MR receive coil leaves behind."""
    n, _, height, width = images.shape
    coarse = strength * torch.randn(n, 1, 4, 4, generator=generator)
    field = functional.interpolate(coarse, (height, width), mode="bicubic", align_corners=True)
    return images * torch.exp(field * _chosen(n, 0.5, generator))


def random_noise(images: Tensor, generator: torch.Generator, strength: float = 0.04) -> Tensor:
    """Additive Gaussian noise of a random level on half of the images."""
    n = len(images)
    level = strength * torch.rand(n, 1, 1, 1, generator=generator) * _chosen(n, 0.5, generator)
    return images + level * torch.randn(images.shape, generator=generator)


def random_resolution(images: Tensor, generator: torch.Generator, chance: float = 0.25) -> Tensor:
    """Some images are made coarse and enlarged again, as a thick or lossy original would be."""
    if torch.rand(1, generator=generator).item() >= chance:
        return images
    size = images.shape[-1]
    factor = 0.4 + 0.5 * torch.rand(1, generator=generator).item()
    small = functional.interpolate(images, size=max(8, int(size * factor)), mode="bilinear", antialias=True)
    return functional.interpolate(small, size=images.shape[-2:], mode="bilinear")


def random_stripping(
    images: Tensor, depths: Tensor, generator: torch.Generator, chance: float, reach: tuple[float, float]
) -> Tensor:
    """Some heads lose skull and scalp, as volumes that went through a brain extraction do.

    `depths` (n, 1, height, width) is each pixel's distance in pixels from the head's outline; what
    lies less than a depth drawn from `reach` below it becomes black, along a wavering line.
    """
    n, _, height, width = images.shape
    low, high = reach
    depth = low + (high - low) * torch.rand(n, 1, 1, 1, generator=generator)
    coarse = 0.15 * torch.randn(n, 1, 6, 6, generator=generator)
    waver = functional.interpolate(coarse, (height, width), mode="bicubic", align_corners=True)
    kept = (depths > depth * (1 + waver)) | (_chosen(n, chance, generator) == 0)
    return images * kept


def as_lone_picture(images: Tensor, lone: Tensor, top: float = 0.995) -> Tensor:
    """The images chosen by `lone` (n, bool) as if nothing but their middle slice had been sent.

    Every channel becomes the middle one, and its own bright percentile the white point, as
    `models.imaging.normalised` does with a picture that comes alone.
    """
    middle = images[:, images.shape[1] // 2]
    flat = middle.flatten(1)
    white = torch.quantile(flat, top, dim=1)[:, None, None].clamp(min=0.05)
    alone = (middle / white).clamp(0, 1)[:, None].expand_as(images)
    return torch.where(lone[:, None, None, None], alone, images)


def _chosen(n: int, chance: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(n, 1, 1, 1, generator=generator) < chance).float()
