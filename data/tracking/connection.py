"""The way to MLflow: one client, made when it is first needed."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from data.sqlite_file import follow
from data.tracking.faults import Answering, translated

if TYPE_CHECKING:
    from mlflow import MlflowClient


class Connection:
    """A client of one MLflow store, by its address.

    Every call may raise TrackingAway where MLflow, its database or the network give no answer, and
    NotFound for a run or a version that MLflow does not have.
    """

    def __init__(self, uri: str, artifacts: Path) -> None:
        self._uri = uri
        self._artifacts = artifacts
        self._loading = threading.Lock()
        self._client_made: MlflowClient | None = None

    @property
    def _client(self) -> MlflowClient:
        with self._loading:
            if self._client_made is None:
                os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
                os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
                os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
                os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
                with translated(refusals=()):  # nothing was asked yet: a wrong address is no answer
                    from mlflow import MlflowClient

                    client = MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)
                    _follow_files(client)
                self._client_made = cast("MlflowClient", Answering(client))
            return self._client_made

    @property
    def _by_http(self) -> bool:
        return self._uri.startswith(("http:", "https:"))


def _follow_files(client: Any) -> None:
    """MLflow's own connections notice that the SQLite file of its store was taken away or replaced."""
    stores = (client._tracking_client.store, client._get_registry_client().store)
    engines = {engine for store in stores if (engine := getattr(store, "engine", None)) is not None}
    for engine in engines:
        if engine.url.get_backend_name() == "sqlite" and engine.url.database:
            follow(engine, Path(engine.url.database))
