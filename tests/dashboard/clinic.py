"""A small clinic for the tests: the services of the server, in a folder, nothing started.

Only what needs networks and MLflow is put in: the engine's networks say nothing, the registry knows two
versions, and intake takes a file called refused.* for a refusal and everything else for a small volume.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from argon2 import PasswordHasher
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from data.database import new_id, now
from data.errors import NotFound
from data.files import FileStore
from data.formats import placed_affine
from data.packing import packed
from data.records import (
    BRAIN_TUMOUR,
    PNEUMONIA,
    Identity,
    ModelVersion,
    MrSequence,
    Provenance,
    RecognisedBy,
    RecognisedSequence,
    Refusal,
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
from data.stores.acceptance import AcceptanceStore
from data.stores.evaluations import EvaluationStore
from data.stores.patients import PatientStore
from data.stores.refusals import RefusalStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.suspensions import SuspensionStore
from data.stores.uploads import UploadStore
from data.tracking import Tracking
from models import tasks
from models.measuring import measure
from models.task import Decision
from models.text_detection.detector import TextDetector
from models.weights import WEIGHTS, Trained
from reports import pictures
from services import keys
from services.acceptance.protocols import AcceptanceProtocols
from services.acceptance.standings import Standings
from services.acceptance.testing import AcceptanceTests
from services.acceptance.watch import AcceptanceWatch
from services.alerts.alerts import Alerts
from services.assembly.acceptance import AcceptanceServices
from services.assembly.container import build_services
from services.assembly.evaluations import EvaluationServices
from services.assembly.parts import Parts
from services.assembly.versions import VersionServices
from services.evaluations.trained_on import TrainedOn
from services.inference.backends.torch_backend import TorchBackend
from services.inference.choice import unchecked
from services.inference.engine import Loaded
from services.reading.intake import Intake
from services.reviewing.review import DrawnMask
from services.settings import Settings
from services.standing.acceptances import Acceptances
from services.versions.registry import Registry
from tests.databases import migrated, new_mlflow
from tests.dicom_files import kept
from tests.services.drifting import add_readings
from tests.services.small_models import Department
from tests.text_detectors import NoText

ADA = Identity("Ada Lovelace", "MRN-1815", date(1815, 12, 10))
PASSWORD = "correct horse battery"
CARD = "# Brain tumour\n\nTrained on FLAIR slices of **110 patients**."
THRESHOLD = 0.41
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class IntakeByName(Intake):
    """Opens nothing: an upload's name says what becomes of it."""

    clinic: Clinic

    def submit(self, upload: Upload) -> None:
        self.clinic.uploads.set_state(upload.id, UploadState.QUEUED)
        self._settle(upload)

    def receive(self, user: User, name: str, stream: BinaryIO, *, as_volume: bool = False) -> Upload:
        self._reading.require_room()
        content = stream.read()
        upload = Upload(new_id(), user.id, name, len(content), len(content), UploadState.QUEUED, now())
        upload = replace(upload, as_volume=as_volume)
        self.clinic.uploads.add(upload)
        self._settle(upload)
        kept = self.clinic.uploads.get(upload.id)
        assert kept is not None
        return kept

    def _settle(self, upload: Upload) -> None:
        uploads = self.clinic.uploads
        if upload.name.startswith("slow"):
            return
        if upload.name.startswith("refused"):
            refusal = Refusal(upload.name, "not_an_image", "This is not an image that Lightbox reads.")
            uploads.add_outcomes(upload.id, refusals=(refusal,))
        else:
            scan = self.clinic.add_volume(uploaded_by=upload.user_id)
            uploads.add_outcomes(upload.id, scan_ids=(scan.id,))
        uploads.set_state(upload.id, UploadState.DONE)


class TwoVersions(Registry):
    """Two versions of one model, without MLflow; neither came with a sample of its training data."""

    def versions(self, task: str | None = None) -> list[ModelVersion]:
        if task not in (None, BRAIN_TUMOUR):
            return []
        figures = {"dice": 0.871, "dice_low": 0.842, "dice_high": 0.897, "dice_n": 22.0, "recall": 0.95}
        made = datetime(2026, 11, 3, tzinfo=UTC)
        newest = ModelVersion(BRAIN_TUMOUR, "2", ("champion",), made, "ab" * 32, figures)
        return [newest, replace(newest, version="1", aliases=(), metrics={}, description="The first.")]

    def version(self, task: str, number: str) -> ModelVersion:
        known = next((each for each in self.versions(task) if each.version == number), None)
        if known is None:
            raise NotFound("There is no such version.")
        return known

    def champion(self, task: str) -> ModelVersion | None:
        return next(iter(self.versions(task)), None)

    def card(self, task: str) -> str:
        return CARD if task == BRAIN_TUMOUR else ""

    def local(self, task: str) -> tuple[Trained, str]:
        return Trained(self._folder, Decision(THRESHOLD)), "1"


