"""One version more closely: its errors, curves, groups and training, for cases of real use or validation."""

from __future__ import annotations

import json
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.errors import InvalidInput, NotFound
from data.records import Judgements, TrackedRun, User
from data.tracking import FILES
from models import weights
from models.statistics.calibration import CalibrationBin
from models.statistics.confusion import Confusion, called_ill
from models.statistics.estimate import Estimate
from models.statistics.roc import Curves
from reports.performance_figures import VALIDATION
from services.performance.cases import Cases
from services.performance.history import Histories, VersionHistory
from services.performance.numbers import PerformanceQuery
from services.permissions import Permission, require
from services.statistics.scoring import calibration, confusion, curves, scored, swept
from services.statistics.subgroups import SUBGROUPS, Subgroup, subgroups

EVALUATION = f"{FILES}/{weights.EVALUATION}"
PICTURES = (".png", ".jpg", ".jpeg")
CELLS = ("hit", "miss", "false-alarm", "clear")
_KEPT = 64


@dataclass(frozen=True)
class Errors:
    """What a set of cases says at the thresholds they were read with; `addresses` opens each cell's cases.

    `absent` says in a sentence why there is nothing.
    """

    n: int
    confusion: Confusion
    threshold: float
    curves: Curves | None
    bins: Sequence[CalibrationBin]
    figures: Mapping[str, Estimate]
    addresses: Mapping[str, str]
    absent: str = ""


@dataclass(frozen=True)
class TrainingRun:
    """The run behind a version: what it was set to do, how it went, what it left."""

    version: VersionHistory
    curves: Mapping[str, Sequence[tuple[int, float]]]
    data_sha256: str
    pictures: Sequence[str]
    files: Sequence[str]

    @property
    def run(self) -> TrackedRun | None:
        """The run itself."""
        return self.version.run


@dataclass(frozen=True)
class ValidationCase:
    """One labelled case of validation; there is no scan of it in this house."""

    name: str
    numbers: Mapping[str, Any]


