"""How much of one worker's speed each of two keeps: items a second of the workers' CPU time, side by side.

Machines of their own would not share cores; here they do, so that seconds on the clock say little.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

import psutil
import pytest

from tests.deploy.ray_nodes import PYTHON, TOKEN, RayNodes, settled
from tests.deploy.running_house import ROOT
from tests.services.imports import axial, write_picture

BLOCK = 32  # items, at most
PICTURES = 16 * BLOCK
ROUNDS = 3
pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]


def _cpu_s(nodes: RayNodes, seen: dict[int, float]) -> float:
    """CPU seconds of all workers so far, with the children that decode for them; ended ones count."""
    for worker in nodes.workers():
        with suppress(psutil.NoSuchProcess):
            times = [p.cpu_times() for p in (worker, *worker.children(recursive=True))]
            seen[worker.pid] = sum(t.user + t.system + t.children_user + t.children_system for t in times)
    return sum(seen.values())


def _measured(nodes: RayNodes, workers: int, home: Path, folder: Path) -> tuple[float, float]:
    """(Items a CPU second of the workers, items a second), between a block of each at both ends.

    What has been read and not yet kept is as much at the end of that stretch as at its beginning.
    """
    own = {"LIGHTBOX_HOME": str(home), "LIGHTBOX_DEVICE": "cpu", "LIGHTBOX_BACKEND": "exact"} | TOKEN
    command = [str(PYTHON), "app.py", "import", str(folder), "--on", nodes.address]
    seen: dict[int, float] = {}
    looks: list[tuple[int, float, float]] = []  # items kept, CPU seconds, seconds
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | own)
    try:
        while process.poll() is None:
            looks.append((settled(home), _cpu_s(nodes, seen), time.monotonic()))
            time.sleep(0.1)
        assert process.returncode == 0
    finally:
        process.kill()
    edges = workers * BLOCK, PICTURES - workers * BLOCK
    first, last = (next(look for look in looks if look[0] >= edge) for edge in edges)
    items, cpu_s, s = (after - before for before, after in zip(first, last, strict=True))
    return items / cpu_s, items / s


def test_each_of_two_workers_beside_one_alone() -> None:
    if not PYTHON.exists():
        pytest.skip("Ray is not installed: make ray")
    kept: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="lb-") as short:  # a socket below it has 107 characters at most
        folder = Path(short)
        for mark in range(PICTURES // BLOCK):
            for number in range(30, 30 + BLOCK):
                write_picture(folder / "scans" / f"{mark} {number}.png", axial(number, mark=mark))
        nodes = RayNodes(folder)
        try:
            nodes.start_head()
            nodes.start_worker()
            for turn in range(ROUNDS):
                alone = _measured(nodes, 1, folder / f"alone {turn}", folder / "scans")
                second = nodes.start_worker()
                both = _measured(nodes, 2, folder / f"both {turn}", folder / "scans")
                nodes.stop_node(second)
                print(f"\none worker: {alone[0]:.2f} items a CPU second, {alone[1]:.2f} a second")
                print(f"two workers: {both[0]:.2f} items a CPU second, {both[1]:.2f} a second")
                kept.append((both[0] / alone[0], both[1] / alone[1] / 2))
        finally:
            nodes.stop()
    cpu, clock = (median(ratios) for ratios in zip(*kept, strict=True))
    print(
        f"each of two keeps {cpu:.2f} of one's speed by CPU time, {clock:.2f} by the clock ({ROUNDS} rounds)"
    )
