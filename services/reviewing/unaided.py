"""Reading without the AI first: asked for by the reader or by a rule; what was said stays beside the verdict.

By a rule it is the first reviewer to open the scan who reads it so; who was shown the AI's result cannot.
An urgent case is never held up: the reader has the result shown at any time, and then nothing of it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.files import FileStore
from data.ledger.sample import draws
from data.packing import packed, unpacked
from data.records import (
    AuditEvent,
    EscapeReason,
    Measurements,
    Scan,
    UnaidedFinding,
    UnaidedReading,
    UnaidedRule,
    User,
)
from data.stores.audit import AuditLog
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from data.stores.unaided import UnaidedStore
from models.measuring import measure
from services import keys
from services.permissions import Permission, may, require
from services.reviewing.blinding import hides_model
from services.reviewing.chosen_scans import chosen_scans
from services.reviewing.review import DrawnMask

EVERY = 100
LONGEST_COMMENT = 2000
LONGEST_SECONDS = 24 * 3600.0
_NONE_TO_GIVE = "You have no reading without the AI to give of this scan."


@dataclass(frozen=True)
class Asked:
    """What came of asking for readings without the AI."""

    n: int  # that are to be read so now
    seen: int  # whose AI result the reader has seen before


class UnaidedReadings:
    """Asks for them, takes them, and ends them."""

    def __init__(
        self, store: UnaidedStore, scans: ScanStore, results: ResultStore, files: FileStore, audit: AuditLog
    ) -> None:
        self._store = store
        self._scans = scans
        self._results = results
        self._files = files
        self._audit = audit

    def set_rule(self, task: str, percent: int, user: User) -> UnaidedRule:
        """Of a task's scans that arrive from now on, `percent` (0 to 100) are read without the AI first.

        Raises NotAllowed, InvalidInput for a share that is none.
        """
        require(user, Permission.SET_UNAIDED_RULES)
        if not 0 <= percent <= EVERY:
            raise InvalidInput("The share is a whole number of per cent, from 0 to 100.")
        rule = UnaidedRule(new_id(), task, percent, user.id, user.display_name, now())
        with self._audit.together():
            self._store.set_rule(rule)
            self._audit.record(AuditEvent(rule.created_at, user.id, "unaided.rule", task, f"{percent} %"))
        return rule

    def rules(self, task: str, user: User) -> list[UnaidedRule]:
        """Every rule that a task had, the one in force first. Raises NotAllowed."""
        require(user, Permission.SEE_STATISTICS)
        return self._store.rules(task)

    def arrived(self, scan: Scan) -> None:
        """A new scan is here, and nobody has read it yet: the rule in force says who reads it first.

        The same answer each time: which scans they are follows from the rule and the scan's id alone.
        """
        rule = next(iter(self._store.rules(scan.task)), None)
        if rule is not None and is_drawn(scan.id, rule.percent):
            self._store.add([UnaidedReading(new_id(), scan.id, scan.task, now(), rule_id=rule.id)])

    def ask(self, scan_ids: Sequence[str], user: User) -> Asked:
        """Read these scans without the AI first; those whose AI result one was shown stay as they are.

        Raises NotAllowed, NotFound, InvalidInput for none or too many.
        """
        require(user, Permission.REVIEW)
        scans = [self._scans.existing(scan_id) for scan_id in chosen_scans(scan_ids)]
        seen = self._store.seen([scan.id for scan in scans], user.id)
        asked = [_asked(scan, user) for scan in scans if scan.id not in seen]
        with self._audit.together():
            self._store.add(asked)
            for reading in asked:
                self._audit.record(AuditEvent(now(), user.id, "unaided.ask", reading.scan_id))
        return Asked(len(asked), len(seen))

    def may_ask(self, scan_id: str, user: User) -> bool:
        """Whether this person may still read a scan without the AI, and is not to do so already."""
        if not may(user, Permission.REVIEW) or self._store.seen([scan_id], user.id):
            return False
        kept = self._store.of_scans([scan_id])
        return not any(each.reader_id == user.id or hides_model(each, user) for each in kept)

    def open(self, scan_id: str, user: User) -> None:
        """Somebody opens a scan's page: the first reviewer to do so is who reads it by the rule."""
        if not may(user, Permission.REVIEW):
            return
        at = now()
        for kept in self._store.of_scans([scan_id]):
            if kept.is_open and kept.reader_id == user.id:
                self._store.note_opened(kept.id, at)
            elif hides_model(kept, user):
                self._take(kept, user, at)

    def keep_mask(self, scan_id: str, user: User, drawn: DrawnMask) -> str:
        """Keep what the reader has drawn so far, in the place of what they drew before; returns its id.

        Raises NotAllowed, NotFound where there is nothing to give, InvalidInput for a mask that does not fit.
        """
        require(user, Permission.REVIEW)
        scan, kept = self._scans.existing(scan_id), self._mine(scan_id, user)
        mask, mask_id = drawn.read(scan), new_id()
        self._files.put(keys.unaided_mask(kept.id, mask_id), packed(mask))
        if not self._store.keep_mask(kept.id, mask_id):
            self._files.delete_all(keys.unaided_mask(kept.id, mask_id))
            raise NotFound(_NONE_TO_GIVE)
        return mask_id

    def give(
        self,
        scan_id: str,
        user: User,
        finding: UnaidedFinding,
        *,
        comment: str = "",
        seconds: float | None = None,
    ) -> UnaidedReading:
        """What the reader says without the AI, kept for good; the AI's result is shown to them from now on.

        `seconds` were spent on it, by default since the scan was opened. Raises NotAllowed, NotFound where
        there is nothing to give, InvalidInput while the AI has not read the scan, or for a mask that says
        otherwise.
        """
        require(user, Permission.REVIEW)
        scan, kept = self._scans.existing(scan_id), self._mine(scan_id, user)
        result = self._results.latest(scan_id)
        if result is None:
            raise InvalidInput(
                "The AI has not read this scan yet: wait for it, so that there is something to hide."
            )
        measurements = self._measurements(scan, kept)
        if measurements is not None and measurements.voxels and finding is UnaidedFinding.ABSENT:
            raise InvalidInput("You have drawn a finding: say that there is one, or erase it.")
        said = replace(
            kept,
            finding=finding,
            result_id=result.id,
            comment=comment.strip()[:LONGEST_COMMENT] or None,
            measurements=measurements,
        )
        return self._ended(said, user, seconds, "unaided.give", finding.value)

    def show_result(self, scan_id: str, user: User, reason: EscapeReason) -> UnaidedReading:
        """Have the AI's result shown now; it counts as not read without the AI.

        Raises NotAllowed, NotFound where there is nothing to give.
        """
        require(user, Permission.REVIEW)
        kept, result = self._mine(scan_id, user), self._results.latest(scan_id)
        left = replace(kept, escape_reason=reason, result_id=None if result is None else result.id)
        return self._ended(left, user, None, "unaided.show-result", reason.value)

    def mask(self, scan_id: str, user: User) -> NDArray[np.bool_]:
        """What this person has drawn so far of a reading to be given; NotFound where that is nothing."""
        require(user, Permission.REVIEW)
        kept = self._mine(scan_id, user)
        if kept.mask_id is None:
            raise NotFound("You have drawn nothing yet.")
        return self._mask(kept)

    def _ended(
        self, ended: UnaidedReading, user: User, seconds: float | None, action: str, detail: str
    ) -> UnaidedReading:
        at = now()
        if seconds is not None and not 0 <= seconds <= LONGEST_SECONDS:
            raise InvalidInput("The time that a reading took must be between 0 seconds and a day.")
        since = 0.0 if ended.opened_at is None else (at - ended.opened_at).total_seconds()
        ended = replace(
            ended,
            reader_id=user.id,
            reader_name=user.display_name,
            ended_at=at,
            seconds=min(since, LONGEST_SECONDS) if seconds is None else seconds,
        )
        with self._audit.together():
            if not self._store.end(ended):
                raise NotFound(_NONE_TO_GIVE)
            self._audit.record(AuditEvent(at, user.id, action, ended.scan_id, detail))
        return ended

    def _take(self, kept: UnaidedReading, user: User, at: datetime) -> None:
        with self._audit.together():
            if self._store.take(kept.id, user.id, user.display_name, at):
                self._audit.record(AuditEvent(at, user.id, "unaided.take", kept.scan_id))

    def _mine(self, scan_id: str, user: User) -> UnaidedReading:
        """The reading that this person has to give; one of a rule becomes theirs."""
        self.open(scan_id, user)
        for kept in self._store.of_scans([scan_id]):
            if kept.is_open and kept.reader_id == user.id:
                return kept
        raise NotFound(_NONE_TO_GIVE)

    def _measurements(self, scan: Scan, kept: UnaidedReading) -> Measurements | None:
        return None if kept.mask_id is None else _measured(scan, self._mask(kept))

    def _mask(self, kept: UnaidedReading) -> NDArray[np.bool_]:
        key = keys.unaided_mask(kept.id, kept.mask_id or "")
        return np.asarray(unpacked(self._files.get(key)), dtype=bool)


def is_drawn(scan_id: str, percent: int) -> bool:
    """Whether a scan belongs to a share of all, by its id alone.

    The id is read backwards, so that this share has nothing to do with the random sample that is reviewed.
    """
    return bool(draws([scan_id[::-1]])[0] * EVERY < percent)


def _measured(scan: Scan, mask: NDArray[np.bool_]) -> Measurements:
    return measure(mask, scan.spacing, formats.placed_affine(scan.grid))


def _asked(scan: Scan, user: User) -> UnaidedReading:
    return UnaidedReading(
        new_id(), scan.id, scan.task, now(), reader_id=user.id, reader_name=user.display_name
    )
