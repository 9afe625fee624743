"""The watch over the chain: every minute by what was noted last, every night from end to end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from data import atomic_files
from data.codec import from_json, to_json
from data.database import now
from data.errors import InvalidInput
from data.records import AuditEvent, Severity
from data.stores.audit import AuditLog
from services import addresses
from services.auditing.checkpoints import Checkpoints
from services.auditing.verification import ChainFault, ChainVerdict, Verification
from services.containment import contained

CAUSE = "audit-chain"
VERDICT = "audit-check.json"
NIGHT_HOUR = 3
"""From this hour of the server's day on the whole chain is checked, once a day."""

log = logging.getLogger(__name__)


class Alerting(Protocol):
    """Whoever calls people."""

    def raise_alert(self, cause: str, severity: Severity, title: str, sentence: str, link: str) -> Any:
        """Open an alert, or count another time of an open one."""

    def settle(self, cause: str) -> Any:
        """The cause is gone."""


class AuditWatch:
    """Notes how far the chain goes, checks it, and calls people where it is not as it was written."""

    def __init__(
        self,
        audit: AuditLog,
        verification: Verification,
        checkpoints: Checkpoints,
        alerting: Alerting,
        home: Path,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._audit = audit
        self._verification = verification
        self._checkpoints = checkpoints
        self._alerting = alerting
        self._file = home / VERDICT
        self._clock = clock
        self._checking = threading.Lock()
        self._broken: ChainFault | None = None  # as the look every minute found
        self._verdict: ChainVerdict | None = None

    @property
    def verdict(self) -> ChainVerdict | None:
        """What the last whole check found; None before the first."""
        if self._verdict is None and self._file.exists():
            try:
                self._verdict = from_json(ChainVerdict, self._file.read_text())
            except ValueError:
                log.error("%s holds no verdict: the chain is checked anew", self._file)
        return self._verdict

    @property
    def state(self) -> str:
        """In a word or two: intact, not intact, not checked yet."""
        if self._broken is not None:
            return "not intact"
        known = self.verdict
        return "not checked yet" if known is None else "intact" if known.intact else "not intact"

    @property
    def sentence(self) -> str:
        """The same in a sentence, for people."""
        if self._broken is not None:
            return f"The audit trail is not as it was written. {self._broken.sentence}"
        known = self.verdict
        if known is None:
            return "The audit trail has not been checked yet."
        first = f" {known.faults[0].sentence}" if known.faults else ""
        return f"{known.sentence}{first}"

    def tick(self) -> None:
        """Look whether the last noted event is still there, note the newest, and check all once a night."""
        self._look()
        if self._is_due() and self._checking.acquire(blocking=False):
            thread = threading.Thread(target=self._check_apart, name="audit-check", daemon=True)
            thread.start()

    def check(self) -> ChainVerdict:
        """Check the whole chain now; keep the verdict, and call people or settle."""
        verdict = self._verification.verify(at=self._clock)
        self._verdict = verdict
        atomic_files.write(self._file, to_json(verdict))
        if verdict.intact:
            self._checkpoints.note_daily(self._audit.head(), self._clock())
            self._broken = None
            self._alerting.settle(CAUSE)
        else:
            self._alarm(verdict.faults[0], len(verdict.faults) + verdict.more_faults)
        return verdict

    def begin_anew(self, why: str) -> None:
        """Take the chain as it is after a restore that a person answers for; what was noted is kept aside."""
        moment = self._clock()
        try:
            noted = self._checkpoints.newest()
            was = (
                "nothing noted" if noted is None else f"noted until then: event {noted.number}, {noted.hash}"
            )
        except InvalidInput:
            was = "what was noted could not be read"
        self._audit.record(AuditEvent(moment, None, "audit.restored", "audit", f"{why} ({was})"))
        self._checkpoints.set_aside(moment)
        self._broken = None

    def _look(self) -> None:
        fault = self._verification.still_there()
        if fault is None:
            head, noted = self._audit.head(), self._checkpoints.newest()
            if noted is None or noted.number < head.number:
                self._checkpoints.note(head, self._clock())
        elif fault != self._broken:
            self._alarm(fault, 1)
        self._broken = fault

    def _alarm(self, fault: ChainFault, number: int) -> None:
        log.error("the audit trail is not as it was written: %s", fault.sentence)
        more = f" There are {number - 1} more faults." if number > 1 else ""
        self._alerting.raise_alert(
            CAUSE,
            Severity.CRITICAL,
            "The audit trail is not as it was written",
            f"{fault.sentence}{more} Run “python app.py audit verify”, and ask who can change the database.",
            addresses.AUDIT,
        )

    def _check_apart(self) -> None:
        try:
            contained(self.check, "the audit trail could not be checked")
        finally:
            self._checking.release()

    def _is_due(self) -> bool:
        known, here = self.verdict, self._clock().astimezone()
        if known is None:
            return True
        night = here.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
        due = night if here >= night else night - timedelta(days=1)
        return known.at < due
