"""What a house consists of on its disk, and what of it may be made anew."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from data.atomic_files import TEMPORARY
from data.database_urls import sqlite_url
from data.files import FileStore
from data.removals import ASIDE, LOCK
from data.snapshots import kind_of, own_files
from services.backups.last import LAST
from services.backups.manifest import HOUSE, MLFLOW
from services.secret_key import FILE as KEY
from services.settings import Settings

FILES, HOME = "files", "home"
"""Folders of a backup: the store of files, and what else lies in the home folder."""
RESTORING = "restore-unfinished"
UPLOADS = "uploads"
MLFLOW_FILES = "mlflow"
_MADE_ANEW = {"cache", "networks", "import", LAST, RESTORING}
"""Of the home folder: what is computed again, and what was put there to be imported."""
ELSEWHERE = "Files are kept at {url}, not on this machine: they are not in this backup."
NO_MLFLOW = "MLflow is a server of its own ({url}): its store is not in this backup."


@dataclass(frozen=True)
class Part:
    """A folder of the house, and its name in a backup. `asides`: below these removed files are set aside."""

    name: str
    folder: Path
    asides: tuple[Path, ...]


def parts_of(settings: Settings) -> list[Part]:
    """The store of files where it is on this machine, and the home folder."""
    home, files = settings.home, FileStore(settings.files_url).folder
    own = Part(HOME, home, (home / UPLOADS, settings.dicom_folder))
    return [own] if files is None else [Part(FILES, files, (files,)), own]


def databases_of(settings: Settings) -> Mapping[str, str]:
    """The databases that are copied, name -> URL."""
    urls = {HOUSE: settings.database_url, MLFLOW: tracking_url(settings)}
    return {name: url for name, url in urls.items() if kind_of(url)}


def tracking_url(settings: Settings) -> str:
    """Where MLflow's store is."""
    return settings.tracking_uri or sqlite_url(settings.home / "mlflow.db")


def left_out(settings: Settings) -> list[str]:
    """What of the house does not lie where it can be copied, a sentence each."""
    said = []
    if FileStore(settings.files_url).folder is None:
        said.append(ELSEWHERE.format(url=settings.files_url.split("?")[0]))
    if not kind_of(tracking_url(settings)):
        said.append(NO_MLFLOW.format(url=tracking_url(settings).rsplit("@", 1)[-1]))
    for entry in sorted(settings.home.iterdir()) if settings.home.is_dir() else []:
        if entry.is_symlink() and entry.is_dir() and entry.name not in _MADE_ANEW:
            said.append(f"{entry} is a link to another folder, which is not in this backup.")
    return said


def files_of(part: Part, settings: Settings, *, holds_key: bool) -> Iterator[tuple[Path, str]]:
    """Each file of a part with its path in the backup. What vanishes meanwhile is passed over."""
    passed = _passed_over(settings, holds_key=holds_key) if part.name == HOME else set()
    for parent, folders, names in os.walk(part.folder):
        here = Path(parent)
        folders[:] = [name for name in folders if name != ASIDE and here / name not in passed]
        if here == settings.home:
            folders[:] = [name for name in folders if not name.startswith("open-")]
        for name in names:
            if here / name not in passed and not _is_temporary(name):
                yield here / name, f"{part.name}/{(here / name).relative_to(part.folder)}"


def set_aside_of(part: Part) -> Iterator[tuple[Path, str]]:
    """Each file that was removed since removed files are set aside, with its path in the backup."""
    for root in part.asides:
        for parent, _, names in os.walk(root / ASIDE):
            for name in names:
                file = Path(parent, name)
                at = root / file.relative_to(root / ASIDE)
                yield file, f"{part.name}/{at.relative_to(part.folder)}"


def _passed_over(settings: Settings, *, holds_key: bool) -> set[Path]:
    passed = {settings.home / name for name in _MADE_ANEW}
    files = FileStore(settings.files_url).folder
    if files is not None:
        passed.add(files)
    for url in databases_of(settings).values():
        passed.update(own_files(url))
    if not holds_key:
        passed.add(settings.home / KEY)
    return passed


def _is_temporary(name: str) -> bool:
    return name.startswith(LOCK) or (name.startswith(".") and name.endswith(TEMPORARY))
