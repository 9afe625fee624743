"""What is installed on a machine, as far as answers depend on it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping
from pathlib import Path

from data.version import VERSION

Installation = Mapping[str, str]
"""What there is, by name, in its version."""

LIBRARIES = (
    "imagecodecs",
    "nibabel",
    "numpy",
    "openvino",
    "pillow",
    "pydicom",
    "safetensors",
    "scipy",
    "torch",
)
"""What decodes and computes."""
CODE = "Lightbox's code"
_ROOT = Path(__file__).resolve().parents[2]
_OTHER = "The worker on {machine} has {theirs}, and this machine {ours}: bring it to the same state."


def installation() -> Installation:
    """What is installed here."""
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"Lightbox": VERSION, CODE: _code_sha256(), "Python": platform.python_version(), **versions}


def refusal_of(machine: str, theirs: Installation, ours: Installation) -> str | None:
    """Why a worker is not used, in a sentence; None where nothing differs that answers depend on."""
    other = [name for name in ours if theirs.get(name) != ours[name]]
    if not other:
        return None
    return _OTHER.format(machine=machine, theirs=_words(other, theirs), ours=_words(other, ours))


def _words(names: list[str], of: Installation) -> str:
    return ", ".join(f"{name} {of.get(name, 'of no known version')[:20]}" for name in names)


def _code_sha256() -> str:
    """The hash of all that reads; pages and reports are not part of it."""
    digest = hashlib.sha256()
    for wing in ("data", "models", "services"):
        for file in sorted((_ROOT / wing).rglob("*.py")):
            digest.update(str(file.relative_to(_ROOT)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
