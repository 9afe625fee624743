"""Backups with their events, and what a restored house needs beside its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from data import atomic_files
from data.audit_origin import coming_from
from data.database import DATABASE_FAULTS, Database, is_up_to_date, now, open_database
from data.errors import UserFacingError
from data.records import AuditEvent, AuditOrigin, AuditOutcome, AuditVia
from data.snapshots import is_empty
from data.stores.audit import AuditLog
from data.stores.erasures import ErasureStore
from data.stores.sessions import SessionStore
from services.accounts import accounts_of
from services.assembly.alerts import alerts_of
from services.assembly.auditing import build_auditing
from services.assembly.retention import build_retention
from services.assembly.stores import command_stores
from services.auditing.signing import sign_events
from services.auditing.verification import ChainVerdict
from services.backups import restoring
from services.backups.making import BackupMaker, Made
from services.retention import erasure_list
from services.settings import Settings

ACTION = "backup.make"


def make_backup(
    settings: Settings, into: Path, *, with_key: bool = True, whole: bool = False, keep: int = 0
) -> Made:
    """Make a backup and an event of it, also of one that failed. Raises as `BackupMaker.make` does."""
    began_at = now()
    try:
        made = BackupMaker(settings, into).make(with_key=with_key, whole=whole, keep=keep)
    except UserFacingError as error:
        with suppress(*DATABASE_FAULTS):  # the fault itself is what has to be told
            _note(settings, AuditEvent(began_at, None, ACTION, "backup", str(error), AuditOutcome.FAILED))
        raise
    _list_erasures(settings, into)
    known = made.manifest
    told = f"{known.files} files, {known.bytes} bytes, {made.new_bytes} of them new"
    gone = f"; deleted: {', '.join(folder.name for folder in made.removed)}" if made.removed else ""
    _note(settings, AuditEvent(now(), None, ACTION, made.folder.name, told + gone))
    return made


def _list_erasures(settings: Settings, into: Path) -> None:
    """Beside the backups, what was erased until now: an older one brings it back, and is told of it then."""
    with _of_today(settings) as database:
        if database is not None:
            atomic_files.write(
                into / erasure_list.NAME,
                erasure_list.written(ErasureStore(database).since(None)),
                mode=atomic_files.PRIVATE,
            )


def _note(settings: Settings, event: AuditEvent) -> None:
    """A database that is still an older Lightbox's stays as it is, for its own Lightbox to come back to."""
    with _of_today(settings) as database:
        if database is not None:
            with coming_from(AuditOrigin(AuditVia.COMMAND)):
                sign_events(database, settings)
                AuditLog(database).record(event)


@contextmanager
def _of_today(settings: Settings) -> Iterator[Database | None]:
    """The house's database where it is this Lightbox's; None where it is empty or an older one's."""
    if is_empty(settings.database_url):
        yield None
        return
    database = open_database(settings.database_url)
    try:
        yield database if is_up_to_date(database) else None
    finally:
        database.dispose()


def restore(chosen: restoring.Chosen, why: str) -> ChainVerdict:
    """Bring a checked backup back, end all sessions, and say so in the audit trail.

    Returns what the check of the trail found. Raises UserFacingError where a database refuses.
    """
    try:
        restoring.put_in_place(chosen)
    except OSError as error:
        raise UserFacingError(f"The backup could not be brought back: {error}.") from error
    with command_stores(chosen.settings) as stores:
        # Some of these were ended since the backup, by their owners or by an administrator.
        moment = now()
        SessionStore(stores.database).end_idle(moment, moment)
        listed = chosen.folder.parent / erasure_list.NAME
        if listed.is_file():  # before the trail begins anew: its events are part of it then
            erasing = build_retention(stores, accounts_of(stores.database)).erasing
            erasing.reapply(erasure_list.read(listed.read_text()))
        auditing = build_auditing(stores, accounts_of(stores.database), alerts_of(stores))
        auditing.watch.begin_anew(_words(chosen.folder.name, chosen.manifest.made_at, why))
        verdict = auditing.watch.check()
    restoring.finished(chosen.settings.home)
    return verdict


def _words(name: str, made_at: datetime, why: str) -> str:
    told = f"backup {name} of {made_at:%Y-%m-%d %H:%M} UTC"
    return f"{told}: {why}" if why else told
