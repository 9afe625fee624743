"""The registry: model versions, their aliases and tags."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.errors import NotFound
from data.records import ModelVersion
from data.tracking.artifacts import FILES
from data.tracking.runs import Runs, moment, quoted, tracked_run

CHAMPION = "champion"
CHALLENGER = "challenger"
_WEIGHTS_TAG = "weights_sha256"
_PAGE = 1000


class Versions(Runs):
    """The registered versions of one MLflow store."""

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
        return replace(model_version(made), metrics=tracked_run(run, "").metrics)

    def tag_version(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        """Set tags of a version, over those of the same name."""
        for key, value in tags.items():
            self._client.set_model_version_tag(name, version, key, value)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Let an alias such as `champion` point at a version."""
        self._client.set_registered_model_alias(name, alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        """Let an alias point at nothing; one that does not exist is no error."""
        self._client.delete_registered_model_alias(name, alias)

    def by_alias(self, name: str, alias: str) -> ModelVersion | None:
        """The version that an alias points at, None where there is none."""
        from mlflow.exceptions import MlflowException

        try:
            version = model_version(self._client.get_model_version_by_alias(name, alias))
        except NotFound:
            return None
        except MlflowException as error:
            if error.error_code != "INVALID_PARAMETER_VALUE":
                raise
            return None
        try:
            run = self._client.get_run(version.run_id) if version.run_id else None
        except NotFound:  # somebody deleted it for good; the version is there all the same
            run = None
        return version if run is None else replace(version, metrics=tracked_run(run, "").metrics)

    def versions(self, name: str) -> list[ModelVersion]:
        """Every version of a model with its run's metrics, newest first."""
        return self._with_metrics(self.registered(name))

    def registered(self, name: str) -> list[ModelVersion]:
        """Every version of a model, newest first, without metrics: two requests, however many there are."""
        registered, token = list[Any](), None
        while True:
            page = self._client.search_model_versions(
                f"name = {quoted(name)}", _PAGE, ["version_number DESC"], token
            )
            registered += page
            token = page.token
            if not token:
                break
        aliases = self._aliases(name) if registered else {}
        versions = [model_version(known, aliases.get(str(known.version), ())) for known in registered]
        return sorted(versions, key=lambda version: int(version.version), reverse=True)

    def files_of(self, version: ModelVersion, into: Path) -> Path:
        """A version's files as a folder on this machine, `into`."""
        into.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into.parent) as beside:
            got = self._client.download_artifacts(str(version.run_id), FILES, beside)
            Path(got).replace(into)
        return into

    def _with_metrics(self, versions: list[ModelVersion]) -> list[ModelVersion]:
        runs = self.runs_by_id(version.run_id or "" for version in versions)
        return [
            replace(version, metrics=runs[version.run_id].metrics) if version.run_id in runs else version
            for version in versions
        ]

    def _aliases(self, name: str) -> dict[str, tuple[str, ...]]:
        pointed: dict[str, tuple[str, ...]] = {}
        for alias, version in self._client.get_registered_model(name).aliases.items():
            pointed[str(version)] = (*pointed.get(str(version), ()), alias)
        return pointed


def model_version(registered: Any, aliases: tuple[str, ...] | None = None) -> ModelVersion:
    """MLflow's version as a record, without metrics; others' versions may lack run and description."""
    return ModelVersion(
        name=str(registered.name),
        version=str(registered.version),
        aliases=tuple(registered.aliases or ()) if aliases is None else aliases,
        created_at=moment(registered.creation_timestamp) or datetime.fromtimestamp(0, UTC),
        weights_sha256=registered.tags.get(_WEIGHTS_TAG, ""),
        metrics={},
        run_id=registered.run_id or None,
        description=registered.description or "",
        tags=dict(registered.tags),
    )
