"""The seam between the engine and the libraries that run networks."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

FloatArray = NDArray[np.float32]


class Library(StrEnum):
    """What runs the network."""

    TORCH = "torch"
    OPENVINO = "openvino"


class Precision(StrEnum):
    """The number format that most of the work is done in."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Kind(NamedTuple):
    """A way to run a network."""

    library: Library
    precision: Precision

    @property
    def words(self) -> str:
        """As people are told of it."""
        return f"{'OpenVINO' if self.library is Library.OPENVINO else 'PyTorch'}, {self.precision}"


EXACT = Kind(Library.TORCH, Precision.FLOAT32)
"""What every other way is held against: the network as it was trained."""


class Backend(Protocol):
    """A network ready to answer, by one library in one number format.

    One thread at a time may ask it.
    """

    @property
    def kind(self) -> Kind:
        """How it works."""

    def run(self, batch: Tensor) -> tuple[FloatArray, FloatArray | None]:
        """Inputs (n, channels, size, size) -> raw outputs (n, ...), and vectors (n, d) where it has them.

        Raises RuntimeError or MemoryError where there is no room for the batch.
        """
