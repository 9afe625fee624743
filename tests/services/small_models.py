"""A department whose network is one weight and one bias: a pixel above a brightness is tumour.

Everything else is real: MLflow, database, files, jobs, batcher, engine, reader.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import interpolate

from data.database import new_id, now
from data.files import FileStore
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.ledger.worklist import WorklistStore
from data.packing import packed
from data.records import (
    BRAIN_TUMOUR,
    Evaluation,
    Identity,
    ModelVersion,
    Promotion,
    Result,
    Review,
    Role,
    Scan,
    ScanHeader,
    ScanStatus,
    SourceGrid,
    Spacing,
    User,
    Verdict,
)
from data.stores.audit import AuditLog
from data.stores.evaluations import EvaluationStore
from data.stores.jobs import JobStore
from data.stores.patients import PatientStore
from data.stores.promotions import PromotionStore
from data.stores.reruns import RerunStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.second_readings import SecondReadingStore
from data.stores.suspensions import SuspensionStore
from data.stores.unaided import UnaidedStore
from data.tracking import Tracking
from models import weights
from models.task import Answer, Decision, Placement, Task, TaskKind
from reports import pictures as drawing
from services import keys
from services.cohort.cohort import hidden_from_nobody
from services.evaluations.evaluations import Evaluations
from services.evaluations.outcomes import Outcomes
from services.evaluations.scan_sets import PackOfScans, ScanSets
from services.evaluations.set_reader import SetReader
from services.evaluations.trained_on import TrainedOn
from services.inference.batcher import MicroBatcher
from services.inference.engine import Engine
from services.jobs import Jobs
from services.reading.reader import Reader
from services.reading.results import keep_answer, result_of
from services.reviewing.blinding import Blinding
from services.reviewing.pictures import Pictures
from services.reviewing.review import beside
from services.reviewing.second_readings import SecondReadings
from services.settings import Settings
from services.standing.suspensions import Suspensions
from services.versions.promotion import Promotions
from services.versions.promotion_gate import Margins
from services.versions.registered_files import RegisteredFiles
from services.versions.registry import SPLIT, Registry
from services.versions.rehearsal_pictures import RehearsalPictures
from services.versions.rehearsals import Rehearsals
from services.versions.rehearser import Rehearser
from services.versions.reruns import Reruns
from services.versions.serving import Serving
from services.versions.thresholds import OtherThresholds
from services.versions.uploads import ModelUploads
from tests.databases import migrated, new_mlflow
from tests.text_detectors import NoText, screening_by

SIZE = 32
PATIENCE_S = 60
MARGINS = Margins(recall=0.2, dice=0.1, least_truths=5, specificity=0.2)


class Brightness(nn.Module):
    """Above a brightness is tumour."""

    def __init__(self) -> None:
        super().__init__()
        self.point = nn.Conv2d(1, 1, 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.point(pictures)


def _prepare(array: Any) -> tuple[torch.Tensor, Placement]:
    pictures = torch.from_numpy(np.asarray(array, dtype=np.float32))[:, None] / 100
    return interpolate(pictures, size=(SIZE, SIZE)), Placement(array.shape)


def _answer(outputs: Any, placement: Placement, _: Spacing, decision: Decision) -> Answer:
    whole = interpolate(torch.from_numpy(outputs), size=placement.shape[1:]).numpy()[:, 0]
    mask = whole > 0
    probability = float(np.clip(mask.sum() / 10, 0.01, 0.99))
    return Answer(probability, probability >= decision.threshold, mask)


def small_task(folder: Path) -> Task:
    """The task, with `folder` for the weights that ship."""
    return Task(
        BRAIN_TUMOUR, "brain tumour", TaskKind.SEGMENTATION, folder, SIZE, "none", Brightness,
        lambda network: network, _prepare, _answer,
    )  # fmt: skip


def weights_in(folder: Path, above: float, threshold: float = 0.5, **facts: object) -> Path:
    """A version's files: tumour is what is brighter than `above`."""
    state = {"point.weight": torch.ones(1, 1, 1, 1), "point.bias": torch.full((1,), -above / 100)}
    figures = {"dice": {"value": 0.8, "low": 0.7, "high": 0.9, "n": 12.0}}
    weights.save(folder, state, Decision(threshold=threshold), figures, {"above": above, **facts})
    (folder / weights.CARD).write_text(f"# Brighter than {above}\n")
    return folder


