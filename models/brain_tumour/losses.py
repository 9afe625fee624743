"""What a segmentation is blamed for: the losses that the recipe can name."""

from __future__ import annotations

from enum import StrEnum

from segmentation_models_pytorch.losses import BINARY_MODE, TverskyLoss
from torch import Tensor
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

MISSED = 0.7
"""Weight of a missed pixel beside one drawn too much (Salehi et al., MLMI 2017)."""
_TVERSKY = TverskyLoss(BINARY_MODE, smooth=1.0, alpha=1 - MISSED, beta=MISSED)


class Loss(StrEnum):
    """A pixel's part and a batch's part."""

    ENTROPY_DICE = "entropy-dice"
    FOCAL_DICE = "focal-dice"  # sure pixels count little (Lin et al., ICCV 2017)
    ENTROPY_TVERSKY = "entropy-tversky"  # a missed pixel costs more than one drawn too much
    ENTROPY = "entropy"


def loss_of(kind: Loss, outputs: Tensor, targets: Tensor, slice_dice: float) -> Tensor:
    """The loss of logits against targets in [0, 1], both (n, 1, s, s), a scalar.

    The soft Dice of the batch counts what is drawn on empty slices; that of each slice with a tumour,
    weighted by `slice_dice`, lets a small lesion weigh as much as a large one.
    """
    probability = outputs.sigmoid()
    overlap = (probability * targets).sum((1, 2, 3))
    total = probability.sum((1, 2, 3)) + targets.sum((1, 2, 3))
    filled = targets.amax((1, 2, 3)) > 0.5
    of_slices = ((1 - (2 * overlap + 1) / (total + 1)) * filled).sum() / filled.sum().clamp(min=1)
    of_pixels = _pixels(kind, outputs, targets)
    match kind:
        case Loss.ENTROPY:
            of_batch = outputs.new_zeros(())
        case Loss.ENTROPY_TVERSKY:
            of_batch = _TVERSKY(outputs, targets)
        case _:
            of_batch = 1 - (2 * overlap.sum() + 1) / (total.sum() + 1)
    return of_pixels + of_batch + slice_dice * of_slices


def _pixels(kind: Loss, outputs: Tensor, targets: Tensor) -> Tensor:
    if kind is Loss.FOCAL_DICE:
        # Without alpha both classes weigh the same; four times the mean is the entropy of an even guess.
        focal: Tensor = sigmoid_focal_loss(outputs, targets, alpha=-1, reduction="mean")
        return 4 * focal
    return functional.binary_cross_entropy_with_logits(outputs, targets)
