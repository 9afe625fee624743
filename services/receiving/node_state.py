"""What the DICOM node says of itself, in a small file that the server's page reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from data import atomic_files
from data.codec import from_json, to_json
from data.database import now

BEATS_EVERY_S = 2.0
_JUMP = timedelta(seconds=60)  # by so much may the wall clock and the monotonic one differ between two beats
_AWAY_AFTER = timedelta(seconds=5 * BEATS_EVERY_S)
_REFUSED_KEPT = 20
_FILE = "node.json"


@dataclass(frozen=True)
class RefusedSender:
    """Somebody who was not let in, the last time: why, and how often."""

    ae_title: str
    address: str
    sentence: str
    times: int
    last_at: datetime


@dataclass(frozen=True)
class NodeState:
    """Where the node listens, since when, and whom it refused."""

    ae_title: str
    host: str
    port: int
    tls: bool
    started_at: datetime
    beat_at: datetime
    listening_since: datetime | None = None  # without a break, and without a jump of the clock
    refused: tuple[RefusedSender, ...] = field(default=())

    def running(self) -> bool:
        """Whether it has said so lately."""
        return now() - self.beat_at < _AWAY_AFTER


def read_state(folder: Path) -> NodeState | None:
    """What the node in this folder last said of itself; None where it never ran."""
    try:
        return from_json(NodeState, (folder / _FILE).read_text())
    except FileNotFoundError:
        return None


class StateWriter:
    """Keeps the file up to date; the node's alone."""

    def __init__(self, folder: Path, state: NodeState, clock: Callable[[], float] = time.monotonic) -> None:
        before = read_state(folder)
        self._folder = folder
        self._clock = clock
        self._beat_at = clock()
        self._state = replace(
            state, refused=before.refused if before else (), listening_since=state.started_at
        )
        self._lock = threading.Lock()

    def beat(self) -> None:
        """Say that the node lives; a clock that jumped, or a machine that slept, was not listening."""
        with self._lock:
            moment, passed = now(), timedelta(seconds=self._clock() - self._beat_at)
            jumped = abs(moment - self._state.beat_at - passed) > _JUMP
            since = moment if jumped else self._state.listening_since
            self._state = replace(self._state, beat_at=moment, listening_since=since)
            self._beat_at = self._clock()
            with atomic_files.new_file(self._folder / _FILE, flush=False) as file:
                file.write(to_json(self._state).encode())

    def refused(self, ae_title: str, address: str, sentence: str) -> None:
        """Note somebody who was not let in; written with the next beat."""
        with self._lock:
            same = [r for r in self._state.refused if (r.ae_title, r.address) == (ae_title, address)]
            others = [refused for refused in self._state.refused if refused not in same]
            times = 1 + sum(refused.times for refused in same)
            newest = RefusedSender(ae_title, address, sentence, times, now())
            self._state = replace(self._state, refused=(newest, *others)[:_REFUSED_KEPT])
