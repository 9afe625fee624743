"""`app.py register`: what comes in, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

import app
from models import weights
from models.tasks import SUITABILITY


def test_a_folder_of_files_becomes_a_version_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIGHTBOX_HOME", str(tmp_path / "home"))
    for name in ("DATABASE_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "version"
    folder.mkdir()
    for name in (weights.WEIGHTS, weights.CARD):
        (folder / name).write_bytes((SUITABILITY.folder / name).read_bytes())
    assert app.main(["register", "suitability", str(folder)]) == 2
    assert "missing: settings.json" in capsys.readouterr().err
    (folder / weights.SETTINGS).write_bytes((SUITABILITY.folder / weights.SETTINGS).read_bytes())
    assert app.main(["register", "suitability", str(folder)]) == 0
    assert "registered as version 1" in capsys.readouterr().out
    assert app.main(["register", "suitability", str(folder)]) == 2
    assert "registered already, as version 1" in capsys.readouterr().err
    assert app.main(["register", "brain-tumour", str(folder)]) == 2
    assert "The uploaded version does not fit" in capsys.readouterr().err
