"""Decoding in a process of its own, so that no file can hang, crash or starve the server.

The server holds torch and many threads and must not be forked; so a small process (`worker`) is
started once, loads the decoders, and forks a child for every upload. Nothing of the caller's own
program is imported there, and nothing that a child writes is unpickled here.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.errors import Outage
from data.formats.limits import UNREADABLE, Decoded, Limits
from data.formats.processes.transport import DONE, READY, get_outcome, machine_fault
from data.records import DecodedScan, Refusal

_log = logging.getLogger("data.formats")
_ROOT = Path(__file__).resolve().parents[3]
_GRACE_S = 10.0
_ATTEMPTS = 3
_PASSED_ON = ("PATH", "HOME", "TZ", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")
_DEFAULT = Limits()
_TOO_LONG = "This file takes too long to read, so it was not read."


class ReaderUnavailable(Outage):
    """The reading process could not be started: our fault, not the file's."""


class _Reader:
    """The reading process of this process; started when first needed, and again if it died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._owner = 0

    def connect(self) -> socket.socket:
        """A connection that a fresh child will answer. Raises OSError if the process has died."""
        with self._lock:
            control = self._running()
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    socket.send_fds(control, [b"."], [theirs.fileno()])
                except OSError:
                    ours.close()
                    self._stop()
                    raise
            return ours

    def _running(self) -> socket.socket:
        if self._owner != os.getpid():  # this process was forked: the parent's reader is not ours
            self._process, self._control = None, None
        if self._control is None or self._process is None or self._process.poll() is not None:
            self._stop()
            self._control, self._process = _start()
            self._owner = os.getpid()
        return self._control

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
        self._process, self._control = None, None

    def close(self) -> None:
        """End the reading process; it would also end by itself with this one."""
        if self._owner == os.getpid():
            with self._lock:
                self._stop()


def _start() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # Address space is limited in the children, and every thread of these reserves some.
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "data.formats.processes.worker", str(theirs.fileno())]
    with theirs:
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    return ours, process


_reader = _Reader()
atexit.register(_reader.close)


def decode_guarded(
    path: Path,
    name: str,
    limits: Limits = _DEFAULT,
    *,
    timeout_s: float = 120,
    memory_bytes: int = 6 << 30,
    keep_in: Path | None = None,
    as_volume: bool = False,
) -> Decoded:
    """Like `decode`, in a child process that is ended when it takes too long or too much.

    With `keep_in` the bytes to keep of the n-th scan are written there as `{n}.zip` (DICOM
    without direct identifiers) or `{n}{suffix}`. May be called from many threads at once.
    A child that the kernel killed, for want of memory that others may have taken, is followed by another.
    Raises ReaderUnavailable if no child could be started at all, and OSError where
    the machine could not go on (`data.machine_faults`), which is no fault of the file.
    """
    with tempfile.TemporaryDirectory(prefix="lightbox-", ignore_cleanup_errors=True) as folder:
        request = {
            "what": "upload",
            "path": str(path.resolve()),
            "name": name,
            "as_volume": as_volume,
            "limits": asdict(limits),
            "timeout_s": timeout_s,
            "memory_bytes": memory_bytes,
            "disk_bytes": limits.max_unpacked_bytes + limits.max_bytes,
            "folder": folder,
            "keep_in": None if keep_in is None else str(keep_in.resolve()),
        }
        started = time.monotonic()
        lines = ask(request, timeout_s)
        took_s = time.monotonic() - started
        if lines[-1] != DONE:
            _discard(keep_in)
            return Decoded((), (gave_up(name, took_s, timeout_s),))
        return Decoded.of(_decoded(lines[1:-1], Path(folder)))


def ask(request: dict[str, Any], timeout_s: float) -> list[str]:
    """The lines of a child's answer; the last is `DONE` unless it died or took too long.

    `timeout_s` is for each line. Raises ReaderUnavailable if no child could be started at all, OSError where
    the child said that the machine cannot go on.
    """
    killed: OSError | None = None
    for _ in range(_ATTEMPTS):
        lines = _answer(json.dumps(request), timeout_s + _GRACE_S)
        fault = machine_fault(lines[-1]) if lines else None
        if fault is not None and fault.errno != errno.ENOMEM:
            raise fault
        if fault is not None:  # another may be let live
            killed = fault
        elif lines and lines[0] == READY:
            return lines
        # No child was there: the reading process died, and the next attempt starts another.
    if killed is not None:
        raise killed
    raise ReaderUnavailable("The process that reads files did not start; please try again in a minute.")


def _answer(request: str, wait_s: float) -> list[str]:
    answer = b""
    with contextlib.suppress(OSError), _reader.connect() as connection:
        connection.settimeout(wait_s)
        connection.sendall(request.encode() + b"\n")
        while received := connection.recv(1 << 16):
            answer += received
    return answer.decode("utf-8", "replace").splitlines()


def _decoded(lines: list[str], folder: Path) -> list[DecodedScan | Refusal]:
    return [get_outcome(json.loads(line), folder) for line in lines]


def _discard(keep_in: Path | None) -> None:
    """Nothing is kept of an upload that was not read to its end."""
    for file in [] if keep_in is None else keep_in.iterdir():
        if file.name.split(".")[0].isdigit():
            file.unlink(missing_ok=True)


def gave_up(name: str, took_s: float, timeout_s: float) -> Refusal:
    """The refusal of a file whose child ended early, after so many seconds of those it had."""
    too_long = took_s >= timeout_s * 0.98
    _log.warning("the reading of a file was ended: %s", "time" if too_long else "it crashed")
    return Refusal(name, "too_hard", _TOO_LONG) if too_long else Refusal(name, "unreadable", UNREADABLE)
