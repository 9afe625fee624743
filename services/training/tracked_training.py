"""A training run in MLflow."""

from __future__ import annotations

import csv
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from data import atomic_files
from data.labelled.dvc import DataRevision
from data.records import ModelVersion
from data.tracking import Tracking
from models.outside import metrics_of
from models.training import Metrics, Trainable
from models.weights import Trained
from services.inference.engine import SOFTWARE
from services.training.plan import Plan
from services.versions.registry import EXPERIMENT, SPLIT, flat


class SilentLog:
    """The log of a process that only helps."""

    def metrics(self, values: Metrics, epoch: int) -> None:
        """Nothing: the first process tells."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.ended(failed=kind is not None)

    def ended(self, failed: bool = False) -> None:
        """Nothing to close."""


SILENT = SilentLog()


class TrackedTraining(SilentLog):
    """A training run in MLflow: what it was set to do, every epoch, and what came of it.

    As a context it is closed at the end, as failed where something was raised.
    """

    def __init__(
        self, tracking: Tracking, run_id: str, plan: Plan, folder: Path, facts: dict[str, Any]
    ) -> None:
        self._tracking = tracking
        self.run_id = run_id
        self._plan = plan
        self.folder = folder
        self.facts = facts

    @classmethod
    def opened(
        cls,
        tracking: Tracking,
        plan: Plan,
        material: Trainable,
        data_sha256: str,
        folder: Path,
        resume: bool,
        name: str = "",
        tags: Mapping[str, str] | None = None,
        revision: DataRevision | None = None,
    ) -> TrackedTraining:
        """A new run, or the one that a stopped training had noted in its folder.

        `data_sha256` is the hash of the material's files, `revision` what DVC tracks of the data.
        """
        task = plan.training.task.name
        facts = {"data_sha256": data_sha256, "validation_fold": plan.fold, "recipe": plan.facts()}
        if revision is not None:
            facts["data_revision"] = asdict(revision)
        folder.mkdir(parents=True, exist_ok=True)
        noted = folder / "run"
        if resume and noted.exists():
            return cls(tracking, noted.read_text().strip(), plan, folder, facts)
        parameters = plan.facts() | {"data_sha256": data_sha256} | (revision.parameters() if revision else {})
        run_id = tracking.start_run(EXPERIMENT.format(task=task), name or f"train {task}", parameters, tags)
        atomic_files.write(noted, run_id)
        log = cls(tracking, run_id, plan, folder, facts)
        log.keeps(_split(material, folder / SPLIT))
        log.keeps(_environment(folder / "environment.json"))
        return log

    def metrics(self, values: Metrics, epoch: int) -> None:
        """One epoch's numbers."""
        self._tracking.log_metrics(self.run_id, {f"epoch_{name}": v for name, v in values.items()}, epoch)

    def keeps(self, file: Path) -> None:
        """A file as an artifact of the run."""
        self._tracking.log_file(self.run_id, file)

    def registered(self, trained: Trained) -> ModelVersion:
        """The finished weights with their figures as a new version."""
        self._tracking.log_metrics(self.run_id, flat(trained.metrics | metrics_of(trained)))
        self._tracking.log_files(self.run_id, trained.folder)
        name = self._plan.training.task.name
        said = "Trained here; not yet promoted."
        return self._tracking.register(name, self.run_id, trained.sha256, said)

    def ended(self, failed: bool = False) -> None:
        """Close the run; one that failed can be resumed."""
        self._tracking.end_run(self.run_id, failed)
        if not failed:
            (self.folder / "run").unlink(missing_ok=True)


def _split(material: Trainable, file: Path) -> Path:
    """Every patient with the part they were in: the split as a file."""
    with file.open("w", newline="") as csv_file:
        writer = csv.writer(csv_file)
        writer.writerow(["dataset", "patient", "part"])
        writer.writerows(sorted(set(material.split())))
    return file


def _environment(file: Path) -> Path:
    facts = {"software": SOFTWARE, "platform": platform.platform(), "processor": platform.processor()}
    file.write_text(json.dumps(facts, indent=2) + "\n")
    return file
