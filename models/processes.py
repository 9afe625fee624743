"""Training on several devices: one process each, started by `torchrun`, all taking the same steps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

Kept = TypeVar("Kept")
PATIENCE = timedelta(hours=1)  # the others wait while the first one validates


@dataclass(frozen=True)
class Processes:
    """This process among those that train together."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that validates, logs and keeps checkpoints."""
        return self.rank == 0

    def together(self, network: nn.Module) -> nn.Module:
        """The network with gradients averaged over the processes at every step."""
        return network if self.count == 1 else nn.parallel.DistributedDataParallel(network)

    def share(self, batch: Tensor) -> Tensor:
        """This process' part of a batch."""
        return batch[self.rank :: self.count]

    def same(self, value: Kept) -> Kept:
        """The first process' value, in every process."""
        if self.count == 1:
            return value
        carried = [value]
        distributed.broadcast_object_list(carried, src=0)
        return carried[0]


@contextmanager
def joined(device: torch.device) -> Iterator[tuple[Processes, torch.device]]:
    """The processes of this run and this one's own device; alone where `torchrun` did not start it."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes(), device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Processes(distributed.get_rank(), count), device
    finally:
        distributed.destroy_process_group()
