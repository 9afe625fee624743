"""Networks in OpenVINO's own form, made of trained ones.

Tracing takes memory and leaves it taken: this belongs into a process that ends afterwards
(`services.inference.check`).
"""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from models.task import Describing
from services.inference.backends.openvino_backend import openvino


class _Described(nn.Module):
    """What a describing network is asked for in this house, as the one function that is traced."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        assert isinstance(self.network, Describing)
        return self.network.described(inputs)


@torch.no_grad()
def convert(network: nn.Module, example: Tensor, file: Path) -> None:
    """Write a network (float32, in evaluation) as `file` (`.xml`) and the `.bin` beside it.

    `example` is (1, channels, size, size); the network made takes any number of those at a time.
    """
    traced = _Described(network).eval() if isinstance(network, Describing) else network
    shape = openvino.PartialShape([-1, *example.shape[1:]])
    with warnings.catch_warnings():
        # OpenVINO traces by torch.jit, which torch would rather see replaced; torch.export takes ten times as
        # long for the same network.
        warnings.simplefilter("ignore")
        model = openvino.convert_model(traced, example_input=example, input=[shape])
    # Weights are kept as fp16, but with batch norms folded in they are no fp16 numbers any more: rounding
    # them once more moved probabilities by 0.0002 on real films.
    openvino.save_model(model, file, compress_to_fp16=False)
