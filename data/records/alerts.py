"""Alerts: what a person should look at, once a cause; and what is run periodically."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How much something matters.

    `TOO_FEW`: there was too little to judge by. `NOT_JUDGED`: there is nothing of this house yet to judge by.
    """

    CALM = "calm"
    TOO_FEW = "too-few"
    NOT_JUDGED = "not-judged"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Its place in the order above: the higher, the graver."""
        return list(Severity).index(self)

    @property
    def words(self) -> str:
        """As people call it: "not judged"."""
        return self.value.replace("-", " ")

    @property
    def is_told(self) -> bool:
        """Whether people are sent a message about it; the others are only shown."""
        return self in (Severity.WARNING, Severity.CRITICAL)


class AlertState(StrEnum):
    """What became of an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"  # a person knows; the cause still holds
    CLOSED = "closed"  # the cause is gone, or a person said so


@dataclass(frozen=True)
class Evidence:
    """What a rule looked at: how late its window ends, and how many readings or cases it holds."""

    last: datetime
    n: int

    def carries(self, known: Evidence) -> bool:
        """Whether this window is at least as late and as large as the other one."""
        return self.last >= known.last and self.n >= known.n


@dataclass(frozen=True)
class Alert:
    """One alert: everything that one cause gave rise to, from its first time until it is closed."""

    id: str
    cause: str  # such as "drift:brain-tumour" or "schedule:<id>"
    severity: Severity  # the gravest since it is open
    title: str
    sentence: str  # as of the last time
    link: str  # a path of this server
    state: AlertState
    times: int
    first_at: datetime
    last_at: datetime
    muted_until: datetime | None = None
    decided_by: str | None = None  # the id of who acknowledged, muted or closed it last
    decided_name: str | None = None
    decided_at: datetime | None = None
    why: str | None = None
    closed_at: datetime | None = None
    tell_at: datetime | None = None  # when it is to be told next; None: nothing is owed
    tellings: int = 0  # failed tries since it is owed
    told_to: tuple[str, ...] = ()  # fingerprints of the addresses that took this message already
    told_at: datetime | None = None
    telling_failed: str | None = None
    evidence_last: datetime | None = None  # the window that it rests on; None: a fault, not a figure
    evidence_n: int | None = None
    end_proposed_at: datetime | None = None  # its rule sees its cause no more; a person closes it
    end_sentence: str | None = None
    permission: str | None = None  # that its readers need beside deciding on alerts
    awaits: str | None = None  # permission of those who may decide what it says is asked for; None: of nobody
    asked_by: str | None = None  # the id of who asked for that decision, and may not take it
    called_at: datetime | None = None  # when it was opened or became graver last; None: as `first_at`
    synthetic: bool = False  # about scans that were made for a demonstration alone; its title says so then

    @property
    def evidence(self) -> Evidence | None:
        """The window that it rests on, where it rests on one."""
        if self.evidence_last is None or self.evidence_n is None:
            return None
        return Evidence(self.evidence_last, self.evidence_n)

    @property
    def calls_since(self) -> datetime:
        """When it called people last: opened, become graver, or no more muted."""
        return max(filter(None, (self.first_at, self.called_at, self.muted_until)))

    def muted(self, moment: datetime) -> bool:
        """Whether it is to be left alone at this moment."""
        return self.state is AlertState.OPEN and self.muted_until is not None and self.muted_until > moment


class RunOutcome(StrEnum):
    """What came of a periodic run."""

    DONE = "done"
    SKIPPED = "skipped"  # there was nothing to run
    FAILED = "failed"


@dataclass(frozen=True)
class ScheduleRun:
    """One run of a schedule; without an outcome it has not ended."""

    id: str  # of its job
    schedule_id: str
    started_at: datetime
    by_hand: bool
    due_at: datetime | None = None  # the time that it was due, which a downtime may have put off
    ended_at: datetime | None = None
    outcome: RunOutcome | None = None
    sentence: str = ""
    link: str = ""  # a path of this server: what came of it


@dataclass(frozen=True)
class Schedule:
    """Something that is run at the times a cron expression names, in the server's time zone."""

    id: str
    name: str
    kind: str  # which registered work is run
    ask: str  # JSON: what it is asked to do
    cron: str  # five fields: minute, hour, day of month, month, day of week
    active: bool
    last_due_at: datetime | None  # due times up to here are dealt with
    made_by: str  # id of a person, or "lightbox"
    created_at: datetime
    job_id: str | None = None  # the job that took the latest due time
    last_run_at: datetime | None = None  # when a run last ended, well or not
    failure: str | None = None  # the sentence of the last run, where it failed
    deleted_at: datetime | None = None
