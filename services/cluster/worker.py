"""What runs on a worker: networks in memory, and blocks of items from their bytes to what is to be kept.

It knows no database, no bucket and no MLflow. What lies on its disk for a moment goes with each block, and
with the next worker on that machine where this one was killed.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from data import formats
from data.database import new_id
from data.errors import UserFacingError
from data.formats import Outcome
from data.records import Precedence
from models.device import chosen_device
from services.cluster.blocks import ReadScan, SentItem, SentOutcome, SentScan, received_item, sent_outcome
from services.cluster.installation import Installation, installation
from services.cluster.networks import SentNetwork, WorkerSettings, choices_folder, received
from services.cluster.worker_folder import WorkerFolder
from services.importing.scan_reading import ScanReading, Slots
from services.importing.workplace import contents_of, reading_threads
from services.inference.batcher import MicroBatcher
from services.inference.choice import Wanted
from services.inference.choosing import Choosing
from services.inference.engine import Engine, NetworkInput, Output
from services.inference.faults import NETWORK_FAULTS
from services.reading.reader import PIECE, Batcher, Reader
from services.settings import Settings

log = logging.getLogger(__name__)

UNREADABLE = "This scan could not be read."


class Worker:
    """Made on a machine of the cluster; called by several threads at once."""

    def __init__(self) -> None:
        self._folder = WorkerFolder()
        self._top = self._folder.path
        self._loaded: tuple[Batcher, ThreadPoolExecutor] | None = None
        self._blocks: dict[str, tuple[Sequence[SentItem], list[Outcome], Path]] = {}

    def installed(self) -> Installation:
        """What is installed on this machine."""
        return installation()

    def load(self, networks: Sequence[SentNetwork], settings: WorkerSettings) -> dict[str, str]:
        """Load the networks that read; how each is run comes back, in words by task.

        Raises UnusableModel for networks that are not what was sent or cannot be loaded here.
        """
        self._settings = own = settings.at(self._top / "home")
        engine = _engine(own)
        for network in networks:
            engine.place(*received(network, own), network.version)
        batcher = MicroBatcher[NetworkInput, Output](
            engine.run,
            max_batch=own.max_batch,
            gather_ms=own.gather_ms,
            max_waiting=own.max_waiting,
        )
        batcher.start()
        reader = Reader(engine, batcher)
        self._reader, self._slots = reader.wanted(Precedence.BULK), Slots(2 * PIECE)
        self._reading = ScanReading(reader, own.max_batch, threading.Event())
        self._readers = ThreadPoolExecutor(reading_threads(own.max_batch), "read")
        self._loaded = batcher, self._readers
        device = engine.device_name
        return {task: f"by {choice.kind.words} on {device}" for task, choice in engine.choices().items()}

    def decode(self, block: str, items: Sequence[SentItem]) -> set[str]:
        """Decode a block's items, and keep them until it is read; what identifies their scans comes back."""
        folder = self._top / new_id()
        (folder / "decoded").mkdir(parents=True)
        asked = [received_item(item, folder / str(number)) for number, item in enumerate(items)]
        outcomes = formats.decode_batch(
            asked,
            folder / "decoded",
            formats.Limits(max_bytes=self._settings.max_scan_bytes),
            timeout_s=self._settings.decode_seconds,
            memory_bytes=self._settings.decode_bytes,
        )
        self._blocks[block] = items, outcomes, folder
        return contents_of(chain(*outcomes))

    def read(self, block: str, known: Collection[str]) -> list[SentOutcome]:
        """What became of each item of a decoded block; scans whose content is `known` are not read."""
        items, outcomes, folder = self._blocks.pop(block)
        try:
            parts = self._readers.map(
                lambda item, outcome: self._reading.parts(item.rows, outcome, known), items, outcomes
            )
            return [sent_outcome(of_item) for of_item in parts]
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def read_scans(self, task: str, scans: Sequence[SentScan]) -> list[ReadScan]:
        """What the task's network says of kept scans, in their order, or why it does not."""
        return list(self._readers.map(lambda scan: self._read_scan(task, scan), scans))

    def _read_scan(self, task: str, scan: SentScan) -> ReadScan:
        taken = self._slots.take(min(len(scan.array), PIECE))
        try:
            return self._reader.read(task, scan.array, scan.spacing, scan.affine)
        except UserFacingError as error:
            return str(error)
        except NETWORK_FAULTS:
            log.exception("a scan could not be read")
            return UNREADABLE
        finally:
            self._slots.give_back(taken)

    def close(self) -> None:
        """Take away what lies on the disk, and end the threads."""
        if self._loaded is not None:
            batcher, readers = self._loaded
            batcher.stop()
            readers.shutdown(cancel_futures=True)
        self._folder.remove()


def _engine(settings: Settings) -> Engine:
    """Networks are run as the machine that sent them runs them, where this one is of the same kind."""
    device = chosen_device(settings.device)
    return Engine(settings.device, Choosing(choices_folder(settings), device, Wanted(settings.backend)))
