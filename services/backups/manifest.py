"""What a backup says of itself: every file by its SHA-256, and what the databases held."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from data import atomic_files
from data.codec import from_json, to_json
from data.errors import InvalidInput

MANIFEST = "manifest.json"
MANIFEST_SUM = "manifest.json.sha256"
FILES = "files.sha256"
FORM = 1
PIECE = 1 << 20
HOUSE, MLFLOW = "database", "mlflow"
"""The databases by name: Lightbox's own, and MLflow's where it lies here."""
_NAME = re.compile(r"\d{8}T\d{6}Z")
_OWN = {MANIFEST, MANIFEST_SUM, FILES}


@dataclass(frozen=True)
class KeptDatabase:
    """A database in a backup; `rows` counts by table. `file` is its path there, "" if nothing made it yet."""

    kind: str
    file: str
    revision: str
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Manifest:
    """A backup. `key_id` tells which secret key was in force, `holds_key` whether it lies in the backup."""

    made_at: datetime
    version: str
    home: str
    databases: Mapping[str, KeptDatabase]
    files: int
    bytes: int
    files_sha256: str
    key_id: str
    holds_key: bool
    missing: tuple[str, ...] = ()
    """Files that rows name and that were not there."""
    left_out: tuple[str, ...] = ()
    """Sentences: what this backup does not hold."""
    form: int = field(default=FORM)


def name_of(at: datetime) -> str:
    """What the folder of a backup is called; names sort by time."""
    return f"{at:%Y%m%dT%H%M%SZ}"


def complete(folder: Path) -> list[Path]:
    """The backups in a folder of backups that were made to their end, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if _NAME.fullmatch(each.name) and _is_backup(each))


def chosen(folder: Path) -> Path:
    """The backup that is meant: `folder` itself, or the newest in it. Raises InvalidInput for none."""
    if _is_backup(folder):
        return folder
    known = complete(folder)
    if not known:
        raise InvalidInput(f"There is no backup in {folder}.")
    return known[-1]


def _is_backup(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def write_files(folder: Path, files: Mapping[str, str]) -> str:
    """Write the list of files (path -> SHA-256) as `sha256sum` does; returns the list's own SHA-256."""
    lines = [_line(path, files[path]) for path in sorted(files)]
    content = "".join(lines).encode(errors="surrogateescape")
    atomic_files.write(folder / FILES, content, mode=atomic_files.PRIVATE)
    return hashlib.sha256(content).hexdigest()


def read_files(folder: Path) -> dict[str, str]:
    """Path -> SHA-256 of every file of a backup. Raises InvalidInput for a list that is damaged."""
    try:
        text = (folder / FILES).read_bytes().decode(errors="surrogateescape")
    except FileNotFoundError:
        raise InvalidInput(f"The backup {folder} has no list of its files.") from None
    return dict(_read(line) for line in text.split("\n") if line)


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest and its own sum: the last thing of a backup."""
    content = to_json(manifest)
    digest = hashlib.sha256(content.encode()).hexdigest()
    atomic_files.write(folder / MANIFEST_SUM, _line(MANIFEST, digest), mode=atomic_files.PRIVATE)
    atomic_files.write(folder / MANIFEST, content, mode=atomic_files.PRIVATE)


def read(folder: Path) -> Manifest:
    """The manifest of a backup. Raises InvalidInput for one that is damaged or of a newer form."""
    content = (folder / MANIFEST).read_bytes()
    try:
        noted = _read((folder / MANIFEST_SUM).read_text().strip("\n"))[1]
    except FileNotFoundError:
        noted = ""
    if hashlib.sha256(content).hexdigest() != noted:
        raise InvalidInput(f"The manifest of {folder} was changed or damaged: its SHA-256 does not agree.")
    try:
        manifest: Manifest = from_json(Manifest, content.decode())
    except ValueError as error:
        raise InvalidInput(f"The manifest of {folder} cannot be read.") from error
    if manifest.form > FORM:
        raise InvalidInput(f"The backup {folder} was made by a newer Lightbox ({manifest.version}).")
    return manifest


def faults(folder: Path) -> list[str]:
    """Where a backup is not as it was made, a sentence each; empty where every hash agrees."""
    try:
        manifest, listed = read(folder), read_files(folder)
    except InvalidInput as error:
        return [str(error)]
    if sha256_of(folder / FILES) != manifest.files_sha256:
        return ["The list of files was changed or damaged: its SHA-256 does not agree with the manifest."]
    return [*_of_files(folder, listed), *_beyond(folder, listed)]


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's bytes in hexadecimal digits. Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _of_files(folder: Path, listed: Mapping[str, str]) -> Iterator[str]:
    for path, digest in listed.items():
        try:
            agrees = sha256_of(folder / path) == digest
        except FileNotFoundError:
            yield f"{path} is missing."
        except OSError as error:
            yield f"{path} cannot be read: {error.strerror}."
        else:
            if not agrees:
                yield f"{path} was changed or damaged."


def _beyond(folder: Path, listed: Mapping[str, str]) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        path = str(file.relative_to(folder))
        if not file.is_dir() and path not in listed and path not in _OWN:
            yield f"{path} is not named by the list of files."


def _line(path: str, digest: str) -> str:
    """As `sha256sum` writes it: a name with a backslash or a line's end is escaped, and the line says so."""
    if "\\" not in path and "\n" not in path:
        return f"{digest}  {path}\n"
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n")
    return f"\\{digest}  {escaped}\n"


def _read(line: str) -> tuple[str, str]:
    escaped = line.startswith("\\")
    digest, between, path = line.removeprefix("\\").partition("  ")
    if len(digest) != 64 or not between:
        raise InvalidInput("The list of files cannot be read.")
    if escaped:
        path = re.sub(r"\\(.)", lambda of: "\n" if of[1] == "n" else of[1], path)
    if path.startswith("/") or ".." in path.split("/"):
        raise InvalidInput("The list of files names a path outside the backup.")
    return path, digest
