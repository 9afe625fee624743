"""What the servers of a house tell each other of their jobs; the jobs' rows say the same a little later."""

from __future__ import annotations

from collections.abc import Callable

from services.servers import Events

_OFFERED, _CANCELLED, _ENDED = "job.offered", "job.cancelled", "job.ended"


class JobMessages:
    """Told by one server to all others: a job's id, or of which kind and about what it was."""

    def __init__(
        self,
        events: Events,
        offered: Callable[[str], object],
        cancelled: Callable[[str], object],
        ended: Callable[[str, str], object],
    ) -> None:
        """What is done when another server tells of a job."""
        self._events = events
        events.subscribe(_OFFERED, offered)
        events.subscribe(_CANCELLED, cancelled)
        events.subscribe(_ENDED, lambda word: ended(*word.split(" ", 1)))

    def offered(self, job_id: str) -> None:
        """A job waits for whoever has room, or its turn has changed."""
        self._events.publish(_OFFERED, job_id)

    def cancelled(self, job_id: str) -> None:
        """Whoever does a job shall end it."""
        self._events.publish(_CANCELLED, job_id)

    def ended(self, kind: str, subject: str) -> None:
        """A run of this kind and subject has ended."""
        self._events.publish(_ENDED, f"{kind} {subject}")
