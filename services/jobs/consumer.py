"""huey's worker threads inside a server."""

from __future__ import annotations

from typing import Any

from huey.consumer import Consumer


class QuietConsumer(Consumer):  # type: ignore[misc]
    """A consumer inside a process whose signals are the server's business."""

    def _set_signal_handlers(self) -> None:
        """None."""

    def _interrupt_workers(self) -> Any:
        """Threads cannot be interrupted; their jobs are put back by `Jobs.stop`."""
