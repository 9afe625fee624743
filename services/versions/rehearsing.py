"""Whom a rehearsal is done for: a job of the server's, or a command that waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Rehearsing(Protocol):
    """What a rehearsal asks of whoever has it done."""

    job_id: str
    user_id: str | None

    def progress(self, fraction: float) -> None:
        """Take note of how far it is, 0 to 1."""

    def cancelled(self) -> bool:
        """Whether it should end now."""


class WaitedFor:
    """A command that waits for the rehearsal of a version; interrupted, it ends it."""

    user_id: str | None = None

    def __init__(self, task: str, version: str, advance: Callable[[float], None]) -> None:
        """`advance` is told how far it is."""
        # The same of the same version: what a killed command left is cleared away by the next one.
        self.job_id = f"command {task} {version}"
        self._advance = advance

    def progress(self, fraction: float) -> None:
        """Tell whoever waits."""
        self._advance(fraction)

    def cancelled(self) -> bool:
        """Never: Ctrl-C raises."""
        return False
