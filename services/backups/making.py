"""A backup of the house while it works.

Files go first, most of them. Then, from one moment on, what is removed is set aside (`data.removals`); the
database is copied as it is at one later moment, then MLflow's, then the files that came or changed since the
first pass, and those that were set aside. A file is there before the row that names it and is removed after
it, so every file that a row of the copy names was there at that moment: it is there still, or set aside.
MLflow comes after the database, so that every version that a row names is in its copy.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data import removals
from data.audit_chain import ChainKey
from data.database import now
from data.errors import Busy, InvalidInput, UserFacingError
from data.snapshots import file_name, is_there, kind_of, name_of, snapshot
from data.stores.named_files import NamedFiles, named_files
from data.version import VERSION
from services.backups import last, manifest
from services.backups.copying import Copying, Earlier, earlier_of
from services.backups.manifest import HOUSE, MLFLOW, KeptDatabase, Manifest
from services.backups.naming import paths_of
from services.backups.parts import (
    FILES,
    MLFLOW_FILES,
    Part,
    databases_of,
    files_of,
    left_out,
    parts_of,
    set_aside_of,
)
from services.secret_key import FILE as KEY
from services.secret_key import secret_key
from services.settings import Settings

log = logging.getLogger(__name__)

PRIVATE_FOLDER = 0o700
NAP_S = 0.05
_NAME_VERSIONS = ("results", "promotions")
"""Tables whose rows name versions that are in MLflow's database."""
NOT_MADE = "MLflow's database is not in this backup: nothing has made it yet, the server's first start will."
NOTHING_HERE = (
    "There is no database {database}: before the server's first start there is nothing in {home} to back up. "
    "If it has run already, LIGHTBOX_HOME or DATABASE_URL name another place than the server's."
)


@dataclass(frozen=True)
class Made:
    """A backup that was made; `new_bytes` of it were not in the previous one."""

    folder: Path
    manifest: Manifest
    new_bytes: int
    removed: tuple[Path, ...]
    """Older backups that were deleted for it."""


