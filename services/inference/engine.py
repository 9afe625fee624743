"""From weights to answers on the device: CUDA where there is one, else the CPU.

A network is loaded beside the old one, checked and warmed up before it takes over, so that a version
that cannot load leaves the old one serving. Who reads holds on to the network it began with, so a
volume of many pieces is read by one version, and the old one goes with its last reading.
"""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from data.errors import ModelUnavailable, UnusableModel
from data.records import VERSION
from models import outside_distance
from models.device import chosen_device
from models.outside_distance import OutsideDistance
from models.task import Describing, Task, TaskKind
from models.weights import Trained, network_of

log = logging.getLogger(__name__)

FloatArray = NDArray[np.float32]
NetworkInput = Tensor
"""One input of a network, (channels, size, size)."""

SOFTWARE = f"lightbox {VERSION}, torch {torch.__version__}, python {platform.python_version()}"
MEAN_DRIFT, FLIPS = 0.001, 0.001
"""How far bfloat16 may stray from float32 in the check: mean difference of probabilities, and the
share of them that change sides at one half."""

_NO_MEMORY = "There is not enough memory here to load version {version} beside the one that serves."
_DAMAGED = "The weights of version {version} are damaged and cannot be loaded."
_MISFIT = "Version {version} does not fit the network for {title}, or does not answer with numbers."


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
    network: nn.Module
    dtype: torch.dtype
    outside: OutsideDistance | None = None  # None where the version came without a reference

    @property
    def dtype_name(self) -> str:
        """As written into a result's provenance."""
        return str(self.dtype).removeprefix("torch.")

    def __repr__(self) -> str:
        """In words, for the log."""
        return f"{self.task.name} version {self.version}"


class Engine:
    """The networks in force, one a task, on one device."""

    def __init__(self, device: str | None = None, *, exact: bool = False) -> None:
        """`exact` keeps to float32 even where bfloat16 would be faster."""
        self._exact = exact
        self.device = chosen_device(device)
        self._loaded: dict[str, Loaded] = {}
        self._placing = threading.Lock()

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

        Raises UnusableModel, with a sentence, for damaged weights, for another architecture, for
        answers that are no numbers, and where there is no memory for it.
        """
        with self._placing:
            try:
                network = network_of(task, trained).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
                dtype = self._checked_dtype(network, task)
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
            return Loaded(task, trained, version, trained.sha256, network, dtype, usual)

    def take_over(self, loaded: Loaded) -> None:
        """Let a network answer for its task from now on; readings under way end with the old one."""
        self._loaded[loaded.task.name] = loaded
        log.info("%r on %s in %s", loaded, self.device_name, loaded.dtype_name)

    def loaded(self, task_name: str) -> Loaded:
        """The network in force; raises ModelUnavailable while there is none."""
        try:
            return self._loaded[task_name]
        except KeyError:
            raise ModelUnavailable(f"no model is loaded for {task_name}") from None

    def loaded_tasks(self) -> list[str]:
        """The tasks that have a network in force."""
        return sorted(self._loaded)

    def thresholds(self) -> dict[str, float]:
        """The threshold in force of each loaded task that answers yes or no."""
        return {
            name: loaded.trained.decision.threshold
            for name, loaded in self._loaded.items()
            if loaded.task.kind is not TaskKind.ROUTING
        }

    def run(self, loaded: Loaded, inputs: Sequence[Tensor]) -> list[Output]:
        """Raw outputs and vectors for inputs of shape (channels, size, size), in their order."""
        batch = torch.stack(list(inputs))
        try:
            raw, vectors = self._forward(loaded.network, batch, loaded.dtype)
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()  # the batcher halves the batch and comes again
            raise
        if vectors is None:
            return [Output(answer, None) for answer in raw.numpy()]
        return [Output(answer, vector) for answer, vector in zip(raw.numpy(), vectors.numpy(), strict=True)]

    @torch.inference_mode()
    def _forward(self, network: nn.Module, batch: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor | None]:
        placed = batch.to(self.device, memory_format=torch.channels_last, non_blocking=True)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
            raw, vectors = (
                network.described(placed) if isinstance(network, Describing) else (network(placed), None)
            )
        return raw.float().cpu(), None if vectors is None else vectors.float().cpu()

    def _free_memory(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _checked_dtype(self, network: nn.Module, task: Task) -> torch.dtype:
        """bfloat16 where it is faster here and agrees with float32; this is the warm-up too.

        Raises ValueError where what comes out are no numbers.
        """
        batch = _phantoms(8, task.input_size).expand(-1, task.channels, -1, -1)
        seconds, outputs = {}, {}
        for dtype in (torch.float32,) if self._exact else (torch.float32, torch.bfloat16):
            self._forward(network, batch, dtype)
            started = time.perf_counter()
            outputs[dtype], _ = self._forward(network, batch, dtype)
            seconds[dtype] = time.perf_counter() - started
        if not bool(outputs[torch.float32].isfinite().all()):
            raise ValueError("the network answers with something that is not a number")
        if self._exact:
            return torch.float32
        exact, quick = outputs[torch.float32].sigmoid(), outputs[torch.bfloat16].sigmoid()
        drift = float((exact - quick).abs().mean())
        flips = float(((exact > 0.5) != (quick > 0.5)).float().mean())
        if drift <= MEAN_DRIFT and flips <= FLIPS and seconds[torch.bfloat16] < 0.9 * seconds[torch.float32]:
            return torch.bfloat16
        return torch.float32


def _phantoms(n: int, size: int) -> Tensor:
    """Smooth ellipses with texture (n, 1, size, size): enough like a head to exercise a network."""
    generator = torch.Generator().manual_seed(0)
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, size), torch.linspace(-1, 1, size), indexing="ij")
    radius = (rows / 0.9) ** 2 + (columns / 0.7) ** 2
    head = ((radius < 1).float() * 0.4 + ((radius > 0.85) & (radius < 1)).float() * 0.5)[None, None]
    texture = torch.nn.functional.interpolate(
        torch.rand(n, 1, 12, 12, generator=generator), size=(size, size), mode="bicubic"
    )
    return (head * (0.6 + 0.6 * texture)).clamp(0, 1)
