"""A little of `make crash`: one kill. That what is checked would be noticed is checked beside it."""

from __future__ import annotations

from pathlib import Path

from tests.crash.__main__ import crash
from tests.crash.kept import Acknowledged, faults


def test_nothing_is_lost_doubled_or_half_done_when_the_server_is_killed(tmp_path: Path) -> None:
    lines: list[str] = []
    assert crash(tmp_path, 1, 3, longest_life_s=3, say=lines.append) == [], lines
    home = tmp_path / "home"  # of a server that was killed once more, as the house was closed
    (home / "files" / ".0123.part").write_bytes(b"half")
    (home / "files" / "scans" / "nobodys").mkdir(parents=True)
    told = Acknowledged(uploads={"gone": "x"}, promotions={"p": "done"}, reports={"r"})
    sentences = " ".join(faults(home, told))
    for words in (
        "scan gone was acknowledged and is lost",
        "left over: files/.0123.part",
        "files without a scan: nobodys",
    ):
        assert words in sentences
    assert "promotion p was done" in sentences and "report r was acknowledged" in sentences