def zipped(folder: Path) -> Path:
    """The files of `folder` in a zip beside it, as a person would send them."""
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as opened:
        for file in folder.iterdir():
            opened.write(file, f"{folder.name}/{file.name}")
    return archive


def somebody(role: Role, name: str) -> User:
    return User(new_id(), name, name.title(), role)


@dataclass
class Department:
    """Started services around the small task; version 1 is live."""

    folder: Path

    def __post_init__(self) -> None:
        self.ada = somebody(Role.MLOPS, "ada")
        self.bob = somebody(Role.HEAD, "bob")
        self.tracking = Tracking(new_mlflow(self.folder), self.folder / "mlflow")
        self.task = small_task(weights_in(self.folder / "shipped", above=500))
        database = migrated(f"sqlite:///{self.folder / 'lightbox.db'}")
        self.database = database
        self.files = FileStore(str(self.folder / "files"))
        self.scans, self.results = ScanStore(database), ResultStore(database)
        self.reviews, self.patients = ReviewStore(database), PatientStore(database)
        self.audit, job_store = AuditLog(database), JobStore(database)
        self.jobs = Jobs(job_store, 2, busy_delay_s=0.1, retry_delay_s=0.1)
        self.engine = Engine("cpu")
        self.batcher: MicroBatcher[Any, Any] = MicroBatcher(self.engine.run, max_batch=8)
        self.reader = Reader(self.engine, self.batcher)
        self.registry = Registry(self.tracking, self.folder / "models", [self.task])
        self.registered_files = RegisteredFiles(self.registry)
        self.serving = Serving(self.registry, self.engine, [self.task], self.audit, 0)
        self.rehearsals = Rehearsals(
            self.registry,
            self.serving,
            self.engine,
            Rehearser(self.reader, self.results, self.reviews, self.files),
            self.scans,
            WorklistStore(database, Ledger(database)),
            self.files,
            self.jobs,
            job_store,
            self.audit,
        )
        self.overrides: list[Promotion] = []  # what a second person is called for, and what was decided
        self.promotions = Promotions(
            PromotionStore(database),
            self.registry,
            self.serving,
            self.rehearsals,
            self.audit,
            MARGINS,
            overrides=self.overrides.append,
        )
        self.serving.tell(self.promotions.followed)
        self.pictures = Pictures(
            self.scans, self.results, self.reviews, self.files, screening_by(NoText(), database, self.files)
        )
        self.rehearsal_pictures = RehearsalPictures(self.rehearsals, self.pictures, self.files)
        self.uploads = ModelUploads(
            self.registry, self.engine, self.reader, {BRAIN_TUMOUR: self.task}, self.audit
        )
        self.thresholds = OtherThresholds(self.registry, self.audit)
        self.blinding = Blinding(
            SecondReadings(SecondReadingStore(self.database), self.results, self.audit),
            UnaidedStore(self.database),
            self.scans.changes_token,
        )
        self.suspensions = Suspensions(SuspensionStore(self.database), self.scans.changes_token)
        self.reruns = Reruns(
            RerunStore(self.database),
            self.results,
            self.scans,
            self.files,
            self.registry,
            self.engine,
            self.reader,
            {BRAIN_TUMOUR: self.task},
            self.blinding,
            self.jobs,
            self.audit,
        )
        self._build_evaluations()

    def _build_evaluations(self) -> None:
        """Sets of scans that versions are had to read; `packs` and the folder "outside" are the test's."""
        self.packs: list[PackOfScans] = []
        self.judgements, store = JudgementStore(self.database), EvaluationStore(self.database)
        self.sets = ScanSets(
            Ledger(self.database), self.scans, self.folder / "outside", lambda: [], lambda: self.packs
        )
        self.trained_on = TrainedOn(self.registry.trained_patients, store, self.scans, self.patients)
        settings = Settings(home=self.folder)
        self.evaluations = Evaluations(
            store,
            self.sets,
            SetReader(self.reader, self.scans, self.reviews, self.files, settings),
            self.registry,
            self.serving,
            self.engine,
            self.jobs,
            self.audit,
        )
        self.outcomes = Outcomes(
            self.evaluations,
            store,
            self.judgements,
            self.reviews,
            self.scans,
            hidden_from_nobody,
            self.trained_on,
        )

    def start(self) -> None:
        self.batcher.start()
        self.serving.start()
        assert self.registry.wait_until_ready(PATIENCE_S)
        self.jobs.start()

    def stop(self) -> None:
        self.serving.stop()
        self.jobs.stop()
        self.batcher.stop()
        self.database.dispose()

    def version(self, above: float, name: str) -> ModelVersion:
        """Another version, uploaded."""
        folder = weights_in(self.folder / name, above)
        return self.uploads.take(BRAIN_TUMOUR, zipped(folder), self.ada)

    def alternative(self, above: float, name: str) -> Path:
        """Another version that ships, not registered."""
        folder = self.task.folder / weights.ALTERNATIVES / name
        return weights_in(folder, above, notes=["made for a test"])

    def rehearse(self, version: str, scans: int = 100) -> None:
        """To its end."""
        job = self.rehearsals.request(BRAIN_TUMOUR, version, scans, self.ada)
        assert self.jobs.wait_idle(PATIENCE_S)
        assert self.jobs.get(job.id).failure is None, self.jobs.get(job.id).failure

    def evaluate(self, version: str, kind: str, key: str = "") -> Evaluation:
        """To its end."""
        asked = self.evaluations.request(BRAIN_TUMOUR, version, kind, key, self.ada)
        assert self.jobs.wait_idle(PATIENCE_S)
        return self.evaluations.get(asked.id, self.ada)

    def add(
        self,
        count: int,
        *,
        bright: int,
        truth: bool = True,
        synthetic: bool = False,
        scanner: str | None = None,
    ) -> list[Scan]:
        """Scans with a square of a brightness, read by whatever is live, with the square as the truth."""
        return [self._one(bright, truth, synthetic, number, scanner) for number in range(count)]

    def _one(self, bright: int, truth: bool, synthetic: bool, number: int, scanner: str | None) -> Scan:
        array = np.full((3, SIZE, SIZE), 100, np.int16)
        square = np.zeros(array.shape, bool)
        if bright:
            square[1, 8:20, 8:20] = True
            array[square] = bright
            array[1, 8:20, 20:22] = 650  # a rim that only the keener versions take in
        patient = self.patients.find_or_create(Identity(f"P{new_id()}", new_id()), "upload")
        header = ScanHeader("MR", scanner=scanner)
        scan = Scan(
            new_id(), patient.id, new_id(), ScanStatus.WAITING, BRAIN_TUMOUR, header,
            Spacing(5.0, 1.0, 1.0), SourceGrid("nifti", (SIZE, SIZE, 3), (2, 1, 0)), 3, SIZE, SIZE, "u",
            now() + timedelta(seconds=number), synthetic=synthetic,
        )  # fmt: skip
        self.files.put_array(keys.array(scan.id), array)
        self.files.put(keys.thumbnail(scan.id), drawing.thumbnail_png(array))
        self.scans.add(scan)
        result = self.read(scan)
        if truth:
            self._review(scan, result, square)
        return scan

    def read(self, scan: Scan) -> Result:
        """Have a scan read by what is live."""
        read = self.reader.read(BRAIN_TUMOUR, self.files.get_array(keys.array(scan.id)), scan.spacing)
        result = result_of(scan, read)
        keep_answer(self.files, result.id, read.answer)
        self.results.add(result)
        self.scans.set_status(scan.id, ScanStatus.READ)
        return result

    def _review(self, scan: Scan, result: Result, square: Any) -> None:
        drawn = self.pictures.mask(scan.id)
        review = Review(
            new_id(), scan.id, result.id, Verdict.CORRECTED, None, "r", "Dr R", now(),
            **beside(scan, drawn, square), truth_positive=bool(square.any()),
        )  # fmt: skip
        self.files.put(keys.corrected_mask(review.id), packed(square))
        self.reviews.add(review)

    def note_trained_on(self, version: str, scans: list[Scan]) -> None:
        """Let a version's run say that it learnt from these patients, as a pack's reader names them."""
        pseudonyms = self.patients.pseudonyms({scan.patient_id for scan in scans}).values()
        run = self.registry.version(BRAIN_TUMOUR, version).run_id
        assert run is not None
        rows = [f"chest_xray,normal:{pseudonym},training" for pseudonym in pseudonyms]
        self.tracking.log_text(run, SPLIT, "\n".join(["dataset,patient,part", *rows]))

    def events(self) -> list[str]:
        """What the audit trail says was done, latest first."""
        return [event.action for event in self.audit.recent(100)]


@contextmanager
def department(folder: Path) -> Iterator[Department]:
    """A started department in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Department(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()
