"""A version with another threshold: the same weights, but another decision, registered like any other.

So it is rehearsed, judged by the promotion gate and promoted as any version is, and every result says by
which threshold it was read.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from data import atomic_files
from data.database import now
from data.errors import InvalidInput
from data.records import AuditEvent, ModelVersion, User
from data.stores.audit import AuditLog
from models import weights
from models.statistics.classification import classification
from models.statistics.confusion import called_ill
from models.weights import Trained
from services.permissions import Permission, require
from services.typed_input import reason_of
from services.versions.registry import THRESHOLD_OF, Registry

LONGEST_WHY = 400
_MOVED = ("recall", "precision", "specificity", "accuracy", "far", "frr", "f1")
"""The figures that a threshold decides; areas, calibration and outlines it leaves alone."""
_KEPT = (weights.WEIGHTS, weights.REFERENCE)  # what was measured outside held for the other threshold


class OtherThresholds:
    """Makes versions out of versions."""

    def __init__(self, registry: Registry, audit: AuditLog) -> None:
        self._registry = registry
        self._audit = audit

    def register(self, task: str, number: str, threshold: float, why: str, user: User) -> ModelVersion:
        """Register a version's weights with another threshold.

        Its validation figures are counted anew from the version's own answers where it keeps them; those
        that cannot be are left out. Raises NotAllowed; InvalidInput for a threshold outside 0 to 1, for no
        reason and for what is registered already; NotFound, UnusableModel and TrackingAway.
        """
        require(user, Permission.REGISTER_VERSIONS)
        reason = reason_of(why, LONGEST_WHY)
        if not 0 < threshold < 1:
            raise InvalidInput("A threshold lies between 0 and 1.")
        source = self._registry.version(task, number)
        trained = self._registry.files(source)
        known = self._registry.registered_as(
            task, trained.sha256, replace(trained.decision, threshold=threshold)
        )
        if known is not None:
            raise InvalidInput(f"Version {known.version} is these weights with this threshold.")
        # First: MLflow has transactions of its own. What comes after names the number that it gave.
        wanted = f"version {number} with threshold {threshold:g}: {reason}"
        self._audit.record(AuditEvent(now(), user.id, "model.register", task, wanted))
        with tempfile.TemporaryDirectory(prefix="lightbox-threshold-") as folder:
            _write(Path(folder), trained, number, threshold)
            said = f"Version {number} with threshold {threshold:g}: {reason}"
            made = self._registry.add(task, Path(folder), user.display_name, said, {THRESHOLD_OF: number})
        detail = f"version {made.version}: {wanted}"
        self._audit.record(AuditEvent(now(), user.id, "model.registered", task, detail))
        return made


def _write(folder: Path, trained: Trained, number: str, threshold: float) -> None:
    """The files of the new version."""
    for name in _KEPT:
        if (trained.folder / name).exists():
            shutil.copyfile(trained.folder / name, folder / name)
    evaluation = _evaluation(trained.folder / weights.EVALUATION, threshold)
    if evaluation is not None:
        atomic_files.write(folder / weights.EVALUATION, json.dumps(evaluation))
    settings = {
        "decision": asdict(replace(trained.decision, threshold=threshold)),
        "metrics": _metrics(trained.metrics, evaluation),
        "facts": {**trained.facts, "threshold_of": number},
    }
    atomic_files.write(folder / weights.SETTINGS, json.dumps(settings, indent=2) + "\n")
    card = trained.folder / weights.CARD
    about = (
        f"> These are the weights of version {number} with the threshold {threshold:g} instead of "
        f"{trained.decision.threshold:g}. Recall, precision, specificity and what follows from them "
        f"below are those of version {number}.\n\n"
    )
    atomic_files.write(folder / weights.CARD, about + (card.read_text() if card.exists() else ""))


def _evaluation(kept: Path, threshold: float) -> dict[str, Any] | None:
    """The version's own evaluation at the new threshold; None where it keeps no single answers."""
    if not kept.exists():
        return None
    evaluation: dict[str, Any] = json.loads(kept.read_text())
    if not evaluation.get("scored"):
        return None
    scored = {**evaluation["scored"], "threshold": threshold}
    return {"figures": {}, "groups": {}, "cases": [], "scored": scored}


def _metrics(
    metrics: dict[str, dict[str, float]], evaluation: dict[str, Any] | None
) -> dict[str, dict[str, float]]:
    """What the threshold leaves alone, and what can be counted anew."""
    untouched = {
        name: figure
        for name, figure in metrics.items()
        if not any(name == moved or name.endswith(f"_{moved}") for moved in _MOVED)
    }
    if evaluation is None:
        return untouched
    scored = evaluation["scored"]
    truth, probability = (
        np.array(scored["truth"], dtype=bool),
        np.array(scored["probability"], dtype=np.float64),
    )
    counted = classification(truth, probability, called_ill(probability, scored["threshold"]))
    prefix = "" if "recall" in metrics else "presence_"  # of a task that draws outlines
    return untouched | {f"{prefix}{name}": asdict(counted[name]) for name in _MOVED}
