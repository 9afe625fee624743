"""`erase-patient` and `retention …` as somebody runs them, and a restore that erases once more."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

import app
from data.database import open_database
from data.records import Identity, Patient
from data.stores.audit import AuditLog
from data.stores.erasures import ErasureStore
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from services.settings import Settings
from tests.services.backups.house import contents, furnished

HOPPER = Identity("Hopper, Grace", "MRN-1906")
Said = pytest.CaptureFixture[str]


def move_to(monkeypatch: pytest.MonkeyPatch, home: Path) -> Settings:
    monkeypatch.setenv("LIGHTBOX_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{home / 'clinic.db'}")
    for name in ("LIGHTBOX_SECRET_KEY", "LIGHTBOX_FILES", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return Settings.from_env()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, Patient]:
    """A house with two patients, one of whom is Hopper with two scans; nothing holds its files open."""
    clinic, ada = furnished(tmp_path / "house")
    scan = clinic.add_volume(ada.id, HOPPER)
    clinic.read_volume(scan)
    clinic.read_volume(clinic.add_volume(ada.id, HOPPER))
    patient = clinic.patients.get(scan.patient_id, with_identity=True)
    clinic.close()
    assert patient is not None
    return move_to(monkeypatch, tmp_path / "house"), patient


def scans_of(settings: Settings, patient: Patient) -> int:
    database = open_database(settings.database_url)
    try:
        return len(ScanStore(database).of_patient(patient.id))
    finally:
        database.dispose()


def name_of(settings: Settings, patient: Patient) -> str | None:
    database = open_database(settings.database_url)
    try:
        known = PatientStore(database).get(patient.id, with_identity=True)
        return None if known is None or known.identity is None else known.identity.name
    finally:
        database.dispose()


def test_without_a_reason_erase_patient_says_what_is_kept_and_erases_nothing(
    house: tuple[Settings, Patient], capsys: Said
) -> None:
    settings, patient = house
    assert app.main(["erase-patient", patient.pseudonym]) == 0
    said = capsys.readouterr().out
    assert f"Of {patient.pseudonym} there are:" in said and "2 scans" in said
    assert str(HOPPER.name) not in said
    assert scans_of(settings, patient) == 2
    assert app.main(["erase-patient", "P-NOBODY"]) == 2


def test_erase_patient_asks_for_the_pseudonym_and_erases_that_patient_alone(
    house: tuple[Settings, Patient], capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, patient = house
    before = len(contents(settings))
    why = ["erase-patient", patient.pseudonym, "--why", "asked for by Hopper, Grace"]
    for typed in ("", "yes", "P-OTHER"):
        monkeypatch.setattr("builtins.input", lambda _, typed=typed: typed)
        assert app.main(why) == 1
        assert "Nothing was erased" in capsys.readouterr().out
    assert (scans_of(settings, patient), len(contents(settings))) == (2, before)
    monkeypatch.setattr("builtins.input", lambda _: f" {patient.pseudonym.lower()} ")
    assert app.main(why) == 0
    assert "nothing is left" in capsys.readouterr().out
    assert (scans_of(settings, patient), name_of(settings, patient)) == (0, None)
    assert 0 < len(contents(settings)) < before  # the other patient's
    database = open_database(settings.database_url)
    noted = [event for event in AuditLog(database).recent(20) if event.action.startswith("patient.erase")]
    (kept,) = ErasureStore(database).since(None)
    database.dispose()
    assert {event.action for event in noted} == {"patient.erase", "patient.erased"}
    assert (kept.asked_by, kept.asked_name) == (None, "command line")
    assert "Hopper" not in str(noted) + str(kept)


def test_a_hold_by_command_refuses_erasing_until_it_is_lifted(
    house: tuple[Settings, Patient], capsys: Said
) -> None:
    settings, patient = house
    erase = ["erase-patient", patient.pseudonym, "--why", "asked for", "--yes"]
    assert app.main(["retention", "hold", patient.pseudonym, "--why", "an expert's report"]) == 0
    assert app.main(["retention", "holds"]) == 0
    said = capsys.readouterr().out
    assert "is under legal hold" in said and "an expert's report" in said and "lifted" not in said
    assert app.main(erase) == 2
    assert "legal hold" in capsys.readouterr().err
    assert scans_of(settings, patient) == 2
    assert app.main(["retention", "lift", patient.pseudonym, "--why", "the case is closed"]) == 0
    assert app.main(["retention", "holds"]) == 0
    assert "(lifted" in capsys.readouterr().out
    assert app.main(erase) == 0
    assert scans_of(settings, patient) == 0


def test_a_restored_backup_is_erased_once_more_before_anybody_sees_it(
    house: tuple[Settings, Patient], tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, patient = house
    where = tmp_path / "backups"
    assert app.main(["backup", str(where)]) == 0
    (older,) = [folder for folder in where.iterdir() if folder.is_dir() and folder.name[:1].isdigit()]
    assert app.main(["erase-patient", patient.pseudonym, "--why", "asked for", "--yes"]) == 0
    others = len(contents(settings))
    assert app.main(["retention", "erasures", "--out", str(tmp_path / "list")]) == 0
    listed = (tmp_path / "list").read_text()
    assert json.loads(listed)["pseudonym"] == patient.pseudonym and "Hopper" not in listed
    alone = tmp_path / "alone" / older.name  # a backup whose folder was kept without the list
    shutil.copytree(where, alone.parent)
    (alone.parent / "erasures.jsonl").unlink()
    time.sleep(1)  # two backups never have the same second
    assert app.main(["backup", str(where)]) == 0  # this one writes the list

    restored = move_to(monkeypatch, tmp_path / "restored")
    assert app.main(["restore", str(older)]) == 0
    assert "is intact" in capsys.readouterr().out
    assert (scans_of(restored, patient), name_of(restored, patient)) == (0, None)
    assert len(contents(restored)) == others

    restored = move_to(monkeypatch, tmp_path / "again")
    assert app.main(["restore", str(alone)]) == 0
    assert scans_of(restored, patient) == 2  # nothing told it
    capsys.readouterr()
    assert app.main(["retention", "reapply", str(tmp_path / "list")]) == 0
    assert "1 erasures are listed; 2 scans had come back" in capsys.readouterr().out
    assert (scans_of(restored, patient), name_of(restored, patient)) == (0, None)
    assert app.main(["retention", "reapply", str(tmp_path / "list")]) == 0
    assert "0 scans had come back" in capsys.readouterr().out


def test_what_is_no_list_is_refused(house: tuple[Settings, Patient], tmp_path: Path, capsys: Said) -> None:
    settings, patient = house
    for content in ("no list", '{"id": 1}'):
        (tmp_path / "list").write_text(content)
        assert app.main(["retention", "reapply", str(tmp_path / "list")]) == 2
    assert app.main(["retention", "reapply", str(tmp_path / "nothing")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert scans_of(settings, patient) == 2
