"""Who may use how many cores: the one place that says so.

The network has all of them, as one batch runs at a time and everybody waits for it. BLAS has one in every
process, the children that decode have one each, and the check of a version has one at low priority: they
take what is left, and the system shares the rest out. Pages come first: whatever loads networks, computes or
decodes makes way for them. Whoever asks for it does not: a thread that is kept from the cores while it holds
the interpreter's lock keeps every page with it.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from data.priorities import NICENESS

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def network_threads() -> int:
    """Threads for the network: all usable cores, or as many as `OMP_NUM_THREADS` says."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(asked) if asked.isdigit() and int(asked) else usable_cores()


def make_way() -> None:
    """From now on this thread comes after others where cores are short, and so does each that it starts.

    The libraries' own threads are started by whoever first loads or runs a network, and take its priority
    over. Only Linux has priorities of threads; a sandbox may refuse to change them, and all are equal then.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def making_way() -> ThreadPoolExecutor:
    """A thread for what comes after others where cores are short; it ends when nobody has it any more."""
    return ThreadPoolExecutor(1, "making-way", initializer=make_way)


def usable_cores(quota: Path = _QUOTA) -> int:
    """Cores that this process may run on, at least one: by its affinity, and a container's quota."""
    cores = len(os.sched_getaffinity(0))
    try:
        most, period = quota.read_text().split()
        return max(1, min(cores, int(most) // int(period)))
    except (OSError, ValueError):  # no control group, or "max"
        return cores
