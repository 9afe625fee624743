"""What is done to a running server: disks filled and closed, databases held, children killed, clocks set."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

BALLAST = ".ballast"


def may_mount() -> str | None:
    """Why no file system can be mounted here; None where one can."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return "only root mounts file systems"
    return None if _mount_works() else "mounting is refused here"


def _mount_works() -> bool:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
    return True


@contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[None]:
    """A file system of its own at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def filled(folder: Path, leave_bytes: int = 0) -> Iterator[None]:
    """The disk below `folder` has no more than so many bytes left, and keeps being filled up."""
    ballast, stopping = folder / BALLAST, threading.Event()

    def fill() -> None:
        with ballast.open("ab", buffering=0) as file:
            while not stopping.is_set():
                free = shutil.disk_usage(folder).free - leave_bytes
                with suppress(OSError):
                    if free > 0:
                        file.write(bytes(min(free, 1 << 22)))
                if free < 1 << 22:
                    stopping.wait(0.05)

    filling = threading.Thread(target=fill)
    filling.start()
    try:
        yield
    finally:
        stopping.set()
        filling.join()
        ballast.unlink()


@contextmanager
def bound(folder: Path) -> Iterator[None]:
    """`folder` mounted over itself, so that it can be made read-only without the rest of its disk."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A `bound` folder that cannot be written to, not by root either."""
    for attempt in range(50):  # somebody may be writing just now
        done = subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], capture_output=True)
        if done.returncode == 0:
            break
        assert attempt < 49, done.stderr
        time.sleep(0.1)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,bind,rw", str(folder)], check=True)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process's transaction holds a SQLite file."""
    with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as holding:
        holding.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            holding.execute("ROLLBACK")


@contextmanager
def moved_away(*places: Path) -> Iterator[None]:
    """Files and folders that are not where they were; what came in their place is thrown away."""
    for place in places:
        place.rename(place.with_name(place.name + ".away"))
    try:
        yield
    finally:
        for place in places:
            if place.is_dir():
                shutil.rmtree(place)
            place.unlink(missing_ok=True)
            place.with_name(place.name + ".away").rename(place)


@contextmanager
def children_killed(group: int) -> Iterator[list[int]]:
    """Processes that decode files are killed, as the kernel does it for want of memory; yields whose."""
    killed: list[int] = []
    stopping = threading.Event()

    reader = _reader(group)

    def kill() -> None:
        while not stopping.is_set():
            with suppress(OSError):
                for keeper in _children(reader):
                    for child in _children(keeper):
                        os.kill(child, signal.SIGKILL)
                        killed.append(child)

    killing = threading.Thread(target=kill)
    killing.start()
    try:
        yield killed
    finally:
        stopping.set()
        killing.join()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _reader(group: int) -> int:
    """The process of this group that forks a child for each file."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            stat = (place / "stat").read_text()
            fields = stat[stat.rindex(")") + 2 :].split()
            is_child = "processes.worker" in (Path("/proc") / fields[1] / "cmdline").read_text()
            if (
                int(fields[2]) == group
                and "processes.worker" in (place / "cmdline").read_text()
                and not is_child
            ):
                return int(place.name)
    raise AssertionError("no process that reads files")
