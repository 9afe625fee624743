"""Colours as the colour-blind see them, and how far apart they are.

Simulation after Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of
Color Vision Deficiency", IEEE TVCG 15(6), doi:10.1109/TVCG.2009.113, matrices of severity 1.0, on linear
RGB. Distances are CIE 1976 (L*a*b*, D65): a difference of 2.3 is just noticed side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

VISIONS = {
    "trichromacy": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                    [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
GREYS = [(grey, grey, grey) for grey in range(0, 256, 5)]
Colour = str | tuple[int, int, int]


def least_distance(first: Colour, second: Colour) -> float:
    """How far apart two colours ("#rrggbb" or 0..255) are to whom they are least so."""
    return min(distance(first, second, vision) for vision in VISIONS)


def distance(first: Colour, second: Colour, vision: str) -> float:
    """How far apart two colours are to a person of this vision."""
    return float(np.linalg.norm(_lab(_seen(first, vision)) - _lab(_seen(second, vision))))


def _seen(colour: Colour, vision: str) -> NDArray[Any]:
    """Linear red, green and blue, 0..1."""
    if isinstance(colour, str):
        colour = (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))
    value = np.array(colour) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.clip(VISIONS[vision] @ linear, 0, 1)


def _lab(linear: NDArray[Any]) -> NDArray[Any]:
    share = _TO_XYZ @ linear / _TO_XYZ.sum(axis=1)
    x, y, z = np.where(share > 0.008856, np.cbrt(share), (903.3 * share + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
