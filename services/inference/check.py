"""The check that chooses how a version is run: in a process of its own, at low priority, once a machine.

Whatever this takes of memory, or whatever a library does on a processor that it does not know, ends with
that process. `python -m services.inference.check` takes an `Asked` as JSON and keeps a `Choice`.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from data.codec import from_json
from data.database import now
from models import tasks, weights
from models.device import Device
from models.task import Task, TaskKind
from models.weights import Trained, network_of
from services.inference.agreement import Answered, agreement
from services.inference.backends import conversion
from services.inference.backends.backend import EXACT, Backend, Kind, Library, Precision
from services.inference.backends.openvino_backend import OpenVinoBackend, in_hardware
from services.inference.backends.torch_backend import TorchBackend
from services.inference.check_heads import CheckCase, check_heads
from services.inference.choice import (
    NETWORK,
    Asked,
    Choice,
    KeptChoices,
    Tried,
    Wanted,
    folder_sha256,
    machine_of,
)

HEADS = 32
ROUNDS = 5
BATCH = 8
THREADS = 1  # threads that wait for each other on a busy machine would cost time that says nothing
LEAST_GAIN = 1.1  # a way must be this much faster to be worth being another one
NICENESS = 5  # behind readings, and yet not for ever on a busy machine

LADDER = (
    Kind(Library.OPENVINO, Precision.BFLOAT16),
    Kind(Library.OPENVINO, Precision.FLOAT32),
    Kind(Library.TORCH, Precision.BFLOAT16),
)


def kinds_for(task: Task, device: Device, wanted: Wanted) -> tuple[Kind, ...]:
    """The ways to be tried beside the exact one.

    Fewer bits are for networks that draw masks: a call or a class hangs on one number, and on real films
    bfloat16 moved that by more than is allowed, which heads made here do not show (docs/engine.md).
    """
    allowed = {
        Wanted.AUTO: tuple(Library),
        Wanted.TORCH: (Library.TORCH,),
        Wanted.OPENVINO: (Library.OPENVINO,),
        Wanted.EXACT: (),
    }[wanted]
    return tuple(
        kind
        for kind in LADDER
        if kind.library in allowed
        and (kind.library is Library.TORCH or device.type == "cpu")
        and (kind.precision is Precision.FLOAT32 or task.kind is TaskKind.SEGMENTATION)
        and (device.type != "cpu" or in_hardware(kind.precision))
    )


class Check:
    """One version on one machine."""

    def __init__(self, task: Task, trained: Trained, device: Device, wanted: Wanted, folder: Path) -> None:
        """The network is converted in `folder`."""
        self._task = task
        self._trained = trained
        self._device = device
        self._wanted = wanted
        self._file = folder / NETWORK
        self._cases = list(check_heads(task, HEADS))
        self._exact: Backend = TorchBackend(network_of(task, trained), device)

    def tried(self) -> list[Tried]:
        """Each way's agreement and, where that is close enough, its speed."""
        expected = _answers(self._exact, self._cases)
        backends = {kind: self.opened(kind) for kind in kinds_for(self._task, self._device, self._wanted)}
        apart = {
            kind: agreement(self._task, self._trained.decision, expected, _answers(backend, self._cases))
            for kind, backend in backends.items()
        }
        speeds = self._speeds({kind: backends[kind] for kind in backends if apart[kind].close_enough})
        return [Tried(kind.library, kind.precision, apart[kind], speeds.get(kind)) for kind in backends]

    def opened(self, kind: Kind) -> Backend:
        """The version run that way."""
        if kind.library is Library.TORCH:
            return TorchBackend(network_of(self._task, self._trained), self._device, kind.precision)
        return OpenVinoBackend(self.converted(), kind.precision, THREADS)

    def converted(self) -> Path:
        """The version in OpenVINO's form, which both of its number formats are computed of."""
        if not self._file.exists():
            network = network_of(self._task, self._trained)
            conversion.convert(network, self._cases[0].inputs[:1], self._file)
        return self._file

    def _speeds(self, backends: Mapping[Kind, Backend]) -> dict[Kind, float]:
        """How often each one's time goes into the exact network's: medians over rounds of turns.

        On the CPU by the processor's time, so that a busy machine decides nothing.
        """
        clock = time.process_time if self._device.type == "cpu" else time.perf_counter
        batch = torch.cat([case.inputs for case in self._cases])[:BATCH]
        ratios: dict[Kind, list[float]] = {kind: [] for kind in backends}
        for number in range(ROUNDS + 1):
            exact = _seconds(clock, self._exact, batch)
            for kind, backend in backends.items():
                ratio = exact / _seconds(clock, backend, batch)
                if number:  # the first round warms up
                    ratios[kind].append(ratio)
        return {kind: statistics.median(values) for kind, values in ratios.items()}


