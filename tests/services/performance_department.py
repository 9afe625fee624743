"""A department with a history: two versions in MLflow, and readings with reviews in two months."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.records import BRAIN_TUMOUR, PNEUMONIA, Result, ScanHeader, ScanStatus, Verdict
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from data.stores.jobs import JobStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.tracking import CHALLENGER, CHAMPION, Tracking
from models.statistics.estimate import Estimate
from models.statistics.proportions import proportion
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from services.assembly.performance import PerformanceServices, performance_on
from services.cohort.cohort import hidden_from_nobody
from services.jobs import Jobs
from services.performance.history import Histories
from services.performance.real_use import RealUse, flat
from services.performance.sampling import Sampling
from tests.data.builders import a_kept_scan, a_result, a_review
from tests.databases import new_mlflow

OCTOBER, NOVEMBER = datetime(2026, 10, 14, 9, tzinfo=UTC), datetime(2026, 11, 12, 9, tzinfo=UTC)
SHARE = 0.5
TASKS = (BRAIN_TUMOUR, PNEUMONIA)
# (called ill, ill) of each reading; version 1 misses and cries wolf more often than version 2.
FIRST = [(1, 1)] * 9 + [(0, 1)] * 3 + [(1, 0)] * 2 + [(0, 0)] * 6
SECOND = [(1, 1)] * 11 + [(0, 1)] * 1 + [(1, 0)] * 1 + [(0, 0)] * 7
FIGURES = {
    "presence_recall": proportion(82, 90),
    "dice_flair": Estimate(0.82, 0.75, 0.87, 17),
    "presence_auc": Estimate(0.98, 0.97, 0.99, 180),
}


@dataclass
class Department:
    """Everything that the performance page is made of."""

    engine: Engine
    tracking: Tracking
    judgements: JudgementStore
    real_use: RealUse
    performance: PerformanceServices
    jobs: Jobs
    histories: Histories
    results: list[Result] = field(default_factory=list)

    def read(
        self,
        version: str,
        at: datetime,
        answers: Sequence[tuple[int, int]],
        *,
        synthetic: bool = False,
        headers: Sequence[ScanHeader] = (),
    ) -> None:
        """Readings with their reviews, an hour apart; their headers in turn, where any are given."""
        for number, (called, ill) in enumerate(answers):
            moment = at + timedelta(hours=number)
            # The random sample goes by the id: the same ones in every run, so the same sample.
            scan_id = hashlib.md5(
                f"{version} {moment} {synthetic}".encode(), usedforsecurity=False
            ).hexdigest()
            said = {"header": headers[number % len(headers)]} if headers else {}
            scan = a_kept_scan(self.engine, id=scan_id, name=f"Person {number}", created_at=moment,
                               synthetic=synthetic, status=ScanStatus.READ, **said)  # fmt: skip
            self._answer(scan.id, version, moment, number, called, ill)

    def read_again(self, version: str, at: datetime, answers: Sequence[tuple[int, int]]) -> None:
        """The first scans that were read once more, by another version; nobody reviews that."""
        for number, (called, _) in enumerate(answers):
            scan_id, moment = self.results[number].scan_id, at + timedelta(hours=number)
            self._result(scan_id, version, moment, number, called)

    def score(self) -> None:
        """What the jobs do: log every month to MLflow, and tell the histories."""
        self.real_use.score_all()
        for task in TASKS:
            self.histories.refresh(task)

    def close(self) -> None:
        self.histories.close()
        self.jobs.stop()

    def _answer(self, scan_id: str, version: str, at: datetime, number: int, called: int, ill: int) -> None:
        made = self._result(scan_id, version, at, number, called)
        self.results.append(made)
        if called == ill:
            corrected = bool(called and number % 3 == 0)
            said: dict[str, Any] = {"verdict": Verdict.CORRECTED if corrected else Verdict.ACCEPTED}
            said |= {"truth_positive": bool(ill)} | ({"dice": 0.7 + 0.01 * number} if corrected else {})
        else:
            said = {"verdict": Verdict.REJECTED, "truth_positive": bool(ill)}
        review = a_review(scan_id, made.id, created_at=at + timedelta(minutes=30), **said)
        ReviewStore(self.engine).add(review)

    def _result(self, scan_id: str, version: str, at: datetime, number: int, called: int) -> Result:
        chance = 0.55 + 0.02 * (number % 20) if called else 0.45 - 0.02 * (number % 20)
        result = a_result(scan_id, created_at=at, positive=bool(called), probability=chance)
        made_by = replace(result.provenance, model_version=version)
        result = replace(result, provenance=made_by)
        if not called:
            result = replace(result, measurements=None, has_mask=False)
        return ResultStore(self.engine).add(result)


def department(engine: Engine, folder: Path, *, mlflow: str = "") -> Department:
    """An empty one on a database; `mlflow` is another address than its own."""
    tracking = Tracking(mlflow or new_mlflow(folder), folder / "mlflow")
    judgements = JudgementStore(engine, SHARE)
    histories = Histories(tracking, folder / "cache", TASKS)
    jobs = Jobs(JobStore(engine), 1)
    real_use = RealUse(judgements, tracking, jobs, TASKS)
    alerts = Alerts(AlertStore(engine), AuditLog(engine), Delivery())
    performance = performance_on(
        histories,
        real_use,
        judgements,
        Sampling(judgements, SHARE),
        Ledger(engine),
        engine,
        alerts,
        TASKS,
        hidden_from_nobody,
        lambda _task: None,
    )
    return Department(engine, tracking, judgements, real_use, performance, jobs, histories)


def with_history(engine: Engine, folder: Path) -> Department:
    """Two versions, the second live; October and November of the first, November of the second."""
    house = department(engine, folder)
    for number in (1, 2):
        registered(house.tracking, folder / f"v{number}", recall=proportion(80 + number, 90))
    house.tracking.set_alias(BRAIN_TUMOUR, CHAMPION, "2")
    house.tracking.set_alias(BRAIN_TUMOUR, CHALLENGER, "1")
    tags = {"lightbox.promoted_by": "Dr Head", "lightbox.promoted_at": "2026-11-01T08:00:00+00:00",
            "lightbox.reason": "Fewer misses."}  # fmt: skip
    house.tracking.tag_version(BRAIN_TUMOUR, "2", tags)
    house.read("1", OCTOBER, FIRST)
    house.read("1", NOVEMBER, FIRST[:10])
    house.read("2", NOVEMBER, SECOND)
    house.read("2", NOVEMBER, SECOND[:6], synthetic=True)
    house.read_again("2", NOVEMBER, SECOND[:8])
    house.score()
    return house


def registered(tracking: Tracking, folder: Path, recall: Estimate, *, scored: bool = True) -> str:
    """A version with a training run: curves, parameters, an evaluation and a picture; returns its number."""
    run = tracking.start_run(f"lightbox-{BRAIN_TUMOUR}", "train", {"epochs": 3, "data_sha256": "ab" * 32})
    for epoch in range(3):
        tracking.log_metrics(run, {"epoch_loss": 1 / (1 + epoch), "epoch_dice": 0.5 + epoch / 10}, epoch)
    tracking.log_metrics(run, flat(FIGURES | {"presence_recall": recall}))
    folder.mkdir(parents=True)
    probability = [0.9, 0.8, 0.7, 0.6, 0.55, 0.2, 0.6, 0.3, 0.2, 0.1]
    said = {"truth": [True] * 6 + [False] * 4, "probability": probability, "threshold": 0.5}
    cases = [
        {"name": "TCGA_1", "dice": 0.41, "positive": True},
        {"name": "TCGA_2", "dice": 0.93, "positive": True},
    ]
    kept = {"figures": {}, "groups": {}, "cases": cases, "scored": said}
    if scored:
        (folder / "evaluation.json").write_text(json.dumps(kept))
        (folder / "worst.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    (folder / "settings.json").write_text("{}")
    tracking.log_files(run, folder)
    tracking.end_run(run)
    return tracking.register(BRAIN_TUMOUR, run, "cd" * 32, "Made for the tests.").version


__all__ = ["FIRST", "SECOND", "Department", "department", "registered", "with_history"]
