"""Erasing and holds on stores and files alone: no network, no MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data.database import new_id, open_database
from data.errors import InvalidInput
from data.files import FileStore
from data.ledger.in_memory import Ledger
from data.records import Identity, Role, Scan, ScanStatus, User
from data.stores.audit import AuditLog
from data.stores.erasures import ErasureStore
from data.stores.legal_holds import LegalHoldStore
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.tracking import Tracking
from services import keys
from services.retention.erasing import Erasing
from services.retention.files import ErasedFiles
from services.retention.holds import LegalHolds
from services.retention.tracked import ErasedRuns
from services.settings import Settings
from tests.data.builders import a_result, a_review, a_scan
from tests.databases import migrated

PASSWORD = "the right one"  # pragma: allowlist secret


class SmallHouse:
    """Patients with scans, results, reviews and files."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.database = open_database(url) if url else migrated(f"sqlite:///{folder / 'lightbox.db'}")
        settings = Settings(home=folder)
        self.files = FileStore(folder / "files")
        self.patients, self.scans = PatientStore(self.database), ScanStore(self.database)
        self.audit, self.erasures = AuditLog(self.database), ErasureStore(self.database)
        self.erasing = Erasing(
            self.database,
            Ledger(self.database),
            self.patients,
            self.audit,
            ErasedFiles(settings, self.database, self.files),
            ErasedRuns(Tracking(f"sqlite:///{folder / 'mlflow.db'}", folder / "mlflow"), ()),
            self.confirm,
        )
        self.holds = LegalHolds(LegalHoldStore(self.database), self.patients, self.scans, self.audit)
        self.admin = User(new_id(), "root", "Root", Role.ADMIN)

    @staticmethod
    def confirm(_: str, password: str, __: str, ___: str) -> None:
        if password != PASSWORD:
            raise InvalidInput("This password is wrong.")

    def scan(self, name: str, **changes: Any) -> Scan:
        """A read and reviewed scan of whoever is called so, with its files."""
        patient = self.patients.find_or_create(Identity(name, f"number of {name}"), "scan.nii")
        scan = self.scans.add(
            a_scan(patient.id, **{"content_sha256": new_id() * 2, "status": ScanStatus.READ, **changes})
        )[0]
        result = a_result(scan.id)
        ResultStore(self.database).add(result)
        review = a_review(scan.id, result.id)
        ReviewStore(self.database).add(review)
        for key in (keys.array(scan.id), keys.mask(review.result_id), keys.corrected_mask(review.id)):
            self.files.put(key, name.encode())
        return scan

    def erase(self, reference: str, reason: str = "asked for") -> None:
        self.erasing.erase(reference, reason, PASSWORD, self.admin)
