"""An edge and its central house, each a clinic in a folder; the central one's gate is open to everything."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.database import new_id
from data.records import (
    BRAIN_TUMOUR,
    DecodedScan,
    Provenance,
    Result,
    Review,
    Role,
    Scan,
    ScanStatus,
    TakenIn,
    TokenScope,
    User,
)
from data.stores.audit import AuditLog
from services.edges.arrivals import EdgeArrivals
from services.edges.new_contents import ArrivalStores
from services.exporting.forms import Form
from services.exporting.versions import ResultVersion
from services.reading.suitability_gate import Routed
from tests.dashboard.clinic import Clinic
from tests.services.exporting.test_exports import strict_series

HERE = "7"
"""What the central house calls the version that the edge calls 2."""


class OpenGate:
    """Lets everything through: whether a scan is for us is for other tests."""

    def wait_until_open(self, _: float) -> bool:
        return True

    def route(self, scan: DecodedScan, wanted: str | None = None) -> Routed:
        return Routed(wanted or BRAIN_TUMOUR, scan.warnings)


class Versions:
    """Knows what the clinics' results were made by, while it is told to."""

    def __init__(self) -> None:
        self.known: str | None = HERE

    def number(self, task: str, made: Provenance) -> str | None:
        return self.known if made.weights_sha256 == "ab" * 32 else None


class Edge:
    """The house beside the scanner."""

    def __init__(self, folder: Path) -> None:
        self.clinic = Clinic(folder, networks=False)
        self.reviewer = self.clinic.person(Role.CLINICIAN)

    def received(self, **changes: Any) -> Scan:
        scan = self.clinic.add_series(strict_series(), uploaded_by="dicom:MR1")
        self.clinic.read_volume(scan, **changes)
        return scan

    def package(self, scan: Scan) -> bytes:
        view = self.clinic.services.reviewing.scan_views.unblinded(scan.id)
        assert view.result is not None
        (file,) = self.clinic.services.exports.named_files(ResultVersion(view, view.result), Form.SYNC)
        return file.content


class Centre:
    """The central house, with an account for the edge."""

    def __init__(self, folder: Path, name: str = "CT van") -> None:
        self.clinic = Clinic(folder, networks=False)
        self.reader = self.clinic.person(Role.CLINICIAN)
        self.edge = self.account(name)
        self.versions, self.reviewed, self.arrived = Versions(), list[Result](), list[Scan]()
        clinic, services = self.clinic, self.clinic.services
        stores = ArrivalStores(
            clinic.scans,
            clinic.patients,
            clinic.results,
            clinic.reviews,
            clinic.files,
            AuditLog(clinic.database),
        )
        self.stores = stores
        self.arrivals = EdgeArrivals(
            services.settings,
            stores,
            self.versions,  # type: ignore[arg-type]
            OpenGate(),  # type: ignore[arg-type]
            services.reading.readings,
            self.arrived.append,
            self.reviewed.append,
        )

    def account(self, name: str) -> User:
        user, _ = self.clinic.accounts.create(new_id()[:8], name, Role.CLINICIAN)
        _, secret = self.clinic.accounts.create_token(user.id, "sync", {TokenScope.SYNC})
        scoped = self.clinic.accounts.user_by_token(secret)
        assert scoped is not None
        return scoped

    def take(self, package: bytes) -> TakenIn:
        return self.arrivals.take(self.edge, io.BytesIO(package))

    def scans(self) -> list[Scan]:
        return self.clinic.scans.of_ids(self.clinic.scans.ids_with_status(list(ScanStatus)))

    def scan(self) -> Scan:
        (scan,) = self.scans()
        return scan

    def results(self) -> Sequence[Result]:
        return self.clinic.results.of_scan(self.scan().id)

    def reviews(self) -> Sequence[Review]:
        return self.clinic.reviews.of_scan(self.scan().id)

    def close(self) -> None:
        self.clinic.close()
