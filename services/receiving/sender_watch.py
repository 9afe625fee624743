"""Who is watched for silence: every sender that the DICOM node ever received from, by its AE title.

Each minute the server notes when the node listened, judges each sender's pause (`silence.py`), and raises an
alert once a silence. An alert of a silent sender ends when it sends again, or when somebody says that it is
retired or muted; closed by a person it stays closed for this silence. While the node is away, or what it
received is not counted yet, no pause gets longer; that the node is away is an alert of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.database import now
from data.errors import InvalidInput, NotFound
from data.records import QUARTER_S, Arrivals, AuditEvent, Listening, SenderWatch, Severity, User
from data.stores.audit import AuditLog
from data.stores.watched_senders import WatchedSenderStore, quarter_of
from services import addresses
from services.alerts.alerts import Alerts
from services.permissions import Permission, require
from services.receiving.node_state import read_state
from services.receiving.silence import QUARTERS_A_WEEK, Pause, listened_shares, pause

NODE_CAUSE = "dicom node"
NODE_AWAY_AFTER = timedelta(minutes=5)
LONGEST_MUTE = timedelta(days=366)
_JUDGED_EVERY = timedelta(seconds=55)
_LONGEST_PAUSE_QUARTERS = 13 * QUARTERS_A_WEEK  # longer ones are judged as this one
_CLOCK_TOLERANCE = timedelta(minutes=15)


@dataclass(frozen=True)
class WatchedSender:
    """A sender's pause, and what was decided on it; `pause` is None while its times lie in the future."""

    ae_title: str
    last_at: datetime
    pause: Pause | None
    watch: SenderWatch

    @property
    def silent(self) -> bool:
        """Whether it should have sent long since."""
        return self.pause is not None and self.pause.silent


