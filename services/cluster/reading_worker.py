"""What is asked of a worker that decodes and reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.cluster.blocks import ReadScan, SentItem, SentOutcome, SentScan
from services.cluster.worker_pool import ClusterWorker


class ReadingWorker(ClusterWorker, Protocol):
    """A worker with its networks loaded. Whatever it is asked may raise WorkerLost."""

    def decode(self, block: str, items: Sequence[SentItem]) -> set[str]:
        """As `Worker.decode`."""

    def read(self, block: str, known: set[str]) -> list[SentOutcome]:
        """As `Worker.read`."""

    def read_scans(self, task: str, scans: Sequence[SentScan]) -> list[ReadScan]:
        """As `Worker.read_scans`."""
