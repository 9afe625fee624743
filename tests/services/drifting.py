"""Readings to compare, without scans behind them: rows of features and vectors, as readings leave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine

from data.database import new_id, writing
from data.files import FileStore
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.records import BRAIN_TUMOUR, Evidence, Features, Severity, marked
from data.stores.audit import AuditLog
from data.stores.drift import DriftReferenceStore, DriftRunStore
from data.stores.drift_limits import DriftLimitStore
from data.stores.features import FeatureStore, note_features
from data.stores.refusals import RefusalStore
from services.cohort.cohort import hidden_from_nobody
from services.drift.alerting import Alerting
from services.drift.influential_scans import InfluenceRanking
from services.drift.limits import DriftLimits
from services.drift.references import DriftReferences
from services.drift.runs import DriftRuns
from services.drift.windows import Windows
from services.jobs import Jobs
from tests.data.builders import MORNING

DIMENSIONS = 24


@dataclass
class Bell:
    """Hears alerts."""

    raised: list[tuple[str, Severity, str, str, str]] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)

    def raise_alert(
        self,
        cause: str,
        severity: Severity,
        title: str,
        sentence: str,
        link: str,
        *,
        evidence: Evidence | None = None,
        synthetic: bool = False,
    ) -> None:
        self.raised.append((cause, severity, marked(title, synthetic), sentence, link))

    def propose_end(self, cause: str, sentence: str, evidence: Evidence | None) -> None:
        """What a calm run says is a matter of tests/services/drift/test_alerting.py."""

    def settle(self, cause: str) -> None:
        self.settled.append(cause)


class DriftHouse:
    """Drift over an empty database; `version` is in force, and `training` is what came with it."""

    def __init__(
        self, engine: Engine, folder: Path, jobs: Jobs | None = None, alerts: Alerting | None = None
    ) -> None:
        self.engine, self.bell = engine, Bell()
        self.version, self.training = "1", None
        self.files = FileStore(folder / "files")
        self.windows = Windows(FeatureStore(engine), Ledger(engine), JudgementStore(engine))
        self.references = DriftReferences(
            DriftReferenceStore(engine),
            self.files,
            self.windows,
            lambda task, version: (version or self.version, self.training),
        )
        refusals = RefusalStore(engine)
        self.limits = DriftLimits(DriftLimitStore(engine), AuditLog(engine))
        self.drift = DriftRuns(
            DriftRunStore(engine),
            self.references,
            self.windows,
            refusals,
            self.files,
            alerts or self.bell,
            jobs,
            self.limits,
        )
        self.influential_scans = InfluenceRanking(self.drift, self.windows, self.files, hidden_from_nobody)

    def add(self, n: int, seed: int, **changes: Any) -> list[str]:
        """`add_readings` to this house."""
        return add_readings(self.engine, n, seed, **changes)


def add_readings(
    engine: Engine,
    n: int,
    seed: int,
    *,
    day: int = 0,
    task: str = BRAIN_TUMOUR,
    version: str = "1",
    synthetic: bool = False,
    shift: float = 0.0,
    scan_ids: Sequence[str] | None = None,
    **changes: Any,
) -> list[str]:
    """So many readings of a day, a minute apart, with some columns changed; returns the scans' ids."""
    random = np.random.default_rng(seed)
    ids = list(scan_ids or (new_id() for _ in range(n)))
    with writing(engine) as connection:
        for number, scan_id in enumerate(ids):
            at = MORNING + timedelta(days=day, minutes=number % 900)
            reading = a_reading(random, scan_id, at, task, version, synthetic, shift)
            note_features(connection, replaced(reading, random, changes))
    return ids


def a_reading(
    random: np.random.Generator,
    scan_id: str,
    at: datetime,
    task: str = BRAIN_TUMOUR,
    version: str = "1",
    synthetic: bool = False,
    shift: float = 0.0,
) -> Features:
    """An ordinary one."""
    probability = float(random.random())
    return Features(
        new_id(), scan_id, task, version, at, synthetic,
        p50=float(random.normal(0.55, 0.05)), mean=float(random.normal(0.5, 0.05)),
        p99=float(random.normal(900, 90)), contrast=float(random.normal(0.2, 0.02)),
        entropy=float(random.normal(5.3, 0.1)), sharpness=float(random.normal(1.2, 0.2)),
        noise=float(random.normal(0.03, 0.004)), bias_field=float(random.normal(0.1, 0.02)),
        foreground=float(random.normal(0.35, 0.03)), slices=float(random.integers(20, 40)),
        probability=probability, volume_ml=float(random.lognormal(2, 1)), doubt=float(random.random()),
        latency_ms=float(random.lognormal(7, 0.3)), age_years=float(random.normal(55, 15)),
        hour=float(random.uniform(7, 18)), sex=str(random.choice(["F", "M"])),
        site=str(random.choice(["North", "South"])), scanner=str(random.choice(["Acme One", "Best Field"])),
        vector=(random.normal(size=DIMENSIONS) + shift).astype(np.float16),
    )  # fmt: skip


def replaced(reading: Features, random: np.random.Generator, changes: dict[str, Any]) -> Features:
    """A reading with other values: constants, or functions of the old value and chance."""
    from dataclasses import replace

    values = {
        name: change(getattr(reading, name), random) if callable(change) else change
        for name, change in changes.items()
    }
    return replace(reading, **values)
