"""A version comes in that was trained elsewhere, or that ships beside the task's own.

Unpacked, checked, loaded once, tried on a phantom, registered.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.codec import parsed
from data.database import now
from data.errors import InvalidInput, RefusedScan, UnusableModel
from data.formats.archives.zip_and_gzip import damage_told, is_folder
from data.records import AuditEvent, ModelVersion, Precedence, Spacing, User
from data.stores.audit import AuditLog
from models import outside, weights
from models.task import Task, TaskKind
from models.weights import Trained
from services.inference.engine import Engine
from services.inference.faults import NETWORK_FAULTS
from services.permissions import Permission, require
from services.reading.reader import Reader
from services.versions.registry import Registry, flat

MOST_BYTES = 4 << 30
NEEDED = (weights.WEIGHTS, weights.SETTINGS)
TAKEN = weights.FILES
UPLOADED_BY = "lightbox.uploaded_by"
_UPLOADED = "uploaded"


@dataclass(frozen=True)
class Alternative:
    """What there is to know of a version that ships beside the task's own, before it is registered."""

    sha256: str
    metrics: dict[str, float]
    notes: tuple[str, ...]
    """What its makers say of it."""
    card: str
    """Its model card, in markdown."""


class ModelUploads:
    """Versions that were trained elsewhere."""

    def __init__(
        self, registry: Registry, engine: Engine, reader: Reader, tasks: Mapping[str, Task], audit: AuditLog
    ) -> None:
        self._registry = registry
        self._engine = engine
        self._reader = reader.wanted(Precedence.BACKGROUND)
        self._tasks = tasks
        self._audit = audit

    def take(self, task: str, archive: Path, user: User, description: str = "") -> ModelVersion:
        """Register what a zip holds; raises NotAllowed, InvalidInput, UnusableModel, Busy."""
        require(user, Permission.REGISTER_VERSIONS)
        with tempfile.TemporaryDirectory(prefix="lightbox-version-") as folder:
            _unpack(archive, Path(folder))
            return self._registered(task, Path(folder), user.display_name, user.id, description)

    def alternatives(self, task: str, known: Iterable[ModelVersion]) -> dict[str, Alternative]:
        """Versions that ship beside the task's own and are none of the registered ones, `known`; by name."""
        registered = {version.weights_sha256 for version in known}
        shipped = {name: _shipped(folder) for name, folder in weights.alternatives(self._tasks[task]).items()}
        return {name: made for name, made in shipped.items() if made.sha256 not in registered}

    def take_alternative(self, task: str, name: str, user: User) -> ModelVersion:
        """Register a version that ships beside the task's own, by its name. Raises as `take` does."""
        require(user, Permission.REGISTER_VERSIONS)
        shipped = weights.alternatives(self._tasks[task]) if task in self._tasks else {}
        if name not in shipped:
            raise InvalidInput(f"No version called {name!r} ships for {task}.")
        notes = [f"{note}." for note in _shipped(shipped[name]).notes]
        said = " ".join([f"Ships with Lightbox, on another network: {name}.", *notes])
        return self._registered(task, shipped[name], user.display_name, user.id, said)

    def take_folder(self, task: str, folder: Path, who: str, description: str = "") -> ModelVersion:
        """Register the files in a folder, for the command line. Raises as `take` does."""
        with tempfile.TemporaryDirectory(prefix="lightbox-version-") as copies:
            for name in TAKEN:
                if (folder / name).is_file():
                    shutil.copyfile(folder / name, Path(copies, name))
            return self._registered(task, Path(copies), who, None, description)

    def _registered(
        self, task: str, folder: Path, who: str, user_id: str | None, description: str
    ) -> ModelVersion:
        if task not in self._tasks:
            raise InvalidInput(f"There is no task {task!r}; the tasks are {', '.join(sorted(self._tasks))}.")
        trained = _opened(folder)
        digest = trained.sha256
        known = self._registry.registered_as(task, digest, trained.decision)
        if known is not None:
            raise InvalidInput(f"These weights are registered already, as version {known.version}.")
        self._try(self._tasks[task], trained)
        said = description.strip()[:500] or "Uploaded; not yet promoted."
        # First: MLflow has transactions of its own. What comes after names the number that it gave.
        self._audit.record(AuditEvent(now(), user_id, "model.register", task, f"weights {digest[:12]}"))
        made = self._registry.add(task, folder, who, said, {UPLOADED_BY: who})
        detail = f"version {made.version}, weights {digest[:12]}"
        self._audit.record(AuditEvent(now(), user_id, "model.registered", task, detail))
        return made

    def _try(self, task: Task, trained: Trained) -> None:
        """Load it beside what serves and have it answer a phantom, from pixels to the answer."""
        try:
            loaded = self._engine.beside(task, trained, _UPLOADED)
        except UnusableModel as error:  # it has no number yet
            said = str(error).replace(f"Version {_UPLOADED}", "The uploaded version")
            raise UnusableModel(said.replace(f"version {_UPLOADED}", "the uploaded version")) from error
        phantom = _phantom()
        try:
            answer = self._reader.read_by(loaded, phantom, Spacing(5.0, 2.0, 2.0)).answer
        except NETWORK_FAULTS as error:
            raise UnusableModel("The uploaded version could not read a phantom.") from error
        sound = 0.0 <= answer.probability <= 1.0
        if task.kind is TaskKind.SEGMENTATION:
            sound = sound and answer.mask is not None and answer.mask.shape == phantom.shape
        if not sound:
            raise UnusableModel("The uploaded version does not answer a phantom as it should.")


