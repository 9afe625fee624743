"""Lightbox as people run it: a house of its own, and slices that are new to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests import phantoms
from tests.benchmarks.peers.servers import ROOT, Server, free_port, running

SETTLING_S = 900.0
SIDE = 256
HEARTBEAT_S = 3.0
"""gunicorn's worker says each second that it lives."""


@contextmanager
def lightbox(home: Path) -> Iterator[tuple[Server, str]]:
    """A server in whose home every network is run as this machine chose, and a clinician's token.

    The first start in a home makes the choices, which takes minutes; later ones find them there.
    """
    # What the tests set for themselves is not how people run it.
    port, environment = free_port(), {"LIGHTBOX_HOME": str(home), "LIGHTBOX_BACKEND": "auto"}
    served = environment | {"LIGHTBOX_PORT": str(port)}
    command = [sys.executable, str(ROOT / "app.py"), "serve"]
    with running("Lightbox", command, port, home, served, "/healthz") as server:
        server.heartbeat_s = HEARTBEAT_S
        _wait_until_settled(port)
        _users(environment, "add", "bench", "--role", "clinician")
        yield server, _users(environment, "token", "bench").strip()


def _users(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "app.py"), "users", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def _wait_until_settled(port: int) -> None:
    until = time.monotonic() + SETTLING_S
    while time.monotonic() < until:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            ready = b"lightbox_ready 1.0" in answer.read()
        if ready and not any("until the check" in way["why"] for way in _backends(port).values()):
            return
        time.sleep(0.5)
    raise RuntimeError("Lightbox has not chosen how to run its networks")


def _backends(port: int) -> dict[str, dict[str, str]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
        backends: dict[str, dict[str, str]] = json.load(answer)["backends"]
        return backends


def slices(folder: Path, number: int) -> list[str]:
    """So many files, each a lone slice of a head with a lesion that no other file shows."""
    folder.mkdir(parents=True, exist_ok=True)
    head, files = phantoms.brain(12), []
    noise = np.random.default_rng(0)
    for index in range(number):
        picture = head[::-1, ::-1, 42 + index % 8].T / 1000
        picture = np.kron(picture, np.ones((2, 2)))[:SIDE, :SIDE]
        file = folder / f"{index}.png"
        file.write_bytes(phantoms.png(picture + noise.normal(0, 0.01, picture.shape) * (picture > 0.02)))
        files.append(str(file))
    return files
