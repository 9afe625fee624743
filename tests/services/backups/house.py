"""A small house that is backed up, and a look at what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from data.database import new_id, now, open_database, reading
from data.files import FileStore
from data.records import Report, ReportKind, ReportState, Role, UploadState, User
from data.snapshots import looked_at
from data.stores.named_files import named_files
from data.stores.reports import ReportStore
from services import keys
from services.backups.naming import paths_of
from services.settings import Settings
from tests.dashboard.clinic import Clinic, boxes, drawn_mask
from tests.data.builders import an_upload


def furnished(folder: Path) -> tuple[Clinic, User]:
    """Scans, results with masks and a heat map, a corrected mask; nothing is started."""
    clinic = Clinic(folder, networks=False)
    ada = clinic.person(Role.CLINICIAN)
    volume = clinic.add_volume(ada.id)
    clinic.read_volume(volume)
    clinic.read_film(clinic.add_film(ada.id))
    corrected(clinic, ada, volume.id)
    return clinic, ada


def corrected(clinic: Clinic, user: User, scan_id: str) -> None:
    """Correct the mask of a volume, as a person would."""
    scan = clinic.scans.existing(scan_id)
    clinic.services.reviewing.reviews.correct(scan_id, user, drawn_mask(boxes(scan.shape, 2)))


def elsewhere(clinic: Clinic, folder: Path) -> Settings:
    """Settings of an empty house of the same kind."""
    return replace(
        clinic.services.settings,
        home=folder,
        database_url=f"sqlite:///{folder / 'other.db'}",
        files_url=str(folder / "files"),
        tracking_uri="",
    )


def rows(settings: Settings) -> Mapping[str, int]:
    """Rows of the house's database by table."""
    return looked_at(settings.database_url)[1]


def contents(settings: Settings) -> dict[str, bytes]:
    """Every kept file."""
    files = FileStore(settings.files_url)
    return {key: files.get(key) for key in files.keys()}  # noqa: SIM118 - a store is no dict


def named(settings: Settings) -> set[str]:
    """The paths in a backup that the rows name."""
    database = open_database(settings.database_url)
    try:
        with reading(database) as connection:
            return set(paths_of(named_files(connection)))
    finally:
        database.dispose()


def reported(clinic: Clinic, user: User) -> str:
    """A report with its file, by its id."""
    asked = Report(
        new_id(), ReportKind.COHORT, "Numbers", {}, ReportState.WAITING, user.id, user.display_name, now()
    )
    store = ReportStore(clinic.database)
    store.add(asked)
    clinic.files.put(keys.report(asked.id, "pdf"), b"%PDF")
    store.made(asked.id, {"pdf": "ab" * 32}, signed=False)
    return asked.id


def uploaded(clinic: Clinic, user: User) -> str:
    """An upload that was acknowledged and is not opened yet, by its id."""
    upload = an_upload(user.id, id=new_id(), size=5, offset=5, state=UploadState.QUEUED)
    clinic.services.reading.intake.path(upload.id).write_bytes(b"bytes")
    clinic.uploads.add(upload)
    return upload.id


def opened(clinic: Clinic, upload_id: str) -> None:
    """The upload was opened: its bytes are not needed any more."""
    clinic.uploads.set_state(upload_id, UploadState.DONE)
    clinic.services.reading.intake.forget_bytes(upload_id)