class SenderWatching:
    """Judges by itself, and takes what administrators decide."""

    def __init__(
        self,
        store: WatchedSenderStore,
        alerts: Alerts,
        audit: AuditLog,
        folder: Path,
        counted_until: Callable[[], datetime],
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`counted_until`: everything that the node received before this moment is in the store."""
        self._store = store
        self._alerts = alerts
        self._audit = audit
        self._folder = folder
        self._counted_until = counted_until
        self._clock = clock
        self._judged: tuple[datetime, tuple[WatchedSender, ...]] | None = None

    def tick(self) -> None:
        """Note that the node listens, and raise or settle what there is to say."""
        self._look_at_node()
        self._judged = None
        for sender in self.senders():
            self._say(sender)

    def senders(self) -> tuple[WatchedSender, ...]:
        """Every sender with its pause, by AE title; judged anew about once a minute."""
        moment = self._clock()
        if self._judged is None or not timedelta(0) <= moment - self._judged[0] < _JUDGED_EVERY:
            self._judged = moment, self._judge(min(moment, self._counted_until()))
        return self._judged[1]

    def view(self, user: User) -> tuple[WatchedSender, ...]:
        """The same for a person. Raises NotAllowed."""
        require(user, Permission.SEE_RECEIVED)
        return self.senders()

    def called(self) -> list[WatchedSender]:
        """The senders whose silence calls people, now that their usual pause is learnt."""
        moment = self._clock()
        return [
            sender
            for sender in self.senders()
            if sender.pause is not None and sender.pause.learnt and not sender.watch.quiet(moment)
        ]

    def retire(self, ae_title: str, who: User) -> SenderWatch:
        """Say that it will not send any more: its silence calls nobody, its alert ends."""
        require(who, Permission.WATCH_SENDERS)
        return self._decide(ae_title, who, "retired", retired=True, muted_until=None)

    def mute(self, ae_title: str, who: User, until: datetime) -> SenderWatch:
        """Have its silence call nobody until a time; if it is still silent then, that is told."""
        require(who, Permission.WATCH_SENDERS)
        moment = self._clock()
        if not moment < until <= moment + LONGEST_MUTE:
            raise InvalidInput("Choose a time in the future, within a year.")
        words = f"muted until {until.isoformat(timespec='minutes')}"
        return self._decide(ae_title, who, words, retired=False, muted_until=until)

    def watch(self, ae_title: str, who: User) -> SenderWatch:
        """Watch it again, or as before."""
        require(who, Permission.WATCH_SENDERS)
        return self._decide(ae_title, who, "watched", retired=False, muted_until=None)

    def _decide(
        self, ae_title: str, who: User, words: str, *, retired: bool, muted_until: datetime | None
    ) -> SenderWatch:
        if ae_title not in self._store.arrivals():
            raise NotFound("Nobody of this AE title has sent anything.")
        moment = self._clock()

        def change(known: SenderWatch) -> SenderWatch:
            quiet = replace(known, retired=retired, muted_until=muted_until)
            told = None if quiet.quiet(moment) else known.told_for
            return replace(
                quiet, told_for=told, decided_by=who.id, decided_name=who.display_name, decided_at=moment
            )

        with self._audit.together():
            changed = self._store.change(ae_title, change)
            self._audit.record(AuditEvent(moment, who.id, "sender watch", ae_title, words))
        if changed.quiet(moment):
            self._alerts.settle(cause_of(ae_title))
        self._judged = None
        return changed

    def _judge(self, moment: datetime) -> tuple[WatchedSender, ...]:
        runs, watches = _runs(self._store.listening()), self._store.watches()
        return tuple(
            WatchedSender(
                ae_title,
                max(known.last_at for known in arrivals),
                _pause(arrivals, runs, moment, self._clock()),
                watches.get(ae_title, SenderWatch(ae_title)),
            )
            for ae_title, arrivals in sorted(self._store.arrivals().items())
        )

    def _say(self, sender: WatchedSender) -> None:
        watch, cause = sender.watch, cause_of(sender.ae_title)
        if watch.quiet(self._clock()):
            return
        if watch.told_for is not None and watch.told_for != sender.last_at:
            self._alerts.settle(cause)
            watch = self._store.change(sender.ae_title, lambda known: replace(known, told_for=None))
        if sender.silent and watch.told_for is None:
            self._alerts.raise_alert(cause, Severity.WARNING, *self._words(sender), addresses.DICOM)
            self._store.change(sender.ae_title, lambda known: replace(known, told_for=sender.last_at))

    def _words(self, sender: WatchedSender) -> tuple[str, str]:
        assert sender.pause is not None
        others = [other for other in self.senders() if other.ae_title != sender.ae_title]
        learnt = [other for other in others if other.pause is not None and other.pause.learnt]
        silent = sum(other.silent for other in learnt)
        sentence = (
            f"Nothing has come from {sender.ae_title} since {sender.last_at.astimezone():%Y-%m-%d %H:%M}: "
            f"{sender.pause.hours:.1f} hours in which it usually sends; its pauses usually last "
            f"{sender.pause.usual_hours:.1f} at most. Of {len(learnt)} other senders {silent} are silent too."
        )
        return f"{sender.ae_title} has stopped sending", sentence

    def _look_at_node(self) -> None:
        state, moment = read_state(self._folder), self._clock()
        listening = self._store.listening()
        last = max(listening, key=lambda run: run.until, default=None)
        if state is not None and state.running():
            self._store.listened(state.listening_since or state.started_at, state.beat_at)
            if last is not None and last.told_at is not None:
                self._alerts.settle(NODE_CAUSE)
        elif last is not None and last.told_at is None and moment - last.until > NODE_AWAY_AFTER:
            sentence = (
                f"It was last seen {last.until.astimezone():%Y-%m-%d %H:%M}. Until it runs again, scanners "
                "and the PACS cannot send anything."
            )
            title = "The DICOM node is not running"
            self._alerts.raise_alert(NODE_CAUSE, Severity.CRITICAL, title, sentence, addresses.DICOM)
            self._store.told_of_end(last, moment)


def cause_of(ae_title: str) -> str:
    """The cause of the alert on a sender's silence."""
    return f"dicom silence {ae_title}"


def _pause(
    arrivals: Sequence[Arrivals], runs: NDArray[np.float64], counted: datetime, clock: datetime
) -> Pause | None:
    """A sender's pause at the moment up to which everything is counted; None where the clock went back."""
    if max(known.last_at for known in arrivals) > clock + _CLOCK_TOLERANCE:
        return None
    first, last = arrivals[0].quarter, arrivals[-1].quarter
    quarters = min(max(quarter_of(counted), last), last + _LONGEST_PAUSE_QUARTERS) + 1 - first
    arrived = np.zeros(quarters, np.bool_)
    arrived[[known.quarter - first for known in arrivals]] = True
    hours = np.fromiter((_hour_of_week(first + step) for step in range(quarters)), np.intp, quarters)
    return pause(arrived, listened_shares(runs, first, quarters), hours)


@lru_cache(maxsize=40_000)
def _hour_of_week(quarter: int) -> int:
    """The hour of the week, in this server's time zone; 0 is Monday from midnight to one."""
    local = datetime.fromtimestamp(quarter * QUARTER_S).astimezone()
    return local.weekday() * 24 + local.hour


def _runs(listening: Sequence[Listening]) -> NDArray[np.float64]:
    times = [(run.since.timestamp(), run.until.timestamp()) for run in listening]
    return np.array(times, np.float64).reshape(-1, 2)
