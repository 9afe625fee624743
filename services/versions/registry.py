"""Which model version is in force: asked of MLflow by alias, loaded into the engine.

When MLflow is away, or the champion cannot be loaded, the champion that was last fetched serves on;
before there was one, the weights that ship with Lightbox do.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from data import atomic_files
from data.errors import NotFound, TrackingAway, UnusableModel
from data.records import ModelVersion
from data.tracking import CHALLENGER, CHAMPION, Tracking
from models import weights
from models.outside import metrics_of
from models.task import Decision, Task, TaskKind
from models.weights import Trained
from services.containment import contained
from services.inference.engine import Engine

log = logging.getLogger(__name__)

SHIPPED = "shipped"
PROMOTED_BY, PROMOTED_AT, REASON = "lightbox.promoted_by", "lightbox.promoted_at", "lightbox.reason"
"""Tags of a version that went live: who let it, when, and why."""

THRESHOLD_OF = "lightbox.threshold_of"
"""Tag: the version whose weights these are, with another threshold."""
_AWAY = "The model registry cannot be reached, so nothing was changed; please try again in a moment."
_BROKEN = (
    "The version in force was not loaded, as something went wrong inside Lightbox (error {error_id}); "
    "the last known one serves on."
)
_NOT_THE_SAME = "The files of version {version} are not those that were registered, so it cannot be used."
_GONE = "The files of version {version} are not in MLflow any more, so it cannot be used."
_NOT_OURS = "Version {version} was registered without Lightbox's files and cannot be used."
SPLIT = "split.csv"
"""The file of a training run that lists its patients, with the part that each was in."""
EXPERIMENT = "lightbox-{task}"
NOTED = "champion.json"
"""The file that notes which version of a task served last on this machine."""
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What comes of JSON that was cut off, or says something else."""


