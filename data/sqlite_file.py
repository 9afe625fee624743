"""A SQLite file that is taken away or replaced under a running server.

Connections hold on to the file that they opened: what they wrote would be gone with it, and a new one would
find, or make, another. So each is asked before its use whether its file is still the one at that place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from data.errors import Outage
from data.outages import AWAY

_FILE = "lightbox_file"
_following: WeakSet[Engine] = WeakSet()


def follow(engine: Engine, file: Path) -> None:
    """Have every connection of `engine` hold the file that is at `file` now.

    A connection to another one is closed, and a new one opened. While there is none, Outage is raised and no
    empty one is made, once there has been one. An engine that follows its file already is left as it is.
    """
    if engine in _following:
        return
    _following.add(engine)
    known = _Known(file)
    event.listen(engine, "do_connect", known.before_connecting)
    event.listen(engine, "connect", known.connected)
    event.listen(engine, "checkout", known.before_use)


class _Known:
    """What was at a place."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._has_been = file.exists()

    def before_connecting(self, *_: Any) -> None:
        if self._has_been and not self._file.exists():
            raise Outage(AWAY)

    def connected(self, _connection: Any, record: Any) -> None:
        self._has_been = True
        record.info[_FILE] = self._identity()

    def before_use(self, _connection: Any, record: Any, _proxy: Any) -> None:
        there = self._identity()
        if record.info.get(_FILE) == there:
            return
        if there is None:
            record.invalidate()
            raise Outage(AWAY)
        raise DisconnectionError("the file was replaced")

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino
