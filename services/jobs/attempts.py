"""A run of a job: the work itself, and what becomes of the job however that ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic

from data.database import new_id
from data.errors import Busy, InvalidInput, Outage, OutOfMemory, UserFacingError
from data.records import Job, JobState
from data.stores.jobs import JobStore
from services.containment import contained
from services.jobs.context import JobContext, Revoked
from services.outages import outage_of

MOST_ATTEMPTS = 3
OUTAGE_DELAYS = 3
_INTERRUPTED = "This work was interrupted {attempts} times and was given up. It can be started again."
_BROKEN = "Something went wrong inside Lightbox (error {error_id}). An administrator can look it up."
_UNKNOWN = "This version of Lightbox does not know this kind of work."

log = logging.getLogger(__name__)

Work = Callable[[JobContext], None]
GiveUp = Callable[[str, str], None]


@dataclass
class Kind:
    """How a kind of job is done, and by whom."""

    work: Work
    on_give_up: GiveUp | None
    limit: int | None
    any_server: bool = False


def _refuse(_context: JobContext) -> None:
    raise InvalidInput(_UNKNOWN)


UNKNOWN_KIND = Kind(_refuse, None, None)  # queued by a version that knew it


def _nothing() -> None:
    """Only whether it may be written is of interest."""


class Attempt:
    """Runs jobs that have begun."""

    def __init__(
        self,
        store: JobStore,
        later: Callable[[str, float], None],
        busy_delay_s: float,
        retry_delay_s: float,
    ) -> None:
        """`later` has a job (by its id) run again after so many seconds."""
        self._store = store
        self._later = later
        self._busy_delay_s = busy_delay_s
        self._retry_delay_s = retry_delay_s
        self.told: Callable[[str, JobState, float], None] = lambda _kind, _outcome, _seconds: None

    def __call__(self, job: Job, kind: Kind, context: JobContext) -> None:
        """Run a job that has begun, and keep how that ended."""
        if job.attempts > MOST_ATTEMPTS:
            self._give_up(job, kind, context, _INTERRUPTED.format(attempts=job.attempts - 1))
            return
        try:
            kind.work(context)
        except Revoked:
            log.info("job %s (%s) was cancelled", job.id, job.kind)
        except Busy:
            self._store.postpone(job.id, context.run_id, counts=False)
            self._later(job.id, self._busy_delay_s)
        except UserFacingError as error:
            self._give_up(job, kind, context, str(error))
        except Exception as error:  # noqa: BLE001  logged with an id; the worker thread goes on
            outage = outage_of(error)
            if outage is None or isinstance(outage, OutOfMemory):
                self._after_error(job, kind, context, error, outage)
            else:  # it is not the work's fault, however often it comes
                log.warning("job %s (%s) waits for the end of an outage: %s", job.id, job.kind, outage)
                self._store.postpone(job.id, context.run_id, counts=False)
                self._later(job.id, self._retry_delay_s * OUTAGE_DELAYS)
        else:
            self._after_work(job, context)

    def _after_work(self, job: Job, context: JobContext) -> None:
        if not context.gave_way:
            self.told(job.kind, JobState.DONE, monotonic() - context.began)
        if context.settled:
            return
        if context.gave_way:  # back into the queue, unless somebody cancelled it
            self._store.postpone(job.id, context.run_id, counts=False)
        else:
            self._store.finish(job.id, context.run_id, context.worked_s)

    def _after_error(
        self, job: Job, kind: Kind, context: JobContext, error: Exception, outage: Outage | None
    ) -> None:
        error_id = new_id()[:8]
        log.error("job %s (%s) failed, error %s", job.id, job.kind, error_id, exc_info=error)
        if job.attempts >= MOST_ATTEMPTS:
            said = _BROKEN.format(error_id=error_id) if outage is None else str(outage)
            self._give_up(job, kind, context, said)
        else:
            self._store.postpone(job.id, context.run_id, counts=True)
            self._later(job.id, self._retry_delay_s * job.attempts)

    def _give_up(self, job: Job, kind: Kind, context: JobContext, sentence: str) -> None:
        if not self._store.speak(job.id, context.run_id, _nothing):
            return  # it was cancelled meanwhile
        # First the subject, then the job: killed in between, the job comes round and does both again.
        if kind.on_give_up is not None:
            tell = partial(kind.on_give_up, job.subject, sentence)
            contained(tell, "job %s: what should follow its failure failed too", job.id)
        self._store.fail(job.id, context.run_id, sentence)
        self.told(job.kind, JobState.FAILED, monotonic() - context.began)
