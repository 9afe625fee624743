"""A converted network run by OpenVINO on the CPU."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from services.inference.backends.backend import FloatArray, Kind, Library, Precision
from services.inference.threads import making_way

# Its tools report their use to their maker wherever this module is at hand.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402

__all__ = ["OpenVinoBackend", "in_hardware", "openvino"]

AT_ONCE = 4
"""Inputs that go through the network together. More take no less time each, and a request keeps the memory of
the largest batch that it ever had: 27 MB an input for `brain-tumour`."""
_CORE = openvino.Core()
_HINTS = {Precision.FLOAT32: "f32", Precision.BFLOAT16: "bf16"}


def in_hardware(precision: Precision) -> bool:
    """Whether this processor computes in a number format itself."""
    known = {Precision.BFLOAT16: "BF16", Precision.FLOAT32: "FP32"}
    return known[precision] in _CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoBackend:
    """A network that `conversion` made, for batches of any size."""

    def __init__(self, file: Path, precision: Precision, threads: int) -> None:
        """`file` is the network's `.xml`, its weights beside it. Raises RuntimeError for a damaged one."""
        options = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # the cores are shared with decoding and the pages
        }
        with making_way() as thread:  # whose priority the threads that compute take over
            self._request = thread.submit(_request, file, options).result()
        self._describes = len(self._request.model_outputs) > 1
        self.kind = Kind(Library.OPENVINO, precision)

    def run(self, batch: Tensor) -> tuple[FloatArray, FloatArray | None]:
        """As `Backend.run`."""
        done = [self._piece(piece) for piece in batch.split(AT_ONCE)]
        raw = np.concatenate([answer for answer, _ in done])
        vectors = [vector for _, vector in done if vector is not None]
        return raw, np.concatenate(vectors) if vectors else None

    def _piece(self, piece: Tensor) -> tuple[FloatArray, FloatArray | None]:
        # Not `infer`, which would compute in this thread: it makes way for nobody.
        self._request.start_async([piece.contiguous().numpy()], share_inputs=True)
        self._request.wait()
        # The next batch writes over what the request holds.
        raw = np.array(self._request.get_output_tensor(0).data, dtype=np.float32)
        if not self._describes:
            return raw, None
        return raw, np.array(self._request.get_output_tensor(1).data, dtype=np.float32)


def _request(file: Path, options: dict[str, Any]) -> openvino.InferRequest:
    return _CORE.compile_model(_CORE.read_model(file), "CPU", options).create_infer_request()
