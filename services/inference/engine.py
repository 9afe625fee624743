"""From weights to answers on the device: CUDA where there is one, else the CPU.

A network is loaded beside the old one, checked and warmed up before it takes over, so that a version
that cannot load leaves the old one serving. Who reads holds on to the network it began with, so a
volume of many pieces is read by one version, and the old one goes with its last reading. How a network
is run is chosen for each version (`choosing`); the libraries that run it stand in `backends`.
"""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from data.errors import ModelUnavailable, UnusableModel
from data.records import VERSION
from models import outside_distance
from models.device import chosen_device
from models.outside_distance import OutsideDistance
from models.task import Task, TaskKind
from models.weights import Trained, network_of
from services.inference.backends.backend import Backend, Kind, Library
from services.inference.backends.torch_backend import TorchBackend
from services.inference.choice import Choice, unchecked
from services.inference.choosing import Choosing
from services.inference.threads import network_threads

log = logging.getLogger(__name__)

FloatArray = NDArray[np.float32]
NetworkInput = Tensor
"""One input of a network, (channels, size, size)."""

SOFTWARE = f"lightbox {VERSION}, torch {torch.__version__}, python {platform.python_version()}"

_NO_MEMORY = "There is not enough memory here to load version {version} beside the one that serves."
_DAMAGED = "The weights of version {version} are damaged and cannot be loaded."
_MISFIT = "Version {version} does not fit the network for {title}, or does not answer with numbers."


_EXACT = "As the network was trained."
WARM_UP_BATCH = 8


@dataclass(frozen=True)
class Output:
    """What a network makes of one input."""

    raw: FloatArray
    vector: FloatArray | None  # how it sees the picture, where it can tell (`Describing`)


@dataclass(frozen=True, eq=False, repr=False)
class Loaded:
    """A network on the device, and what it is. Two are the same only if they are one object."""

    task: Task
    trained: Trained
    version: str
    weights_sha256: str
    backend: Backend
    choice: Choice
    outside: OutsideDistance | None = None  # None where the version came without a reference

    def __repr__(self) -> str:
        """In words, for the log."""
        return f"{self.task.name} version {self.version}"


