"""Which way a version is run on a machine and why, as a small file that a restart finds again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path

import torch

from data import atomic_files
from data.codec import from_json, to_json
from models.device import Device
from services.inference.agreement import Agreement
from services.inference.backends.backend import EXACT, Kind, Library, Precision

log = logging.getLogger(__name__)

CHECK = 1
"""The number of the check: a choice that an older one made is made again."""
NETWORK = "network.xml"
_CPU = Path("/proc/cpuinfo")


class Wanted(StrEnum):
    """What the setting LIGHTBOX_BACKEND allows."""

    AUTO = "auto"
    TORCH = "torch"
    OPENVINO = "openvino"
    EXACT = "exact"


@dataclass(frozen=True)
class Asked:
    """Which version of which task is to be checked, for which device, and where the choice is kept."""

    task: str
    weights: Path
    folder: Path
    device: str
    wanted: Wanted


@dataclass(frozen=True)
class Tried:
    """A way that was tried: how it agrees, and how often its CPU time goes into that of the exact one."""

    library: Library
    precision: Precision
    agreement: Agreement
    speed: float | None = None  # None where it does not agree, or could not be run

    @property
    def kind(self) -> Kind:
        """The way."""
        return Kind(self.library, self.precision)


@dataclass(frozen=True)
class Choice:
    """The way that a version is run on this machine.

    `network` is the folder of the converted network and `network_sha256` the hash of what is in it, both
    None where the network is run as it was trained.
    """

    library: Library
    precision: Precision
    why: str
    machine: str
    made_at: datetime | None = None
    tried: tuple[Tried, ...] = ()
    network: str | None = None
    network_sha256: str | None = None
    settled: bool = True  # False until the check has run

    @property
    def kind(self) -> Kind:
        """The way."""
        return Kind(self.library, self.precision)


def unchecked(why: str, *, settled: bool = True) -> Choice:
    """The exact network, where nothing else was tried (yet, unless this is `settled`)."""
    return Choice(EXACT.library, EXACT.precision, why, "", settled=settled)


def machine_of(device: Device, wanted: Wanted) -> str:
    """What a choice holds for: processor, libraries, setting. In words, the same at every start."""
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "openvino"))
    place = processor() if device.type == "cpu" else torch.cuda.get_device_name(device)
    return f"{place}; {libraries}; {wanted}; check {CHECK}"


@cache
def processor() -> str:
    """Its model, and what it computes in: machines of one name may be virtual ones of different abilities."""
    facts: dict[str, str] = {}
    for line in _CPU.read_text().splitlines() if _CPU.exists() else []:
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    able = sorted(flag for flag in facts.get("flags", "").split() if flag.startswith(("avx", "amx")))
    return f"{facts.get('model name', 'unknown processor')} ({' '.join(able)})"


_LEFT_AFTER_S = 86_400.0


class KeptChoices:
    """The choices of one machine beside the networks that they name, a folder for each version's weights."""

    def __init__(self, folder: Path, machine: str) -> None:
        self.machine = machine
        self._folder = folder
        self._name = f"choice-{hashlib.sha256(machine.encode()).hexdigest()[:16]}.json"

    def folder_of(self, weights_sha256: str) -> Path:
        """Where what belongs to these weights lies."""
        return self._folder / weights_sha256

    def get(self, weights_sha256: str) -> Choice | None:
        """What was chosen here; None where there is none, or what it names is damaged or gone."""
        file = self.folder_of(weights_sha256) / self._name
        try:
            choice: Choice = from_json(Choice, file.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("%s is made again, as it cannot be read: %r", file, error)
            return None
        network = self.network_file(weights_sha256, choice)
        if network is not None and folder_sha256(network.parent) != choice.network_sha256:
            log.warning("%s is made again, as it is damaged", network.parent)
            return None
        return choice

    def network_file(self, weights_sha256: str, choice: Choice) -> Path | None:
        """The converted network that a choice names."""
        return None if choice.network is None else self.folder_of(weights_sha256) / choice.network / NETWORK

    def put(self, weights_sha256: str, choice: Choice) -> None:
        """Keep a choice, and drop the networks that no choice names any more. Raises OSError.

        Another process may be making one right now, to name it in a moment: what is not a day old stays.
        """
        folder = self.folder_of(weights_sha256)
        atomic_files.write(folder / self._name, to_json(choice))
        named, old = set(_named(folder)), time.time() - _LEFT_AFTER_S
        for network in folder.iterdir():
            if network.is_dir() and network.name not in named and network.stat().st_mtime < old:
                shutil.rmtree(network, ignore_errors=True)


def _named(folder: Path) -> Iterator[str]:
    """The networks that the choices of all machines name."""
    for file in folder.glob("choice-*.json"):
        try:
            choice: Choice = from_json(Choice, file.read_text())
        except (OSError, ValueError):
            continue
        if choice.network is not None:
            yield choice.network


def folder_sha256(folder: Path) -> str:
    """The hash of what is in a folder; of nothing where there is none."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
