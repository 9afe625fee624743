"""What is installed is what was pinned, by hash, and under licences that are known."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from scripts.licences import STRONG_COPYLEFT, licence_of, packages

ROOT = Path(__file__).parents[1]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[\w+\])?==(\S+)", re.MULTILINE)
LOCKS = {
    "requirements.txt": "requirements.lock",
    "requirements-dev.txt": "requirements-dev.lock",
    "deploy/python_client/requirements.in": "deploy/python_client/requirements.txt",
    "deploy/terraform/checks/requirements.in": "deploy/terraform/checks/requirements.txt",
    "deploy/terraform/checks/providers.in": "deploy/terraform/checks/providers.txt",
    "deploy/dvc/requirements.in": "deploy/dvc/requirements.txt",
    "deploy/airflow/requirements.in": "deploy/airflow/requirements.txt",
    "deploy/ray/requirements.in": "deploy/ray/requirements.txt",
}
GPL = {"pylibjpeg-libjpeg"}


def _pins(file: str) -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for name, pinned in PINNED.findall((ROOT / file).read_text()):
        pins.setdefault(re.sub(r"[._-]+", "-", name).lower(), set()).add(pinned)
    return pins


@pytest.mark.parametrize("asked", LOCKS)
def test_the_lock_follows_from_what_is_asked_for(asked: str) -> None:
    """`make lock` after a change to the requirements."""
    locked = _pins(LOCKS[asked])
    assert {name: pin for name, pin in _pins(asked).items() if locked.get(name) != pin} == {}


def test_both_locks_agree() -> None:
    development = _pins("requirements-dev.lock")
    assert {
        name: pins for name, pins in _pins("requirements.lock").items() if development.get(name) != pins
    } == {}


@pytest.mark.parametrize("lock", LOCKS.values())
def test_every_package_has_its_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages_and_hashes = re.split(r"\n(?=\S)", text.strip())
    assert [package for package in packages_and_hashes if "--hash=sha256:" not in package] == []
    assert "://" not in text  # a package comes from the index that is set up, whichever that is


def test_what_runs_here_is_what_was_locked() -> None:
    for name, pins in _pins("requirements.lock").items():
        try:
            assert version(name) in pins, name
        except PackageNotFoundError:
            continue  # of another platform


def test_a_licence_of_the_gpl_is_named() -> None:
    strong = {each.name for each in packages() if STRONG_COPYLEFT.search(each.licence)}
    assert strong == GPL
    page = (ROOT / "docs" / "licences.md").read_text()
    assert all(f"`{name}`" in page for name in GPL)
    assert [each.name for each in packages() if each.licence == "not said"] == []


@pytest.mark.parametrize(
    ("licence", "strong"),
    [("GPL V3.0", True), ("AGPL-3.0-only", True), ("LGPL-3.0-only", False), ("MIT", False)]
    + [("GNU General Public License v3 (GPLv3)", True)]
    + [("GNU Lesser General Public License v2 or later (LGPLv2+)", False)],
)
def test_which_licences_are_strong(licence: str, strong: bool) -> None:
    assert bool(STRONG_COPYLEFT.search(licence)) is strong


def test_a_package_that_is_not_there_has_no_licence() -> None:
    with pytest.raises(PackageNotFoundError):
        licence_of("no-such-package")
