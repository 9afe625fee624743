"""Where each job stands in the queue, and when it will be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from data.records import Job, JobState, QueuePlace
from services.turns import Turn


def queue_places(
    jobs: Iterable[Job], turn: Callable[[Job], Turn], seconds: Callable[[Job], float | None]
) -> dict[str, QueuePlace]:
    """Places by the jobs' subjects, in the order in which they will be done.

    What is short comes first even where long work is under way, which gives way to it; other work that waits
    comes after that. One device does it all, so each waits for whatever is before it. `seconds` says how long
    a job takes; behind one of which that is not known nothing is expected.
    """
    places: dict[str, QueuePlace] = {}
    ahead_s: float | None = 0.0
    line = sorted(jobs, key=lambda job: (_waits(job), turn(job).order))
    for place, job in enumerate(line, start=1):
        running, own_s = job.state is JobState.RUNNING, seconds(job)
        left_s = None if own_s is None else own_s * (1.0 - job.progress)
        ahead_s = None if ahead_s is None or left_s is None else ahead_s + left_s
        places[job.subject] = QueuePlace(place, len(line), ahead_s, running)
    return places


def _waits(job: Job) -> bool:
    """Whether it has to wait for a worker."""
    return job.state is JobState.QUEUED and not job.effort.short
