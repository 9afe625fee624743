"""`audit`: the commands, as somebody runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import app
from data.audit_triggers import drop_triggers
from data.database import open_database, writing
from tests.databases import migrated


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house with one account."""
    monkeypatch.setenv("LIGHTBOX_HOME", str(tmp_path))
    migrated(f"sqlite:///{tmp_path}/lightbox.db").dispose()
    assert app.main(["users", "add", "ada", "--role", "admin"]) == 0
    return tmp_path


def test_a_trail_is_checked_noted_elsewhere_and_written_to_a_file(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["audit", "verify"]) == 0
    assert "The audit trail is intact: 1 events, 1 to 1." in capsys.readouterr().out
    assert app.main(["audit", "checkpoint"]) == 0
    kept = home / "kept"
    kept.write_text(capsys.readouterr().out)
    assert app.main(["audit", "verify", "--checkpoint", str(kept), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["checkpoints"] == 1
    assert app.main(["audit", "verify", "--checkpoint", str(home / "none")]) == 2
    for kind in ("csv", "fhir-r4.ndjson", "dicom.xml"):
        assert app.main(["audit", "export", "--as", kind, "--out", str(home / kind)]) == 0
        assert (home / kind).read_text("utf-8-sig").count("account created") >= 1


def test_a_trail_that_was_tampered_with_ends_in_1_and_says_where(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_database(f"sqlite:///{home}/lightbox.db")
    with writing(database) as connection:
        drop_triggers(connection)
        connection.exec_driver_sql("UPDATE audit_events SET detail = 'x' WHERE number = 1")
    database.dispose()
    assert app.main(["audit", "verify"]) == 1
    said = capsys.readouterr().out
    assert "Event 1 was changed" in said
    assert "lacks triggers that refuse changes: audit_events_delete" in said


def test_a_restore_is_said_with_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["audit", "restored", "--why", " "]) == 2
    assert app.main(["audit", "restored", "--why", "the backup of Monday"]) == 0
    assert app.main(["audit", "verify"]) == 0
    assert "2 events" in capsys.readouterr().out
