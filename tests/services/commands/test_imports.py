"""`app.py import` without any reading: what it starts, pauses, shows and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

import app
from data.files import FileStore
from data.records import ImportProgress
from services.commands.imports import progress_line
from services.importing.imports import Importing
from services.settings import Settings
from tests.databases import migrated


@pytest.fixture
def importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Importing:
    home = tmp_path / "home"
    monkeypatch.setenv("LIGHTBOX_HOME", str(home))
    for name in ("DATABASE_URL", "LIGHTBOX_FILES"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings.from_env()
    database = migrated(settings.database_url)
    return Importing(settings, database, FileStore(settings.files_url), None)


@pytest.mark.parametrize("arguments", [[], ["folder", "--status"], ["--pause", "--resume"]])
def test_one_thing_is_asked_at_a_time(
    importing: Importing, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["import", *arguments]) == 2
    assert "Give a folder to import" in capsys.readouterr().err


def test_an_import_can_be_looked_at_and_paused_from_another_process(
    importing: Importing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["import", "--status"]) == 2
    assert "There is no such import." in capsys.readouterr().err
    (tmp_path / "scans").mkdir()
    started = importing.start(tmp_path / "scans")
    assert app.main(["import", "--pause"]) == 0
    assert f"import {started.id} is paused." in capsys.readouterr().out
    assert app.main(["import", "--status", started.id[:6]]) == 0
    assert "0 of 0 items" in capsys.readouterr().out


def test_progress_is_told_in_words() -> None:
    progress = ImportProgress(items=5216, done=411, failed=1, added=380, known=2, labelled=0, refused=30)
    assert progress_line(progress) == "412 of 5,216 items, 380 new, 2 known, 29 refused, 1 failed"
