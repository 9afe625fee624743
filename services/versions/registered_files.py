"""Whether the files of registered versions are in MLflow, and right: none comes into force without them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePosixPath

from data.errors import NotFound, TrackingAway, UnusableModel
from data.records import ModelVersion
from data.tracking import FILES
from models.weights import WEIGHTS
from services.containment import contained
from services.versions.registry import Registry

log = logging.getLogger(__name__)

EVERY_S = 600.0
_GONE = "The weights of {task} version {version} are not in MLflow any more{copy}."
_COPY, _NO_COPY = "; this machine still has a copy", ", and this machine has no copy"
_WHERE = str(PurePosixPath(FILES) / WEIGHTS)


class RegisteredFiles:
    """Looks every ten minutes, in the background: it is one question to MLflow for each version."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._gone: tuple[ModelVersion, ...] = ()
        self._ending = threading.Event()

    def start(self) -> None:
        """Look once every network is loaded, and again and again."""
        threading.Thread(target=self._watch, name="registered-files", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._ending.set()

    def look(self) -> None:
        """Ask MLflow now; while it gives no answer, what it said the last time stands."""
        with suppress(TrackingAway):  # the registry says so
            versions = self._registry.versions()
            if versions:  # none: MLflow is away
                self._tell(tuple(version for version in versions if not self._kept(version)))
                self._ask_again(versions)

    def gone(self) -> tuple[ModelVersion, ...]:
        """The versions whose weights MLflow did not have at the last look."""
        return self._gone

    def trouble(self, task: str | None = None) -> str | None:
        """Which versions of a task, or of all, lack their files, in sentences; None where none does.

        Whether the files are those that were registered is known of what somebody has tried to use.
        """
        said = {key: f"{key[0]}: {why}" for key, why in self._registry.unusable.items()}
        said |= {(version.name, version.version): self._words(version) for version in self._gone}
        return " ".join(words for (name, _), words in said.items() if task in (None, name)) or None

    def lacking(self) -> set[tuple[str, str]]:
        """(task, version) of each that cannot come into force: its files are gone, or are others."""
        return {(version.name, version.version) for version in self._gone} | set(self._registry.unusable)

    def _watch(self) -> None:
        self._registry.wait_until_ready(EVERY_S)
        while not self._ending.is_set():
            contained(self.look, "the files of registered versions could not be looked for")
            self._ending.wait(EVERY_S)

    def _kept(self, version: ModelVersion) -> bool:
        if version.run_id is None:
            return False
        try:
            return _WHERE in self._registry.tracking.artifacts(version.run_id, FILES)
        except NotFound:  # the run itself is gone
            return False

    def _ask_again(self, versions: Sequence[ModelVersion]) -> None:
        """Whether files that could not be used are right again."""
        known = {(version.name, version.version): version for version in versions}
        for key in list(self._registry.unusable):
            if key not in known:
                self._registry.unusable.pop(key, None)
            elif known[key] not in self._gone:
                with suppress(UnusableModel):
                    self._registry.files(known[key])

    def _tell(self, gone: tuple[ModelVersion, ...]) -> None:
        before = {(version.name, version.version) for version in self._gone}
        self._gone = gone
        for version in gone:
            if (version.name, version.version) not in before:
                log.error(self._words(version))

    def _words(self, version: ModelVersion) -> str:
        copy = _COPY if self._registry.copied(version) else _NO_COPY
        return _GONE.format(task=version.name, version=version.version, copy=copy)