class Details:
    """Composes; changes nothing."""

    def __init__(self, histories: Histories, cases: Cases) -> None:
        self._histories = histories
        self._cases = cases
        self._turn = threading.Lock()
        self._groups: OrderedDict[Any, list[Subgroup]] = OrderedDict()
        self._evaluations: dict[tuple[str, str, str], dict[str, Any]] = {}

    def judgements(self, asked: PerformanceQuery) -> Judgements:
        """The cases that the address is about; those of validation have a truth and a probability only."""
        if asked.of == VALIDATION:
            return self._validation(asked)
        return self._cases.of(replace(asked.which(), group=""))

    def errors(self, asked: PerformanceQuery) -> Errors:
        """Confusion, curves and calibration of the cases."""
        judgements = self.judgements(asked)
        threshold = float(judgements.threshold[-1]) if len(judgements) else math.nan
        both = (
            bool(len(judgements)) and judgements.truth_positive.any() and not judgements.truth_positive.all()
        )
        addresses = {}
        if asked.of != VALIDATION:
            which = replace(asked.which(), group="")
            addresses = {cell: self._cases.address(replace(which, what=cell)) for cell in ("all", *CELLS)}
        return Errors(
            n=len(judgements),
            confusion=confusion(judgements),
            threshold=threshold,
            curves=curves(judgements) if both else None,
            bins=calibration(judgements),
            figures=scored(judgements) if len(judgements) else {},
            addresses=addresses,
            absent="" if len(judgements) else self._why_absent(asked),
        )

    def at(self, asked: PerformanceQuery, threshold: float) -> tuple[Confusion, dict[str, Estimate]]:
        """What another threshold would make of the same cases; raises InvalidInput outside 0 to 1."""
        if not 0 <= threshold <= 1:
            raise InvalidInput("A threshold lies between 0 and 1.")
        counts = swept(self.judgements(asked), np.array([threshold])).confusion(threshold)
        return counts, counts.rates()

    def groups(self, asked: PerformanceQuery) -> dict[str, list[Subgroup]]:
        """Every group of every dimension; validation cases are not grouped here."""
        if asked.of == VALIDATION:
            return {}
        judgements = self.judgements(asked)
        key = (
            asked.which(),
            tuple(judgements.result_id),
            judgements.truth_positive.tobytes(),
            judgements.dice.tobytes(),
            tuple(judgements.verdict),
        )
        made = {}
        for dimension in SUBGROUPS:
            made[dimension] = self._grouped((dimension, hash(key)), judgements, dimension)
        return {dimension: groups for dimension, groups in made.items() if len(groups) > 1}

    def training(self, asked: PerformanceQuery) -> TrainingRun:
        """The run behind the version; raises NotFound for a version that there is not."""
        version = self._version(asked)
        name = version.version.version
        files = list(self._histories.artifacts(asked.task, name))
        return TrainingRun(
            version=version,
            curves=self._histories.curves(asked.task, name),
            data_sha256=_data_hash(version),
            pictures=[file for file in files if file.lower().endswith(PICTURES)],
            files=files,
        )

    def picture(self, asked: PerformanceQuery, path: str) -> bytes:
        """A picture that the run left; raises NotFound for anything else."""
        version = self._version(asked).version.version
        if path not in self._histories.artifacts(asked.task, version) or not path.lower().endswith(PICTURES):
            raise NotFound("There is no such picture.")
        return self._histories.artifact(asked.task, version, path)

    def validation_cases(self, asked: PerformanceQuery, viewer: User) -> list[ValidationCase]:
        """The labelled cases of the version's evaluation, worst first, as far as they were kept.

        They may be of any department's scans, and are for who sees the whole house. Raises NotAllowed.
        """
        require(viewer, Permission.SEE_STATISTICS)
        return [
            ValidationCase(
                str(case.get("name", "")), {key: value for key, value in case.items() if key != "name"}
            )
            for case in self._evaluation(asked).get("cases", ())
        ]

    def _grouped(self, key: Any, judgements: Judgements, dimension: str) -> list[Subgroup]:
        with self._turn:
            if key in self._groups:
                self._groups.move_to_end(key)
                return self._groups[key]
        made = subgroups(judgements, dimension)
        with self._turn:
            self._groups[key] = made
            while len(self._groups) > _KEPT:
                self._groups.popitem(last=False)
        return made

    def _version(self, asked: PerformanceQuery) -> VersionHistory:
        for version in self._histories.of(asked.task).versions:
            if version.version.version == asked.version:
                return version
        raise NotFound("There is no such version.")

    def _evaluation(self, asked: PerformanceQuery) -> dict[str, Any]:
        """The version's evaluation.json, empty where the run keeps none."""
        try:
            version = self._version(asked).version
        except NotFound:
            return {}
        key = (asked.task, version.version, version.run_id or "")
        if key not in self._evaluations:
            if EVALUATION not in self._histories.artifacts(asked.task, version.version):
                return {}
            self._evaluations[key] = json.loads(
                self._histories.artifact(asked.task, version.version, EVALUATION)
            )
        return self._evaluations[key]

    def _validation(self, asked: PerformanceQuery) -> Judgements:
        kept = self._evaluation(asked).get("scored") or {}
        truth, probability = kept.get("truth", []), kept.get("probability", [])
        threshold = float(kept.get("threshold", 0.5))
        nothing: dict[str, list[Any]] = {
            name: [None] * len(truth) for name in Judgements.__dataclass_fields__
        }
        return Judgements.from_columns(
            nothing
            | {
                "truth_positive": truth,
                "probability": probability,
                "positive": called_ill(np.asarray(probability, dtype=np.float64), threshold).tolist(),
                "threshold": [threshold] * len(truth),
                "created_us": [0] * len(truth),
            }
        )

    def _why_absent(self, asked: PerformanceQuery) -> str:
        if asked.of == VALIDATION:
            return (
                "The run of this version keeps no evaluation.json with the single cases, so there are only "
                "the validation figures above."
            )
        if not self._cases.versions(asked.task):
            return "No reading of this task has been reviewed yet, so nothing is known of real use."
        return "No reading of this version in this period has been reviewed yet."


def _data_hash(version: VersionHistory) -> str:
    return str(version.parameters.get("data_sha256", ""))