def _seconds(clock: Callable[[], float], backend: Backend, batch: torch.Tensor) -> float:
    """Of a full batch and of a lone picture: volumes come as the one, X-rays as the other."""
    started = clock()
    backend.run(batch)
    backend.run(batch[:1])
    return clock() - started


def _answers(backend: Backend, cases: Sequence[CheckCase]) -> list[Answered]:
    return [Answered(np.asarray(backend.run(case.inputs)[0]), case.placement, case.truth) for case in cases]


def chosen(tried: Sequence[Tried]) -> Tried | None:
    """The fastest way that agrees and is worth it; None where that is the exact network."""
    worth = [each for each in tried if each.speed is not None and each.speed >= LEAST_GAIN]
    return max(worth, key=lambda each: each.speed or 0.0, default=None)


def in_words(tried: Sequence[Tried], best: Tried | None) -> str:
    """Why this way was chosen, for people."""
    refused = [each.kind.words for each in tried if not each.agreement.close_enough]
    beside = f" {_listed(refused)} strayed too far from it." if refused else ""
    if best is None:
        return f"As the network was trained: nothing else was faster and agreed with it.{beside}"
    said = f"{best.speed:.1f} times as fast as the network as it was trained, in the processor's time"
    apart = best.agreement
    moved = (
        f"probabilities moved by {apart.shift:.5f} on average, {100 * apart.flips:.3f} % of decisions changed"
    )
    if apart.dice is not None:
        low, high = (signed(end or 0.0) for end in (apart.dice_low, apart.dice_high))
        moved += f", Dice by {signed(apart.dice)} ({low} to {high})"
    return f"{said}; on {apart.cases} made heads {moved}.{beside}"


def signed(value: float) -> str:
    """To four digits, and nothing at all without a sign."""
    text = f"{value:+.4f}"
    return text if float(text) else "0.0000"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words)


def check(asked: Asked) -> Choice:
    """Try every way and keep the choice."""
    device, task = Device(asked.device), tasks.ALL[asked.task]
    trained = weights.opened(asked.weights)
    kept = KeptChoices(asked.folder, machine_of(device, asked.wanted))
    folder = kept.folder_of(trained.sha256)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as making:
        made = Path(making, "network")
        made.mkdir()
        run = Check(task, trained, device, asked.wanted, made)
        tried = tuple(run.tried())
        best = chosen(tried)
        kind = EXACT if best is None else best.kind
        network, digest = None, None
        if kind.library is Library.OPENVINO:
            digest = folder_sha256(made)
            network = digest[:16]
            if not (folder / network).exists():
                made.rename(folder / network)
        choice = Choice(*kind, in_words(tried, best), kept.machine, now(), tried, network, digest)
        kept.put(trained.sha256, choice)
    return choice


def main() -> int:
    """Check what standard input asks for."""
    os.nice(NICENESS)
    torch.set_num_threads(THREADS)
    check(from_json(Asked, sys.stdin.read()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
