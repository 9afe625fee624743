"""Waiting for the end of what somebody asked for, without asking the database again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic


class Ends:
    """Who waits for the end of which work; work is told of by a kind and a subject."""

    def __init__(self) -> None:
        self._awaited: dict[tuple[str, str], threading.Event] = {}
        self._lock = threading.Lock()
        self._closed = False

    def wait(self, kind: str, subject: str, over: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `over`, which is asked now and after each end that is told of.

        False where that took longer than `timeout_s` seconds, or nobody will tell of an end any more.
        """
        until = monotonic() + timeout_s
        while True:
            with self._lock:  # first, so that no end between this and the question is missed
                ended = self._awaited.setdefault((kind, subject), threading.Event())
            if over():
                self.tell(kind, subject)
                return True
            if self._closed or not ended.wait(max(0.0, until - monotonic())):
                return False

    def tell(self, kind: str, subject: str) -> None:
        """Say that a run of this work has ended."""
        with self._lock:
            ended = self._awaited.pop((kind, subject), None)
        if ended is not None:
            ended.set()

    def open(self) -> None:
        """From now on ends are told of."""
        self._closed = False

    def close(self) -> None:
        """Let everybody go who waits, and nobody wait again."""
        self._closed = True
        with self._lock:
            awaited, self._awaited = self._awaited, {}
        for ended in awaited.values():
            ended.set()