class Registry:
    """Model versions, by task."""

    def __init__(self, tracking: Tracking, folder: Path, tasks: Iterable[Task]) -> None:
        self.tracking = self._tracking = tracking
        self._folder = folder
        self._tasks = {task.name: task for task in tasks}
        self._started = threading.Event()
        self.trouble: str | None = None
        self.unusable: dict[tuple[str, str], str] = {}
        """(task, version) -> why its files could not be used when they were last asked for."""
        self.changes = 0
        """So many times this process changed something in the registry: pages follow it."""

    @property
    def clinical(self) -> list[str]:
        """The tasks that clinicians get answers from."""
        return [task.name for task in self._tasks.values() if task.kind is not TaskKind.ROUTING]

    @property
    def ready(self) -> bool:
        """Whether every task has had its network loaded, or tried to."""
        return self._started.is_set()

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Wait for `load_all` to end; False when the time is up."""
        return self._started.wait(timeout_s)

    def load_all(self, engine: Engine) -> None:
        """Bring each task's champion into the engine; what ships is registered where nothing is."""
        try:
            for task in self._tasks.values():
                if not self._load_champion(task, engine):
                    self._load_known(task, engine)
        finally:
            self._started.set()

    def versions(self, task: str | None = None) -> list[ModelVersion]:
        """Registered versions, newest first; empty while MLflow is away."""
        names = [task] if task else list(self._tasks)
        try:
            versions = [version for name in names for version in self._tracking.versions(name)]
        except TrackingAway as away:
            self._note_away(away)
            return []
        self.trouble = None
        return versions

    def version(self, task: str, number: str) -> ModelVersion:
        """One registered version; raises NotFound, and TrackingAway."""
        with self._telling_trouble():
            registered = self._tracking.registered(task) if task in self._tasks else []
        for version in registered:
            if version.version == number:
                return version
        raise NotFound("There is no such version.")

    def trained_patients(self, task: str, number: str) -> frozenset[str] | None:
        """Who the run of a version lists as its training or validation data, in the words of its data sets.

        Training notes every patient in `split.csv`; None where a version's run has none, such as one that was
        uploaded. One that differs by its threshold alone was trained as its source.
        Raises NotFound for a version that there is not, TrackingAway.
        """
        version = self.version(task, number)
        source = version.tags.get(THRESHOLD_OF)
        if source is not None:
            with suppress(NotFound):  # somebody may have deleted it in MLflow since
                return self.trained_patients(task, source)
        if version.run_id is None:
            return None
        try:
            with self._telling_trouble():
                split = self._tracking.artifact(version.run_id, SPLIT).decode()
        except NotFound:
            return None
        return frozenset(row["patient"] for row in csv.DictReader(io.StringIO(split)))

    def pointed_at(self, task: str) -> ModelVersion | None:
        """What the alias `champion` points at right now; raises TrackingAway."""
        with self._telling_trouble():
            champion = self._tracking.by_alias(task, CHAMPION)
        self.trouble = None
        return champion

    def point(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        """Let `champion` point at a version, and say on it who did so; raises TrackingAway.

        What it was tried for has ended, so it is nobody's challenger any more.
        """
        with self._telling_trouble():
            self._tracking.set_alias(version.name, CHAMPION, version.version)
        self.changes += 1
        try:  # what serves does not depend on these
            self._tracking.tag_version(version.name, version.version, tags)
            self._drop_challenger(version.name, version.version)
        except TrackingAway as away:
            self._note_away(away)

    def challenge(self, version: ModelVersion | None, task: str) -> None:
        """Let `challenger` point at a version, or at none; raises TrackingAway."""
        with self._telling_trouble():
            if version is None:
                self._tracking.delete_alias(task, CHALLENGER)
            else:
                self._tracking.set_alias(task, CHALLENGER, version.version)
        self.changes += 1

    def unchallenge(self, task: str, number: str) -> None:
        """Let `challenger` point at nothing where it points at this version; raises TrackingAway."""
        with self._telling_trouble():
            self._drop_challenger(task, number)
        self.changes += 1

    def _drop_challenger(self, task: str, number: str) -> None:
        challenger = self._tracking.by_alias(task, CHALLENGER)
        if challenger is not None and challenger.version == number:
            self._tracking.delete_alias(task, CHALLENGER)

    def challenger(self, task: str) -> ModelVersion | None:
        """What the alias `challenger` points at; None where at nothing. Raises TrackingAway."""
        with self._telling_trouble():
            return self._tracking.by_alias(task, CHALLENGER)

    def trained_in(self, task: str, tag: str, value: str) -> ModelVersion | None:
        """The version whose training run carries a tag with this value, or None; raises TrackingAway."""
        with self._telling_trouble():
            runs = {run.run_id for run in self._tracking.runs(EXPERIMENT.format(task=task), {tag: value})}
            registered = self._tracking.registered(task) if runs else []
        return next((version for version in registered if version.run_id in runs), None)

    def files(self, version: ModelVersion) -> Trained:
        """A version's files on this machine, fetched where they are not here yet, and verified.

        Raises UnusableModel where they are gone, other than registered, or no version of ours; TrackingAway.
        Which versions these are, `unusable` says until their files are right again.
        """
        try:
            trained = self._verified(version)
        except UnusableModel as error:
            self.unusable[version.name, version.version] = str(error)
            raise
        self.unusable.pop((version.name, version.version), None)
        return trained

    def _verified(self, version: ModelVersion) -> Trained:
        folder = self._folder / version.name / version.version
        why = _NOT_OURS
        for _ in range(2):  # a copy that was damaged here is fetched once more
            if not (folder / weights.WEIGHTS).exists():
                shutil.rmtree(folder, ignore_errors=True)
                self._fetch(version, folder)
            trained = _readable(folder)
            if trained is not None and version.weights_sha256 in ("", trained.sha256):
                return trained
            gone = version.weights_sha256 and not (folder / weights.WEIGHTS).exists()
            why = _GONE if gone else _NOT_OURS if trained is None else _NOT_THE_SAME
            shutil.rmtree(folder, ignore_errors=True)
        raise UnusableModel(why.format(version=version.version))

    def copied(self, version: ModelVersion) -> bool:
        """Whether this machine has a copy of a version's weights."""
        return (self._folder / version.name / version.version / weights.WEIGHTS).exists()

    def copied_settings(self, version: ModelVersion) -> bytes | None:
        """The settings of this machine's copy of a version, as they were fetched; None without a copy."""
        try:
            return (self._folder / version.name / version.version / weights.SETTINGS).read_bytes()
        except FileNotFoundError:
            return None

    def note_live(self, task: str, version: str) -> None:
        """Remember on this machine what is in force, for a start without MLflow."""
        atomic_files.write(self._folder / task / NOTED, json.dumps({"version": version}))

    def add(
        self, task: str, folder: Path, who: str, description: str, tags: Mapping[str, str]
    ) -> ModelVersion:
        """Register a folder of files as a new version, without an alias; raises TrackingAway."""
        trained = weights.opened(folder)
        facts = {**trained.facts, "uploaded_by": who}
        with self._telling_trouble():
            run = self._tracking.start_run(EXPERIMENT.format(task=task), f"upload by {who}", facts)
            self._tracking.log_metrics(run, flat(trained.metrics | metrics_of(trained)))
            self._tracking.log_files(run, folder)
            self._tracking.end_run(run)
            made = self._tracking.register(task, run, trained.sha256, description)
            self._tracking.tag_version(task, made.version, tags)
        self.changes += 1
        return made

    def registered_as(self, task: str, weights_sha256: str, decision: Decision) -> ModelVersion | None:
        """The version that is these weights with this decision; None where there is none.

        The same weights with another threshold are another version. Raises TrackingAway.
        """
        return next(iter(self.all_registered_as(task, weights_sha256, decision)), None)

    def all_registered_as(self, task: str, weights_sha256: str, decision: Decision) -> Iterator[ModelVersion]:
        """Every such version."""
        same = (version for version in self.versions(task) if version.weights_sha256 == weights_sha256)
        return (version for version in same if self._decides(version, decision))

    def _decides(self, version: ModelVersion, decision: Decision) -> bool:
        try:
            return self.files(version).decision == decision
        except UnusableModel:  # its files are gone: it is nothing that could stand in the way
            return False

    def champion(self, task: str) -> ModelVersion | None:
        """The version in force, as MLflow says; None while it is away or has none."""
        try:
            return self._tracking.by_alias(task, CHAMPION)
        except TrackingAway as away:
            self._note_away(away)
            return None

    def card(self, task: str) -> str:
        """The model card in markdown, empty where there is none."""
        known = self._known(task)
        for folder in (known[0].folder if known else None, self._tasks[task].folder):
            if folder and (folder / weights.CARD).exists():
                return (folder / weights.CARD).read_text()
        return ""

    def local(self, task: str) -> tuple[Trained, str]:
        """(trained, version) as this machine knows it, without asking MLflow.

        Raises FileNotFoundError where nothing was fetched and nothing ships.
        """
        return self._known(task) or (weights.opened(self._tasks[task].folder), SHIPPED)

    def register_shipped(self) -> None:
        """Have the weights that ship be versions in MLflow, and the champions of tasks that have none.

        `load_all` does that, too; of several servers one alone may. Raises TrackingAway.
        """
        for task in self._tasks.values():
            self._champion_or_shipped(task)

    def _load_champion(self, task: Task, engine: Engine) -> bool:
        """Whether what MLflow calls the champion serves now; whatever went wrong, something has to."""
        loaded = False

        def load() -> None:
            nonlocal loaded
            try:
                trained, version = self._fetched(task)
                engine.place(task, trained, version)
                loaded = True
                self.note_live(task.name, version)
            except UnusableModel as error:
                self.trouble = str(error)
                log.error("the champion of %s cannot be loaded: %s", task.name, error)
            except TrackingAway as away:
                self._note_away(away)

        error_id = contained(load, "the champion of %s could not be loaded", task.name)
        if error_id is not None:
            self.trouble = _BROKEN.format(error_id=error_id)
        return loaded

    def _load_known(self, task: Task, engine: Engine) -> None:
        """What served before, or else what ships."""
        for remembered in (True, False):
            try:
                known = self._known(task.name) if remembered else (weights.opened(task.folder), SHIPPED)
                if known is not None:
                    engine.place(task, *known)
                    return
            except (FileNotFoundError, UnusableModel) as error:
                log.error("no weights for %s: %s", task.name, error)

    def _fetched(self, task: Task) -> tuple[Trained, str]:
        """The champion's files, from the registry by way of this machine's copy."""
        champion = self._champion_or_shipped(task)
        return self.files(champion), champion.version

    def _champion_or_shipped(self, task: Task) -> ModelVersion:
        champion = self._tracking.by_alias(task.name, CHAMPION)
        shipped = self._shipped_version(task)
        if champion is None:
            self._tracking.set_alias(task.name, CHAMPION, shipped.version)
            champion = shipped
        return champion

    def _shipped_version(self, task: Task) -> ModelVersion:
        """The registered version that ships; a newer Lightbox brings a new one, or another decision of one.

        It is registered without an alias: what serves is a person's decision.
        """
        shipped = weights.opened(task.folder)
        for version in self._tracking.versions(task.name):
            same = version.weights_sha256 == shipped.sha256 and THRESHOLD_OF not in version.tags
            if same and self._decides(version, shipped.decision):
                return version
        return self._register(task, shipped)

    def _register(self, task: Task, shipped: Trained) -> ModelVersion:
        run = self._tracking.start_run(EXPERIMENT.format(task=task.name), "shipped weights", shipped.facts)
        self._tracking.log_metrics(run, flat(shipped.metrics | metrics_of(shipped)))
        files = self._folder / task.name / "shipped"
        files.mkdir(parents=True, exist_ok=True)
        for name in weights.FILES:
            if (task.folder / name).exists():
                atomic_files.write(files / name, (task.folder / name).read_bytes())
        self._tracking.log_files(run, files)
        self._tracking.end_run(run)
        return self._tracking.register(task.name, run, shipped.sha256, "The weights that ship with Lightbox.")

    def _fetch(self, version: ModelVersion, folder: Path) -> None:
        try:
            self._tracking.files_of(version, folder)
        except NotFound:
            raise UnusableModel(_GONE.format(version=version.version)) from None

    def _known(self, task: str) -> tuple[Trained, str] | None:
        """What served last, by this machine's note; None where there is none that can be read."""
        version = self._noted(task)
        if version is None:
            return None
        trained = _readable(self._folder / task / version)
        return None if trained is None else (trained, version)

    def _noted(self, task: str) -> str | None:
        pointer = self._folder / task / NOTED
        try:
            return str(json.loads(pointer.read_bytes())["version"])
        except FileNotFoundError:
            return None
        except _UNREADABLE as error:  # a crash cut it off; the next version that takes over is noted anew
            log.error("%s is ignored, as it cannot be read: %r", pointer, error)
            return None

    @contextmanager
    def _telling_trouble(self) -> Iterator[None]:
        try:
            yield
        except TrackingAway as away:
            self._note_away(away)
            raise TrackingAway(_AWAY) from away

    def _note_away(self, away: TrackingAway) -> None:
        self.trouble = "The model registry cannot be reached; the last known versions serve on."
        log.warning("the model registry cannot be reached: %r", away.__cause__)


def _readable(folder: Path) -> Trained | None:
    """A version's files; None where they are no version of ours, or damaged."""
    try:
        return weights.opened(folder)
    except FileNotFoundError:
        return None
    except _UNREADABLE as error:
        log.error("the settings of the version in %s cannot be read: %r", folder, error)
        return None


def flat(metrics: dict[str, dict[str, float]]) -> dict[str, float]:
    """{"auc": {"value", "low", "high", "n"}} -> {"auc", "auc_low", "auc_high", "auc_n"}."""
    numbers: dict[str, float] = {}
    for name, figure in metrics.items():
        numbers[name] = figure["value"]
        numbers |= {f"{name}_{part}": figure[part] for part in ("low", "high", "n") if part in figure}
    return numbers
