"""The reading process: decodes one upload, or one batch of an import, per child under hard limits.

Started by `guard` as `python -m data.formats.processes.worker FD`. It loads the decoders once, then waits on
the socket FD; every connection it receives there is answered by a fresh fork, which lives for one
upload. It has one thread, so forking it is safe, and it ends when its parent does.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from data.formats.archives import unpacking
from data.formats.decoder_errors import DECODING_ERRORS
from data.formats.decoding import Kept, decode_each
from data.formats.kept_files import keep_scan
from data.formats.limits import UNREADABLE, Limits
from data.formats.processes import batches, sightings
from data.formats.processes.transport import DONE, READY, put_machine_fault, put_refusal, put_scan
from data.machine_faults import is_of_machine, refuse_of_machine
from data.priorities import NICENESS
from data.records import Refusal

_OPEN_FILES = 256
_FORGIVEN_SECONDS = 5
_log = logging.getLogger("data.formats")


def serve(control: socket.socket) -> None:
    """Fork a child for every connection that arrives on `control`, until that is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to act on
    os.nice(NICENESS)
    _load_plugins()
    while True:
        _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not descriptors:
            return
        connection = socket.socket(fileno=descriptors[0])
        if os.fork() == 0:
            control.close()
            _keep_and_exit(connection)
        connection.close()


def _load_plugins() -> None:
    """Import what the decoders would import on first use, once for all children."""
    import libjpeg  # noqa: F401
    import openjpeg  # noqa: F401
    import PIL.Image
    import pydicom.encoders
    import pydicom.pixels  # noqa: F401
    import rle  # noqa: F401

    PIL.Image.init()


def _keep_and_exit(connection: socket.socket) -> None:
    """Have another child answer, and say so where the kernel killed it, as it does for want of memory.

    Nothing in a file makes a decoder kill itself: such a file is not damaged.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    answering = os.fork()
    if answering == 0:
        _answer_and_exit(connection)
    _, status = os.waitpid(answering, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        with contextlib.suppress(OSError):
            connection.sendall(f"\n{put_machine_fault(OSError(errno.ENOMEM, ''))}\n".encode())
    os._exit(0)


def _answer_and_exit(connection: socket.socket) -> None:
    status = 1
    try:
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(READY + "\n")
            stream.flush()
            request = json.loads(stream.readline())
            _limit_resources(request)
            try:
                for line in _ANSWERS[request["what"]](request):
                    stream.write(line + "\n")
                    stream.flush()
            except OSError as error:
                if not is_of_machine(error):
                    raise
                stream.write(put_machine_fault(error) + "\n")
            else:
                stream.write(DONE + "\n")
        status = 0
    finally:
        os._exit(status)


def _limit_resources(request: dict[str, Any]) -> None:
    """Time, memory and disk beyond what was granted end this process by the kernel's hand."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, request["timeout_s"])
    items = len(request.get("items", ())) or 1
    seconds = int(request["timeout_s"] * items) + _FORGIVEN_SECONDS
    for what, most in (
        (resource.RLIMIT_AS, request["memory_bytes"]),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, request["disk_bytes"]),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        hard = resource.getrlimit(what)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (value, value))
    with contextlib.suppress(OSError):  # if memory runs out after all, not the server is ended
        Path("/proc/self/oom_score_adj").write_text("1000")


def _answers(request: dict[str, Any]) -> Iterator[str]:
    """One line for each scan or refusal."""
    folder = Path(request["folder"])
    tempfile.tempdir = str(folder)
    keep_in = Path(request["keep_in"]) if request["keep_in"] else None
    number = 0
    limits, as_volume = Limits(**request["limits"]), request["as_volume"]
    for decoded in decode_each(Path(request["path"]), request["name"], limits, as_volume=as_volume):
        if isinstance(decoded, Refusal):
            yield put_refusal(decoded)
            continue
        line = _finished(decoded, folder, keep_in, number)
        if line is None:
            yield put_refusal(Refusal(decoded.scan.name, "unreadable", UNREADABLE))
        else:
            yield line
            number += 1


def _finished(kept: Kept, folder: Path, keep_in: Path | None, number: int) -> str | None:
    """The line of a scan, after its array and the bytes to keep are written; None if they are not."""
    try:
        if keep_in is not None:
            keep_scan(kept.members, keep_in, number)
        return put_scan(kept.scan, folder, number)
    except DECODING_ERRORS as error:
        refuse_of_machine(error)
        # Without a copy that is free of names nothing is kept, and what is not kept is not read.
        _log.warning("a scan could not be kept: %s", type(error).__name__)
        return None


_ANSWERS: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "upload": _answers,
    "items": batches.answers,
    "sightings": sightings.answers,
    "unpacking": unpacking.answers,
}

if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
