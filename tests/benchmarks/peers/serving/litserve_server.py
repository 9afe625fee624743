"""The network behind LitServe."""

from __future__ import annotations

import litserve as ls

from tests.benchmarks.peers.serving.given import Given
from tests.benchmarks.peers.serving.network import Network


class Api(ls.LitAPI):
    """One input a request, batched by LitServe."""

    def setup(self, device: str) -> None:
        self.network = Network(Given.from_env())

    def decode_request(self, request: dict) -> str:
        return request["input"]

    def batch(self, inputs: list[str]) -> list[str]:
        return inputs

    def predict(self, inputs: list[str]) -> list[str]:
        return self.network.answers_in_words(inputs)

    def unbatch(self, output: list[str]) -> list[str]:
        return output

    def encode_response(self, output: str) -> dict:
        return {"answer": output}


if __name__ == "__main__":
    given = Given.from_env()
    api = Api(max_batch_size=given.batch, batch_timeout=given.wait_ms / 1000)
    server = ls.LitServer(
        api, accelerator="cpu", devices=1, workers_per_device=1, timeout=300, fast_queue=True
    )
    server.run(
        host="127.0.0.1", port=given.port, num_api_servers=1, generate_client_file=False, log_level="warning"
    )
