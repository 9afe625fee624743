"""A small hospital for the tests: real accounts, stores, uploads and pictures in a folder.

Only what needs networks is replaced: intake takes a file called refused.* for a refusal and
everything else for a small volume; reading does nothing but note who asked.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import numpy as np
from argon2 import PasswordHasher

from data.database import migrate, new_id, now, open_database
from data.files import FileStore
from data.ledger.in_memory import Ledger
from data.ledger.worklist import WorklistStore
from data.packing import packed
from data.records import (
    BRAIN_TUMOUR,
    PNEUMONIA,
    Identity,
    ModelVersion,
    Provenance,
    Refusal,
    ReportKind,
    Result,
    Role,
    Scan,
    ScanHeader,
    ScanStatus,
    SourceGrid,
    Spacing,
    Upload,
    UploadState,
    User,
)
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from data.stores.jobs import JobStore
from data.stores.patients import PatientStore
from data.stores.refusals import RefusalStore
from data.stores.reports import ReportStore
from data.stores.results import ResultStore
from data.stores.review_requests import ReviewRequestStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.schedules import ScheduleStore
from data.stores.tokens import TokenStore
from data.stores.uploads import UploadStore
from data.stores.users import UserStore
from data.stores.views import ViewStore
from models.measuring import measure
from reports import pictures
from services import keys
from services.accounts import Accounts
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from services.cohort.cohort import Cohorts
from services.cohort.comparison import CohortComparison
from services.cohort.exports import CohortExports
from services.cohort.saved_views import SavedViews
from services.importing.imports import Importing
from services.jobs import Jobs
from services.reading.uploads import Uploads
from services.reporting.cohort_report import CohortReport
from services.reporting.reports import Reporting
from services.reviewing.gallery import ScanGallery
from services.reviewing.pictures import Pictures
from services.reviewing.requests import ReviewRequests
from services.reviewing.review import Reviews
from services.reviewing.worklist import Worklist
from services.schedules import Schedules
from services.sessions import sessions_of
from services.settings import Settings
from services.training.retraining_pack import RetrainingPacks
from tests.dashboard.released import resting
from tests.services.drifting import DriftHouse
from tests.services.performed import department

ADA = Identity("Ada Lovelace", "MRN-1815", date(1815, 12, 10))
PASSWORD = "correct horse battery"
CARD = "# Brain tumour\n\nTrained on FLAIR slices of **110 patients**."


class StubIntake:
    """Opens nothing: an upload's name says what becomes of it."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder

    def path(self, upload_id: str) -> Path:
        return self.folder / upload_id

    def submit(self, upload: Upload) -> None:
        self.house.uploads.set_state(upload.id, UploadState.QUEUED)
        self._settle(upload)

    def receive(self, user: User, name: str, stream: BinaryIO) -> Upload:
        content = stream.read()
        upload = Upload(new_id(), user.id, name, len(content), len(content), UploadState.QUEUED, now())
        self.house.uploads.add(upload)
        self._settle(upload)
        kept = self.house.uploads.get(upload.id)
        assert kept is not None
        return kept

    def _settle(self, upload: Upload) -> None:
        if upload.name.startswith("refused"):
            refusal = Refusal(upload.name, "not_an_image", "This is not an image that Lightbox reads.")
            self.house.uploads.add_outcomes(upload.id, refusals=(refusal,))
        elif not upload.name.startswith("slow"):
            scan = self.house.add_volume(uploaded_by=upload.user_id)
            self.house.uploads.add_outcomes(upload.id, scan_ids=(scan.id,))
        if not upload.name.startswith("slow"):
            self.house.uploads.set_state(upload.id, UploadState.DONE)


