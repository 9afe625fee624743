"""Whether the chain of events is as it was written: every event, in order, up to where it was known to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from data.audit_chain import ChainKey, hash_of
from data.database import now
from data.errors import InvalidInput
from data.records import AuditLink
from data.stores.audit import AuditLog
from services.auditing.checkpoints import Checkpoint, Checkpoints

MOST_FAULTS = 100  # that are told one by one
_AT_ONCE = 2000
_BEFORE_ALL = -(1 << 62)


class FaultKind(StrEnum):
    """In which way the chain is broken."""

    CHANGED = "changed"  # an event is not what was signed
    REMOVED = "removed"  # numbers are missing
    INSERTED = "inserted"  # an event that Lightbox did not add
    REPLACED = "replaced"  # an event of another chain, such as an old copy of the database
    CUT_OFF = "cut off"  # the newest events are missing
    UNKNOWN_KEY = "unknown key"  # cannot be checked here
    CHECKPOINT = "checkpoint"  # what was noted outside the database was changed


@dataclass(frozen=True)
class ChainFault:
    """What is wrong with the events of these numbers, in a sentence."""

    kind: FaultKind
    first: int
    last: int
    sentence: str


@dataclass(frozen=True)
class ChainVerdict:
    """What a check found. `unsigned` events are from before the chain, the first of all."""

    at: datetime
    events: int
    first: int
    last: int
    unsigned: int
    hash: str  # of the newest event
    checkpoints: int  # that were compared
    faults: tuple[ChainFault, ...] = ()
    more_faults: int = 0
    missing_triggers: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    @property
    def sentence(self) -> str:
        """The verdict in a sentence."""
        if not self.intact:
            number = len(self.faults) + self.more_faults
            return (
                f"The audit trail is not as it was written: {number} {'faults' if number > 1 else 'fault'}."
            )
        if not self.events:
            return "The audit trail is intact: there is no event yet."
        words = f"The audit trail is intact: {self.events:,} events, {self.first:,} to {self.last:,}"
        before = f", the first {self.unsigned:,} of them from before the chain" if self.unsigned else ""
        return f"{words}{before}."


class Verification:
    """Checks the chain of this house."""

    def __init__(self, log: AuditLog, keys: Mapping[str, ChainKey], checkpoints: Checkpoints) -> None:
        self._log = log
        self._keys = keys
        self._checkpoints = checkpoints

    def verify(self, more: Sequence[Checkpoint] = (), at: Callable[[], datetime] = now) -> ChainVerdict:
        """Walk through every event; `more` checkpoints were kept elsewhere.

        Events that are added meanwhile are checked too, or left for the next time.
        """
        head = self._log.head()
        walk = _Walk(self._keys)
        noted = [*self._noted(walk), *more]
        walk.expect(noted)
        for link in self._links():
            walk.take(link)
        walk.finish(head.number, self._log.head().number)
        return ChainVerdict(
            at=at(),
            events=walk.events,
            first=walk.first,
            last=walk.last,
            unsigned=walk.unsigned,
            hash=walk.previous,
            checkpoints=len(noted),
            faults=tuple(walk.faults[:MOST_FAULTS]),
            more_faults=max(0, len(walk.faults) - MOST_FAULTS),
            missing_triggers=tuple(self._log.missing_triggers()),
        )

    def still_there(self) -> ChainFault | None:
        """Quickly, by what was noted last: whether that event is still the one that it was."""
        try:
            noted = self._checkpoints.newest()
        except InvalidInput as error:
            return ChainFault(FaultKind.CHECKPOINT, 0, 0, str(error))
        if noted is None or noted.number == 0:
            return None
        link = self._log.link(noted.number)
        if link is None:
            return _cut_off(self._log.newest(), noted.number, f"as noted at {noted.at}")
        return None if link.hash == noted.hash else _not_the_noted(noted)

    def _noted(self, walk: _Walk) -> list[Checkpoint]:
        try:
            return self._checkpoints.all()
        except InvalidInput as error:
            walk.fault(FaultKind.CHECKPOINT, 0, 0, str(error))
            return []

    def _links(self) -> Iterator[AuditLink]:
        after = _BEFORE_ALL
        while links := self._log.chain(after, _AT_ONCE):
            yield from links
            after = links[-1].event.number


@dataclass
class _Walk:
    """A way along the chain, and what was wrong on it."""

    keys: Mapping[str, ChainKey]
    faults: list[ChainFault] = field(default_factory=list)
    events: int = 0
    first: int = 0
    last: int = 0
    unsigned: int = 0
    previous: str = ""
    _signed: bool = False
    _sound: bool = True  # whether the event before was as it was written
    _noted: dict[int, Checkpoint] = field(default_factory=dict)

    def expect(self, noted: Sequence[Checkpoint]) -> None:
        """These are to be met on the way."""
        self._noted = {checkpoint.number: checkpoint for checkpoint in noted if checkpoint.number}

    def take(self, link: AuditLink) -> None:
        """The next event by number."""
        number = link.event.number
        self.events += 1
        if number <= self.last or number < 1:
            self.fault(FaultKind.INSERTED, number, number, f"Event {number} was not added by Lightbox.")
            return
        if number > self.last + 1:
            self._gap(self.last + 1, number - 1)
        self.first = self.first or number
        sound = self._is_sound(link)
        follows = number == self.last + 1 and self._sound and sound
        if follows and link.previous != self.previous:
            said = f"Event {number} does not follow from event {self.last}: one of them was replaced."
            self.fault(FaultKind.REPLACED, self.last, number, said)
        noted = self._noted.get(number)
        if noted is not None and noted.hash != link.hash and sound:
            self.faults.append(_not_the_noted(noted))
        self.last, self.previous, self._sound = number, link.hash, sound

    def finish(self, at_least: int, at_most: int) -> None:
        """Nothing more comes: the chain was to go from `at_least` to `at_most` by what stands beside it."""
        highest = max(self._noted, default=0)
        if self.last < max(at_least, highest):
            said = (
                f"as noted at {self._noted[highest].at}" if highest > at_least else "by the head of the chain"
            )
            self.faults.append(_cut_off(self.last, max(at_least, highest), said))
        elif self.last > at_most:
            said = f"Events {at_most + 1} to {self.last} are beyond the end of the chain: they were put in."
            self.fault(FaultKind.INSERTED, at_most + 1, self.last, said)
        if self.events and not self._signed and self.keys:
            self.fault(FaultKind.CHANGED, self.first, self.last, "No event is signed by Lightbox.")

    def fault(self, kind: FaultKind, first: int, last: int, sentence: str) -> None:
        """Something is wrong."""
        self.faults.append(ChainFault(kind, first, last, sentence))

    def _gap(self, first: int, last: int) -> None:
        single = first == last
        said = f"Event {first} was removed." if single else f"Events {first} to {last} were removed."
        self.fault(FaultKind.REMOVED, first, last, said)

    def _is_sound(self, link: AuditLink) -> bool:
        number = link.event.number
        if link.key_id == "" and not self._signed:
            self.unsigned += 1
            key = None
        elif link.key_id == "":
            said = f"Event {number} is not signed: it was changed or put in."
            self.fault(FaultKind.CHANGED, number, number, said)
            return False
        else:
            key = self.keys.get(link.key_id)
            if key is None:
                self._unknown_key(number, link.key_id)
                return True
            self._signed = True
        if hash_of(link, key) == link.hash:
            return True
        self.fault(
            FaultKind.CHANGED, number, number, f"Event {number} was changed or put in: its hash does not fit."
        )
        return False

    def _unknown_key(self, number: int, key_id: str) -> None:
        """One fault for a run of them: the setting LIGHTBOX_EARLIER_SECRET_KEYS lacks a key."""
        first = number
        if (
            self.faults
            and self.faults[-1].kind is FaultKind.UNKNOWN_KEY
            and self.faults[-1].last == self.last
        ):
            first = self.faults.pop().first
        said = f"Events {first} to {number} are signed with a key ({key_id[:8]}) that is not known here."
        self.fault(FaultKind.UNKNOWN_KEY, first, number, said)


def _cut_off(last: int, noted: int, by: str) -> ChainFault:
    said = f"The newest events are missing: {last + 1} to {noted} were there, {by}."
    return ChainFault(FaultKind.CUT_OFF, last + 1, noted, said)


def _not_the_noted(noted: Checkpoint) -> ChainFault:
    said = f"Event {noted.number} is not the one that was there at {noted.at}."
    return ChainFault(FaultKind.REPLACED, noted.number, noted.number, said)
