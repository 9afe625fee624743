"""MLflow: experiments of training runs and the registry of model versions. Its only import.

A model version is a folder of files (weights, settings, card) logged to a run. MLflow is loaded
when it is first asked, not when this module is imported: it takes seconds.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.records import ModelVersion

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
FILES = "model"  # the folder of a run's artifacts that holds a version's files
_WEIGHTS_TAG = "weights_sha256"


class Tracking:
    """One MLflow store, in the house's own folder or on a server."""

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
                os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
                os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
                from mlflow import MlflowClient

                self._client_made = MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)
            return self._client_made

    def start_run(self, experiment: str, name: str, parameters: Mapping[str, Any]) -> str:
        """Open a run and return its id."""
        client = self._client
        run = client.create_run(self._experiment(experiment), run_name=name)
        for key, value in parameters.items():
            client.log_param(run.info.run_id, key, str(value)[:500])
        return str(run.info.run_id)

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
        """Numbers of a run at a step (an epoch)."""
        from mlflow.entities import Metric

        stamp = int(datetime.now(UTC).timestamp() * 1000)
        numbers = [Metric(name, value, stamp, step) for name, value in metrics.items() if value == value]
        self._client.log_batch(run_id, metrics=numbers)

    def log_files(self, run_id: str, folder: Path, into: str = FILES) -> None:
        """Every file of `folder` as artifacts of the run."""
        self._client.log_artifacts(run_id, str(folder), into)

    def log_file(self, run_id: str, file: Path) -> None:
        """One file as an artifact of the run."""
        self._client.log_artifact(run_id, str(file))

    def end_run(self, run_id: str, failed: bool = False) -> None:
        """Close a run."""
        self._client.set_terminated(run_id, "FAILED" if failed else "FINISHED")

    def register(self, name: str, run_id: str, weights_sha256: str, description: str) -> ModelVersion:
        """The run's files as a new version of the model called `name`."""
        from mlflow.exceptions import MlflowException

        client = self._client
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        run = client.get_run(run_id)
        made = client.create_model_version(
            name,
            source=f"{run.info.artifact_uri}/{FILES}",
            run_id=run_id,
            description=description,
            tags={_WEIGHTS_TAG: weights_sha256},
        )
        return self._version(made)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Let an alias such as `champion` point at a version."""
        self._client.set_registered_model_alias(name, alias, version)

    def by_alias(self, name: str, alias: str) -> ModelVersion | None:
        """The version that an alias points at, None where there is none."""
        from mlflow.exceptions import MlflowException

        try:
            return self._version(self._client.get_model_version_by_alias(name, alias))
        except MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise

    def versions(self, name: str) -> list[ModelVersion]:
        """Every version of a model, newest first."""
        found = self._client.search_model_versions(f"name = '{name}'")
        aliases = self._aliases(name) if found else {}
        made = [self._version(one, aliases.get(str(one.version), ())) for one in found]
        return sorted(made, key=lambda one: int(one.version), reverse=True)

    def files_of(self, version: ModelVersion, into: Path) -> Path:
        """A version's files as a folder on this machine, `into`."""
        into.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into.parent) as beside:
            got = self._client.download_artifacts(str(version.run_id), FILES, beside)
            Path(got).replace(into)
        return into

    def _version(self, found: Any, aliases: tuple[str, ...] | None = None) -> ModelVersion:
        metrics = self._client.get_run(found.run_id).data.metrics if found.run_id else {}
        return ModelVersion(
            name=found.name,
            version=str(found.version),
            aliases=tuple(found.aliases or ()) if aliases is None else aliases,
            created_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
            weights_sha256=found.tags.get(_WEIGHTS_TAG, ""),
            metrics=dict(metrics),
            run_id=found.run_id,
            description=found.description or "",
        )

    def _aliases(self, name: str) -> dict[str, tuple[str, ...]]:
        pointed: dict[str, tuple[str, ...]] = {}
        for alias, version in self._client.get_registered_model(name).aliases.items():
            pointed[str(version)] = (*pointed.get(str(version), ()), alias)
        return pointed

    def _experiment(self, name: str) -> str:
        client = self._client
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        # A server keeps artifacts where it is told to; our own store keeps them in our folder.
        place = None if self._uri.startswith("http") else (self._artifacts / name).as_uri()
        return str(client.create_experiment(name, artifact_location=place))