@cache  # what ships does not change while a server runs, and an open page asks every few seconds
def _shipped(folder: Path) -> Alternative:
    trained, card = weights.opened(folder), folder / weights.CARD
    notes = tuple(map(str, trained.facts.get("notes", ())))
    return Alternative(
        trained.sha256, flat(trained.metrics), notes, card.read_text() if card.exists() else ""
    )


def _unpack(archive: Path, into: Path) -> None:
    """The files that make a version, wherever in the zip they lie; others are left out."""
    try:
        with damage_told(), zipfile.ZipFile(archive) as opened:
            members = {Path(info.filename).name: info for info in opened.infolist() if not is_folder(info)}
            wanted = [members[name] for name in TAKEN if name in members]
            if sum(member.file_size for member in wanted) > MOST_BYTES:
                raise InvalidInput(f"A version may have at most {MOST_BYTES >> 30} GiB of files.")
            for member in wanted:
                with opened.open(member) as source, (into / Path(member.filename).name).open("wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
    except RefusedScan as error:
        raise InvalidInput("This is not a zip that can be opened.") from error


def _opened(folder: Path) -> Trained:
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise InvalidInput(f"A version needs {' and '.join(NEEDED)}; missing: {', '.join(missing)}.")
    try:
        trained = weights.opened(folder)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{weights.SETTINGS} cannot be read: it needs decision, metrics and facts as `train` writes them."
        ) from error
    try:
        measured = outside.opened(folder)
    except ValueError as error:
        raise InvalidInput(f"{weights.OUTSIDE} cannot be read as `evaluate --outside` writes it.") from error
    _refuse_other_evaluations(folder / weights.EVALUATION)
    if measured is not None and measured.weights_sha256 != trained.sha256:
        raise InvalidInput(f"{weights.OUTSIDE} was measured with other weights than these.")
    return trained


def _refuse_other_evaluations(file: Path) -> None:
    """Pages draw curves from it, long after."""
    try:
        if file.exists() and not isinstance(parsed(file.read_text()), dict):
            raise ValueError("no object")
    except ValueError as error:
        raise InvalidInput(f"{weights.EVALUATION} cannot be read as `train` writes it.") from error


def _phantom() -> NDArray[np.int16]:
    """Something like a head, (3, 96, 96): an ellipse with a brighter rim, texture, and a bright spot."""
    rows, columns = np.mgrid[-1:1:96j, -1:1:96j]
    radius = (rows / 0.9) ** 2 + (columns / 0.7) ** 2
    picture = np.where(radius < 1, 300.0, 10.0) + np.where((radius > 0.85) & (radius < 1), 250.0, 0.0)
    picture += np.where((rows - 0.2) ** 2 + (columns + 0.2) ** 2 < 0.02, 350.0, 0.0)
    texture = np.random.default_rng(0).normal(0, 12, (3, 96, 96))
    return np.clip(picture + texture, 0, None).astype(np.int16)
