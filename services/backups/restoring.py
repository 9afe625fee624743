"""The way back: a backup into an empty home folder and an empty database.

Everything is checked before anything is written. A mark in the home folder keeps the server from starting
on half a house; it goes as the last thing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data import atomic_files
from data.audit_chain import ChainKey
from data.database import knows_revision
from data.errors import InvalidInput, UserFacingError
from data.files import FileStore
from data.snapshots import is_empty, kind_of, looked_at, name_of, put_back
from data.snapshots.artifact_addresses import move_artifacts
from services.backups import manifest
from services.backups.manifest import HOUSE, MLFLOW, KeptDatabase, Manifest
from services.backups.parts import FILES, HOME, MLFLOW_FILES, RESTORING, databases_of
from services.secret_key import FILE as KEY
from services.settings import Settings

MOST_SAID = 10
UNFINISHED = (
    "A restore into {home} did not come to its end: empty that folder and the database, and restore again."
)


@dataclass(frozen=True)
class Chosen:
    """A backup that was checked, and the house that it goes to."""

    folder: Path
    manifest: Manifest
    settings: Settings
    key: str
    """The secret key for `secret.key`; empty where the backup or the setting has it."""


def refuse_unfinished(home: Path) -> None:
    """Raises UserFacingError where a restore was cut short."""
    if (home / RESTORING).exists():
        raise UserFacingError(UNFINISHED.format(home=home))


def checked(
    folder: Path, settings: Settings, key_file: Path | None = None, *, new_key: bool = False
) -> Chosen:
    """A backup that can go to where the settings say. Raises InvalidInput with the reason why not."""
    folder = manifest.chosen(folder)
    faults = manifest.faults(folder)
    if faults:
        more = f" And {len(faults) - MOST_SAID} more." if len(faults) > MOST_SAID else ""
        raise InvalidInput(f"The backup {folder} is damaged. {' '.join(faults[:MOST_SAID])}{more}")
    known = manifest.read(folder)
    _refuse_newer(known)
    _refuse_other_kinds(known, settings)
    _refuse_what_is_there(settings)
    return Chosen(folder, known, settings, _key(known, settings, key_file, new_key=new_key))


def put_in_place(chosen: Chosen) -> None:
    """Fill home folder, store of files and databases; the mark stays until `finished`. Raises OSError."""
    settings = chosen.settings
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / RESTORING).touch()
    _put_files(chosen)
    if chosen.key:
        atomic_files.write(settings.home / KEY, chosen.key, mode=atomic_files.PRIVATE)
    for name, url in databases_of(settings).items():
        kept = chosen.manifest.databases[name]
        if not kept.file:  # the server makes it at its first start
            continue
        put_back(url, chosen.folder / kept.file)
        _refuse_other_rows(kept, url, name)
        if name == MLFLOW:
            before = Path(chosen.manifest.home, MLFLOW_FILES)
            move_artifacts(url, before, settings.home / MLFLOW_FILES)


def finished(home: Path) -> None:
    """The server may start."""
    (home / RESTORING).unlink(missing_ok=True)


def _put_files(chosen: Chosen) -> None:
    files = FileStore(chosen.settings.files_url).unhurried()
    for path in manifest.read_files(chosen.folder):
        part, _, rest = path.partition("/")
        if part == FILES:
            files.put_file(rest, chosen.folder / path)
        elif part == HOME:
            _put(chosen.folder / path, chosen.settings.home / rest)
    files.flush()


def _put(source: Path, target: Path) -> None:
    mode = atomic_files.PRIVATE if target.name == KEY else atomic_files.COMMON
    with source.open("rb") as there, atomic_files.new_file(target, mode=mode, flush=False) as here:
        shutil.copyfileobj(there, here, manifest.PIECE)


def _refuse_newer(known: Manifest) -> None:
    revision = known.databases[HOUSE].revision
    if not knows_revision(revision):
        raise InvalidInput(
            f"This backup was made by Lightbox {known.version}, whose database ({revision}) this older "
            "Lightbox does not know: install that version or a newer one."
        )


def _refuse_other_kinds(known: Manifest, settings: Settings) -> None:
    for name, setting in ((HOUSE, "DATABASE_URL"), (MLFLOW, "MLFLOW_TRACKING_URI")):
        kept, url = known.databases.get(name), databases_of(settings).get(name, "")
        before, here = kept.kind if kept else "", kind_of(url) if url else ""
        if before != here:
            raise InvalidInput(
                f"The backup holds {before or 'nothing'} for {setting}, which names {here or 'a server'} "
                "here: a backup goes back to a database of its own kind."
            )


def _refuse_what_is_there(settings: Settings) -> None:
    files = FileStore(settings.files_url)
    made_here = files.folder is not None and files.folder.is_relative_to(settings.home)
    for folder in _filled(settings, made_here=made_here):
        raise InvalidInput(f"{folder} is not empty: a restore goes to an empty folder.")
    if files.keys():
        raise InvalidInput(
            f"Files are kept already at {settings.files_url}: a restore goes to an empty store."
        )
    for url in databases_of(settings).values():
        if not is_empty(url):
            raise InvalidInput(f"The database {name_of(url)} is not empty: a restore goes to an empty one.")


def _filled(settings: Settings, *, made_here: bool) -> Iterator[Path]:
    """The home folder where anything lies in it but the empty store of files."""
    here = list(settings.home.iterdir()) if settings.home.is_dir() else []
    if any(not (made_here and entry.is_dir() and not any(entry.iterdir())) for entry in here):
        yield settings.home


def _refuse_other_rows(kept: KeptDatabase, url: str, name: str) -> None:
    revision, rows = looked_at(url)
    if (revision, rows) != (kept.revision, dict(kept.rows)):
        wrong = sorted(table for table in {*rows, *kept.rows} if rows.get(table) != kept.rows.get(table))
        raise UserFacingError(
            f"The database {name} came back with other rows than it had: {', '.join(wrong)}."
        )


def _key(known: Manifest, settings: Settings, key_file: Path | None, *, new_key: bool) -> str:
    if new_key and known.holds_key:
        raise InvalidInput("This backup holds its secret key: restore it without --new-key.")
    if new_key or (known.holds_key and not settings.secret_key and key_file is None):
        return ""
    secret = settings.secret_key
    if key_file is not None:
        try:
            secret = key_file.read_text().strip()
        except OSError as error:
            raise InvalidInput(f"{key_file} cannot be read: {error.strerror}.") from error
    if not secret:
        raise InvalidInput(
            "This backup was made without its secret key: name the file with --key or set "
            "LIGHTBOX_SECRET_KEY. If the key is lost, --new-key makes another one: "
            "what the old one signed cannot be checked then."
        )
    if ChainKey(secret).id != known.key_id:
        raise InvalidInput("This is not the secret key that the house had when the backup was made.")
    return "" if settings.secret_key else secret
