"""A backup of a house that works meanwhile: whole, consistent, and no larger than it has to be."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from data.database import now
from data.errors import Busy, InvalidInput, UserFacingError
from data.records import Role, User
from services import keys
from services.backups import manifest
from services.backups.last import BackupAge
from services.backups.making import BackupMaker
from services.backups.restoring import checked, put_in_place
from tests.dashboard.clinic import Clinic
from tests.services.backups.house import (
    contents,
    corrected,
    elsewhere,
    furnished,
    named,
    opened,
    reported,
    rows,
    uploaded,
)
from tests.services.small_models import somebody

ROUNDS = 3
BOB = somebody(Role.HEAD, "bob")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Clinic, User]]:
    clinic, ada = furnished(tmp_path / "house")
    yield clinic, ada
    clinic.close()


def test_the_second_backup_links_what_the_first_one_has_and_the_oldest_goes(
    house: tuple[Clinic, User], tmp_path: Path
) -> None:
    clinic, ada = house
    into, settings, at = tmp_path / "backups", clinic.services.settings, now()
    first = BackupMaker(settings, into, lambda: at).make()
    added = clinic.add_volume(ada.id, shape=(4, 20, 20))
    second = BackupMaker(settings, into, lambda: at + timedelta(days=1)).make()
    for path, digest in manifest.read_files(first.folder).items():
        if path.startswith("files/"):
            assert manifest.read_files(second.folder)[path] == digest
            assert (first.folder / path).stat().st_ino == (second.folder / path).stat().st_ino
    new = second.folder / "files" / keys.array(added.id)
    database = second.folder / "databases" / "database.db"
    assert new.stat().st_nlink == 1
    assert database.stat().st_size <= second.new_bytes < second.manifest.bytes
    whole = BackupMaker(settings, into, lambda: at + timedelta(days=2)).make(whole=True, keep=2)
    assert whole.removed == (first.folder,)
    assert manifest.complete(into) == [second.folder, whole.folder]
    assert whole.new_bytes == whole.manifest.bytes
    assert manifest.faults(second.folder) == []


def test_a_backup_can_be_checked_without_lightbox(house: tuple[Clinic, User], tmp_path: Path) -> None:
    clinic, _ = house
    odd = clinic.folder / "outside" / "back\\slash\nand line"
    odd.parent.mkdir()
    odd.write_bytes(b"odd")
    made = BackupMaker(clinic.services.settings, tmp_path / "backups").make()
    for listed in (manifest.FILES, manifest.MANIFEST_SUM):
        done = subprocess.run(["sha256sum", "-c", "--quiet", listed], cwd=made.folder, capture_output=True)
        assert (done.returncode, done.stdout) == (0, b"")
    assert manifest.faults(made.folder) == []
    assert (made.folder.stat().st_mode & 0o077, (made.folder / "home/secret.key").stat().st_mode & 0o077) == (
        0,
        0,
    )


@pytest.mark.parametrize("with_key", [True, False])
def test_the_key_is_in_it_or_said_not_to_be(
    house: tuple[Clinic, User], tmp_path: Path, with_key: bool
) -> None:
    clinic, _ = house
    made = BackupMaker(clinic.services.settings, tmp_path / "backups").make(with_key=with_key)
    assert made.manifest.holds_key is with_key
    assert (made.folder / "home/secret.key").exists() is with_key
    set_ = replace(clinic.services.settings, secret_key="s" * 40)
    with_setting = BackupMaker(set_, tmp_path / "others").make()
    assert not with_setting.manifest.holds_key


def test_a_damaged_backup_is_known_by_what_is_wrong_with_it(
    house: tuple[Clinic, User], tmp_path: Path
) -> None:
    clinic, _ = house
    made = BackupMaker(clinic.services.settings, tmp_path / "backups").make()

    def faults_with(path: str, content: bytes | None) -> list[str]:
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(made.folder, copy)
        (copy / path).unlink(missing_ok=True)
        if content is not None:
            (copy / path).write_bytes(content)
        with pytest.raises(InvalidInput):
            checked(copy, elsewhere(clinic, tmp_path / "other"))
        return manifest.faults(copy)

    array = next(path for path in manifest.read_files(made.folder) if path.endswith("array.npy"))
    assert faults_with(array, b"x") == [f"{array} was changed or damaged."]
    assert faults_with(array, None) == [f"{array} is missing."]
    assert faults_with("files/more", b"") == ["files/more is not named by the list of files."]
    assert "does not agree" in faults_with("manifest.json", b"{}")[0]
    assert "does not agree" in faults_with("files.sha256", b"")[0]
    flipped = bytearray((made.folder / "databases/database.db").read_bytes())
    flipped[-1] ^= 1
    assert faults_with("databases/database.db", bytes(flipped)) == [
        "databases/database.db was changed or damaged."
    ]


def test_what_is_removed_after_the_database_was_copied_is_in_the_backup(
    house: tuple[Clinic, User], tmp_path: Path
) -> None:
    """The upload came after the first pass over files, so that only what was set aside tells of it."""
    clinic, ada = house
    settings, report, gone = clinic.services.settings, reported(clinic, ada), []

    class Late(BackupMaker):
        def _copy_databases(self, *arguments):  # type: ignore[no-untyped-def]
            gone.append(uploaded(clinic, ada))
            return super()._copy_databases(*arguments)

    def meanwhile() -> None:
        opened(clinic, gone[0])
        clinic.services.reporting.delete(report, BOB)
        clinic.add_film(ada.id)

    made = Late(settings, tmp_path / "backups", between=meanwhile).make()
    assert made.manifest.missing == ()
    assert (made.folder / "home/uploads" / gone[0]).read_bytes() == b"bytes"
    assert (made.folder / "files" / keys.report(report, "pdf")).read_bytes() == b"%PDF"
    assert not clinic.services.reading.intake.path(gone[0]).exists()
    assert not list(clinic.folder.rglob(".removed"))


def test_no_row_of_a_backup_names_a_file_that_it_lacks_while_people_work(
    house: tuple[Clinic, User], tmp_path: Path
) -> None:
    clinic, ada = house
    ended, failed = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            while not ended.is_set():
                volume = clinic.add_volume(ada.id)
                clinic.read_volume(volume)
                corrected(clinic, ada, volume.id)
                opened(clinic, uploaded(clinic, ada))
                clinic.services.reporting.delete(reported(clinic, ada), BOB)
        except BaseException as error:
            failed.append(error)
            raise

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    at = now()
    try:
        made = [
            BackupMaker(
                clinic.services.settings, tmp_path / "b", lambda day=day: at + timedelta(days=day)
            ).make()
            for day in range(ROUNDS)
        ]
    finally:
        ended.set()
        for worker in workers:
            worker.join()
    assert failed == []
    assert [backup.manifest.missing for backup in made] == [()] * ROUNDS
    last = elsewhere(clinic, tmp_path / "restored")
    put_in_place(checked(made[-1].folder, last))
    here = {f"files/{key}" for key in contents(last)}
    here |= {f"home/uploads/{file.name}" for file in (last.home / "uploads").glob("*")}
    assert named(last) - here == set()
    assert rows(last) == made[-1].manifest.databases["database"].rows
    assert made[-1].manifest.databases["database"].rows["scans"] > 2


def test_a_file_that_the_house_lacks_is_said_and_the_rest_is_kept(
    house: tuple[Clinic, User], tmp_path: Path
) -> None:
    clinic, ada = house
    film = clinic.add_film(ada.id)
    clinic.files.delete(keys.array(film.id))
    made = BackupMaker(clinic.services.settings, tmp_path / "backups").make()
    assert made.manifest.missing == (f"files/{keys.array(film.id)}",)


def test_one_backup_at_a_time_none_in_the_house_and_nothing_is_left_of_a_failed_one(
    house: tuple[Clinic, User], tmp_path: Path
) -> None:
    clinic, _ = house
    settings, into = clinic.services.settings, tmp_path / "backups"
    with pytest.raises(InvalidInput, match="would be lost with it"):
        BackupMaker(settings, settings.home / "backups").make()

    def another() -> None:
        with pytest.raises(Busy):
            BackupMaker(settings, into).make()
        with pytest.raises(Busy):
            BackupMaker(settings, tmp_path / "others").make()

    BackupMaker(settings, into, between=another).make()
    age = BackupAge(settings.home, clock=lambda: now() + timedelta(hours=1))
    assert age.seconds is not None and 3600 <= age.seconds < 3700
    broken = replace(settings, database_url=f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(UserFacingError, match="There is no database"):
        BackupMaker(broken, into, lambda: now() + timedelta(days=1)).make()
    assert len(manifest.complete(into)) == 1
    assert [entry.name for entry in (tmp_path / "others").iterdir()] == [".lock"]
    assert not list(into.glob(".*.part"))


def test_a_backup_within_the_second_of_another_waits(house: tuple[Clinic, User], tmp_path: Path) -> None:
    clinic, _ = house
    moments = [now().replace(microsecond=0)] * 3
    moments.append(moments[0] + timedelta(seconds=1))
    maker = BackupMaker(clinic.services.settings, tmp_path / "backups", clock=lambda: moments.pop(0))
    first, second = maker.make(), maker.make()
    assert [first.folder, second.folder] == manifest.complete(tmp_path / "backups")
    assert second.manifest.made_at - first.manifest.made_at == timedelta(seconds=1)


def test_a_disk_that_is_too_small_is_said_and_nothing_is_left_on_it(
    house: tuple[Clinic, User], tmp_path: Path
) -> None:
    clinic, _ = house
    disk = tmp_path / "disk"
    disk.mkdir()
    refused = 0
    for options in ("size=4k,nr_inodes=1", *(f"size={2**power}k" for power in (4, 8, 10, 17))):
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("a small disk may not be mounted here")
        try:
            BackupMaker(clinic.services.settings, disk).make()
            break
        except UserFacingError as error:
            refused += 1
            assert "\n" not in str(error)
            assert {entry.name for entry in disk.iterdir()} <= {".lock"}
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    else:
        pytest.fail("no disk was large enough")
    assert refused > 2