def two_versions(settings: Settings, tracking: Tracking) -> Registry:
    """The registry of a clinic; weights that are nothing, so that they have a hash."""
    folder = settings.home / "models"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(b"no weights")
    return TwoVersions(tracking, folder, tasks.ALL.values())


class Clinic:
    """The server's services and the stores beneath them."""

    def __init__(
        self,
        folder: Path,
        session_minutes: int = 30,
        *,
        networks: bool = True,
        text_detector: Callable[[], TextDetector] = NoText,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        new_mlflow(folder)
        settings = Settings(
            home=folder,
            database_url=f"sqlite:///{folder / 'clinic.db'}",
            files_url=str(folder / "files"),
            device="cpu",
            backend="exact",
            workers=1,
            max_scan_bytes=40 << 20,
            session_minutes=session_minutes,
            review_sample_percent=50,
        )
        migrated(settings.database_url).dispose()
        parts = Parts(
            hasher=QUICK_HASHER, registry=two_versions, intake=IntakeByName, text_detector=text_detector
        )
        self.services = build_services(settings, parts)
        intake = self.services.reading.intake
        assert isinstance(intake, IntakeByName)
        intake.clinic = self
        self.database = self.services.database
        self.accounts, self.jobs = self.services.accounts, self.services.jobs
        self.alerts, self.schedules = self.services.alerts, self.services.schedules
        self.files = FileStore(settings.files_url)
        self.scans, self.results = ScanStore(self.database), ResultStore(self.database)
        self.reviews, self.patients = ReviewStore(self.database), PatientStore(self.database)
        self.uploads = UploadStore(self.database)
        if networks:
            self._load_networks()

    def _load_networks(self) -> None:
        """Let a network that says nothing be live for every task: version 2."""
        trained = Trained(self.folder, Decision(THRESHOLD))
        for task in tasks.ALL.values():
            backend = TorchBackend(torch.nn.Identity(), torch.device("cpu"))
            choice = unchecked("As the network was trained.")
            self.services.reading.engine.take_over(Loaded(task, trained, "2", "ab" * 32, backend, choice))

    def replace(self, **doors: Any) -> None:
        """Give the server other services of some subjects, before it is built."""
        self.services = replace(self.services, **doors)

    def show_versions_of(self, department: Department) -> None:
        """Let the models page show a department whose networks are real."""
        names = [field.name for field in fields(VersionServices)]
        versions = VersionServices(**{name: getattr(department, name) for name in names})
        reviewing = replace(self.services.reviewing, pictures=department.pictures)
        evaluations = EvaluationServices(department.evaluations, department.outcomes, department.trained_on)
        self.replace(versions=versions, reviewing=reviewing, evaluations=evaluations)
        self.replace(acceptance=acceptance_of(department, evaluations, self.alerts))

    def add_readings(self, n: int, seed: int, **changes: Any) -> Sequence[str]:
        """So many rows of features for the drift page; see `tests.services.drifting.add_readings`."""
        return add_readings(self.database, n, seed, **changes)

    def close(self) -> None:
        """End what was started, and let the database go."""
        self.services.close()

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
        **header_changes: Any,
    ) -> Scan:
        """A small MRI volume, waiting to be read; `header_changes` are of what its file says of itself."""
        depth, height, width = shape
        array = head(shape)
        affine = ((-1.0, 0, 0, width / 2), (0, -2.0, 0, height), (0, 0, 3.0, -36.0), (0, 0, 0, 1.0))
        grid = SourceGrid("nifti", (width, height, depth), (2, 1, 0), (), affine, placed)
        header = ScanHeader(
            "MR", "BRAIN", "FLAIR", "Acme", "Field 3T", acquired_at=now(), sex="F", age_years=47
        )
        header = replace(header, **header_changes)
        spacing = Spacing(3.0, 2.0, 1.0) if placed else Spacing()
        return self._add(array, grid, header, spacing, identity, uploaded_by, BRAIN_TUMOUR, status)

    def add_array(self, array: Any, grid: SourceGrid, spacing: Spacing) -> Scan:
        """An MRI volume of these voxels, in display order."""
        header = ScanHeader("MR", "BRAIN", "FLAIR")
        return self._add(array, grid, header, spacing, ADA, "u", BRAIN_TUMOUR, ScanStatus.WAITING)

    def add_series(
        self, series: Iterable[Dataset], uploaded_by: str = "u", task: str = BRAIN_TUMOUR, **identity: Any
    ) -> Scan:
        """A scan that came as these DICOM instances, with the zip that is kept of them."""
        folder = self.folder / "series" / new_id()
        decoded, archive = kept(series, folder)
        who = replace(decoded.identity, **identity)
        status, grid = ScanStatus.WAITING, decoded.grid
        scan = self._add(decoded.array, grid, decoded.header, decoded.spacing, who, uploaded_by, task, status)
        self.files.put_file(keys.original(scan.id, ".zip"), archive)
        self.scans.note_identifiers(scan.id, decoded.identifiers)
        return scan

    def add_film(self, uploaded_by: str, *, status: ScanStatus = ScanStatus.WAITING) -> Scan:
        """A chest film without spacing."""
        array = head((1, 64, 80))
        grid = SourceGrid("image", (1, 64, 80))
        header = ScanHeader("DX", "CHEST", age_years=44)
        identity = Identity("Bob Cole", "MRN-7")
        return self._add(array, grid, header, Spacing(), identity, uploaded_by, PNEUMONIA, status)

    def read_volume(
        self,
        scan: Scan,
        lesions: int = 1,
        expected: float | None = None,
        *,
        mask: NDArray[np.bool_] | None = None,
        sequence: MrSequence | None = None,
        **changes: Any,
    ) -> Result:
        """A result with this mask, else one of boxes: the first from row 20, column 12, slices 8 to 13."""
        if mask is None:
            mask = boxes(scan.shape, lesions)
        affine = np.array([[0, 0, -1.0, 20], [0, -2.0, 0, 30], [3.0, 0, 0, -36], [0, 0, 0, 1]])
        placed = placed_affine(scan.grid) if scan.grid.kind == "dicom" else affine
        measurements = measure(mask, scan.spacing, placed if scan.grid.placed else None)
        result = self._result(scan, BRAIN_TUMOUR, 0.97)
        if sequence is not None:
            recognised = RecognisedSequence(sequence, RecognisedBy.HEADER)
            result = replace(result, provenance=replace(result.provenance, recognised=recognised))
        result = replace(result, measurements=measurements, has_mask=True, estimated_dice=expected, **changes)
        self.files.put(keys.mask(result.id), packed(mask))
        return self._keep(result)

    def read_film(self, scan: Scan, **changes: Any) -> Result:
        """A result with a heat map."""
        result = replace(self._result(scan, PNEUMONIA, 0.93), has_heatmap=True, **changes)
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


