"""What a peer is given, said by the benchmark to the server's processes. Needs nothing but Python."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Self

_NAME = "PEER_GIVEN"


@dataclass(frozen=True)
class Given:
    """The network and how it is to be served."""

    port: int
    weights: str  # the folder of the version
    converted: str  # the network in OpenVINO's form; empty for PyTorch
    precision: str
    threads: int
    batch: int  # at most
    wait_ms: float  # so long a batch is gathered, at most

    @classmethod
    def from_env(cls) -> Self:
        """In the server's process."""
        return cls(**json.loads(os.environ[_NAME]))

    def environment(self) -> dict[str, str]:
        """For the server's process."""
        return {_NAME: json.dumps(asdict(self)), "OMP_NUM_THREADS": str(self.threads)}
