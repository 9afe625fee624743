"""Random changes do what they are named after, and the same seed does the same."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from models import augmentation


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _head(n: int = 4, size: int = 64) -> torch.Tensor:
    rows, columns = np.indices((size, size)) - size / 2 + 0.5
    head = (np.hypot(rows, columns) < size * 0.4).astype(np.float32) * 0.6
    return torch.from_numpy(head).expand(n, 3, size, size).clone()


def test_stripping_takes_the_rim_and_leaves_the_middle() -> None:
    images = _head()
    inside = ndimage.distance_transform_edt(images[0, 0].numpy() > 0)
    depths = torch.from_numpy(inside).to(torch.uint8).expand(4, 1, 64, 64)
    stripped = augmentation.random_stripping(images, depths, _generator(), chance=1.0, reach=(6, 6))
    middle, rim = inside > 12, (inside > 0) & (inside < 2)
    assert (stripped[:, :, middle] == images[:, :, middle]).all()
    assert (stripped[:, :, rim] == 0).all()
    assert torch.equal(augmentation.random_stripping(images, depths, _generator(), 0.0, (6, 6)), images)


def test_a_lone_picture_knows_no_neighbours_and_sets_its_own_white() -> None:
    images = _head()
    images[:, 0] *= 0.5
    lone = torch.tensor([True, False, True, False])
    shown = augmentation.as_lone_picture(images, lone)
    assert torch.equal(shown[0, 0], shown[0, 1])
    assert float(shown[0].max()) == 1.0
    assert torch.equal(shown[1], images[1])


def test_mask_and_image_move_together() -> None:
    images = _head(8)[:, :1]
    masks = (images > 0.3).float()
    reach = augmentation.GeometryRange(rotation_deg=30, scale=(0.7, 1.3), shift=0.1, aspect=0.2)
    moved, moved_masks = augmentation.random_geometry(images, masks, reach, _generator())
    assert moved_masks is not None
    assert ((moved > 0.3).float() != moved_masks).float().mean() < 0.01
    assert (moved_masks.sum((1, 2, 3)) != masks.sum((1, 2, 3))).any()


def test_every_change_is_the_same_for_the_same_seed_and_stays_finite() -> None:
    for change in (
        augmentation.random_contrast,
        augmentation.random_bias_field,
        augmentation.random_noise,
        lambda images, generator: augmentation.random_resolution(images, generator, chance=1.0),
    ):
        changed, again, other = (change(_head(), _generator(seed)) for seed in (1, 1, 2))
        assert torch.equal(changed, again)
        assert not torch.equal(changed, other)
        assert torch.isfinite(changed).all()
        assert changed.shape == (4, 3, 64, 64)


def test_tissue_contrast_changes_the_chosen_and_keeps_black_and_forms() -> None:
    images = _head()
    images[:, :, 30:34, 30:34] = 0.9
    chosen = torch.tensor([True, False, True, False])
    changed = augmentation.random_tissue_contrast(images, chosen, _generator())
    assert torch.equal(changed[1], images[1])
    assert not torch.equal(changed[0], images[0])
    assert float(changed[0][images[0] == 0].abs().max()) == 0.0
    for tone in (0.6, 0.9):  # one grey stays one grey
        assert len(changed[0][torch.isclose(images[0], torch.tensor(tone))].unique()) == 1
    assert torch.equal(changed, augmentation.random_tissue_contrast(images, chosen, _generator()))


def test_an_enlarged_picture_wanders_only_where_it_may() -> None:
    rows = torch.linspace(0, 1, 64)[:, None].expand(64, 64)
    images = rows.expand(200, 1, 64, 64).clone()
    still = augmentation.GeometryRange(rotation_deg=0, scale=(4, 4), shift=0, flip=False, shear=0)
    wander = augmentation.GeometryRange(
        rotation_deg=0, scale=(4, 4), shift=0, flip=False, shear=0, wander=True
    )
    middles, places = (
        augmentation.random_geometry(images, None, reach, _generator())[0].mean((1, 2, 3))
        for reach in (still, wander)
    )
    assert torch.allclose(middles, torch.tensor(0.5), atol=0.01)
    assert float(places.min()) < 0.2
    assert float(places.max()) > 0.8
    assert float(places.min()) > 0.11  # a quarter of the picture, none of it beyond the edge