class StubReading:
    """Notes who asked for which scan."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.asked: list[tuple[str, str | None]] = []

    def request(self, scan_id: str, user: User | None = None) -> None:
        self.asked.append((scan_id, user.id if user else None))
        self.house.scans.set_status(scan_id, ScanStatus.WAITING)


class StubRegistry:
    """Two versions of one model."""

    clinical = (BRAIN_TUMOUR, PNEUMONIA)

    trouble: str | None = None

    def versions(self, task: str | None = None) -> list[ModelVersion]:
        if task != BRAIN_TUMOUR:
            return []
        figures = {"dice": 0.871, "dice_low": 0.842, "dice_high": 0.897, "dice_n": 22.0, "recall": 0.95}
        made = datetime(2026, 11, 3, tzinfo=UTC)
        newest = ModelVersion(BRAIN_TUMOUR, "2", ("champion",), made, "ab" * 32, figures)
        return [newest, replace(newest, version="1", aliases=(), metrics={}, description="The first.")]

    def champion(self, task: str) -> ModelVersion | None:
        return next(iter(self.versions(task)), None)

    def card(self, task: str) -> str:
        return CARD if task == BRAIN_TUMOUR else ""


class StubHealth:
    """Ready, until told otherwise."""

    def __init__(self) -> None:
        self.is_ready = True

    def ready(self) -> dict[str, str | bool]:
        return {"ready": self.is_ready, "database": "ok"}

    def metrics(self) -> bytes:
        return b"lightbox_ready 1\n"


@dataclass
class House:
    """The stores, and the services over them."""

    folder: Path
    session_minutes: int = 30

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        database = open_database(f"sqlite:///{self.folder / 'house.db'}")
        migrate(database)
        self.database = database
        self.files = FileStore(str(self.folder / "files"))
        self.scans, self.results = ScanStore(database), ResultStore(database)
        self.reviews, self.patients = ReviewStore(database), PatientStore(database)
        self.uploads, audit = UploadStore(database), AuditLog(database)
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.accounts = Accounts(UserStore(database), TokenStore(database), audit, hasher=quick)
        arrived = self.folder / "uploads"
        arrived.mkdir(exist_ok=True)
        self.reading, self.health = StubReading(self), StubHealth()
        registry: Any = StubRegistry()
        self.pictures = Pictures(self.scans, self.results, self.reviews, self.files)
        intake: Any = StubIntake(self, arrived)
        settings = Settings(home=self.folder, session_minutes=self.session_minutes)
        ledger, refusals = Ledger(database), RefusalStore(database)
        cohorts = Cohorts(ledger, refusals, lambda: {BRAIN_TUMOUR: 0.41})
        comparing = CohortComparison(ledger)
        self.department = department(database, self.folder)  # asks MLflow only when somebody asks it
        self.jobs = Jobs(JobStore(database), self.folder / "jobs", workers=1)  # nobody starts them
        self.alerts = Alerts(AlertStore(database), audit, Delivery(), self.jobs)
        self.schedules = Schedules(ScheduleStore(database), self.jobs, self.alerts, audit)
        self.drifting = DriftHouse(database, self.folder, self.jobs)
        writers = {ReportKind.COHORT: CohortReport(cohorts)}
        self.services: Any = SimpleNamespace(
            settings=settings,
            accounts=self.accounts,
            sessions=sessions_of(database, timedelta(minutes=self.session_minutes)),
            jobs=self.jobs,
            alerts=self.alerts,
            schedules=self.schedules,
            importing=Importing(settings, database, self.files, None),
            performance=self.department.desk,
            reporting=Reporting(settings, ReportStore(database), self.files, self.jobs, audit, writers),
            health=self.health,
            reading=SimpleNamespace(
                uploads=Uploads(self.uploads, intake, max_bytes=40 << 20),
                intake=intake,
                readings=self.reading,
            ),
            reviewing=SimpleNamespace(
                worklist=Worklist(
                    WorklistStore(database, ledger),
                    self.scans,
                    self.results,
                    self.reviews,
                    self.patients,
                    self.files,
                    self.accounts,
                    registry.card,
                ),
                reviews=Reviews(self.scans, self.results, self.reviews, self.files, self.pictures, audit),
                requests=ReviewRequests(ReviewRequestStore(database), self.scans, audit),
                pictures=self.pictures,
                gallery=ScanGallery(self.files, self.pictures),
            ),
            cohort=SimpleNamespace(
                numbers=cohorts,
                comparison=comparing,
                exports=CohortExports(cohorts, comparing, audit),
                views=SavedViews(ViewStore(database)),
            ),
            versions=SimpleNamespace(registry=registry, **resting()),
            drift=SimpleNamespace(
                runs=self.drifting.drift, influential_scans=self.drifting.influential_scans
            ),
            training=SimpleNamespace(
                packs=RetrainingPacks(
                    self.scans, self.results, self.reviews, self.patients, self.files, audit, self.jobs
                )
            ),
        )

    def close(self) -> None:
        """Let the database go."""
        self.jobs.stop()
        self.department.close()
        self.database.dispose()

    def person(self, role: Role, name: str | None = None) -> User:
        """Somebody with `PASSWORD` who has signed in before."""
        user, first = self.accounts.create(name or role.value, f"Dr {role.value.title()}", role)
        self.accounts.change_password(user.id, first, PASSWORD)
        kept = self.accounts.user(user.id)
        assert kept is not None
        return kept

    def token(self, user: User) -> str:
        """A bearer token of `user`."""
        return self.accounts.create_token(user.id, "script")[1]

    def add_volume(
        self,
        uploaded_by: str,
        identity: Identity = ADA,
        *,
        status: ScanStatus = ScanStatus.WAITING,
        placed: bool = True,
        shape: tuple[int, int, int] = (24, 60, 48),
    ) -> Scan:
        """A small MRI volume, waiting to be read."""
        depth, height, width = shape
        array = head(shape)
        affine = ((-1.0, 0, 0, width / 2), (0, -2.0, 0, height), (0, 0, 3.0, -36.0), (0, 0, 0, 1.0))
        grid = SourceGrid("nifti", (width, height, depth), (2, 1, 0), (), affine, placed)
        header = ScanHeader(
            "MR", "BRAIN", "FLAIR", "Acme", "Field 3T", acquired_at=now(), sex="F", age_years=47
        )
        spacing = Spacing(3.0, 2.0, 1.0) if placed else Spacing()
        return self._add(array, grid, header, spacing, identity, uploaded_by, BRAIN_TUMOUR, status)

    def add_film(self, uploaded_by: str, *, status: ScanStatus = ScanStatus.WAITING) -> Scan:
        """A chest film without spacing."""
        array = head((1, 64, 80))
        grid = SourceGrid("image", (1, 64, 80))
        header = ScanHeader("DX", "CHEST", age_years=44)
        identity = Identity("Bob Cole", "MRN-7")
        return self._add(array, grid, header, Spacing(), identity, uploaded_by, PNEUMONIA, status)

    def read_volume(self, scan: Scan, lesions: int = 1, expected: float | None = None) -> Result:
        """A result with a mask of boxes, the first from row 20, column 12, on slices 8 to 13."""
        mask = np.zeros((scan.slices, scan.height, scan.width), bool)
        for number in range(lesions):
            top, size = 8 + 7 * number, 6 - 2 * number
            mask[top : top + size, 20 : 34 - 4 * number, 12 + 16 * number : 24 + 14 * number] = True
        affine = np.array([[0, 0, -1.0, 20], [0, -2.0, 0, 30], [3.0, 0, 0, -36], [0, 0, 0, 1]])
        found = measure(mask, scan.spacing, affine if scan.grid.placed else None)
        result = self._result(scan, BRAIN_TUMOUR, 0.97)
        result = replace(result, measurements=found, has_mask=True, estimated_dice=expected)
        self.files.put(keys.mask(result.id), packed(mask))
        return self._keep(result)

    def read_film(self, scan: Scan) -> Result:
        """A result with a heat map."""
        result = replace(self._result(scan, PNEUMONIA, 0.93), has_heatmap=True)
        rows, columns = np.mgrid[: scan.height, : scan.width]
        heat = 255 * np.exp(-((rows - 40) ** 2 + (columns - 25) ** 2) / 200)
        self.files.put(keys.heatmap(result.id), packed(heat.astype(np.uint8)))
        return self._keep(result)

    def _keep(self, result: Result) -> Result:
        kept = self.results.add(result)
        self.scans.set_status(result.scan_id, ScanStatus.READ)
        return kept

    def _result(self, scan: Scan, task: str, probability: float) -> Result:
        provenance = Provenance(
            task, "2", "ab" * 32, "zscore-v1", "cd" * 32, "cpu", "float32", "lightbox", {"network": 812.0}
        )
        return Result(new_id(), scan.id, task, True, probability, 0.41, provenance, now())

    def _add(
        self,
        array: Any,
        grid: SourceGrid,
        header: ScanHeader,
        spacing: Spacing,
        identity: Identity,
        uploaded_by: str,
        task: str,
        status: ScanStatus,
    ) -> Scan:
        patient = self.patients.find_or_create(identity, "upload")
        slices, height, width = array.shape
        scan = Scan(
            new_id(), patient.id, new_id(), status, task, header, spacing, grid, slices, height, width,
            uploaded_by, now(), failure="The image is blank." if status is ScanStatus.FAILED else None,
        )  # fmt: skip
        self.files.put_array(keys.array(scan.id), array)
        self.files.put(keys.thumbnail(scan.id), pictures.thumbnail_png(array))
        return self.scans.add(scan)[0]


def head(shape: tuple[int, int, int]) -> Any:
    """Something round and grey with a bright spot, (slices, rows, columns)."""
    z, y, x = (np.linspace(-1, 1, length) if length > 1 else np.zeros(1) for length in shape)
    distance = np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2)
    picture = np.where(distance < 0.9, 600 - 300 * distance, 20)
    noise = np.random.default_rng(3).normal(0, 15, shape)
    return (picture + noise).clip(0).astype(np.int16)


def png(width: int, height: int, value: int = 255) -> bytes:
    """A flat PNG."""
    from PIL import Image

    memory = io.BytesIO()
    Image.new("L", (width, height), value).save(memory, "PNG")
    return memory.getvalue()
