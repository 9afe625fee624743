"""Networks on their way to workers: they come with the work, so that no worker asks MLflow or a house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.errors import UnusableModel
from models import tasks, weights
from models.task import Task
from models.weights import Trained
from services.inference.engine import Loaded
from services.settings import Settings

_OTHER = "The weights of {title} that the worker holds are not those that were sent, so it is not used."


@dataclass(frozen=True)
class SentNetwork:
    """A version's files, and what this machine chose to run it by, each by its path below a folder."""

    task: str
    version: str
    weights_sha256: str
    files: Mapping[str, bytes]
    choices: Mapping[str, bytes]


@dataclass(frozen=True)
class WorkerSettings:
    """Of the settings, what a worker needs; no address and no secret."""

    backend: str
    max_scan_bytes: int
    decode_seconds: float
    decode_bytes: int
    max_batch: int
    gather_ms: float
    max_waiting: int

    @classmethod
    def of(cls, settings: Settings) -> WorkerSettings:
        """Those of the machine that gives out the work."""
        return cls(
            settings.backend,
            settings.max_scan_bytes,
            settings.decode_seconds,
            settings.decode_bytes,
            settings.max_batch,
            settings.gather_ms,
            settings.max_waiting,
        )

    def at(self, home: Path) -> Settings:
        """The same as settings of a house that has nothing but a folder."""
        return Settings(home=home, device=Settings.from_env().device, **vars(self))


def choices_folder(settings: Settings) -> Path:
    """Where a machine keeps how it runs each version."""
    return settings.home / "networks"


def sent(loaded: Loaded, settings: Settings) -> SentNetwork:
    """A loaded network, ready to be sent."""
    folder = loaded.trained.folder
    files = {name: (folder / name).read_bytes() for name in weights.FILES if (folder / name).is_file()}
    return SentNetwork(
        loaded.task.name,
        loaded.version,
        loaded.weights_sha256,
        files,
        _below(choices_folder(settings) / loaded.weights_sha256),
    )


def received(network: SentNetwork, settings: Settings) -> tuple[Task, Trained]:
    """The files laid out below the settings' home. Raises UnusableModel where they are not what was sent."""
    folder = settings.home / "models" / f"{network.task} {network.version}"
    _lay_out(network.files, folder)
    _lay_out(network.choices, choices_folder(settings) / network.weights_sha256)
    task, trained = tasks.ALL[network.task], weights.opened(folder)
    if trained.sha256 != network.weights_sha256:
        raise UnusableModel(_OTHER.format(title=task.title))
    return task, trained


def _below(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def _lay_out(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
