"""Alerts: one a cause, told once, and in a person's hands until the cause is gone.

Who notices something calls `raise_alert` every time. The first time opens an alert and tells people;
every further time only counts, unless it is graver than before. A fault that is over (a run that works
again) is settled by whoever noticed it. A figure is different: the next window may only be smaller, or
older. So its rule, on a window at least as late and as large, proposes the end, and a person closes it.
Somebody may acknowledge an alert (a person knows: nothing is told until it gets graver), mute it
until a time (nothing is told until then; if it still stands then, it is told once), or close it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.records import Alert, AlertState, AuditEvent, Evidence, Severity, User, marked
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from services.alerts.delivery import Delivery
from services.alerts.messages import message
from services.jobs import JobContext, Jobs
from services.permissions import Permission, may, require
from services.typed_input import reason_of

TELL = "tell-alert"  # the kind of job
LONGEST_MUTE = timedelta(days=366)
LONGEST_WHY = 1000
# Between tries to tell; the last one for as long as the alert stands.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))

_NO_ALERT = "There is no such alert."
_NOT_FOR_ALL = "an alert that only some may see"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """A decision that an account asks for, and the permission of those who may take it: not that account."""

    by: str
    of: Permission


class Alerts:
    """The alerts of this house."""

    def __init__(
        self, store: AlertStore, audit: AuditLog, delivery: Delivery, jobs: Jobs | None = None, url: str = ""
    ) -> None:
        """`url` is this server's public address. Without `jobs` the running server tells, within a minute."""
        self._store = store
        self._audit = audit
        self._delivery = delivery
        self._jobs = jobs
        self._url = url.rstrip("/")
        if jobs is not None:
            jobs.register(TELL, self._deliver, limit=1)

    @property
    def delivered_by(self) -> tuple[str, ...]:
        """The names of the addresses that alerts are sent to, without their secrets."""
        return self._delivery.names

    def raise_alert(
        self,
        cause: str,
        severity: Severity,
        title: str,
        sentence: str,
        link: str,
        *,
        evidence: Evidence | None = None,
        permission: Permission | None = None,
        asked: Asked | None = None,
        synthetic: bool = False,
        at: datetime | None = None,
    ) -> Alert:
        """Open an alert for a cause, or count another time of the one that is open.

        Where it rests on a figure, `evidence` is the window. What the alert says, and the window it rests on,
        are those of the latest and largest one: an earlier window, or a smaller one that ends at the same
        time, leaves it as it is; a later but smaller one is counted, takes a proposed end back, and
        speaks only where it is graver. The same one again (after a restart) does not count twice.
        `title` and `sentence` are read outside this house: never a patient's name or number.
        With `permission` it is shown to nobody who does not have it, and told to nobody outside.
        `asked`: it tells of a decision that somebody asks for, and calls those alone who may take it.
        `synthetic`: it is about scans made for a demonstration alone, and its title begins with that.
        `link` is a path of this server. Tells in the background and never fails for a deaf receiver.
        Raises ValueError for a calm severity: that is `settle`'s.
        """
        if severity is Severity.CALM:
            raise ValueError("a calm cause is settled, not raised")
        moment, said = at or now(), marked(title, synthetic)

        def change(known: Alert | None) -> Alert:
            if known is None:
                fresh = Alert(
                    new_id(), cause, severity, said, sentence, link, AlertState.OPEN, 1, moment, moment
                )
                needed = None if permission is None else permission.value
                fresh = replace(fresh, permission=needed, synthetic=synthetic, called_at=moment)
                if asked is not None:
                    fresh = replace(fresh, awaits=asked.of.value, asked_by=asked.by)
                return self._owing(_resting_on(fresh, evidence), moment)
            if _older(evidence, known) or (evidence == known.evidence and _says(known, severity, sentence)):
                return known
            counted = replace(
                known, times=known.times + 1, last_at=moment, end_proposed_at=None, end_sentence=None
            )
            graver = severity.rank > known.severity.rank
            if not (graver or _carries(evidence, known)):
                return counted
            again = replace(counted, title=said, sentence=sentence, link=link, synthetic=synthetic)
            again = _resting_on(again, evidence)
            return self._graver(again, severity, moment) if graver else again

        alert = self._store.change_of(cause, change)
        assert alert is not None
        self._queue_delivery(alert, moment)
        return alert

    def settle(self, cause: str, *, at: datetime | None = None) -> Alert | None:
        """Close the cause's alert, if there is one, because a fault is over; a figure's: `propose_end`."""
        moment = at or now()
        return self._store.change_of(cause, lambda known: None if known is None else _closed(known, moment))

    def propose_end(
        self, cause: str, sentence: str, evidence: Evidence | None, *, at: datetime | None = None
    ) -> Alert | None:
        """Say on the cause's alert, if there is one, that its rule sees the cause no more; it stays open.

        A window that is older or smaller than the alert's own proposes nothing. None for `evidence`: the
        rule itself is gone. The alert's next time takes the proposal back.
        """
        moment = at or now()

        def change(known: Alert | None) -> Alert | None:
            if known is None:
                return None
            if not _carries(evidence, known) or known.end_sentence == sentence:
                return known
            return replace(known, end_proposed_at=moment, end_sentence=sentence)

        return self._store.change_of(cause, change)

    def acknowledge(self, alert_id: str, who: User, why: str, *, at: datetime | None = None) -> Alert:
        """A person knows: the alert leaves the bell, and nothing is told unless it gets graver."""
        require(who, Permission.DECIDE_ALERTS)
        moment = at or now()

        def change(known: Alert) -> Alert:
            return replace(known, state=AlertState.ACKNOWLEDGED, muted_until=None, tell_at=None)

        return self._decide(alert_id, who, why, moment, "alert acknowledged", change)

    def mute(
        self, alert_id: str, who: User, why: str, until: datetime, *, at: datetime | None = None
    ) -> Alert:
        """Leave people alone until a time; if the alert still stands then, it is told once."""
        require(who, Permission.DECIDE_ALERTS)
        moment = at or now()
        if not moment < until <= moment + LONGEST_MUTE:
            raise InvalidInput("Choose a time in the future, within a year.")

        def change(known: Alert) -> Alert:
            quiet = replace(known, state=AlertState.OPEN, muted_until=until, tell_at=None)
            return self._owing(quiet, moment)

        detail = f"until {until.isoformat(timespec='minutes')}: "
        return self._decide(alert_id, who, why, moment, "alert muted", change, detail)

    def close(self, alert_id: str, who: User, why: str, *, at: datetime | None = None) -> Alert:
        """The cause is dealt with: its next time is a new alert."""
        require(who, Permission.DECIDE_ALERTS)
        moment = at or now()
        return self._decide(alert_id, who, why, moment, "alert closed", lambda known: _closed(known, moment))

    def send_test(self, who: User) -> dict[str, str | None]:
        """Send a test message to every address now; by its name what went wrong, None where it was taken.

        Two addresses of one name fail together. Waits some seconds for each. Raises NotAllowed, and
        InvalidInput where there is no address.
        """
        require(who, Permission.DECIDE_ALERTS)
        if not self._delivery.addresses:
            raise InvalidInput("LIGHTBOX_ALERTS names no webhook or mailbox.")
        by = f"{who.display_name} sent this to see whether alerts arrive here."
        text = f"{by} Nothing is wrong.\n{self._url}\n"
        came: dict[str, str | None] = {}
        for address in self._delivery.addresses:
            failure = self._delivery.send(address, "Lightbox, test: alerts arrive here", text, Severity.CALM)
            came[address.name] = came.get(address.name) or failure
        self._audit.record(AuditEvent(now(), who.id, "alert tested", "", ", ".join(came)))
        return came

    # Whoever reads alerts says for whom. Without a person what comes is for everybody: reports, numbers.

    def get(self, alert_id: str, viewer: User | None = None) -> Alert:
        """One alert; raises NotFound, also for what this person may not see."""
        alert = self._store.get(alert_id)
        if alert is None or not may_see(alert, viewer):
            raise NotFound(_NO_ALERT)
        return alert

    def unfinished(self, viewer: User | None = None) -> list[Alert]:
        """Alerts that are not closed: open ones before muted and acknowledged ones, the gravest first."""
        moment = now()
        return sorted(
            self._standing(viewer),
            key=lambda alert: (not _calls(alert, viewer, moment), -alert.severity.rank),
        )

    def calling(self, viewer: User | None = None, at: datetime | None = None) -> list[Alert]:
        """What the bell shows: open alerts that nobody has muted, the gravest first.

        One that tells of a decision calls those who may take it, and not who has asked for it.
        """
        moment = at or now()
        calling = [alert for alert in self._standing(viewer) if _calls(alert, viewer, moment)]
        return sorted(calling, key=lambda alert: -alert.severity.rank)

    def past(self, limit: int = 50, viewer: User | None = None) -> list[Alert]:
        """Closed alerts, the latest first."""
        has = [] if viewer is None else [each.value for each in Permission if may(viewer, each)]
        return self._store.closed(limit, has)

    def last_closed(self, cause: str) -> datetime | None:
        """When the last alert of a cause was closed; None where none was."""
        return self._store.last_closed(cause)

    def raised_since(self, moment: datetime, viewer: User) -> list[Alert]:
        """Alerts of any state that were first raised since then, the latest first."""
        require(viewer, Permission.DECIDE_ALERTS)
        return [alert for alert in self._store.opened_since(moment) if may_see(alert, viewer)]

    def token(self, viewer: User | None = None) -> str:
        """A word that differs whenever an alert that stands has changed, or a mute has ended. Cheap."""
        moment = now()
        seen = [(alert, _calls(alert, viewer, moment)) for alert in self._standing(viewer)]
        return sha256(repr(seen).encode()).hexdigest()[:16]

    def deliver_due(self, at: datetime | None = None) -> None:
        """Have told what is owed: after the end of a mute, a failed try, or a restart."""
        moment = at or now()
        for alert in self._store.owed(moment):
            self._queue_delivery(alert, moment)

    def _standing(self, viewer: User | None) -> list[Alert]:
        return [alert for alert in self._store.unfinished() if may_see(alert, viewer)]

    def _owing(self, alert: Alert, moment: datetime) -> Alert:
        """The alert, to be told at once, or when its mute ends; nobody knows who reads the addresses."""
        if alert.permission or not alert.severity.is_told or not self._delivery.addresses:
            return alert
        when = max(moment, alert.muted_until or moment)
        return replace(alert, tell_at=when, tellings=0, told_to=(), telling_failed=None)

    def _graver(self, alert: Alert, severity: Severity, moment: datetime) -> Alert:
        graver = replace(alert, severity=severity, state=AlertState.OPEN, called_at=moment)
        return self._owing(graver, moment)

    def _queue_delivery(self, alert: Alert, moment: datetime) -> None:
        if self._jobs is not None and alert.tell_at is not None and alert.tell_at <= moment:
            self._jobs.submit(TELL, alert.id)

    def _decide(
        self,
        alert_id: str,
        who: User,
        why: str,
        moment: datetime,
        action: str,
        change: Callable[[Alert], Alert],
        detail: str = "",
    ) -> Alert:
        reason = reason_of(why, LONGEST_WHY)
        decision: dict[str, Any] = {
            "decided_by": who.id,
            "decided_name": who.display_name,
            "decided_at": moment,
        }

        def decided(known: Alert | None) -> Alert:
            if known is None or not may_see(known, who):
                raise NotFound(_NO_ALERT)
            if known.state is AlertState.CLOSED:
                raise InvalidInput("This alert is closed already.")
            return replace(change(known), **decision, why=reason)

        with self._audit.together():
            alert = self._store.change(alert_id, decided)
            assert alert is not None
            # Others read the audit trail too: what only some may see stands with the alert alone.
            known = f"{alert.cause}: {reason}" if alert.permission is None else _NOT_FOR_ALL
            self._audit.record(AuditEvent(moment, who.id, action, alert_id, f"{detail}{known}"))
        return alert

    def _deliver(self, context: JobContext) -> None:
        """The job: one message to every address that has not taken it yet."""
        alert = self._store.get(context.subject)
        if alert is None or alert.tell_at is None or alert.tell_at > now():
            return
        failures = []
        for address in self._delivery.addresses:
            if address.fingerprint in alert.told_to:
                continue
            failure = self._delivery.send(address, *message(alert, self._url), alert.severity)
            if failure is None:
                self._note(alert, told_to=(*self._told_to(alert), address.fingerprint))
            else:
                failures.append(failure)
        self._settle_delivery(alert, failures)

    def _told_to(self, alert: Alert) -> tuple[str, ...]:
        kept = self._store.get(alert.id)
        return () if kept is None else kept.told_to

    def _settle_delivery(self, alert: Alert, failures: list[str]) -> None:
        moment = now()
        if not failures:
            self._note(alert, tell_at=None, told_at=moment, tellings=0, telling_failed=None)
            return
        log.warning("alert %s could not be told: %s", alert.id, " ".join(failures))
        again = moment + PAUSES[min(alert.tellings, len(PAUSES) - 1)]
        self._note(alert, tell_at=again, tellings=alert.tellings + 1, telling_failed=" ".join(failures))

    def _note(self, told: Alert, **changes: Any) -> None:
        """Change what is known of a delivery, unless the alert is to be told anew or no more meanwhile."""

        def change(known: Alert | None) -> Alert | None:
            if known is None or known.tell_at != told.tell_at or known.severity is not told.severity:
                return known
            return replace(known, **changes)

        self._store.change(told.id, change)


