"""What drift is measured against: frozen sets under a name, of a version's training data or of a period."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data import house_clock
from data.codec import to_json
from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.feature_files import read, written
from data.files import FileStore
from data.records import DriftAsk, DriftReference, ReferenceKind, User
from data.stores.drift import DriftReferenceStore
from reports.drift_columns import FEWEST, MOST_ROWS
from services import keys
from services.drift.accepted_month import first_accepted
from services.drift.periods import bounds_of_month
from services.drift.windows import Window, Windows
from services.permissions import Permission, require
from services.task_words import words_of

if TYPE_CHECKING:
    import pandas as pd

LIGHTBOX = "lightbox"
MOST_FIRST = 1000
"""Readings in a reference that is made because there is no training data."""
LONGEST_NAME = 60
_RARE = 0.05  # of a window: what is rarer does not say what the window holds
ACCEPTED = "accepted"
TrainingFile = Callable[[str, str | None], tuple[str, Path | None]]
"""(task, version or None for the one in force) -> (version, where its training reference lies)."""


@dataclass(frozen=True)
class OpenedReference:
    """A reference with its rows, and their vectors (n, d) where it has any."""

    reference: DriftReference
    frame: pd.DataFrame
    vectors: NDArray[Any] | None
    notes: tuple[str, ...] = ()
    provisional: bool = False  # it stands in for one of this house: what differs from it is no alarm

    @property
    def result_ids(self) -> list[str]:
        """The results that it holds; none of training data."""
        return [] if self.reference.kind is ReferenceKind.TRAINING else list(self.frame.index)


def same_kind(reference: OpenedReference, window: pd.DataFrame) -> OpenedReference:
    """The part of training data that is what the window is: volumes, lone slices, or both.

    A training set holds both; a department that sends volumes only would always seem to drift from it. A
    kind counts from a twentieth of the window on; a part that is too small to judge by is not taken.
    """
    frame = reference.frame
    if reference.reference.kind is not ReferenceKind.TRAINING or not len(window):
        return reference
    if not {"slices"} <= set(frame.columns) & set(window.columns):
        return reference
    volumes, ours = frame["slices"].to_numpy() > 1, float((window["slices"] > 1).mean())
    if _RARE <= ours <= 1 - _RARE:
        return reference
    rows, words = (volumes, "volumes") if ours > _RARE else (~volumes, "lone slices")
    if rows.all() or rows.sum() < FEWEST:
        return reference
    note = (
        f"The window holds {words}; of the reference's {len(frame):,} scans the {rows.sum():,} {words} count."
    )
    return replace(
        reference,
        reference=replace(reference.reference, n=int(rows.sum())),
        frame=frame[rows],
        vectors=None if reference.vectors is None else reference.vectors[rows],
        notes=(*reference.notes, note),
    )


class DriftReferences:
    """Makes, keeps and opens references; none ever changes."""

    def __init__(
        self, store: DriftReferenceStore, files: FileStore, windows: Windows, training_file: TrainingFile
    ) -> None:
        self._store = store
        self._files = files
        self._windows = windows
        self._training_file = training_file

    def all(self, task: str) -> list[DriftReference]:
        """The task's references that may be chosen, newest first; what rules came to stays with its runs."""
        return [known for known in self._store.all(task) if known.kind is not ReferenceKind.ROLLING]

    def get(self, reference_id: str) -> DriftReference:
        """One reference; raises NotFound."""
        reference = self._store.get(reference_id)
        if reference is None:
            raise NotFound("There is no such reference.")
        return reference

    def named(self, task: str, name: str) -> DriftReference:
        """The task's reference of this name or id; raises NotFound."""
        for reference in self._store.all(task):
            if reference.id == name or reference.name.casefold() == name.strip().casefold():
                return reference
        raise NotFound(f"There is no reference called “{name}” for {task}.")

    def freeze(self, ask: DriftAsk, name: str, user: User) -> DriftReference:
        """Keep a window of readings as a reference; raises InvalidInput where it is too small."""
        require(user, Permission.RUN_DRIFT)
        words = " ".join(name.split())[:LONGEST_NAME]
        if not words:
            raise InvalidInput("Give the reference a name first.")
        window = self._windows.window(ask)
        if len(window.frame) < FEWEST:
            raise InvalidInput(
                f"A reference needs at least {FEWEST} readings; this window has {len(window.frame)}."
            )
        return self._of_window(ask.task, words, window, to_json(ask), user.id)

    def delete(self, reference_id: str, user: User) -> None:
        """Forget a reference and its rows; runs that were measured against it stay as they are."""
        require(user, Permission.RUN_DRIFT)
        self._store.delete(reference_id)
        self._files.delete(keys.drift_reference(reference_id))

    def opened(self, task: str, reference_id: str) -> OpenedReference:
        """A reference with its rows; NotFound for one that is gone, InvalidInput for another task's."""
        reference = self.get(reference_id)
        if reference.task != task:
            raise InvalidInput(f"“{reference.name}” is a reference of {reference.task}, not of {task}.")
        frame, vectors = read(self._files.get(keys.drift_reference(reference.id)))
        return OpenedReference(reference, frame, vectors)

    def training(self, task: str, version: str | None = None) -> DriftReference | None:
        """The training data of a version (None: the one in force), frozen at its first use."""
        version, file = self._training_file(task, version)
        if file is None:
            return None
        content = file.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        for known in self._store.all(task):
            if (known.kind, known.version, known.sha256) == (ReferenceKind.TRAINING, version, sha256):
                return known
        n = len(read(content)[0])
        name = self._free_name(task, f"Training data of {words_of(task).label} {version}")
        return self._kept(task, name, version, ReferenceKind.TRAINING, "", n, content, LIGHTBOX)

    def version_in_force(self, task: str) -> str:
        """The version whose training data is meant where none is named."""
        return self._training_file(task, None)[0]

    def accepted(self, task: str, at: datetime) -> DriftReference | None:
        """The house's first accepted month, frozen at its first use; None where there is none yet."""
        query = f"{ACCEPTED}{' synthetic' if self._windows.only_synthetic(task) else ''}"
        for known in self._store.all(task):
            if known.made_by == LIGHTBOX and known.query.startswith(query + " 2"):
                return known
        month = first_accepted(self._windows.months(task), house_clock.day_of(at).isoformat())
        if month is None:
            return None
        window = self._windows.between(task, *bounds_of_month(month.name), "", month.name)
        if len(window.frame) < FEWEST:
            return None
        name = self._free_name(task, f"First accepted month of {task}, {month.name}")
        return self._of_window(task, name, window, f"{query} {month.name}", LIGHTBOX)

    def rolling(self, task: str, name: str, window: Window, query: str) -> DriftReference:
        """What a rule came to for one window, kept for its run; equal sets once."""
        return self._of_window(task, name, window, query, LIGHTBOX, ReferenceKind.ROLLING)

    def first_readings(self, task: str) -> DriftReference:
        """The largest set of first readings there is; a small one gives way once twice as many are here."""
        n = min(MOST_FIRST, self._windows.count(task) // 2)
        synthetic = self._windows.only_synthetic(task)
        query = f"first{' synthetic' if synthetic else ''}"
        made = [known for known in self._store.all(task) if (known.made_by, known.query) == (LIGHTBOX, query)]
        largest = max(made, key=lambda reference: reference.n, default=None)
        if largest is not None and (largest.n >= MOST_FIRST or n < 2 * largest.n):
            return largest
        if n < FEWEST:
            raise InvalidInput(
                f"There are too few readings of {task} to make a reference of: {2 * FEWEST} are needed."
            )
        window = self._windows.first(task, n)
        name = self._free_name(task, f"First {len(window.frame):,} readings of {task}")
        return self._of_window(task, name, window, query, LIGHTBOX)

    def _of_window(
        self,
        task: str,
        name: str,
        window: Window,
        query: str,
        made_by: str,
        kind: ReferenceKind = ReferenceKind.PERIOD,
    ) -> DriftReference:
        version = next(iter(window.versions), None)
        frame = window.frame.iloc[-MOST_ROWS:]
        content = written(frame, self._windows.vectors(version)(frame).astype(np.float16))
        only = version if len(window.versions) == 1 else None
        if kind is ReferenceKind.ROLLING:
            sha256 = hashlib.sha256(content).hexdigest()
            for known in self._store.all(task):
                if (known.kind, known.sha256, known.query) == (kind, sha256, query):
                    return known
            name = self._free_name(task, name)
        return self._kept(task, name, only, kind, query, len(frame), content, made_by)

    def _kept(
        self,
        task: str,
        name: str,
        version: str | None,
        kind: ReferenceKind,
        query: str,
        n: int,
        content: bytes,
        made_by: str,
    ) -> DriftReference:
        sha256 = hashlib.sha256(content).hexdigest()
        made = DriftReference(new_id(), name, task, version, kind, query, n, sha256, made_by, now())
        self._files.put(keys.drift_reference(made.id), content)  # a row without its file would be worse
        try:
            return self._store.add(made)
        except InvalidInput:
            self._files.delete(keys.drift_reference(made.id))
            raise

    def _free_name(self, task: str, name: str) -> str:
        taken = Counter(reference.name.casefold() for reference in self._store.all(task))
        for number in range(1, 1000):
            candidate = name if number == 1 else f"{name} ({number})"
            if candidate.casefold() not in taken:
                return candidate
        return f"{name} ({new_id()[:8]})"