def acceptance_of(
    department: Department, evaluations: EvaluationServices, alerts: Alerts
) -> AcceptanceServices:
    """Local acceptance of a department's own versions and scans."""
    store, live = AcceptanceStore(department.database), department.serving.live
    tests = AcceptanceTests(
        store,
        evaluations.evaluations,
        evaluations.outcomes,
        department.scans,
        RefusalStore(department.database),
        SuspensionStore(department.database),
        department.audit,
        trained_on_of(department),
    )
    watch = AcceptanceWatch(store, Acceptances(store, live), live, alerts, [BRAIN_TUMOUR])
    protocols = AcceptanceProtocols(store, department.audit, department.serving.draws)
    return AcceptanceServices(protocols, tests, Standings(store, tests, live), watch)


def trained_on_of(department: Department) -> TrainedOn:
    """Whom a department's versions were trained on."""
    evaluations = EvaluationStore(department.database)
    trained = department.registry.trained_patients
    return TrainedOn(trained, evaluations, department.scans, department.patients)


def drawn_mask(mask: NDArray[Any], *, empty: bool = False) -> DrawnMask:
    """A mask as the page sends it."""
    return DrawnMask(gzip.compress(mask.astype(np.uint8).tobytes()), empty)


def boxes(shape: tuple[int, int, int], lesions: int) -> NDArray[np.bool_]:
    """A mask of so many boxes, each smaller than the one before."""
    mask = np.zeros(shape, bool)
    for number in range(lesions):
        top, size = 8 + 7 * number, 6 - 2 * number
        mask[top : top + size, 20 : 34 - 4 * number, 12 + 16 * number : 24 + 14 * number] = True
    return mask


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
