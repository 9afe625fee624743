"""In which number format networks learn: bfloat16 only where the hardware computes in it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.device import Device, computes_in_bfloat16, mixed_precision, training_place

CPU = Device("cpu")


@pytest.mark.parametrize(
    ("features", "format_of_outputs"),
    [
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx2": True, "avx512_f": True, "avx512_bf16": True, "amx_bf16": False}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": True}, torch.bfloat16),
        ({"neon": True, "arm_bf16": True}, torch.bfloat16),
        ({}, torch.float32),
    ],
)
def test_a_processor_without_bfloat16_learns_in_float32(
    monkeypatch: pytest.MonkeyPatch, features: dict[str, bool], format_of_outputs: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features)
    with mixed_precision(CPU):
        assert nn.Conv2d(1, 1, 3)(torch.rand(1, 1, 8, 8)).dtype is format_of_outputs
    assert computes_in_bfloat16(CPU) is (format_of_outputs is torch.bfloat16)
    assert training_place(CPU) == f"cpu in {str(format_of_outputs).removeprefix('torch.')}"


def test_a_card_that_imitates_bfloat16_learns_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def supported(including_emulation: bool = True) -> bool:
        asked.append(including_emulation)
        return including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert not computes_in_bfloat16(Device("cuda", 0))
    assert training_place(Device("cuda", 0)) == "cuda:0 in float32"
    assert asked == [False, False]
