"""Healthy heads made of the half without a tumour."""

from __future__ import annotations

import numpy as np
import torch

from models.brain_tumour.healthy import mirrored_halves

SIZE = 96


def _head(middle: int = 48) -> torch.Tensor:
    """A head that is its own mirror image about a column, with folds, uint8 (SIZE, SIZE)."""
    rows, columns = np.indices((SIZE, SIZE))
    aside = np.abs(columns - middle)
    inside = np.hypot(rows - 48, aside) < 34
    grey = 110 + 60 * np.sin(aside / 5) * np.cos(rows / 7)
    return torch.from_numpy(np.where(inside, grey, 0)).round().to(torch.uint8)


def _with_tumour(head: torch.Tensor, column: int) -> tuple[torch.Tensor, torch.Tensor]:
    rows, columns = np.indices((SIZE, SIZE))
    mask = torch.from_numpy(np.hypot(rows - 45, columns - column) < 7)
    return torch.where(mask, 255, head).to(torch.uint8), mask


def test_the_other_half_takes_the_tumours_place() -> None:
    for middle in (48, 43):
        head = _head(middle)
        for column in (middle - 18, middle + 18):
            image, mask = _with_tumour(head, column)
            (made,) = mirrored_halves(image[None, None], mask[None, None])
            assert torch.equal(made[0], head)


def test_a_tumour_over_the_middle_leaves_no_healthy_half() -> None:
    image, mask = _with_tumour(_head(), 46)
    assert mirrored_halves(image[None, None], mask[None, None]).shape == (0, 1, SIZE, SIZE)


def test_a_head_that_is_not_symmetrical_makes_none() -> None:
    rows, columns = np.indices((SIZE, SIZE))
    profile = torch.from_numpy(np.where(np.hypot(rows - 48, columns - 48) < 34, 30 + 2 * columns, 0))
    image, mask = _with_tumour(profile.to(torch.uint8), 30)
    assert len(mirrored_halves(image[None, None], mask[None, None])) == 0
