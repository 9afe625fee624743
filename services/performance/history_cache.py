"""What MLflow told last, kept in files with its date: read again where MLflow is away."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from data import atomic_files
from data.records import ModelVersion, TrackedRun
from data.tracking import Curves

log = logging.getLogger(__name__)

FORMAT = 1
LARGEST = 16 << 20  # of a run's file that is kept


@dataclass(frozen=True)
class Known:
    """What was read of a task at one moment; `runs` are those behind versions, by id."""

    as_of: datetime
    versions: tuple[ModelVersion, ...]
    runs: dict[str, TrackedRun]
    real_use: tuple[TrackedRun, ...]
    rehearsals: tuple[TrackedRun, ...]
    format: int = FORMAT


@dataclass(frozen=True)
class KeptCurves:
    """Curves of a run, and the state of the run that they were read in."""

    state: str
    curves: Curves = field(default_factory=dict)


_KNOWN: TypeAdapter[Known] = TypeAdapter(Known)
_CURVES: TypeAdapter[dict[str, KeptCurves]] = TypeAdapter(dict[str, KeptCurves])
_NAMES: TypeAdapter[list[str]] = TypeAdapter(list[str])


def state_of(run: TrackedRun) -> str:
    """What changes when a run has more to tell: its status, its end, its last steps."""
    return f"{run.status} {run.ended_at} {sum(run.steps.values())} {len(run.steps)}"


class HistoryCache:
    """Files below `folder`, each written whole; one that cannot be read or written counts as none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def known(self, task: str) -> Known | None:
        """What was last read of a task."""
        known: Known | None = self._read(f"history-{task}.json", _KNOWN.validate_json)
        return known if known is not None and known.format == FORMAT else None

    def keep(self, task: str, known: Known) -> None:
        """Keep what was read of a task, in place of what was."""
        self._write(f"history-{task}.json", _KNOWN.dump_json(known))

    def curves(self, task: str) -> dict[str, KeptCurves]:
        """The kept curves of a task's runs, by run id."""
        return self._read(f"curves-{task}.json", _CURVES.validate_json) or {}

    def keep_curves(self, task: str, curves: dict[str, KeptCurves]) -> None:
        """Keep the curves of a task's runs, in place of those that were."""
        self._write(f"curves-{task}.json", _CURVES.dump_json(curves))

    def names(self, run_id: str) -> list[str] | None:
        """Paths of the files that a run keeps, None where they were never listed."""
        names: list[str] | None = self._read(f"runs/{_hashed(run_id)}/names.json", _NAMES.validate_json)
        return names

    def keep_names(self, run_id: str, names: list[str]) -> None:
        """Keep the list of a run's files."""
        self._write(f"runs/{_hashed(run_id)}/names.json", _NAMES.dump_json(names))

    def file(self, run_id: str, path: str) -> bytes | None:
        """A file of a run, None where it was never fetched."""
        content: bytes | None = self._read(f"runs/{_hashed(run_id)}/{_hashed(path)}", bytes)
        return content

    def keep_file(self, run_id: str, path: str, content: bytes) -> None:
        """Keep a file of a run, unless it is large, as weights are."""
        if len(content) <= LARGEST:
            self._write(f"runs/{_hashed(run_id)}/{_hashed(path)}", content)

    def _read(self, name: str, parsed: Callable[[bytes], Any]) -> Any:
        try:
            return parsed((self._folder / name).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("the cache file %s cannot be read: %r", name, error)
            return None

    def _write(self, name: str, content: bytes) -> None:
        try:
            atomic_files.write(self._folder / name, content)
        except OSError as error:
            log.warning("the cache file %s cannot be written: %r", name, error)


def _hashed(name: str) -> str:
    """A name from elsewhere as a file name."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]
