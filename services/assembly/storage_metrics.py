"""Whether the house can keep things, and how much room it has left, as numbers that Prometheus collects."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric

LEAST_FREE = 64 << 20
"""Bytes: with less room left, what is sent next may not fit."""


@dataclass(frozen=True)
class StorageTrouble:
    """What is wrong with a disk, by the name of the folder on it."""

    name: str
    what: str
    full: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


def storage_trouble(folders: Mapping[str, Path]) -> StorageTrouble | None:
    """What is wrong with the disks below these folders, for those who look after them; None where nothing.

    A disk that is mounted read-only is told also to root, whom permissions do not bind.
    """
    for name, folder in folders.items():
        try:
            usage = shutil.disk_usage(folder)
        except OSError as error:
            return StorageTrouble(name, os.strerror(error.errno or 0))
        if not os.access(folder, os.W_OK):
            return StorageTrouble(name, "cannot be written to")
        if usage.free < LEAST_FREE:
            return StorageTrouble(name, f"full, {usage.free >> 20} MiB free", full=True)
    return None


def storage_words(folders: Mapping[str, Path]) -> str | None:
    """As `storage_trouble`, for everybody who opens a page."""
    trouble = storage_trouble(folders)
    if trouble is None:
        return None
    what = "is full" if trouble.full else "cannot be used"
    return f"The server's disk {what}: nothing new is kept until that is mended. What is here is safe."


def disk_metrics(folders: Mapping[str, Path]) -> list[Metric]:
    """The disks below these folders, by the name that each has here; a store elsewhere has none."""
    free = GaugeMetricFamily("lightbox_disk_free_bytes", "Room left below a folder", labels=["folder"])
    size = GaugeMetricFamily("lightbox_disk_size_bytes", "Size of the disk below a folder", labels=["folder"])
    for name, folder in folders.items():
        usage = shutil.disk_usage(folder)
        free.add_metric([name], usage.free)
        size.add_metric([name], usage.total)
    return [free, size]