def may_see(alert: Alert, viewer: User | None) -> bool:
    """Whether an alert is for this person, or, where it is None, for everybody."""
    if alert.permission is None:
        return True
    return viewer is not None and may(viewer, Permission(alert.permission))


def _resting_on(alert: Alert, evidence: Evidence | None) -> Alert:
    """The alert with the window that it rests on now; an end that was proposed before is taken back."""
    last, n = (None, None) if evidence is None else (evidence.last, evidence.n)
    return replace(alert, evidence_last=last, evidence_n=n, end_proposed_at=None, end_sentence=None)


def _older(evidence: Evidence | None, known: Alert) -> bool:
    """Whether a window tells nothing that the alert's own does not: it ends earlier, or holds less of it."""
    if evidence is None or known.evidence is None or evidence.last > known.evidence.last:
        return False
    return not evidence.carries(known.evidence)


def _carries(evidence: Evidence | None, known: Alert) -> bool:
    """Whether a window is at least as late and as large as the alert's own, or one of them is none."""
    return evidence is None or known.evidence is None or evidence.carries(known.evidence)


def _says(known: Alert, severity: Severity, sentence: str) -> bool:
    """Whether an alert that rests on a figure says this already, and stands."""
    same = known.evidence is not None and known.end_sentence is None
    return same and severity.rank <= known.severity.rank and known.sentence == sentence


def _calls(alert: Alert, viewer: User | None, moment: datetime) -> bool:
    """Whether an alert calls this person at this moment, or, where it is None, anybody."""
    if alert.state is not AlertState.OPEN or alert.muted(moment):
        return False
    if alert.awaits is None or viewer is None:
        return True
    return viewer.id != alert.asked_by and may(viewer, Permission(alert.awaits))


def _closed(alert: Alert, moment: datetime) -> Alert:
    return replace(alert, state=AlertState.CLOSED, closed_at=moment, tell_at=None)
