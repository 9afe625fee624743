"""Periodic runs at times that a cron expression names, in the server's time zone.

`tick` is called once a minute. A due time is run once, whoever ticks how often: it belongs to the
job that moves `last_due_at` past it. After a downtime only the latest missed time is run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from textwrap import shorten

from data.database import id_from, new_id, now
from data.errors import InvalidInput, NotFound
from data.records import AuditEvent, JobState, RunOutcome, Schedule, ScheduleRun, Severity, User
from data.stores.audit import AuditLog
from data.stores.schedules import ScheduleStore
from services.alerts.alerts import Alerts
from services.containment import contained
from services.jobs import JobContext, Jobs
from services.permissions import Permission, may, require
from services.schedules.kinds import Choices, Default, Offer, Planning, Run, ScheduleKind
from services.schedules.times import Preview, checked, latest_due, preview, server_zone

RUN = "schedule"  # the kind of job; its subject is the id, and " now" where a person asked
MADE_HERE = "lightbox"  # who made the defaults
LONGEST_NAME = 60
LONGEST_HISTORY = 200
_NOW = "now"
_SHOWN_RUNS = 10
_JOBS_LOOKED_AT = 50
_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True)
class ScheduleView:
    """A schedule with what a page says of it."""

    schedule: Schedule
    what: str  # what is run, in words
    when: Preview
    in_hand: bool  # it waits for a worker, or runs
    runs: tuple[ScheduleRun, ...] = ()  # the latest, newest first


class Schedules:
    """What is run when, and the running of it."""

    def __init__(
        self,
        store: ScheduleStore,
        jobs: Jobs,
        alerts: Alerts,
        audit: AuditLog,
        zone: tzinfo | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`zone`: the server's own unless given."""
        self._store = store
        self._jobs = jobs
        self._alerts = alerts
        self._audit = audit
        self.zone = zone or server_zone()
        self._clock = clock
        self._kinds: dict[str, ScheduleKind] = {}
        jobs.register(RUN, self._run, self._gave_up)

    def register(
        self,
        kind: str,
        run: Run,
        describe: Callable[[str], str],
        *,
        defaults: Sequence[Default] = (),
        planning: Planning | None = None,
        later: bool = False,
        permission: Permission = Permission.SCHEDULE,
    ) -> None:
        """Say how a kind of schedule is run, before `start`.

        `run` raises where it fails; a UserFacingError's sentence is shown as it is. `describe` puts an
        ask (JSON) in words. `planning`: what a person may plan on the page. Where `run` only starts
        something, pass `later` and call `succeeded`, `skipped` or `failed` when that has ended.
        `permission`: that who plans or begins such runs needs beside that for schedules.
        """
        self._kinds[kind] = ScheduleKind(run, describe, defaults, planning, later, permission)

    def start(self) -> None:
        """Make the registered kinds' default schedules, where that was never done."""
        for name, kind in self._kinds.items():
            for default in kind.defaults:
                self._make_default(name, default)

    def tick(self, moment: datetime | None = None) -> None:
        """Queue whatever is due at this moment; may be called any number of times, by any server."""
        at = moment or self._clock()
        for schedule in self._store.all():
            # One that cannot be understood must not hold up the others.
            look = partial(self._queue_if_due, schedule, at)
            contained(look, "schedule %s could not be looked at", schedule.id)

    def _queue_if_due(self, schedule: Schedule, at: datetime) -> None:
        if self._due(schedule, at) is not None:
            self._jobs.submit(RUN, schedule.id)

    def views(self) -> list[ScheduleView]:
        """Every schedule, with what a page says of it."""
        recent = self._jobs.recent(_JOBS_LOOKED_AT, RUN)
        in_hand = {job.subject.partition(" ")[0] for job in recent if job.state in _UNFINISHED}
        return [self._view(schedule, schedule.id in in_hand) for schedule in self._store.all()]

    def get(self, schedule_id: str) -> Schedule:
        """One schedule; raises NotFound."""
        schedule = self._store.get(schedule_id)
        if schedule is None:
            raise NotFound("There is no such schedule any more.")
        return schedule

    def offers(self, user: User | None = None) -> list[tuple[str, Offer]]:
        """What may be put on a schedule, each with its kind: by this person, or by anybody at all."""
        return [
            (name, offer)
            for name, kind in self._kinds.items()
            if user is None or may(user, kind.permission)
            for offer in (kind.planning.offers if kind.planning else ())
        ]

    def ask_of(self, kind: str, offer: str, chosen: Choices) -> str:
        """What a person chose as an ask; raises InvalidInput where it cannot be run."""
        planning = self._planning(kind)
        if offer not in {each.name for each in planning.offers}:
            raise InvalidInput("Choose what is to be run.")
        return planning.ask_of(offer, chosen)

    def choices_of(self, schedule: Schedule) -> tuple[str, Choices]:
        """What was chosen for a schedule: the offer's name, and its fields."""
        return self._planning(schedule.kind).choices_of(schedule.ask)

    def describe(self, kind: str, ask: str) -> str:
        """What is run, in words; the kind's own name where this version does not know it."""
        known = self._kinds.get(kind)
        return kind if known is None else known.describe(ask)

    def preview(self, cron: str) -> Preview:
        """What a cron expression means; raises InvalidInput for one that cannot be kept."""
        return preview(cron, self._clock().astimezone(self.zone), self.zone)

    def add(self, kind: str, ask: str, cron: str, name: str, user: User) -> Schedule:
        """Keep a new schedule, from now on; raises InvalidInput."""
        require(user, Permission.SCHEDULE)
        if kind not in self._kinds:
            raise InvalidInput("Choose what is to be run.")
        self._require_kind(user, kind)
        self.preview(cron)
        said = shorten(self.describe(kind, ask), LONGEST_NAME, placeholder=" …")
        words = " ".join(name.split())[:LONGEST_NAME] or said
        at = self._clock()
        schedule = Schedule(new_id(), words, kind, ask, checked(cron), True, at, user.id, at)
        with self._audit.together():
            self._store.add(schedule)
            self._note(user, "schedule made", schedule, checked(cron))
        return schedule

    def change(self, schedule_id: str, name: str, cron: str, user: User, ask: str | None = None) -> Schedule:
        """Give a schedule another name, other times and another ask, from now on; raises InvalidInput."""
        require(user, Permission.SCHEDULE)
        known = self.get(schedule_id)
        self._require_kind(user, known.kind)
        self.preview(cron)
        words = " ".join(name.split())[:LONGEST_NAME] or known.name
        changes = {"name": words, "cron": checked(cron), "ask": known.ask if ask is None else ask}
        with self._audit.together():
            changed = self._store.replan(known, self._clock(), **changes)
            more = f"{known.cron} to {changed.cron}"
            if changed.ask != known.ask:
                more += (
                    f"; {self.describe(known.kind, known.ask)} to {self.describe(known.kind, changed.ask)}"
                )
            self._note(user, "schedule changed", changed, more)
        return changed

    def pause(self, schedule_id: str, user: User) -> None:
        """No more runs until `go_on`."""
        require(user, Permission.SCHEDULE)
        known = self.get(schedule_id)
        with self._audit.together():
            self._note(user, "schedule paused", self._store.replan(known, self._clock(), active=False))

    def go_on(self, schedule_id: str, user: User) -> None:
        """Run again from the next time on; what came due in the meantime is left out."""
        require(user, Permission.SCHEDULE)
        known = self.get(schedule_id)
        self._require_kind(user, known.kind)
        with self._audit.together():
            self._note(user, "schedule goes on", self._store.replan(known, self._clock(), active=True))

    def run_now(self, schedule_id: str, user: User) -> None:
        """Run once, beside the due times."""
        require(user, Permission.SCHEDULE)
        known = self.get(schedule_id)
        self._require_kind(user, known.kind)
        self._note(user, "schedule run by hand", known)  # first: the job begins at once
        self._jobs.submit(RUN, f"{known.id} {_NOW}", user.id)

    def delete(self, schedule_id: str, user: User) -> None:
        """Take a schedule away, and its alert with it."""
        require(user, Permission.SCHEDULE)
        known = self.get(schedule_id)
        with self._audit.together():
            self._store.delete(schedule_id, self._clock())
            self._note(user, "schedule deleted", known)
        self._alerts.settle(cause_of(schedule_id))

    def succeeded(self, schedule_id: str, sentence: str = "", link: str = "") -> None:
        """A run has ended well: its alert is settled. `link` leads to what came of it."""
        self._ended(schedule_id, RunOutcome.DONE, sentence, link)
        self._alerts.settle(cause_of(schedule_id))

    def skipped(self, schedule_id: str, sentence: str) -> None:
        """There was nothing to run, which is nobody's fault: `sentence` says why."""
        self._ended(schedule_id, RunOutcome.SKIPPED, sentence, "")
        self._alerts.settle(cause_of(schedule_id))

    def failed(self, schedule_id: str, sentence: str, link: str = "") -> None:
        """A run has failed, which is an alert until one ends well."""
        self._ended(schedule_id, RunOutcome.FAILED, sentence, link)
        known = self._store.get(schedule_id)
        if known is None:  # deleted while it ran
            return
        title = f"The scheduled run “{known.name}” failed"
        self._alerts.raise_alert(
            cause_of(schedule_id), Severity.WARNING, title, sentence, "/alerts#schedules"
        )

    def runs(self, schedule_id: str, limit: int = LONGEST_HISTORY) -> list[ScheduleRun]:
        """The schedule's latest runs with their outcomes, newest first; also of a deleted one."""
        return self._store.runs(schedule_id, limit)

    def _ended(self, schedule_id: str, outcome: RunOutcome, sentence: str, link: str) -> None:
        at, failure = self._clock(), sentence if outcome is RunOutcome.FAILED else None
        self._store.ended(schedule_id, at, failure)
        self._store.end_run(schedule_id, at, outcome, sentence, link)

    def _require_kind(self, user: User, kind: str) -> None:
        """Raise NotAllowed for who may not have this kind of run planned or begun."""
        if kind in self._kinds:
            require(user, self._kinds[kind].permission)

    def _planning(self, kind: str) -> Planning:
        known = self._kinds.get(kind)
        if known is None or known.planning is None:
            raise InvalidInput("Choose what is to be run.")
        return known.planning

    def _make_default(self, kind: str, default: Default) -> None:
        at = self._clock()
        schedule_id = id_from("schedule", kind, default.key or default.name)
        cron = checked(default.cron)
        made = Schedule(schedule_id, default.name, kind, default.ask, cron, True, at, MADE_HERE, at)
        with self._audit.together():
            if self._store.add(made):
                detail = f"{made.name}: {cron}"
                self._audit.record(AuditEvent(at, None, "schedule made", schedule_id, detail))

    def _view(self, schedule: Schedule, in_hand: bool) -> ScheduleView:
        try:
            when = self.preview(schedule.cron)
        except InvalidInput as error:  # kept by another version
            when = Preview(str(error), ())
        runs = tuple(self._store.runs(schedule.id, _SHOWN_RUNS))
        return ScheduleView(schedule, self.describe(schedule.kind, schedule.ask), when, in_hand, runs)

    def _due(self, schedule: Schedule, moment: datetime) -> datetime | None:
        """The latest due time that is not dealt with, in UTC."""
        if not schedule.active:
            return None
        latest = latest_due(schedule.cron, moment.astimezone(self.zone))
        return latest if latest > (schedule.last_due_at or schedule.created_at) else None

    def _run(self, context: JobContext) -> None:
        """The job: whoever claims the due time runs it. The claim outlives a kill, as the job does."""
        schedule_id, _, how = context.subject.partition(" ")
        schedule = self._store.get(schedule_id)
        if schedule is None or not (how == _NOW or self._is_ours(schedule, context.job_id)):
            return
        by_hand = how == _NOW
        due = None if by_hand else self._store.due_of(schedule_id)
        self._store.begin_run(ScheduleRun(context.job_id, schedule_id, self._clock(), by_hand, due))
        kind = self._kinds.get(schedule.kind)
        if kind is None:
            raise InvalidInput(f"This version of Lightbox does not know the kind of run “{schedule.kind}”.")
        kind.run(schedule)
        if not kind.later:
            self.succeeded(schedule_id)

    def _is_ours(self, schedule: Schedule, job_id: str) -> bool:
        if schedule.job_id == job_id:
            return True
        due = self._due(schedule, self._clock())
        return due is not None and self._store.claim(schedule, due, job_id)

    def _gave_up(self, subject: str, sentence: str) -> None:
        self.failed(subject.partition(" ")[0], sentence)

    def _note(self, user: User, action: str, schedule: Schedule, more: str = "") -> None:
        detail = f"{schedule.name}: {more}" if more else schedule.name
        self._audit.record(AuditEvent(self._clock(), user.id, action, schedule.id, detail))


def cause_of(schedule_id: str) -> str:
    """The cause of the alert that a failing schedule raises."""
    return f"schedule:{schedule_id}"
