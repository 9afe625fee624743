"""DICOM's application entities, made so that they also work in a process with many open files.

pynetdicom asks `select.select` whether a socket has something to read. From file number 1,024 on that raises
ValueError, which it takes for a connection that was closed: each association of a busy server would be
aborted, and the other side blamed. poll(2) knows no such bound.
"""

from __future__ import annotations

import errno
import select
import socket
from collections.abc import Sequence

from pynetdicom import AE, transport


class _ByPoll:
    """Stands where pynetdicom's transport looks for the module `select`."""

    @staticmethod
    def select(
        readers: Sequence[socket.socket],
        writers: Sequence[object],
        others: Sequence[object],
        timeout_s: float,
    ) -> tuple[list[socket.socket], list[object], list[object]]:
        """The sockets that have something to read, or are at their end, within `timeout_s`.

        Raises ValueError or OSError for one that is closed, as `select.select` does.
        """
        assert not writers and not others, "pynetdicom waits for nothing else"
        poll = select.poll()
        for reader in readers:
            poll.register(reader, select.POLLIN)
        events = dict(poll.poll(timeout_s * 1000))
        if any(event & select.POLLNVAL for event in events.values()):
            raise OSError(errno.EBADF, "the socket was closed")
        return [reader for reader in readers if reader.fileno() in events], [], []


def application_entity(title: str) -> AE:
    """An entity of that AE title, to ask for associations or to accept them."""
    vars(transport)["select"] = _ByPoll
    return AE(title)
