"""How a training walks: the optimisers that a recipe can name."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from torch import nn, optim

MOMENTUM = 0.9


class Optimiser(StrEnum):
    """An optimiser, and what the recipe's `weight_decay` means to it."""

    ADAMW = "adamw"  # decoupled from the gradient (Loshchilov and Hutter, ICLR 2019)
    NADAM = "nadam"  # the same, with Nesterov's momentum (Dozat 2016)
    ADAM = "adam"  # added to the gradient: an L2 penalty
    SGD = "sgd"  # the same, with Nesterov's momentum


def optimiser_of(
    kind: Optimiser, parameters: Iterable[nn.Parameter], learning_rate: float, weight_decay: float
) -> optim.Optimizer:
    """The optimiser of these parameters."""
    match kind:
        case Optimiser.ADAMW:
            return optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)
        case Optimiser.NADAM:
            return optim.NAdam(
                parameters, lr=learning_rate, weight_decay=weight_decay, decoupled_weight_decay=True
            )
        case Optimiser.ADAM:
            return optim.Adam(parameters, lr=learning_rate, weight_decay=weight_decay)
        case Optimiser.SGD:
            return optim.SGD(
                parameters, lr=learning_rate, weight_decay=weight_decay, momentum=MOMENTUM, nesterov=True
            )
