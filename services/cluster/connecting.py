"""From what stands behind `--on` to a cluster, or to a sentence that says what is missing."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

from data.errors import InvalidInput
from services.cluster.networks import SentNetwork, WorkerSettings
from services.cluster.reading_worker import ReadingWorker
from services.cluster.trainings import TrainingWorker
from services.cluster.worker_pool import Cluster

HERE = "auto"
_ADDRESS = re.compile(r"ray://[^\s/:]+:\d{1,5}|ray://\[[0-9A-Fa-f:.]+\]:\d{1,5}")
_NO_ADDRESS = "A cluster is given as ray://HOST:PORT, or as auto where this machine is part of it."
_NO_RAY = (
    "Ray is not installed in this environment: `make ray` makes one with it beside this one, and "
    ".ray-env/bin/python runs the same command."
)

ReadingConnector = Callable[
    [Sequence[SentNetwork], WorkerSettings], AbstractContextManager[Cluster[ReadingWorker]]
]
"""Connects to a cluster whose workers are to hold these networks."""


def reading_connector(address: str) -> ReadingConnector:
    """What connects to workers that read. Raises InvalidInput for no address, and where Ray is missing."""
    _check(address)
    from services.cluster.ray_cluster import reading_cluster  # heavy, and elsewhere than in the server

    return partial(reading_cluster, address)


def training_cluster(address: str) -> AbstractContextManager[Cluster[TrainingWorker]]:
    """Workers that train. Raises InvalidInput as `reading_connector` does."""
    _check(address)
    from services.cluster import ray_cluster

    return ray_cluster.training_cluster(address)


def _check(address: str) -> None:
    if address != HERE and not _ADDRESS.fullmatch(address):
        raise InvalidInput(_NO_ADDRESS)
    if importlib.util.find_spec("ray") is None:
        raise InvalidInput(_NO_RAY)
