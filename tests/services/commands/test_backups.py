"""`backup` and `restore`, as somebody runs them, and the house that comes back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import app
from data.errors import UserFacingError
from data.records import AuditOutcome, User, WorklistQuery
from data.stores.audit import AuditLog
from data.tracking import Tracking
from services.assembly.container import build_services
from services.backups import manifest
from services.backups.making import NOT_MADE
from services.settings import Settings
from tests.dashboard.clinic import PASSWORD, Clinic
from tests.databases import new_mlflow
from tests.services.backups.house import contents, furnished, named, rows

Said = pytest.CaptureFixture[str]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Clinic, User]]:
    """A house that works, and the environment that names it."""
    clinic, ada = furnished(tmp_path / "house")
    move_to(monkeypatch, clinic.folder, "clinic.db")
    yield clinic, ada
    clinic.close()


def move_to(monkeypatch: pytest.MonkeyPatch, home: Path, database: str = "other.db") -> Settings:
    """Let the environment name this house."""
    monkeypatch.setenv("LIGHTBOX_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{home / database}")
    for name in ("LIGHTBOX_SECRET_KEY", "LIGHTBOX_FILES", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return Settings.from_env()


def test_a_house_comes_back_elsewhere_with_all_that_it_had(
    house: tuple[Clinic, User], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    clinic, ada = house
    before = Settings.from_env()
    tracking = Tracking(f"sqlite:///{clinic.folder / 'mlflow.db'}", clinic.folder / "mlflow")
    run = tracking.start_run("brain-tumour", "a version", {})
    tracking.log_json(run, "weights.json", {"bias": 1.5})
    signed_in = clinic.services.sessions.begin(ada)
    audited = AuditLog(clinic.database).head().number
    ids = {path.split("/")[2] for path in named(before) if path.startswith("files/scans/")}
    had, files, where = dict(rows(before)), contents(before), tmp_path / "backups"

    assert app.main(["backup", str(where)]) == 0
    assert "It holds patients' names and the secret key" in capsys.readouterr().out
    assert AuditLog(clinic.database).recent(1)[0].action == "backup.make"
    assert clinic.services.health.ready()["backup"] != "none"
    assert b"lightbox_backup_age_seconds" in clinic.services.health.metrics()
    assert app.main(["backup", str(where), "--verify"]) == 0
    assert "each with its SHA-256" in capsys.readouterr().out

    after = move_to(monkeypatch, tmp_path / "moved")
    shutil.move(clinic.folder, tmp_path / "burnt")  # nothing may be read from where it was
    assert app.main(["restore", str(where), "--why", "the disk burnt"]) == 0
    said = capsys.readouterr().out
    assert "The audit trail is intact" in said and "sign in again" in said
    changed = {"audit_events", "audit_head", "sessions", "alerts", "revisions"}
    now_there = rows(after)
    assert {table: n for table, n in now_there.items() if table not in changed} == {
        table: n for table, n in had.items() if table not in changed
    }
    assert now_there["audit_events"] == audited + 1 and now_there["sessions"] == 0
    assert contents(after) == files and named(after)
    moved = Tracking(f"sqlite:///{after.home / 'mlflow.db'}", after.home / "mlflow")
    assert moved.read_json(run, "weights.json") == {"bias": 1.5}

    services = build_services(after)
    try:
        event = AuditLog(services.database).recent(1)[0]
        assert event.action == "audit.restored"
        assert "the disk burnt" in event.detail
        assert services.sessions.user(signed_in) is None
        user = services.accounts.sign_in(ada.name, PASSWORD)
        shown = services.reviewing.worklist.page(WorklistQuery(), user)
        assert sorted(row.scan_id for row in shown.rows) == sorted(ids)
        views = [services.reviewing.scan_views.scan(scan_id, user) for scan_id in ids]
        volume = next(view.scan.id for view in views if view.scan.slices > 1)
        assert services.reviewing.pictures.mask(volume).any()
        assert services.health.ready()["backup"] == "none"
    finally:
        services.close()


def test_a_house_whose_server_never_started_is_backed_up_as_far_as_it_is_there_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    before, where = move_to(monkeypatch, tmp_path / "fresh"), tmp_path / "backups"
    before.home.mkdir()
    assert app.main(["backup", str(where)]) == 2
    said = capsys.readouterr().err
    assert "There is no database" in said and "nothing in" in said
    assert app.main(["users", "add", "ada", "--role", "admin"]) == 0
    capsys.readouterr()
    assert app.main(["backup", str(where)]) == 0
    assert NOT_MADE in capsys.readouterr().out
    assert app.main(["backup", str(where), "--verify"]) == 0

    after = move_to(monkeypatch, tmp_path / "moved")
    shutil.move(before.home, tmp_path / "burnt")
    assert app.main(["restore", str(where)]) == 0
    assert not (after.home / "mlflow.db").exists()
    assert rows(after)["users"] == 1
    assert "The audit trail is intact" in capsys.readouterr().out
    services = build_services(after)
    try:
        assert [user.name for user in services.accounts.all()] == ["ada"]
    finally:
        services.close()
    new_mlflow(after.home)
    assert app.main(["backup", str(where)]) == 0
    assert NOT_MADE not in capsys.readouterr().out
    assert manifest.read(manifest.chosen(where)).databases["mlflow"].file


def test_a_lost_database_of_mlflow_is_no_fresh_house(
    house: tuple[Clinic, User], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    clinic, _ = house
    (clinic.folder / "mlflow.db").unlink()  # results name versions that were in it
    assert app.main(["backup", str(tmp_path / "backups")]) == 2
    assert "mlflow.db" in capsys.readouterr().err
    other = move_to(monkeypatch, tmp_path / "other")
    assert app.main(["users", "add", "ada", "--role", "admin"]) == 0
    weights = other.home / "mlflow" / "1" / "weights.safetensors"
    weights.parent.mkdir(parents=True)
    weights.touch()
    assert app.main(["backup", str(tmp_path / "backups")]) == 2
    weights.unlink()
    assert app.main(["backup", str(tmp_path / "backups")]) == 0


def test_a_restore_refuses_what_is_there_another_kind_and_a_newer_schema(
    house: tuple[Clinic, User], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    where = tmp_path / "backups"
    assert app.main(["backup", str(where)]) == 0
    assert app.main(["restore", str(where)]) == 2
    assert "is not empty" in capsys.readouterr().err
    after = move_to(monkeypatch, tmp_path / "moved")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert app.main(["restore", str(where)]) == 2
    assert "its own kind" in capsys.readouterr().err
    move_to(monkeypatch, tmp_path / "moved")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert app.main(["restore", str(where)]) == 2
    assert "MLFLOW_TRACKING_URI, which names a server" in capsys.readouterr().err
    move_to(monkeypatch, tmp_path / "moved")
    folder = manifest.chosen(where)
    known = manifest.read(folder)
    house_database = replace(known.databases["database"], revision="9999")
    manifest.write(folder, replace(known, databases={**known.databases, "database": house_database}))
    assert app.main(["restore", str(where)]) == 2
    assert "install that version or a newer one" in capsys.readouterr().err
    assert list(after.home.rglob("*")) in ([], [after.home / "files"])
    assert app.main(["restore", str(tmp_path / "nothing")]) == 2


def test_without_its_key_a_house_comes_back_only_with_it_or_with_a_new_one(
    house: tuple[Clinic, User], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    clinic, _ = house
    where = tmp_path / "backups"
    assert app.main(["backup", str(where), "--without-key"]) == 0
    assert "not the secret key" in capsys.readouterr().out
    after = move_to(monkeypatch, tmp_path / "moved")
    assert app.main(["restore", str(where)]) == 2
    assert "made without its secret key" in capsys.readouterr().err
    other = tmp_path / "other.key"
    other.write_text("o" * 40)
    assert app.main(["restore", str(where), "--key", str(other)]) == 2
    assert "not the secret key that the house had" in capsys.readouterr().err
    assert app.main(["restore", str(where), "--key", str(clinic.folder / "secret.key")]) == 0
    assert (after.home / "secret.key").read_text() == (clinic.folder / "secret.key").read_text()
    move_to(monkeypatch, tmp_path / "with a new one")
    assert app.main(["restore", str(where), "--new-key"]) == 1
    assert "that is not known here" in capsys.readouterr().out


def test_a_failed_backup_is_an_event_and_a_damaged_one_ends_in_1(
    house: tuple[Clinic, User], tmp_path: Path, capsys: Said
) -> None:
    clinic, _ = house
    assert app.main(["backup", str(clinic.folder / "within")]) == 2
    event = AuditLog(clinic.database).recent(1)[0]
    assert (event.action, event.outcome) == ("backup.make", AuditOutcome.FAILED)
    where = tmp_path / "backups"
    assert app.main(["backup", str(where), "--keep", "-1"]) == 2
    assert app.main(["backup", str(where)]) == 0
    (manifest.chosen(where) / "databases" / "database.db").unlink()
    assert app.main(["backup", str(where), "--verify"]) == 1
    assert "databases/database.db is missing." in capsys.readouterr().out
    assert app.main(["backup", str(tmp_path / "nothing"), "--verify"]) == 2


def test_a_house_whose_restore_was_cut_short_does_not_start(
    house: tuple[Clinic, User], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = tmp_path / "backups"
    assert app.main(["backup", str(where)]) == 0
    after = move_to(monkeypatch, tmp_path / "moved")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as changed:
        changed.setattr("services.backups.restoring.move_artifacts", killed)
        assert app.main(["restore", str(where)]) == 130
    with pytest.raises(UserFacingError, match="did not come to its end"):
        build_services(after)
