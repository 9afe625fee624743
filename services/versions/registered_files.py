"""Whether the files of registered versions are in MLflow, and right: none comes into force without them."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePosixPath

from data.errors import NotFound, TrackingAway, UnusableModel
from data.records import ModelVersion
from data.tracking import FILES
from models.weights import SETTINGS, WEIGHTS
from services.containment import contained
from services.task_words import words_of
from services.versions.registry import Registry

log = logging.getLogger(__name__)

EVERY_S = 600.0
_GONE = "The weights of {task} version {version} are not in MLflow any more{copy}."
_OTHERS = "The weights of {task} version {version} in MLflow are not those that were registered{copy}."
_CHANGED = "The settings of {task} version {version} in MLflow are not those that this machine has fetched."
_COPY, _NO_COPY = "; this machine still has a copy", ", and this machine has no copy"
_WHERE = str(PurePosixPath(FILES) / WEIGHTS)


class RegisteredFiles:
    """Looks every ten minutes, in the background.

    Whether the weights are there is one question to MLflow for each version. Whether they are those that were
    registered needs all their bytes, so each look reads those of the versions with an alias (what serves, and
    what is tried beside it), of those that were wrong the last time, and of one more in turn.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._gone: tuple[ModelVersion, ...] = ()
        self._others: dict[tuple[str, str], str] = {}  # (task, version) -> what to say of it
        self._turn = 0
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
                self._read([version for version in versions if version not in self._gone])
                self._ask_again(versions)

    def gone(self) -> tuple[ModelVersion, ...]:
        """The versions whose weights MLflow did not have at the last look."""
        return self._gone

    def trouble(self, task: str | None = None) -> str | None:
        """Which versions of a task, or of all, lack their files or have others, in sentences; or None."""
        said = dict(self._others)
        unusable = dict(self._registry.unusable)  # others note theirs meanwhile
        said |= {key: f"{words_of(key[0]).label}: {why}" for key, why in unusable.items()}
        said |= {_key(version): self._words(version) for version in self._gone}
        return " ".join(words for (name, _), words in said.items() if task in (None, name)) or None

    def lacking(self) -> set[tuple[str, str]]:
        """(task, version) of each that cannot come into force: its files are gone, or are others."""
        gone = {_key(version) for version in self._gone}
        return gone | set(self._others) | set(self._registry.unusable)

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

    def _read(self, versions: Sequence[ModelVersion]) -> None:
        """Read the files of those whose turn it is, and note which are not what was registered."""
        first = [version for version in versions if version.aliases or _key(version) in self._others]
        rest = [version for version in versions if version not in first]
        if rest:
            first.append(rest[self._turn % len(rest)])
            self._turn += 1
        others: dict[tuple[str, str], str] = {}
        for version in first:
            differing = self._differing(version)
            if differing is not None:
                words = self._said(differing, version)
                others[_key(version)] = words
                if _key(version) not in self._others:
                    log.error(words)
        self._others = others

    def _differing(self, version: ModelVersion) -> str | None:
        """What to say of files in MLflow that differ: weights from the hash, settings from the copy.

        The registry keeps no hash of the settings, so they are compared where this machine has a copy.
        """
        held = self._held(version, WEIGHTS) if version.weights_sha256 else None
        if held is not None and hashlib.sha256(held).hexdigest() != version.weights_sha256:
            return _OTHERS
        copy = self._registry.copied_settings(version)
        return _CHANGED if copy is not None and self._held(version, SETTINGS) != copy else None

    def _held(self, version: ModelVersion, name: str) -> bytes | None:
        """One file as MLflow holds it; None where it went since it was asked for."""
        try:
            return self._registry.tracking.artifact(str(version.run_id), str(PurePosixPath(FILES) / name))
        except NotFound:
            return None

    def _ask_again(self, versions: Sequence[ModelVersion]) -> None:
        """Whether files that could not be used are right again."""
        known = {_key(version): version for version in versions}
        for key in list(self._registry.unusable):
            if key not in known:
                self._registry.unusable.pop(key, None)
            elif known[key] not in self._gone:
                with suppress(UnusableModel):
                    self._registry.files(known[key])

    def _tell(self, gone: tuple[ModelVersion, ...]) -> None:
        before = {_key(version) for version in self._gone}
        self._gone = gone
        for version in gone:
            if _key(version) not in before:
                log.error(self._words(version))

    def _words(self, version: ModelVersion) -> str:
        return self._said(_GONE, version)

    def _said(self, words: str, version: ModelVersion) -> str:
        copy = _COPY if self._registry.copied(version) else _NO_COPY
        return words.format(task=words_of(version.name).label, version=version.version, copy=copy)


def _key(version: ModelVersion) -> tuple[str, str]:
    return version.name, version.version
