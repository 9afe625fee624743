"""Which code makes an answer, as hashes of its sources: what a version number alone does not tell."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from models import imaging
from models.task import Task

MODELS = Path(__file__).resolve().parent


def preprocessing_sha256(task: Task) -> str:
    """The hash of what makes inputs of a scan: the module of the task's `prepare`, and `models.imaging`."""
    return sources_sha256((Path(inspect.getfile(task.prepare)), Path(inspect.getfile(imaging))))


@cache
def models_sha256() -> str:
    """The hash of every source of `models`: networks, preprocessing, what makes an answer of raw outputs."""
    return sources_sha256(sorted(MODELS.rglob("*.py")))


@cache
def _file_sha256(file: Path) -> str:
    # Of this process: a source that is changed while it runs changes nothing of what it does.
    return hashlib.sha256(file.read_bytes()).hexdigest()


def sources_sha256(files: Iterable[Path]) -> str:
    """One hash of these files' contents, in their order; where they lie does not count."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        digest.update(_file_sha256(file).encode())
    return digest.hexdigest()
