"""Where networks run, and in which number format they learn there."""

from __future__ import annotations

import torch

Device = torch.device


def chosen_device(name: str | None) -> Device:
    """The device called `name`; by itself CUDA where there is one, else the CPU."""
    return Device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def computes_in_bfloat16(device: Device) -> bool:
    """Whether a device multiplies in bfloat16 itself.

    PyTorch does it on any device, but where the hardware cannot, a step of training takes many times as long
    as in float32.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return any(has for feature, has in torch.cpu.get_capabilities().items() if "bf16" in feature)


def mixed_precision(device: Device) -> torch.autocast:
    """A context in which networks compute in bfloat16 where `device` does so itself, else in float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=computes_in_bfloat16(device))


def training_place(device: Device) -> str:
    """Where something was trained, for its card and MLflow: "cpu in bfloat16"."""
    return f"{device} in {'bfloat16' if computes_in_bfloat16(device) else 'float32'}"
