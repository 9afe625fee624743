"""A department's years of training in MLflow: runs with epochs, versions, months of real use, in bulk."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from data.tracking import CHAMPION, Tracking

TASK = "pneumonia"
METRICS = ("loss", "auc", "accuracy", "recall", "far", "frr", "learning_rate", "images_per_s")
FIGURES = ("auc", "accuracy", "recall", "precision", "specificity", "f1", "far", "frr", "calibration_error")
START = 1_700_000_000_000
HOUR = 3_600_000
AT_ONCE = 20_000


def fill(uri: str, folder: Path, runs: int, epochs: int, versions: int, months: int = 36) -> Tracking:
    """`runs` trainings of `epochs` x eight metrics, the last of them registered, with their real use."""
    from mlflow.store.model_registry.dbmodels.models import SqlModelVersion, SqlModelVersionTag
    from mlflow.store.tracking.dbmodels.models import (
        SqlLatestMetric,
        SqlMetric,
        SqlParam,
        SqlRun,
        SqlTag,
    )

    tracking = Tracking(uri, folder)
    client = tracking._client
    engine = client._tracking_client.store.engine
    experiment = int(tracking._experiment(f"lightbox-{TASK}"))
    use = int(tracking._experiment(f"lightbox-{TASK}-real-use"))
    client.create_registered_model(TASK)

    def write(table: Any, rows: Iterator[dict[str, Any]]) -> None:
        waiting: list[dict[str, Any]] = []
        made: Table = table.__table__
        with engine.begin() as connection:
            for row in rows:
                waiting.append(row)
                if len(waiting) == AT_ONCE:
                    connection.execute(insert(made), waiting)
                    waiting.clear()
            if waiting:
                connection.execute(insert(made), waiting)

    ids = [f"{number:032x}" for number in range(runs)]
    real = {
        (max(1, versions - (months - month) // 4), month, part): f"{runs + 2 * month + place:032x}"
        for month in range(months)
        for place, part in enumerate(("reviewed", "sample"))
    }
    write(SqlRun, (_run(run_id, number, experiment, folder) for number, run_id in enumerate(ids)))
    write(SqlRun, (_run(run_id, number, use, folder) for number, run_id in enumerate(real.values())))
    write(SqlMetric, (row for number, run_id in enumerate(ids) for row in _epochs(run_id, number, epochs)))
    write(
        SqlLatestMetric,
        (row for n, run_id in enumerate(ids) for row in _epochs(run_id, n, epochs, epochs - 1)),
    )
    both = [*ids, *real.values()]
    write(SqlMetric, (row for number, run_id in enumerate(both) for row in _figures(run_id, number)))
    write(SqlLatestMetric, (row for number, run_id in enumerate(both) for row in _figures(run_id, number)))
    write(
        SqlParam,
        ({"run_uuid": run_id, "key": f"choice_{k}", "value": str(k)} for run_id in ids for k in range(20)),
    )
    write(
        SqlTag,
        (
            {"run_uuid": run_id, "key": key, "value": value}
            for of, run_id in real.items()
            for key, value in _real_use(*of).items()
        ),
    )
    registered = ids[-versions:]
    write(SqlModelVersion, (_version(n, run_id, folder) for n, run_id in enumerate(registered, 1)))
    write(
        SqlModelVersionTag,
        (
            {"name": TASK, "version": n, "key": "weights_sha256", "value": f"{n:064x}"}
            for n in range(1, versions + 1)
        ),
    )
    tracking.set_alias(TASK, CHAMPION, str(versions))
    return tracking


def _run(run_id: str, number: int, experiment: int, folder: Path) -> dict[str, Any]:
    return {
        "run_uuid": run_id,
        "name": f"train {number}",
        "source_type": "LOCAL",
        "source_name": "",
        "entry_point_name": "",
        "user_id": "lightbox",
        "status": "FINISHED",
        "start_time": START + number * HOUR,
        "end_time": START + number * HOUR + HOUR // 2,
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": (folder / run_id).as_uri(),
        "experiment_id": experiment,
    }


def _epochs(run_id: str, number: int, epochs: int, first: int = 0) -> Iterator[dict[str, Any]]:
    for epoch in range(first, epochs):
        stamp = START + number * HOUR + epoch * 1000
        for place, name in enumerate(METRICS):
            value = 0.9 - math.exp(-0.05 * epoch) * (0.3 + 0.01 * place) + 1e-4 * (number % 17)
            yield _metric(run_id, f"epoch_{name}", value, stamp, epoch)


def _figures(run_id: str, number: int) -> Iterator[dict[str, Any]]:
    for place, name in enumerate(FIGURES):
        value = 0.8 + 0.01 * place + 1e-4 * (number % 91)
        parts = {"": value, "_low": value - 0.03, "_high": value + 0.03, "_n": 400.0}
        for part, number_of in parts.items():
            yield _metric(run_id, name + part, number_of, START + number * HOUR, 0)


def _metric(run_id: str, key: str, value: float, stamp: int, step: int) -> dict[str, Any]:
    return {
        "run_uuid": run_id,
        "key": key,
        "value": value,
        "timestamp": stamp,
        "step": step,
        "is_nan": False,
    }


def _real_use(version: int, month: int, part: str) -> dict[str, str]:
    return {
        "lightbox.kind": "real-use",
        "lightbox.version": str(version),
        "lightbox.month": f"{2024 + month // 12}-{month % 12 + 1:02d}",
        "lightbox.part": part,
        "lightbox.synthetic": "no",
    }


def _version(number: int, run_id: str, folder: Path) -> dict[str, Any]:
    return {
        "name": TASK,
        "version": number,
        "creation_time": START + number * HOUR,
        "last_updated_time": START + number * HOUR,
        "description": "Trained here.",
        "user_id": "",
        "current_stage": "None",
        "source": (folder / run_id / "model").as_uri(),
        "run_id": run_id,
        "status": "READY",
        "status_message": "",
        "storage_location": "",
    }
