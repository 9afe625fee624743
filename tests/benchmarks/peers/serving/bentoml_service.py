"""The network behind BentoML."""

from __future__ import annotations

import bentoml

from tests.benchmarks.peers.serving.given import Given
from tests.benchmarks.peers.serving.network import Network

given = Given.from_env()


@bentoml.service(workers=1, threads=1, traffic={"timeout": 300, "max_concurrency": 128})
class Segmentation:
    """One input a request, batched by BentoML."""

    def __init__(self) -> None:
        self.network = Network(given)

    @bentoml.api(batchable=True, max_batch_size=given.batch, max_latency_ms=60_000)
    def answers(self, inputs: list[str]) -> list[str]:
        return self.network.answers_in_words(inputs)
