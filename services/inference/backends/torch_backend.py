"""A network run by PyTorch, on the CPU or by CUDA."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.device import Device
from models.task import Describing
from services.inference.backends.backend import FloatArray, Kind, Library, Precision
from services.inference.threads import making_way


class TorchBackend:
    """A network on a device, in float32 or under bfloat16's autocast."""

    def __init__(self, network: nn.Module, device: Device, precision: Precision = Precision.FLOAT32) -> None:
        self._network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device
        self._thread = making_way()  # PyTorch computes in whoever asks it
        self.kind = Kind(Library.TORCH, precision)

    def run(self, batch: Tensor) -> tuple[FloatArray, FloatArray | None]:
        """As `Backend.run`."""
        return self._thread.submit(self._run, batch).result()

    @torch.inference_mode()
    def _run(self, batch: Tensor) -> tuple[FloatArray, FloatArray | None]:
        try:
            raw, vectors = self._forward(batch)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()  # the batcher halves the batch and comes again
            raise
        return raw.float().cpu().numpy(), None if vectors is None else vectors.float().cpu().numpy()

    def _forward(self, batch: Tensor) -> tuple[Tensor, Tensor | None]:
        placed = batch.to(self._device, memory_format=torch.channels_last, non_blocking=True)
        quick = self.kind.precision is Precision.BFLOAT16
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=quick):
            if isinstance(self._network, Describing):
                return self._network.described(placed)
            return self._network(placed), None
