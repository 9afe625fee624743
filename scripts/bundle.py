"""Everything for a machine without a network, in one tar: `python scripts/bundle.py FOLDER` (`make bundle`).

The committed sources, every package of the lock, the pages' scripts and the manuals. Where it is unpacked,
`make run` asks no index for anything (the Makefile sees the folder `wheels`). It is for machines of the
processor, system and Python that it was made with, which its name says.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK, WHEELS = "requirements.lock", "wheels"
BUILT = ("dashboard/assets/vendor", "dashboard/manuals/site")
"""Made at set-up, in no commit; what `make` looks at in them has to be newer than its sources."""
STAMPS = ("dashboard/assets/vendor/.installed", "dashboard/manuals/site/index.html")


def bundle_name(version: str) -> str:
    """Such as lightbox-0.2.0-linux-x86_64-cp311."""
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    return f"lightbox-{version}-{sys.platform}-{platform.machine()}-{python}"


def download(lock: Path, wheels: Path) -> None:
    """Every package of a lock as a wheel, by its hash. Raises CalledProcessError where that cannot be."""
    options = [
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
    ]
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            *options,
            "--dest",
            str(wheels),
            "--requirement",
            str(lock),
        ],
        check=True,
    )


def pack(root: Path, name: str, folder: Path) -> Path:
    """Write the bundle of a checkout that is set up, and the SHA-256 beside it; returns the tar.

    Raises SystemExit where the checkout is not set up.
    """
    for stamp in STAMPS:
        if not (root / stamp).is_file():
            raise SystemExit(f"There is no {stamp}: run `make setup` first.")
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{name}.tar"
    with tempfile.TemporaryDirectory(dir=folder) as kept:
        tree = Path(kept) / name
        _sources(root, tree)
        for built in BUILT:
            shutil.copytree(root / built, tree / built)
        download(tree / LOCK, tree / WHEELS)
        for stamp in STAMPS:
            os.utime(tree / stamp)
        with tarfile.open(archive, "w") as packed:
            packed.add(tree, name)
    (folder / f"{archive.name}.sha256").write_text(f"{_sha256(archive)}  {archive.name}\n")
    return archive


def _sources(root: Path, tree: Path) -> None:
    """What is committed, as it is committed."""
    told = subprocess.run(
        ["git", "archive", "--format=tar", "HEAD"], cwd=root, check=True, capture_output=True
    )
    with tarfile.open(fileobj=io.BytesIO(told.stdout)) as archive:
        archive.extractall(tree, filter="data")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from data.version import VERSION

    sys.stdout.write(f"{pack(ROOT, bundle_name(VERSION), Path(sys.argv[1]))}\n")
