"""One number in one place."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import data.records
from data.version import VERSION

ROOT = Path(__file__).resolve().parents[1]


def test_the_project_takes_its_version_from_the_code() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in settings["project"]
    assert settings["project"]["dynamic"] == ["version"]
    assert settings["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "data.version.VERSION"}
    assert data.records.VERSION is VERSION


def test_the_list_of_javascript_states_no_version_of_its_own() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for listed in (json.loads((ROOT / "package.json").read_text()), lock, lock["packages"][""]):
        assert (listed["name"], listed.get("version")) == ("lightbox", None)


def test_the_changelog_is_not_ahead_of_the_code() -> None:
    released = re.findall(r"^## \[(\d+)\.(\d+)\.(\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    newest = tuple(int(part) for part in released[0])
    assert newest <= tuple(int(part) for part in VERSION.split("."))


def test_no_other_file_of_ours_states_it() -> None:
    stated = re.compile(rf"""version["']?\s*[=:]\s*["']{re.escape(VERSION)}["']""", re.IGNORECASE)
    files = [*ROOT.glob("*.*"), *(ROOT / "data").rglob("*.py"), *(ROOT / "services").rglob("*.py")]
    files += [*(ROOT / "dashboard").glob("**/*.py"), *(ROOT / "reports").glob("*.py")]
    files.remove(ROOT / "package-lock.json")  # versions of others, and none of its own: see above
    saying = {file for file in files if file.is_file() and stated.search(file.read_text(errors="replace"))}
    assert {file.relative_to(ROOT).as_posix() for file in saying} == {"data/version.py"}
