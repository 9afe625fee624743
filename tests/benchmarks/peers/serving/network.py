"""The network that every peer serves, run by the very code that runs it in Lightbox.

Works in the peers' environment. Requests bring one input (3, 192, 192) as the bytes of its float32, and take
away the bytes of the raw answer.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.brain_tumour import network
from models.encoders import encoder_named
from models.weights import in_float32, opened
from services.inference.backends.backend import Backend, Precision
from services.inference.backends.openvino_backend import OpenVinoBackend
from services.inference.backends.torch_backend import TorchBackend
from tests.benchmarks.peers.serving.given import Given


class Network:
    """Bytes in, bytes out."""

    def __init__(self, given: Given) -> None:
        self._backend = _backend(given)
        self.answers(
            [np.zeros((network.CHANNELS, network.INPUT_SIZE, network.INPUT_SIZE), np.float32).tobytes()]
        )

    def answers(self, inputs: Sequence[bytes]) -> list[bytes]:
        """One batch."""
        shape = (network.CHANNELS, network.INPUT_SIZE, network.INPUT_SIZE)
        batch = np.stack([np.frombuffer(content, np.float32).reshape(shape) for content in inputs])
        raw, _ = self._backend.run(torch.from_numpy(batch))
        return [answer.tobytes() for answer in raw]

    def answers_in_words(self, inputs: Sequence[str]) -> list[str]:
        """The same where requests are JSON: bytes in base64."""
        answers = self.answers([base64.b64decode(words) for words in inputs])
        return [base64.b64encode(answer).decode() for answer in answers]


def _backend(given: Given) -> Backend:
    torch.set_num_threads(given.threads)
    precision = Precision(given.precision)
    if given.converted:
        return OpenVinoBackend(Path(given.converted), precision, given.threads)
    trained = opened(Path(given.weights))
    named = trained.facts.get("recipe", {}).get("encoder")
    plain = network.build(network.ENCODER if named is None else encoder_named(named))
    plain.load_state_dict(in_float32(trained))
    return TorchBackend(network.Mirrored(plain).eval(), torch.device("cpu"), precision)
