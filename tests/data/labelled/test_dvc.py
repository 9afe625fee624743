"""The revision of data that DVC tracks is read out of its own files; these hashes were made by DVC 3.67."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from data.labelled.dvc import DataRevision, data_revision

DATA = "db01f30bc3091ae614d94c1e462b3f0a.dir"
FILE = "9dd4e461268c8034f5c8564e155c67a6"  # pragma: allowlist secret
MADE = "2c66e2c0644f1605b483e6fb897fc176.dir"
LOCK = """schema: '2.0'
stages:
  prepare:
    cmd: prepare
    deps:
    - path: data
      hash: md5
      md5: 00000000000000000000000000000000.dir
    outs:
    - path: made
      hash: md5
      md5: {made}
  note:
    cmd: echo
"""


def tracked(md5: str, path: str, hashed: str = "\n  hash: md5") -> str:
    return f"outs:\n- md5: {md5}\n  size: 1{hashed}\n  path: {path}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Data that DVC was told of, what a stage made of it, and a file."""
    root = tmp_path / "repository"
    for folder in (".dvc", "data/chest/images", "made/in"):
        (root / folder).mkdir(parents=True)
    (root / "data" / "chest" / "images" / "ä.png").write_bytes(b"a")
    (root / "data" / "index.csv").write_bytes(b"file\r\n")
    (root / "data" / "B.png").write_bytes(b"b")
    (root / "made" / "in" / "x").write_bytes(b"1\n")
    (root / "data.dvc").write_text(tracked(DATA, "data"))
    (root / "dvc.lock").write_text(LOCK.format(made=MADE))
    return root


def test_a_folder_that_was_added_has_the_hash_that_dvc_gave_it(repository: Path) -> None:
    told = data_revision(repository / "data")
    assert told == DataRevision(DATA, "data", "data.dvc", "as recorded", "")
    assert told.parameters() == {
        "dvc_md5": DATA,
        "dvc_path": "data",
        "dvc_file": "data.dvc",
        "dvc_state": "as recorded",
    }


def test_a_folder_that_a_stage_made_is_what_the_lock_says(repository: Path) -> None:
    told = data_revision(repository / "made")
    assert told is not None
    assert (told.md5, told.path, told.file, told.state) == (MADE, "made", "dvc.lock", "as recorded")


@pytest.mark.parametrize("change", ["bytes", "name", "more", "gone"])
def test_data_that_was_changed_since_is_said_to_be(repository: Path, change: str) -> None:
    picture = repository / "data" / "B.png"
    if change == "bytes":
        picture.write_bytes(b"c")
    elif change == "name":
        picture.rename(picture.with_name("C.png"))
    elif change == "more":
        picture.with_name("C.png").write_bytes(b"")
    else:
        picture.unlink()
    told = data_revision(repository / "data")
    assert told is not None and (told.md5, told.state) == (DATA, "changed")


def test_a_part_of_what_is_tracked_and_a_folder_of_tracked_parts_have_revisions(repository: Path) -> None:
    part = data_revision(repository / "data" / "chest")
    assert part is not None and (part.md5, part.path, part.state) == (DATA, "data", "as recorded")
    (repository / "sets").mkdir()
    (repository / "sets" / "one.bin").write_bytes(b"x")
    (repository / "sets" / "one.bin.dvc").write_text(tracked(FILE, "one.bin"))
    (repository / "sets" / "two.bin").write_bytes(b"x")
    (repository / "sets" / "two.bin.dvc").write_text(tracked(FILE, "two.bin"))
    whole = data_revision(repository / "sets")
    assert whole is not None
    assert (whole.md5, whole.path) == (f"{FILE} {FILE}", "sets/one.bin sets/two.bin")
    assert (whole.file, whole.state) == ("sets/one.bin.dvc sets/two.bin.dvc", "as recorded")
    (repository / "sets" / "two.bin").write_bytes(b"y")
    changed = data_revision(repository / "sets")
    assert changed is not None and changed.state == "changed"


def test_a_hash_of_an_older_dvc_is_not_checked(repository: Path) -> None:
    (repository / "data.dvc").write_text(tracked(DATA, "data", hashed=""))
    (repository / "data" / "B.png").write_bytes(b"c")
    told = data_revision(repository / "data")
    assert told is not None and told.state == "not checked"


def test_what_dvc_does_not_track_has_no_revision(repository: Path, tmp_path: Path) -> None:
    (repository / "else").mkdir()
    assert data_revision(repository / "else") is None
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside.dvc").write_text(tracked(DATA, "outside"))
    assert data_revision(tmp_path / "outside") is None  # no repository of DVC


def test_the_git_revision_says_whether_files_differ_from_it(repository: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        asked = ["git", "-C", str(repository), *who, *words]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    empty = data_revision(repository / "data")
    assert empty is not None and empty.git == ""  # nothing is committed
    git("add", "data.dvc", "dvc.lock")
    git("commit", "--quiet", "--message", "Data")
    git("tag", "v1")
    clean = data_revision(repository / "data")
    assert clean is not None and clean.git == git("rev-parse", "HEAD")
    (repository / "data.dvc").write_text(tracked(MADE, "data"))
    dirty = data_revision(repository / "data")
    assert dirty is not None and dirty.git == git("rev-parse", "HEAD") + "-dirty"
