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

PICTURES = 8 * 32  # blocks of the largest size
ROUNDS = 3
pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]


def _cpu_s(nodes: RayNodes, seen: dict[int, float]) -> float:
    """CPU seconds of all workers so far, with the children that decode for them; ended ones count."""
    for worker in nodes.workers():
        with suppress(psutil.NoSuchProcess):
            times = [p.cpu_times() for p in (worker, *worker.children(recursive=True))]
            seen[worker.pid] = sum(t.user + t.system + t.children_user + t.children_system for t in times)
    return sum(seen.values())


def _measured(nodes: RayNodes, home: Path, folder: Path) -> tuple[float, float]:
    """(Items a CPU second of the workers, items a second), from when the first are done to the end."""
    own = {"LIGHTBOX_HOME": str(home), "LIGHTBOX_DEVICE": "cpu", "LIGHTBOX_BACKEND": "exact"} | TOKEN
    command = [str(PYTHON), "app.py", "import", str(folder), "--on", nodes.address]
    seen: dict[int, float] = {}
    begun: tuple[int, float, float] | None = None
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | own)
    try:
        ended = time.monotonic()
        while process.poll() is None and (done := settled(home)) < PICTURES:
            cpu_s, ended = _cpu_s(nodes, seen), time.monotonic()
            if begun is None and done:
                begun = done, cpu_s, ended
            time.sleep(0.1)
        assert process.wait() == 0
    finally:
        process.kill()
    assert begun is not None
    items = PICTURES - begun[0]
    return items / (sum(seen.values()) - begun[1]), items / (ended - begun[2])


def test_each_of_two_workers_beside_one_alone() -> None:
    if not PYTHON.exists():
        pytest.skip("Ray is not installed: make ray")
    kept: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="lb-") as short:  # a socket below it has 107 characters at most
        folder = Path(short)
        for mark in range(PICTURES // 32):
            for number in range(30, 62):
                write_picture(folder / "scans" / f"{mark} {number}.png", axial(number, mark=mark))
        nodes = RayNodes(folder)
        try:
            nodes.start_head()
            nodes.start_worker()
            for turn in range(ROUNDS):
                alone = _measured(nodes, folder / f"one {turn}", folder / "scans")
                second = nodes.start_worker()
                both = _measured(nodes, folder / f"two {turn}", folder / "scans")
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
