"""Where each job stands in the queue, and when it will be done."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from time import monotonic, thread_time

from data.records import Job, JobState, QueuePlace
from services.turns import Turn

SHORT_QUEUE = 16
KEPT_S, KEPT_TIMES = 0.3, 20
RENEWED_WITHIN_S = 5.0


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


class KeptPlaces:
    """Places of a long queue are worked out now and then, and not for each page that looks at them.

    Those of more than `SHORT_QUEUE` jobs are kept `KEPT_S`, and `KEPT_TIMES` as long as they took of a core,
    or until somebody at this server changes the queue; a short queue is looked at anew each time. So what has
    begun or ended, how far work is, and what other servers did, may be some moments old. SQLite's driver lets
    other threads have the interpreter at each row: rows of a long queue cost a busy server's pages far more
    than their own time, the more so where several threads work the places out at once.
    """

    def __init__(self, work_out: Callable[[str], dict[str, QueuePlace]]) -> None:
        """`work_out` gives the places of a kind, by subject."""
        self._work_out = work_out
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Mapping[str, QueuePlace]]] = {}  # until when, by kind
        self._forgotten: Counter[str] = Counter()  # how often, by kind

    def of(self, kind: str) -> Mapping[str, QueuePlace]:
        """Places of a kind by subject; they may be some moments old where many wait."""
        with self._lock:
            kept, forgotten = self._kept.get(kind), self._forgotten[kind]
            if kept is not None:
                until, known = kept
                if monotonic() < until:
                    return known
                self._kept[kind] = monotonic() + RENEWED_WITHIN_S, known  # for others, meanwhile
        began = thread_time()
        places = self._work_out(kind)
        took_s = thread_time() - began
        with self._lock:
            if forgotten != self._forgotten[kind]:  # the queue was changed meanwhile: this may be of before
                return places
            if len(places) > SHORT_QUEUE:
                self._kept[kind] = monotonic() + max(KEPT_S, KEPT_TIMES * took_s), places
            else:
                self._kept.pop(kind, None)
        return places

    def forget(self, kind: str) -> None:
        """Places are worked out anew: whoever changes a queue is told what came of it."""
        with self._lock:
            self._forgotten[kind] += 1
            self._kept.pop(kind, None)
