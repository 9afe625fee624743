"""From what stands behind `--on` to a cluster, or to a sentence that says what is missing."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from data.errors import InvalidInput
from services.cluster.networks import SentNetwork, WorkerSettings
from services.cluster.worker_pool import Cluster

HERE = "auto"
_ADDRESS = re.compile(r"ray://[^\s/:]+:\d{1,5}|ray://\[[0-9A-Fa-f:.]+\]:\d{1,5}")
_NO_ADDRESS = "A cluster is given as ray://HOST:PORT, or as auto where this machine is part of it."
_NO_RAY = (
    "Ray is not installed in this environment: `make ray` makes one with it beside this one, and "
    ".ray-env/bin/python runs the same command."
)

Connector = Callable[[str, Sequence[SentNetwork], WorkerSettings], AbstractContextManager[Cluster]]
"""Connects to a cluster whose workers are to hold these networks."""


def connector(address: str) -> Connector:
    """What connects to an address. Raises InvalidInput for what is none, and where Ray is missing."""
    if address != HERE and not _ADDRESS.fullmatch(address):
        raise InvalidInput(_NO_ADDRESS)
    if importlib.util.find_spec("ray") is None:
        raise InvalidInput(_NO_RAY)
    from services.cluster.ray_cluster import ray_cluster  # heavy, and elsewhere than in the server

    return ray_cluster
