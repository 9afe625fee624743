"""Runs of experiments: opened, written to, found again in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from data.errors import NotFound
from data.records import TrackedRun
from data.tracking.artifacts import Artifacts
from data.tracking.faults import can_be_run

MAX_VALUE = 1e308  # MLflow's databases keep infinity as the largest double
_PAGE = 1000
_AT_ONCE = 100  # MLflow takes as many parameters, or ids of runs, in one request


class Runs(Artifacts):
    """The runs of one MLflow store."""

    def start_run(
        self,
        experiment: str,
        name: str,
        parameters: Mapping[str, Any],
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Open a run and return its id."""
        from mlflow.entities import Param

        client = self._client
        made = client.create_run(self._experiment(experiment), run_name=name, tags=dict(tags or {}))
        run_id = str(made.info.run_id)
        chosen = [Param(key, str(value)[:500]) for key, value in parameters.items()]
        for part in parts(chosen):
            client.log_batch(run_id, params=part)
        return run_id

    def tag_run(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run, over those of the same name."""
        from mlflow.entities import RunTag

        self._client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
        """Numbers of a run at a step (an epoch)."""
        from mlflow.entities import Metric

        stamp = int(datetime.now(UTC).timestamp() * 1000)
        numbers = [Metric(name, value, stamp, step) for name, value in metrics.items() if value == value]
        self._client.log_batch(run_id, metrics=numbers)

    def end_run(self, run_id: str, failed: bool = False) -> None:
        """Close a run."""
        self._client.set_terminated(run_id, "FAILED" if failed else "FINISHED")

    def delete_runs(self, run_ids: Iterable[str]) -> None:
        """Take runs out of sight, as MLflow deletes them; one that is gone already is no error."""
        from mlflow.exceptions import MlflowException

        for run_id in run_ids:
            try:
                self._client.delete_run(run_id)
            except NotFound:
                continue
            except MlflowException as error:
                if error.error_code != "INVALID_PARAMETER_VALUE":
                    raise

    def runs(self, experiment: str, tags: Mapping[str, str]) -> list[TrackedRun]:
        """The experiment's runs that carry all of `tags`, newest first; none where there is no such one."""
        known = self._client.get_experiment_by_name(experiment)
        if known is None:
            return []
        asked = " AND ".join(f"tags.`{key}` = {quoted(value)}" for key, value in tags.items())
        return [tracked_run(run, experiment) for run in self._searched([known.experiment_id], asked)]

    def runs_by_id(self, run_ids: Iterable[str], experiment: str = "") -> dict[str, TrackedRun]:
        """Runs by their ids, deleted ones too; those that MLflow does not have are left out.

        They are first looked for in `experiment`, the rest wherever they may be.
        """
        wanted = sorted({run_id for run_id in run_ids if can_be_run(run_id)})
        runs: dict[str, TrackedRun] = {}
        here = self._client.get_experiment_by_name(experiment) if wanted and experiment else None
        if here is not None:
            runs = self._by_id(wanted, {str(here.experiment_id): experiment})
        strays = [run_id for run_id in wanted if run_id not in runs]
        return runs | self._by_id(strays, self._experiments()) if strays else runs

    def _by_id(self, run_ids: list[str], experiments: dict[str, str]) -> dict[str, TrackedRun]:
        runs: dict[str, TrackedRun] = {}
        for part in parts(run_ids):
            asked = f"attributes.run_id IN ({', '.join(quoted(run_id) for run_id in part)})"
            for run in self._searched(list(experiments), asked, deleted=True):
                name = experiments.get(str(run.info.experiment_id), "")
                runs[str(run.info.run_id)] = tracked_run(run, name)
        return runs

    def _experiments(self) -> dict[str, str]:
        from mlflow.entities import ViewType

        names: dict[str, str] = {}
        token = None
        while True:
            page = self._client.search_experiments(ViewType.ALL, max_results=_PAGE, page_token=token)
            names |= {str(experiment.experiment_id): str(experiment.name) for experiment in page}
            token = page.token
            if not token:
                return names

    def _searched(self, experiments: list[str], asked: str, deleted: bool = False) -> Iterator[Any]:
        from mlflow.entities import ViewType

        seen, token = ViewType.ALL if deleted else ViewType.ACTIVE_ONLY, None
        while True:
            page = self._client.search_runs(
                experiments, asked, seen, _PAGE, ["attributes.start_time DESC"], token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _experiment(self, name: str) -> str:
        client = self._client
        known = client.get_experiment_by_name(name)
        if known is not None:
            if known.lifecycle_stage == "deleted":  # its name stays taken
                client.restore_experiment(known.experiment_id)
            return str(known.experiment_id)
        # A server keeps artifacts where it is told to; our own store keeps them in our folder.
        place = None if self._by_http else (self._artifacts / name).as_uri()
        return str(client.create_experiment(name, artifact_location=place))


def tracked_run(run: Any, experiment: str) -> TrackedRun:
    """MLflow's run as a record; what is no finite number is left out of its metrics."""
    logged = run.data._metric_objs  # the only place that knows their steps
    return TrackedRun(
        run_id=str(run.info.run_id),
        experiment=experiment,
        name=str(run.info.run_name or ""),
        status=str(run.info.status),
        started_at=moment(run.info.start_time),
        ended_at=moment(run.info.end_time),
        tags=dict(run.data.tags),
        parameters=dict(run.data.params),
        metrics={str(metric.key): float(metric.value) for metric in logged if abs(metric.value) < MAX_VALUE},
        steps={str(metric.key): int(metric.step) for metric in logged},
    )


def moment(milliseconds: int | None) -> datetime | None:
    """MLflow's milliseconds as a time; a run that another tool wrote may have none."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None


def quoted(value: str) -> str:
    """A value as MLflow's search filters take it."""
    return f'"{value}"' if "'" in value else f"'{value}'"


def parts(values: list[Any], size: int = _AT_ONCE) -> Iterator[list[Any]]:
    """`values` in order, at most `size` at a time."""
    yield from (values[first : first + size] for first in range(0, len(values), size))
