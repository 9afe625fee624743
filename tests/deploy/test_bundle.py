"""A bundle sets itself up where no network is: `make run` in it asks nobody for a package."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts.bundle import BUILT, LOCK, ROOT, STAMPS, bundle_name, pack

NAME = "lightbox-test"
NOBODY = "http://127.0.0.1:9"  # an index at which nobody answers
APP = "import sys, tiny\nprint(sys.argv[1], tiny.VERSION, tiny.__file__)\n"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _wheel(folder: Path) -> Path:
    """A package of one file."""
    about = {
        "tiny.py": "VERSION = 'tiny 1.0'\n",
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "tiny-1.0.dist-info/RECORD"
    lines = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in about.items()]
    folder.mkdir()
    wheel = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name, text in {**about, record: "\n".join([*lines, f"{record},,"]) + "\n"}.items():
            packed.writestr(name, text)
    return wheel


def _git(root: Path, *command: str) -> None:
    somebody = ["-c", "user.name=A", "-c", "user.email=a@clinic.example"]
    subprocess.run(["git", *somebody, *command], cwd=root, check=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout that is set up, with the Makefile of this one."""
    wheel = _wheel(tmp_path / "index")
    of_others = ("PIP_", "MAKE", "MFLAGS")  # the tests may be run by a make themselves
    for name in [name for name in os.environ if name.startswith(of_others)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    root = tmp_path / "checkout"
    sources = {
        "app.py": APP,
        LOCK: f"tiny==1.0 \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n",
        ".gitignore": "".join(f"/{built}/\n" for built in BUILT) + "notes.txt\n",
        **dict.fromkeys(("mkdocs.yml", "package.json", "package-lock.json", "dashboard/vendor.py"), ""),
        **dict.fromkeys(STAMPS, ""),
        "notes.txt": "not committed",
    }
    for name, text in sources.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    shutil.copy(ROOT / "Makefile", root)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        _git(root, *command)
    return root


def _without_network(command: list[str]) -> list[str]:
    """The command in a network namespace that leads nowhere, where this machine allows to make one."""
    unshare = ["unshare", "--net"]
    allowed = shutil.which("unshare") and not subprocess.run([*unshare, "true"], check=False).returncode
    return [*unshare, *command] if allowed else command


def test_an_unpacked_bundle_runs_without_any_network(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack(checkout, NAME, tmp_path / "dist")
    assert sorted(file.name for file in archive.parent.iterdir()) == [f"{NAME}.tar", f"{NAME}.tar.sha256"]
    subprocess.run(["sha256sum", "--quiet", "-c", f"{archive.name}.sha256"], cwd=archive.parent, check=True)
    shutil.rmtree(tmp_path / "index")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", NOBODY)
    away = tmp_path / "away"
    with tarfile.open(archive) as packed:
        packed.extractall(away, filter="data")
    assert not (away / NAME / "notes.txt").exists() and not (away / NAME / ".git").exists()
    for _ in range(2):  # the second start sets nothing up
        told = subprocess.run(
            _without_network(["make", "run"]), cwd=away / NAME, check=True, capture_output=True, text=True
        )
        said = told.stdout.splitlines()[-1]
        assert said.startswith("serve tiny 1.0 ") and str(away) in said
    assert "pip install" not in told.stdout


def test_a_checkout_that_is_not_set_up_makes_none(checkout: Path, tmp_path: Path) -> None:
    (checkout / STAMPS[1]).unlink()
    with pytest.raises(SystemExit, match="make setup"):
        pack(checkout, NAME, tmp_path / "dist")


def test_a_package_that_is_not_the_locked_one_makes_none(checkout: Path, tmp_path: Path) -> None:
    lock = (checkout / LOCK).read_text()
    (checkout / LOCK).write_text(f"{lock[:-5]}0000\n")
    _git(checkout, "commit", "-qam", "another hash")
    with pytest.raises(subprocess.CalledProcessError):
        pack(checkout, NAME, tmp_path / "dist")
    assert list((tmp_path / "dist").iterdir()) == []


def test_its_name_says_for_which_machines_it_is() -> None:
    system, processor, python = bundle_name("1.2.3").removeprefix("lightbox-1.2.3-").split("-")
    assert system == "linux" and processor in ("x86_64", "aarch64") and python.startswith("cp3")
