"""Whoever runs networks makes way for pages."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from services.inference.batcher import MicroBatcher
from services.inference.threads import NICENESS, make_way

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")


def _niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_that_makes_way_and_those_that_it_starts_come_after_others() -> None:
    before, told = _niceness(), []

    def work() -> None:
        make_way()
        told.append(_niceness())
        child = threading.Thread(target=lambda: told.append(_niceness()))
        child.start()
        child.join()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == [NICENESS, NICENESS]
    assert _niceness() == before < NICENESS


def test_networks_run_after_pages() -> None:
    batcher = MicroBatcher[int, int](lambda _key, inputs: [_niceness() for _ in inputs])
    batcher.start()
    (future,) = batcher.submit("network", [1])
    assert future.result(timeout=30) == NICENESS
    batcher.stop()
