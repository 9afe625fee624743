"""Where networks run."""

from __future__ import annotations

import torch

Device = torch.device


def chosen_device(name: str | None) -> Device:
    """The device called `name`; by itself CUDA where there is one, else the CPU."""
    return Device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
