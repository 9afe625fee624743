"""Who may know what of a scan yet: the one rule, which every page, file, list and figure asks.

Two things hide. Who has yet to give a reading without the AI knows nothing of its result, nor of what others
said of it; who has yet to give a second reading knows nothing of what others said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from cachetools import LRUCache

from data.database import now
from data.department_wall import whole_house
from data.errors import NO_SCAN, InvalidInput, NotFound
from data.ledger.blinding import NOTHING_HIDDEN, Hidden
from data.records import Review, UnaidedReading, User
from data.stores.unaided import UnaidedStore
from services.permissions import Permission, may, require
from services.reviewing.second_readings import DoubleReading, SecondReadings, is_blind

NO_CORRECTED_MASK = "This scan has no corrected mask."
NO_RESULT_YET = "The AI's result of this scan is shown once you have said what you see."
_REMEMBERED = 20_000


@dataclass(frozen=True)
class Blind:
    """What of a scan a person is not to know yet."""

    model: bool = False  # nothing of the AI's result, and so nothing that was said of it
    reviews: bool = False  # nothing that others said


SEES_ALL = Blind()


class Blinding:
    """Answers; what it keeps of its own is who was shown the AI's result of what."""

    def __init__(self, second: SecondReadings, unaided: UnaidedStore, revision: Callable[[], str]) -> None:
        """`revision` is another text after any change of a scan, result or review."""
        self._second = second
        self._unaided = unaided
        self._revision = revision
        self._open: tuple[str, list[DoubleReading], list[UnaidedReading]] = ("", [], [])
        self._noted: LRUCache[tuple[str, str], bool] = LRUCache(_REMEMBERED)

    def of_scan(self, scan_id: str, user: User) -> Blind:
        """What of a scan this person is not to know yet."""
        return self.of_scans([scan_id], user)[scan_id]

    def of_scans(self, scan_ids: Collection[str], user: User) -> dict[str, Blind]:
        """The same of each of these scans."""
        if not may(user, Permission.REVIEW):
            return dict.fromkeys(scan_ids, SEES_ALL)
        unread = {kept.scan_id for kept in self._unaided.of_scans(scan_ids) if hides_model(kept, user)}
        doubles = self._second.of_scans(scan_ids)
        unjudged = {scan_id for scan_id, double in doubles.items() if is_blind(double, user)}
        return {
            scan_id: Blind(scan_id in unread, scan_id in unread or scan_id in unjudged)
            for scan_id in scan_ids
        }

    def hidden(self, user: User | None) -> Hidden:
        """Of all scans those of which a person is not to know yet, as the ledger takes them.

        None stands for what is made for everybody: what any reviewer is not to know yet.
        """
        if user is not None and not may(user, Permission.REVIEW):
            return NOTHING_HIDDEN
        doubles, unaided = self._still_open()
        readings = frozenset(kept.scan_id for kept in unaided if user is None or hides_model(kept, user))
        reviews = (double.asked.scan_id for double in doubles if user is None or is_blind(double, user))
        return Hidden(readings, frozenset(reviews) - readings)

    def known(self, scan_ids: Collection[str], user: User) -> set[str]:
        """Those of these scans of which a person may know everything."""
        return {scan_id for scan_id, blind in self.of_scans(scan_ids, user).items() if blind == SEES_ALL}

    def refuse_model(self, scan_id: str, user: User) -> None:
        """Raises NotFound for who has yet to read the scan without the AI: for them there is no result."""
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        if self.of_scan(scan_id, user).model:
            raise NotFound(NO_RESULT_YET)
        self.note_shown([scan_id], user)

    def refuse_reviews(self, scan_id: str, user: User) -> None:
        """Raises NotFound for who is not to know yet what others said: for them they drew no mask."""
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        if self.of_scan(scan_id, user).reviews:
            raise NotFound(NO_CORRECTED_MASK)

    def refuse_verdict(self, scan_id: str, user: User) -> None:
        """Raises InvalidInput for who has yet to read the scan without the AI: there is nothing to judge."""
        if self.of_scan(scan_id, user).model:
            raise InvalidInput("Say what you see without the AI first, or have its result shown.")

    def note_shown(self, scan_ids: Iterable[str], user: User) -> None:
        """A person is shown the AI's results of scans, and cannot read these without it any more."""
        if not may(user, Permission.REVIEW):
            return
        new = [scan_id for scan_id in scan_ids if (scan_id, user.id) not in self._noted]
        if new:
            self._unaided.note_seen(new, user.id, now())
            self._noted.update(dict.fromkeys([(scan_id, user.id) for scan_id in new], True))

    def unaided_of_scan(self, scan_id: str, user: User) -> tuple[UnaidedReading, ...]:
        """The readings without the AI of a scan that this person may know of, the oldest first."""
        kept = self._unaided.of_scans([scan_id])
        return known_to(self.of_scan(scan_id, user), kept, user)

    def _still_open(self) -> tuple[list[DoubleReading], list[UnaidedReading]]:
        revision = self._revision()
        known = self._open
        if known[0] != revision:
            with whole_house():  # what is kept here is everybody's
                known = self._open = revision, self._second.still_open(), self._unaided.open()
        return known[1], known[2]


def hides_model(kept: UnaidedReading, user: User) -> bool:
    """Whether this person is to give a reading: one of a rule is for whoever opens the scan first."""
    return kept.is_open and may(user, Permission.REVIEW) and kept.reader_id in (None, user.id)


def seen_by(blind: Blind, reviews: Iterable[Review], user: User) -> tuple[Review, ...]:
    """The reviews of a scan that a person may know of."""
    return tuple(review for review in reviews if not blind.reviews or review.reviewer_id == user.id)


def known_to(blind: Blind, kept: Sequence[UnaidedReading], user: User) -> tuple[UnaidedReading, ...]:
    """The readings of a scan without the AI that a person may know of; an open one is its reader's alone."""
    return tuple(
        each
        for each in kept
        if each.reader_id == user.id or hides_model(each, user) or not (blind.reviews or each.is_open)
    )
