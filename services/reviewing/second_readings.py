"""Second readings: two people read a result, neither knowing what the other one says; a third decides.

Nothing is kept but who asked: everything else follows from the reviews that stand. A reading is what was said
without knowing the other one's: the first reader's last review before the second one's first. While fewer
than two have read it, whoever may review the result and has not done so sees nothing that others said of it
(`services.reviewing.blinding`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.records import (
    BY_PEOPLE,
    AuditEvent,
    Result,
    Review,
    SecondReading,
    User,
    Verdict,
    standing_reviews,
)
from data.stores.audit import AuditLog
from data.stores.results import ResultStore
from data.stores.second_readings import SecondReadingStore
from services.permissions import Permission, may, require
from services.reviewing.chosen_scans import chosen_scans
from services.typed_input import reason_of

READERS = 2
LONGEST_WHY = 300
DECIDED_BY_A_THIRD = (
    "{} and {} have read this scan and do not agree: somebody else decides. If your reading was a slip, "
    "take it back first."
)


@dataclass(frozen=True)
class DoubleReading:
    """What became of a second reading that was asked for."""

    asked: SecondReading
    readings: tuple[Review, ...]  # one a reader, as given blind; two at most, in their order
    adjudication: Review | None  # what a third said of it since

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to read it."""
        return len(self.readings) < READERS

    @property
    def agrees(self) -> bool:
        """Whether both held the same to be true, and neither left it open."""
        truths = {reading.truth_positive for reading in self.readings}
        return not self.is_open and len(truths) == 1 and None not in truths

    @property
    def needs_a_third(self) -> bool:
        """Whether both have read it, do not agree, and nobody has decided."""
        return not self.is_open and not self.agrees and self.adjudication is None


class SecondReadings:
    """Asks for second readings, and says who may know what."""

    def __init__(self, store: SecondReadingStore, results: ResultStore, audit: AuditLog) -> None:
        self._store = store
        self._results = results
        self._audit = audit

    def ask(self, scan_ids: Sequence[str], why: str, user: User) -> int:
        """Ask that the latest results of scans be read by two; returns of how many that is new.

        Raises NotAllowed, InvalidInput for none, too many, unread ones or no reason.
        """
        require(user, Permission.ASK_FOR_REVIEWS)
        wanted = chosen_scans(scan_ids)
        words = reason_of(why, LONGEST_WHY, "Say why two people should read it.")
        results = [self._results.latest(scan_id) for scan_id in wanted]
        read = [result for result in results if result is not None]
        if len(read) < len(results):
            raise InvalidInput("Only what has been read by the AI can be read by two people.")
        with self._audit.together():
            new = self._store.add([_asked(result, words, user) for result in read])
            for result in read:
                self._audit.record(AuditEvent(now(), user.id, "second-reading.ask", result.scan_id, words))
        return new

    def withdraw(self, scan_id: str, user: User) -> None:
        """Take the asking of a scan's latest result back. Raises NotAllowed, NotFound."""
        require(user, Permission.WITHDRAW_REVIEW_REQUESTS)
        double = self.of_scan(scan_id)
        if double is None:
            raise NotFound("Nobody has asked for a second reading of this scan.")
        with self._audit.together():
            self._store.withdraw(double.asked.id)
            self._audit.record(AuditEvent(now(), user.id, "second-reading.withdraw", scan_id))

    def of_scan(self, scan_id: str) -> DoubleReading | None:
        """The second reading of the scan's latest result, or None where nobody asked for one."""
        return self.of_scans([scan_id]).get(scan_id)

    def of_scans(self, scan_ids: Collection[str]) -> dict[str, DoubleReading]:
        """The second readings of these scans' latest results, by scan."""
        return {asked.scan_id: double_reading(asked, said) for asked, said in self._store.of_latest(scan_ids)}

    def still_open(self) -> list[DoubleReading]:
        """All that somebody still has to read."""
        doubles = (double_reading(asked, said) for asked, said in self._store.of_all_latest())
        return [double for double in doubles if double.is_open]

    def of_task(self, task: str) -> list[DoubleReading]:
        """All of a task, the newest first."""
        return [double_reading(asked, said) for asked, said in self._store.of_task(task)]

    def refuse_the_two(self, scan_id: str, user: User) -> None:
        """Raises InvalidInput for one of two readers who do not agree: a third decides."""
        double = self.of_scan(scan_id)
        if double is None or double.is_open or double.agrees:
            return
        first, second = double.readings
        if user.id in (first.reviewer_id, second.reviewer_id):
            raise InvalidInput(DECIDED_BY_A_THIRD.format(first.reviewer_name, second.reviewer_name))


def double_reading(asked: SecondReading, reviews: Iterable[Review]) -> DoubleReading:
    """What became of it, out of all reviews of its result."""
    said = [review for review in standing_reviews(reviews, asked.result_id) if review.verdict in BY_PEOPLE]
    readings: list[Review] = []
    for review in said:  # oldest first
        if not readings or (len(readings) == 1 and review.reviewer_id == readings[0].reviewer_id):
            readings = [review]
        elif len(readings) < READERS:
            readings.append(review)
    readers = {reading.reviewer_id for reading in readings}
    others = [review for review in said if review.reviewer_id not in readers]
    adjudication = others[-1] if others else None
    return DoubleReading(asked, tuple(readings), adjudication)


def is_blind(double: DoubleReading, user: User) -> bool:
    """Whether a reader has yet to read, and must not know what the other one said."""
    if not may(user, Permission.REVIEW):
        return False
    return double.is_open and user.id not in {reading.reviewer_id for reading in double.readings}


def drew(reading: Review) -> bool:
    """Whether a reading stands for a mask with something in it: an own one, or the AI's as it is."""
    accepted = reading.verdict is Verdict.ACCEPTED
    return bool(reading.truth_positive) and (accepted or reading.measurements is not None)


def _asked(result: Result, why: str, user: User) -> SecondReading:
    return SecondReading(
        new_id(), result.scan_id, result.id, result.task, why, user.id, user.display_name, now()
    )
