"""How much room the house has left, as numbers that Prometheus collects."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric


def disk_metrics(folders: Mapping[str, Path]) -> list[Metric]:
    """The disks below these folders, by the name that each has here; a store elsewhere has none."""
    free = GaugeMetricFamily("lightbox_disk_free_bytes", "Room left below a folder", labels=["folder"])
    size = GaugeMetricFamily("lightbox_disk_size_bytes", "Size of the disk below a folder", labels=["folder"])
    for name, folder in folders.items():
        usage = shutil.disk_usage(folder)
        free.add_metric([name], usage.free)
        size.add_metric([name], usage.total)
    return [free, size]