class BackupMaker:
    """Makes one backup after the other in a folder."""

    def __init__(
        self,
        settings: Settings,
        into: Path,
        clock: Callable[[], datetime] = now,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        """`between` is called after the databases were copied and before files are looked at again."""
        self._settings = settings
        self._into = into.resolve()
        self._clock = clock
        self._between = between

    def make(self, *, with_key: bool = True, whole: bool = False, keep: int = 0) -> Made:
        """Make a backup: `whole` links nothing to the previous one; beyond `keep` the oldest go (0: none).

        Raises Busy while another one is made, InvalidInput for a folder that will not do, UserFacingError
        where a database or the disk refuses; nothing is left behind then.
        """
        self._refuse_places()
        with self._alone():
            began_at, folder = self._begin()
            beside = self._into / f".{folder.name}.part"
            try:
                beside.mkdir(mode=PRIVATE_FOLDER)
                copying = Copying(beside, None if whole else self._earlier())
                made = self._fill(beside, copying, began_at, with_key=with_key)
                os.sync()
                beside.rename(folder)
                os.sync()
            except OSError as error:
                raise UserFacingError(f"The backup could not be written: {error}.") from error
            finally:
                shutil.rmtree(beside, ignore_errors=True)
            done = last.LastBackup(began_at, str(folder), made.files, made.bytes)
            last.note(self._settings.home, done, last.shared_by(self._settings))
            return Made(folder, made, copying.copied_bytes, self._thin_out(keep))

    def _begin(self) -> tuple[datetime, Path]:
        """When this backup begins, and its folder: it waits for a second in which none was made."""
        while (folder := self._into / manifest.name_of(at := self._clock())).exists():
            time.sleep(NAP_S)
        return at, folder

    def _fill(self, folder: Path, copying: Copying, at: datetime, *, with_key: bool) -> Manifest:
        settings = self._settings
        key = ChainKey(secret_key(settings))
        parts = parts_of(settings)
        for part in parts:
            self._take(copying, part, with_key=with_key)
        with self._set_aside(parts):
            databases, named = self._copy_databases(folder, copying)
            self._between()
            for part in parts:
                self._take_again(copying, part, with_key=with_key)
        missing = [] if named is None else self._missing(copying, named)
        made = Manifest(
            at,
            VERSION,
            str(settings.home),
            databases,
            len(copying.hashes),
            copying.bytes,
            manifest.write_files(folder, copying.hashes),
            key.id,
            f"home/{KEY}" in copying.hashes and not settings.secret_key,
            tuple(missing),
            (*left_out(settings), *(NOT_MADE for kept in databases.values() if not kept.file)),
        )
        manifest.write(folder, made)
        return made

    def _take(self, copying: Copying, part: Part, *, with_key: bool) -> set[str]:
        listed = files_of(part, self._settings, holds_key=with_key)
        return {path for source, path in listed if copying.take(source, path)}

    def _take_again(self, copying: Copying, part: Part, *, with_key: bool) -> None:
        """What came or changed, then what was set aside; what was removed before that is left out."""
        here = self._take(copying, part, with_key=with_key)
        for source, path in set_aside_of(part):
            if path not in here and copying.take(source, path):
                here.add(path)
        for path in [path for path in copying.hashes if path.startswith(f"{part.name}/")]:
            if path not in here:
                copying.drop(path)

    def _copy_databases(
        self, folder: Path, copying: Copying
    ) -> tuple[dict[str, KeptDatabase], NamedFiles | None]:
        kept, named = dict[str, KeptDatabase](), None
        for name, url in databases_of(self._settings).items():
            if name == MLFLOW and _not_made_yet(url, kept[HOUSE], self._settings):
                kept[name] = KeptDatabase(kind_of(url), "", "", {})
                continue
            (folder / "databases").mkdir(exist_ok=True)
            file = f"databases/{file_name(kind_of(url), name)}"
            with snapshot(url, folder / file) as taken:
                kept[name] = KeptDatabase(kind_of(url), file, taken.revision, taken.counts)
                if name == HOUSE and taken.revision:
                    named = named_files(taken.connection)
            copying.note(file)
        return kept, named

    def _missing(self, copying: Copying, named: NamedFiles) -> list[str]:
        elsewhere = not any(part.name == FILES for part in parts_of(self._settings))
        return [
            path
            for path in paths_of(named)
            if path not in copying.hashes and not (elsewhere and path.startswith(f"{FILES}/"))
        ]

    @contextmanager
    def _set_aside(self, parts: list[Part]) -> Iterator[None]:
        with ExitStack() as held:
            for root in (root for part in parts for root in part.asides):
                try:
                    held.enter_context(removals.set_aside(root))
                except BlockingIOError:
                    raise Busy("Another backup of this house is being made.") from None
            yield

    def _earlier(self) -> Earlier | None:
        known = manifest.complete(self._into)
        try:
            return earlier_of(known[-1]) if known else None
        except InvalidInput:
            log.error("the list of files of %s is damaged: nothing is linked to it", known[-1])
            return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self._into.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
            opened = (self._into / ".lock").open("w")
        except OSError as error:  # a full disk, or one that may not be written to
            raise UserFacingError(f"The backup could not be written: {error}.") from error
        with opened as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(f"Another backup is being made in {self._into}.") from None
            for left in self._into.glob(".*.part"):  # of one that was killed
                shutil.rmtree(left, ignore_errors=True)
            yield

    def _thin_out(self, keep: int) -> tuple[Path, ...]:
        old = manifest.complete(self._into)[:-keep] if keep else []
        for folder in old:
            (folder / manifest.MANIFEST).unlink()  # first: a half-deleted one is none
            shutil.rmtree(folder)
        return tuple(old)

    def _refuse_places(self) -> None:
        if not self._settings.home.is_dir():
            raise InvalidInput(f"There is no home folder {self._settings.home}.")
        house = self._settings.database_url
        if not is_there(house):
            raise InvalidInput(NOTHING_HERE.format(database=name_of(house), home=self._settings.home))
        for part in parts_of(self._settings):
            if self._into.is_relative_to(part.folder.resolve()):
                raise InvalidInput(
                    f"A backup within {part.folder} would be lost with it: name another folder."
                )


def _not_made_yet(url: str, house: KeptDatabase, settings: Settings) -> bool:
    """Whether MLflow's database is still to be made; one that is lost left results, promotions or files."""
    if is_there(url):
        return False
    known = sum(house.rows.get(table, 0) for table in _NAME_VERSIONS)
    artifacts = settings.home / MLFLOW_FILES
    return not known and not any(each.is_file() for each in artifacts.rglob("*"))
