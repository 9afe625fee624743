"""Events of looking and of being refused: one each, however often a page asks for the same.

A page asks for pictures, states and blocks of voxels many times; a script may try an address again and again.
An event is written of each person, subject and action once in so long; what comes more often within it
is the same look. Refusals are bounded as well for each person or address, so that nobody can flood the trail:
what was left out is counted in the next one that is written.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TTLCache

from data.audit_origin import origin
from data.database import now
from data.records import AuditEvent, AuditOutcome, User
from data.stores.audit import AuditLog

LOOK_S = 300.0
"""Who looks at the same within so many seconds looks once."""
REFUSED_S = 60.0
MOST_REFUSED = 30
"""Refusals of a person or an address that are written within `REFUSED_S`."""
_REMEMBERED = 20_000

OPENED, READ, TAKEN = "scan.view", "scan.read", "scan.download"
PATIENT, SEARCH, TRAIL = "patient.view", "patient.search", "audit.view"
REFUSED = "access.refused"
TOKEN_REFUSED = "token refused"  # noqa: S105 - an action

Key = tuple[str, ...]


@dataclass
class _Refused:
    """What was refused to a person or an address lately."""

    since: float
    written: int = 0
    left_out: int = 0


class Accesses:
    """Writes events of looking, and of what was refused."""

    def __init__(self, audit: AuditLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._audit = audit
        self._clock = clock
        self._turn = threading.Lock()
        self._looks: TTLCache[Key, None] = TTLCache(_REMEMBERED, LOOK_S, clock)
        self._refusals: TTLCache[Key, None] = TTLCache(_REMEMBERED, REFUSED_S, clock)
        self._refused: OrderedDict[str, _Refused] = OrderedDict()

    def looked(self, user: User, action: str, subject: str, detail: str = "", patient: str = "") -> None:
        """A person looks at something; `patient` where it does not follow from the subject.

        It is in the trail before this returns: nothing is shown of which nothing is known.
        """
        key = (user.id, origin().via.value, action, subject, detail)
        if self._is_news(self._looks, key):
            try:
                self._audit.record(AuditEvent(now(), user.id, action, subject, detail, patient=patient))
            except BaseException:
                self._forget(key)
                raise

    def refused(self, user: User | None, action: str, subject: str, detail: str) -> None:
        """Somebody wanted what they may not: a person, or nobody known from an address."""
        came_from = origin()
        who = user.id if user is not None else came_from.address
        if not self._is_news(self._refusals, (who, action, subject, detail)):
            return
        left_out = self._one_more(who)
        if left_out is None:
            return
        said = f"{detail} ({left_out} more were not written)" if left_out else detail
        by = None if user is None else user.id
        self._audit.record(AuditEvent(now(), by, action, subject, said, AuditOutcome.REFUSED))

    def _is_news(self, known: TTLCache[Key, None], key: Key) -> bool:
        with self._turn:
            if key in known:
                return False
            known[key] = None
            return True

    def _forget(self, key: Key) -> None:
        with self._turn:
            self._looks.pop(key, None)

    def _one_more(self, who: str) -> int | None:
        """How many were left out before this one; None where it is left out too."""
        with self._turn:
            moment = self._clock()
            known = self._refused.pop(who, _Refused(moment))
            left_out = 0
            if moment - known.since >= REFUSED_S:
                left_out, known = known.left_out, _Refused(moment)
            self._refused[who] = known
            while len(self._refused) > _REMEMBERED:
                self._refused.popitem(last=False)
            if known.written >= MOST_REFUSED:
                known.left_out += 1
                return None
            known.written += 1
            return left_out
