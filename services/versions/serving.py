"""What serves: a version takes over in the running server, whoever moved the alias.

The files are fetched and verified, and the network is loaded and warmed up beside the old one,
before anything changes. Readings under way end with the network that they began with.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial

from data.database import now
from data.errors import Busy, ModelUnavailable, TrackingAway, UnusableModel
from data.records import AuditEvent, ModelVersion
from data.stores.audit import AuditLog
from models.task import Task, TaskKind
from services.containment import contained
from services.inference.choice import Choice
from services.inference.engine import Engine, Loaded
from services.inference.threads import make_way
from services.servers import Alone
from services.versions.registry import Registry

_ASKS_AGAIN_S = 0.5
_ENDS_WITHIN_S = 5.0

log = logging.getLogger(__name__)

Followed = Callable[[ModelVersion, str | None], None]
"""Told of a version that took over, and of the one that served before."""


class Serving:
    """The versions in force in this process."""

    def __init__(
        self,
        registry: Registry,
        engine: Engine,
        tasks: Iterable[Task],
        audit: AuditLog,
        every_s: float,
        noted: Callable[[ModelVersion], bool] = lambda version: True,
        alone: Alone | None = None,
    ) -> None:
        """`every_s`: how often to look whether somebody else moved the alias; 0 is never.

        `noted` says whether it is for this server to note that another tool moved it. `alone`, where there
        are several servers, says whether no other one is within it.
        """
        self._registry = registry
        self._engine = engine
        self._tasks = {task.name: task for task in tasks}
        self._audit = audit
        self._every_s = every_s
        self._noted = noted
        self._no_other_server = alone
        self._changing = threading.RLock()
        self._unusable: dict[str, tuple[str, str]] = {}  # task -> (version, why it does not serve)
        self._ending = threading.Event()
        self._unsettled = threading.Event()  # somebody took over that may be run otherwise
        self._tell: list[Followed] = []
        self._threads: list[threading.Thread] = []

    def tell(self, followed: Followed) -> None:
        """Have somebody told whenever this server followed an alias that another tool moved."""
        self._tell.append(followed)

    def start(self, then: Callable[[], None] = lambda: None) -> None:
        """Load every champion in the background, then keep looking for others, and for how each runs best."""
        following = threading.Thread(target=self._follow, args=(then,), name="models", daemon=True)
        settling = threading.Thread(target=self._settle, name="models-settling", daemon=True)
        self._threads = [following, settling]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Look no more; what is being checked for a faster way is checked at the next start.

        Waits a while for networks that are just being loaded: a process that ends meanwhile is aborted by
        the libraries that load them.
        """
        self._ending.set()
        self._unsettled.set()
        self._engine.close()
        for thread in self._threads:
            thread.join(_ENDS_WITHIN_S)

    def live(self, task: str) -> str | None:
        """The version that answers for a task right now; None while none is loaded."""
        with suppress(ModelUnavailable):
            return self._engine.loaded(task).version
        return None

    def choice(self, task: str) -> Choice | None:
        """How the version that answers is run on this machine, and why; None while none is loaded."""
        return self._engine.choices().get(task)

    def draws(self, task: str) -> bool:
        """Whether a task's answer is a mask."""
        return self._tasks[task].kind is TaskKind.SEGMENTATION

    def trouble(self, task: str) -> str | None:
        """Why the version that the alias points at does not serve, where that is so."""
        known = self._unusable.get(task)
        return None if known is None else known[1]

    def beside(self, version: ModelVersion) -> Loaded:
        """A version's network, loaded beside the one in force; raises UnusableModel, TrackingAway."""
        try:
            trained = self._registry.files(version)
        except TrackingAway as away:
            log.warning("%s version %s cannot be fetched: %r", version.name, version.version, away.__cause__)
            said = f"The files of version {version.version} cannot be fetched right now."
            raise TrackingAway(said) from away
        return self._engine.beside(self._tasks[version.name], trained, version.version)

    def put_in_force(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        """Let a version answer from now on and tell MLflow so.

        Raises UnusableModel or TrackingAway; then the old one serves on and the alias stays where it was.
        """
        with self._changing:
            loaded = self.beside(version)
            self._registry.point(version, tags)
            self._take_over(loaded)
        self._unsettled.set()

    def look(self) -> list[str]:
        """Follow aliases that another tool moved; returns the tasks whose version changed here.

        Raises TrackingAway.
        """
        return [task for task in self._tasks if self._look_at(task, again=True)]

    def follow(self, task: str) -> None:
        """Follow a task's alias; where MLflow gives no answer what serves goes on, as the registry says."""
        with suppress(TrackingAway):
            self._look_at(task)

    def _look_at(self, task: str, *, again: bool = False) -> bool:
        with self._changing:
            champion = self._registry.pointed_at(task)
            old = self.live(task)
            if champion is None or champion.version == old:
                self._unusable.pop(task, None)
                return False
            if not again and self._unusable.get(task, ("", ""))[0] == champion.version:
                return False  # it did not load the last time; `look` tries again when asked to
            try:
                loaded = self.beside(champion)
            except UnusableModel as error:
                self._cannot_serve(champion, str(error))
                return False
            self._take_over(loaded)
        self._unsettled.set()
        if self._noted(champion):
            self._followed(champion, old)
        return True

    def _followed(self, champion: ModelVersion, old: str | None) -> None:
        detail = f"version {champion.version} in the place of {old}: the alias was moved elsewhere"
        self._audit.record(AuditEvent(now(), None, "model.followed", champion.name, detail))
        for followed in self._tell:
            followed(champion, old)

    def _cannot_serve(self, champion: ModelVersion, why: str) -> None:
        self._unusable[champion.name] = champion.version, why
        log.error("%s version %s does not serve: %s", champion.name, champion.version, why)
        event = AuditEvent(now(), None, "model.unusable", champion.name, why)
        self._audit.record(event)

    def _take_over(self, loaded: Loaded) -> None:
        self._engine.take_over(loaded)
        self._registry.note_live(loaded.task.name, loaded.version)
        self._unusable.pop(loaded.task.name, None)

    def _follow(self, then: Callable[[], None]) -> None:
        make_way()
        if self._no_other_server is not None:
            contained(self._register_in_turn, "the weights that ship could not be registered")
        self._registry.load_all(self._engine)
        contained(then, "what follows the loading of the models failed")
        self._unsettled.set()
        while self._every_s and not self._ending.wait(self._every_s):
            for task in self._tasks:
                contained(partial(self.follow, task), "%s: the alias could not be followed", task)

    def _register_in_turn(self) -> None:
        assert self._no_other_server is not None
        with suppress(Busy):  # MLflow or Redis are away: what is known here serves
            while not self._ending.is_set():
                with self._no_other_server("shipped versions") as alone:
                    if alone:
                        self._registry.register_shipped()
                        return
                self._ending.wait(_ASKS_AGAIN_S)

    def _settle(self) -> None:
        """On a thread of its own: the check of one version must not keep another from being followed."""
        make_way()
        while self._unsettled.wait() and not self._ending.is_set():
            self._unsettled.clear()
            contained(self._engine.settle, "the way to run a model could not be chosen")
