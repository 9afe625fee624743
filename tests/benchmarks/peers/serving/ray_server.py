"""The network behind Ray Serve."""

from __future__ import annotations

import time

import ray
from ray import serve
from ray.serve.schema import LoggingConfig
from starlette.requests import Request
from starlette.responses import Response

from tests.benchmarks.peers.serving.given import Given
from tests.benchmarks.peers.serving.network import Network

given = Given.from_env()


@serve.deployment(
    num_replicas=1,
    max_ongoing_requests=128,
    ray_actor_options={"num_cpus": given.threads},
    health_check_period_s=3600,
    health_check_timeout_s=3600,
    logging_config=LoggingConfig(enable_access_log=False),
)
class Segmentation:
    """One input a request, batched by Ray Serve."""

    def __init__(self) -> None:
        self.network = Network(given)

    @serve.batch(max_batch_size=given.batch, batch_wait_timeout_s=given.wait_ms / 1000)
    async def answers(self, inputs: list[bytes]) -> list[bytes]:
        return self.network.answers(inputs)

    async def __call__(self, request: Request) -> Response:
        return Response(await self.answers(await request.body()), media_type="application/octet-stream")


if __name__ == "__main__":
    ray.init(address="local", num_cpus=given.threads, include_dashboard=False, object_store_memory=512 << 20)
    serve.start(http_options={"host": "127.0.0.1", "port": given.port})
    serve.run(Segmentation.bind(), route_prefix="/")
    while True:
        time.sleep(3600)
