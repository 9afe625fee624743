"""`segment` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

import app
from tests import phantoms


def test_pictures_are_one_volume_where_the_option_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIGHTBOX_HOME", str(tmp_path / "home"))
    folder, head = tmp_path / "head", phantoms.brain(lesion_mm=20)
    folder.mkdir()
    for name, k in (("a.png", 54), ("b.png", 56)):
        (folder / name).write_bytes(phantoms.axial_png(head, k))
    arguments = ["segment", str(folder), "--out", str(tmp_path / "out")]
    assert app.main(arguments) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert app.main([*arguments, "--as-volume"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("head: refused. A picture has no number in its name")
    for name, renamed in (("a.png", "9.png"), ("b.png", "10.png")):
        (folder / name).rename(folder / renamed)
    assert app.main([*arguments, "--as-volume"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("head: brain-tumour: ") and "probability" in line