class Engine:
    """The networks in force, one a task, on one device."""

    def __init__(self, device: str | None = None, choosing: Choosing | None = None) -> None:
        """Without `choosing` every network is run as it was trained."""
        self.device = chosen_device(device)
        self._choosing = choosing
        self._loaded: dict[str, Loaded] = {}
        self._placing = threading.Lock()
        self._changed = threading.Condition()
        if self.device.type == "cpu":
            torch.set_num_threads(network_threads())

    @property
    def device_name(self) -> str:
        """The device in words, as written into a result's provenance."""
        if self.device.type == "cuda":
            return f"cuda ({torch.cuda.get_device_name(self.device)})"
        return "cpu"

    def place(self, task: Task, trained: Trained, version: str) -> Loaded:
        """Load, check and warm up a network, then let it take over its task.

        Raises UnusableModel as `beside` does; then the old one serves on.
        """
        loaded = self.beside(task, trained, version)
        self.take_over(loaded)
        return loaded

    def beside(self, task: Task, trained: Trained, version: str) -> Loaded:
        """Load, check and warm up a network that is not in force yet.

        Where it is not known yet how it is run best, it is run as it was trained: `settled` finds out.
        Raises UnusableModel, with a sentence, for damaged weights, for another architecture, for
        answers that are no numbers, and where there is no memory for it.
        """
        return self._opened(task, trained, version, self._known(task, trained))

    def beside_as(
        self, task: Task, trained: Trained, version: str, kind: Kind, network: str | None
    ) -> Loaded:
        """A network that is not in force, run as a result was read: by a library, in a precision.

        `network` is the hash of the converted network, where one was run. Where it is not here any more, the
        network is run as this machine runs the version now. Raises UnusableModel as `beside` does.
        """
        choice = self._known(task, trained)
        if (choice.kind, choice.network_sha256) != (kind, network) and kind.library is Library.TORCH:
            choice = Choice(*kind, "As the result was read.", "")
        return self._opened(task, trained, version, choice)

    def settled(self, loaded: Loaded) -> Loaded:
        """The same version run in the way that is best here, which takes a minute or more to find out.

        Raises UnusableModel as `beside` does.
        """
        if self._choosing is None or loaded.choice.settled:
            return loaded
        choice = self._choosing.made(loaded.task, loaded.trained)
        return self._opened(loaded.task, loaded.trained, loaded.version, choice)

    def settle(self) -> None:
        """Have the networks in force run in the way that is best here; once a version, this takes a minute.

        Readings under way end as they began.
        """
        for loaded in list(self._loaded.values()):
            if loaded.choice.settled:
                continue
            try:
                settled = self.settled(loaded)
            except UnusableModel as error:  # it serves on as it was trained
                log.error("%r cannot be run otherwise: %s", loaded, error)
                continue
            if self._loaded.get(loaded.task.name) is loaded:
                self.take_over(settled)

    def take_over(self, loaded: Loaded) -> None:
        """Let a network answer for its task from now on; readings under way end with the old one."""
        with self._changed:
            self._loaded[loaded.task.name] = loaded
            self._changed.notify_all()
        log.info("%r on %s by %s: %s", loaded, self.device_name, loaded.choice.kind.words, loaded.choice.why)

    def close(self) -> None:
        """End a check that is under way."""
        if self._choosing is not None:
            self._choosing.close()

    def loaded(self, task_name: str) -> Loaded:
        """The network in force; raises ModelUnavailable while there is none."""
        try:
            return self._loaded[task_name]
        except KeyError:
            raise ModelUnavailable(f"no model is loaded for {task_name}") from None

    def wait_until_loaded(self, task_names: Iterable[str], timeout_s: float) -> bool:
        """Wait until each of these tasks has a network in force; False when the time is up."""
        wanted = set(task_names)
        with self._changed:
            return self._changed.wait_for(lambda: wanted <= self._loaded.keys(), timeout_s)

    def loaded_tasks(self) -> list[str]:
        """The tasks that have a network in force."""
        return sorted(self._loaded)

    def choices(self) -> dict[str, Choice]:
        """How the network in force of each task is run, and why."""
        return {name: loaded.choice for name, loaded in sorted(self._loaded.items())}

    def in_force(self) -> dict[str, tuple[str, Choice]]:
        """The version of each task that has a network in force, and how it is run."""
        return {name: (loaded.version, loaded.choice) for name, loaded in sorted(self._loaded.items())}

    def thresholds(self) -> dict[str, float]:
        """The threshold in force of each loaded task that answers yes or no."""
        return {
            name: loaded.trained.decision.threshold
            for name, loaded in self._loaded.items()
            if loaded.task.kind is not TaskKind.ROUTING
        }

    def run(self, loaded: Loaded, inputs: Sequence[Tensor]) -> list[Output]:
        """Raw outputs and vectors for inputs of shape (channels, size, size), in their order."""
        raw, vectors = loaded.backend.run(torch.stack(list(inputs)))
        if vectors is None:
            return [Output(answer, None) for answer in raw]
        return [Output(answer, vector) for answer, vector in zip(raw, vectors, strict=True)]

    def _known(self, task: Task, trained: Trained) -> Choice:
        if self._choosing is None:
            return unchecked(_EXACT)
        return self._choosing.known(task, trained) or self._choosing.provisional()

    def _opened(self, task: Task, trained: Trained, version: str, choice: Choice) -> Loaded:
        with self._placing:
            try:
                backend = self._backend(task, trained, choice)
                _warm_up(backend, task)
                usual = outside_distance.opened(trained.folder)
            except (torch.OutOfMemoryError, MemoryError) as error:
                self._free_memory()
                raise UnusableModel(_NO_MEMORY.format(version=version)) from error
            except SafetensorError as error:
                raise UnusableModel(_DAMAGED.format(version=version)) from error
            except (RuntimeError, KeyError, ValueError) as error:
                if "can't allocate memory" in str(error):  # how torch says it of the main memory
                    raise UnusableModel(_NO_MEMORY.format(version=version)) from error
                log.warning("%s version %s cannot be loaded: %.300r", task.name, version, error)
                raise UnusableModel(_MISFIT.format(version=version, title=task.title)) from error
            return Loaded(task, trained, version, trained.sha256, backend, choice, usual)

    def _backend(self, task: Task, trained: Trained, choice: Choice) -> Backend:
        converted = None if self._choosing is None else self._choosing.opened(trained, choice)
        if converted is not None:
            return converted
        return TorchBackend(network_of(task, trained), self.device, choice.precision)

    def _free_memory(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def _warm_up(backend: Backend, task: Task) -> None:
    """Have it answer once; raises ValueError where what comes out are no numbers."""
    raw, _ = backend.run(torch.full((WARM_UP_BATCH, task.channels, task.input_size, task.input_size), 0.5))
    if not np.isfinite(raw).all():
        raise ValueError("the network answers with something that is not a number")
