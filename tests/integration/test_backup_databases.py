"""Backup and restore on the databases that a larger department uses, while others write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from data.database import migrate, now, open_database
from data.errors import InvalidInput, UserFacingError
from data.files import FileStore
from data.records import AuditEvent
from data.snapshots import looked_at, programs
from data.stores.audit import AuditLog
from data.stores.scans import ScanStore
from services import keys
from services.assembly.backups import make_backup, restore
from services.backups.restoring import checked
from services.settings import Settings
from tests.data.builders import a_kept_scan
from tests.databases import new_mlflow
from tests.integration.servers import mariadb, postgresql

pytestmark = pytest.mark.integration
Server = Callable[[], AbstractContextManager[str]]


@pytest.fixture(scope="module", params=[postgresql, mariadb], ids=["postgresql", "mariadb"])
def urls(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A house's database and an empty one, both on a new server."""
    with request.param() as url:
        engine = open_database(url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CREATE DATABASE lightbox_other"))
        engine.dispose()
        other = make_url(url).set(database="lightbox_other")
        yield url, other.render_as_string(hide_password=False)


def test_a_house_goes_to_another_database_with_its_trail_intact(
    urls: tuple[str, str], tmp_path: Path
) -> None:
    url, other = urls
    home = tmp_path / "house"
    settings = Settings(
        home=home, database_url=url, files_url=str(home / "files"), tracking_uri=new_mlflow(home)
    )
    engine = open_database(url)
    migrate(engine)
    files, ended = FileStore(home / "files"), threading.Event()
    log, scans = AuditLog(engine), ScanStore(engine)

    def keep(number: int) -> None:
        scan_id = f"{number:032d}"
        files.put(keys.array(scan_id), b"pixels")
        files.put(keys.thumbnail(scan_id), b"picture")
        with log.together():
            a_kept_scan(engine, id=scan_id, content_sha256=f"{number:064d}", name="Zoë\n`'\\")
            log.record(AuditEvent(now(), None, "scan.take", scan_id, "Zoë\n'\\"))

    def work() -> None:
        number = 10
        while not ended.is_set():
            keep(number)
            number += 1

    for number in range(10):
        keep(number)
    worker = threading.Thread(target=work)
    worker.start()
    try:
        made = make_backup(settings, tmp_path / "backups")
    finally:
        ended.set()
        worker.join()
    kept = made.manifest.databases["database"]
    assert made.manifest.missing == () and kept.rows["scans"] >= 10
    after = replace(settings, home=tmp_path / "moved", database_url=other)
    after = replace(
        after,
        files_url=str(after.home / "files"),
        tracking_uri=f"sqlite:///{after.home / 'mlflow.db'}",
    )
    verdict = restore(checked(made.folder, after), "a new server")
    assert verdict.intact and verdict.missing_triggers == ()
    assert looked_at(other)[1]["scans"] == kept.rows["scans"]
    database = open_database(other)
    restored = ScanStore(database)
    assert restored.get(f"{3:032d}") == scans.get(f"{3:032d}")
    with database.connect() as connection:
        ids = set(connection.execute(text("SELECT id FROM scans")).scalars())
    known = FileStore(after.files_url).keys("scans")
    assert {key.split("/")[1] for key in known} >= ids
    database.dispose()
    engine.dispose()
    with pytest.raises(InvalidInput, match="not empty"):
        checked(made.folder, replace(after, home=tmp_path / "third", files_url=str(tmp_path / "files")))


def test_a_missing_program_and_a_refusing_server_are_said(
    urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "house"
    settings = Settings(
        home=home, database_url=urls[0], files_url=str(home / "files"), tracking_uri=new_mlflow(home)
    )
    engine = open_database(urls[0])
    migrate(engine)
    engine.dispose()
    monkeypatch.setattr(programs.shutil, "which", lambda _: None)
    with pytest.raises(UserFacingError, match="is not installed on this machine"):
        make_backup(settings, tmp_path / "backups")
    assert [entry.name for entry in (tmp_path / "backups").iterdir()] == [".lock"]
