"""Stop rules that act: a version whose figures fell is suspended, and two people may let it go on.

A department head switches the rules of a task on; before that the tests are only shown. What is suspended
stays so whatever is reviewed later: only people lift it, or another version is promoted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from data.database import id_from, new_id, now
from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import (
    AuditEvent,
    Evidence,
    Goal,
    Severity,
    StopEvidence,
    StopReason,
    StopSwitch,
    Suspension,
    User,
)
from data.stores.audit import AuditLog
from data.stores.suspensions import SuspensionStore
from services import addresses
from services.alerts.alerts import Alerts, Asked
from services.cohort.cohort import HiddenFrom
from services.performance.numbers import PerformanceQuery
from services.performance.stop_statistics import StopStatistics, Watched
from services.permissions import Permission, require
from services.task_words import words_of
from services.typed_input import reason_of

LONGEST_WHY = 1000
PART = "performance-stop-rules"  # of the page
_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_WHAT = {
    StopReason.MISSES: "reviewed scans with {finding} were missed",
    StopReason.FALSE_ALARMS: "reviewed scans without {finding} were called {finding}",
    StopReason.REFUSALS: "scans that came were refused",
}


@dataclass(frozen=True)
class StopView:
    """What a person is shown of a task's stop rules."""

    switch: StopSwitch | None
    watched: tuple[Watched, ...]  # of the version asked for
    suspensions: tuple[Suspension, ...]  # of all versions, the newest first
    shown_ids: frozenset[str]  # the scans of the evidence that this person may know of

    @property
    def acting(self) -> bool:
        """Whether the rules suspend."""
        return self.switch is not None and self.switch.acting


class StopRules:
    """Watches, suspends, and keeps who lifted what."""

    def __init__(
        self,
        store: SuspensionStore,
        statistics: StopStatistics,
        goals: Callable[[str], Mapping[str, Goal]],
        alerts: Alerts,
        audit: AuditLog,
        tasks: Sequence[str],
        hidden: HiddenFrom,
        live: Callable[[str], str | None],
    ) -> None:
        """`hidden` says what a person is not to know yet, `live` which version of a task answers now."""
        self._store = store
        self._statistics = statistics
        self._goals = goals
        self._alerts = alerts
        self._audit = audit
        self._tasks = tuple(tasks)
        self._hidden = hidden
        self._live = live
        self._looked: dict[str, object] = {}

    def tick(self) -> None:
        """Suspend whatever a test has stopped, where anything changed since the last time.

        Where a suspended version answers no more, the end of its alert is proposed.
        """
        for task in self._tasks:
            self._look_for_replaced(task)
            switch = self._store.switch(task)
            if switch is None or not switch.acting:
                continue
            seen = (self._statistics.token(), switch.id, tuple(self._goals(task).items()))
            if self._looked.get(task) != seen:
                self._look(task, switch)
                self._looked[task] = seen

    def view(self, task: str, version: str, viewer: User) -> StopView:
        """The tests of a version as they stand, without what the viewer reads blind. Raises NotAllowed."""
        require(viewer, Permission.SEE_STATISTICS)
        switch, stopped = self._store.switch(task), self._store.all(task)
        hidden = self._hidden(viewer)
        blind = hidden.readings | hidden.reviews
        since = switch.set_at if switch is not None and switch.acting else _LONG_AGO
        watched = self._statistics.of_task(task, self._goals(task), since, stopped, blind)
        ids = {scan_id for each in stopped for scan_id in each.evidence.scan_ids}
        return StopView(
            switch,
            tuple(each for each in watched if each.version == version),
            tuple(stopped),
            frozenset(ids - blind),
        )

    def suspended(self, task: str, viewer: User) -> list[Suspension]:
        """What of a task is suspended now. Raises NotAllowed."""
        require(viewer, Permission.SEE_PERFORMANCE)
        return self._active(task)

    def acting(self, task: str) -> bool:
        """Whether the rules of a task suspend."""
        known = self._store.switch(task)
        return known is not None and known.acting

    def switch(self, task: str, acting: bool, why: str, user: User) -> StopSwitch:
        """Say whether the rules of a task act from now on; what was suspended stays so.

        Switching them on begins every test anew. Raises InvalidInput without a reason, or where nothing
        changes.
        """
        require(user, Permission.SET_STOP_RULES)
        if self.acting(task) == acting:
            raise InvalidInput(f"The stop rules {'act' if acting else 'do not act'} already.")
        said = StopSwitch(
            new_id(), task, acting, user.id, user.display_name, now(), reason_of(why, LONGEST_WHY)
        )
        with self._audit.together():
            self._store.set_switch(said)
            self._note(user, f"stop rules {'on' if acting else 'off'}", task, said.why)
        return said

    def ask_to_lift(self, suspension_id: str, why: str, user: User) -> Suspension:
        """Ask, with a reason, that a suspended version is used again; a second person confirms it.

        Raises NotFound, InvalidInput where it is lifted or asked for already.
        """
        require(user, Permission.LIFT_SUSPENSIONS)
        reason = reason_of(why, LONGEST_WHY)

        def ask(known: Suspension | None) -> Suspension:
            known = _active(known)
            if known.asked_by is not None:
                raise InvalidInput(f"{known.asked_name} has asked for this already.")
            return replace(known, asked_by=user.id, asked_name=user.display_name, asked_at=now(), why=reason)

        with self._audit.together():
            asked = self._store.change(suspension_id, ask)
            self._note(user, "suspension: end asked for", suspension_id, reason)
        version = f"version {asked.version} of {words_of(asked.task).label.lower()}"
        title = f"{user.display_name} asks that {version} is used again"
        # Read outside this house: without the reason that somebody wrote.
        sentence = f"It is suspended because {asked.because}. Another person, a department head, decides."
        self._alerts.raise_alert(
            _asking(asked),
            Severity.WARNING,
            title,
            sentence,
            place_of(asked),
            asked=Asked(user.id, Permission.CONFIRM_LIFTING),
        )
        return asked

    def take_back(self, suspension_id: str, user: User) -> Suspension:
        """Take one's own asking back, so that somebody else may ask: who asked cannot decide.

        Raises NotFound, InvalidInput where nobody asked, NotAllowed for the asking of somebody else.
        """
        require(user, Permission.LIFT_SUSPENSIONS)

        def taken_back(known: Suspension | None) -> Suspension:
            known = _asked(known)
            if known.asked_by != user.id:
                raise NotAllowed("Only who asked for this may take it back.")
            return replace(known, asked_by=None, asked_name=None, asked_at=None, why=None)

        with self._audit.together():
            changed = self._store.change(suspension_id, taken_back)
            self._note(user, "suspension: asking taken back", suspension_id, _subject(changed))
        self._alerts.settle(_asking(changed))
        return changed

    def decide(self, suspension_id: str, lift: bool, user: User) -> Suspension:
        """As the second person, lift a suspension that somebody has asked to end, or refuse to.

        Its tests begin anew. Raises NotFound, InvalidInput where nobody asked, NotAllowed for who asked.
        """
        require(user, Permission.CONFIRM_LIFTING)

        def decided(known: Suspension | None) -> Suspension:
            known = _asked(known)
            if known.asked_by == user.id:
                raise NotAllowed("Somebody else must confirm what you have asked for.")
            if not lift:
                return replace(known, asked_by=None, asked_name=None, asked_at=None, why=None)
            return replace(known, lifted_by=user.id, lifted_name=user.display_name, lifted_at=now())

        said = "lifted" if lift else "not lifted"
        with self._audit.together():
            changed = self._store.change(suspension_id, decided)
            self._note(user, f"suspension: {said}", suspension_id, _subject(changed))
        self._alerts.settle(_asking(changed))
        if lift:
            self._alerts.settle(_cause(changed))
        return changed

    def _look(self, task: str, switch: StopSwitch) -> None:
        stopped = self._store.all(task)
        for watched in self._statistics.of_task(task, self._goals(task), switch.set_at, stopped):
            stop = watched.stop
            if stop is not None and not _is_out(watched, stopped):
                made = _suspension(watched, stop)
                self._suspend(made)
                stopped.insert(0, made)

    def _active(self, task: str) -> list[Suspension]:
        return [each for each in self._store.all(task) if each.is_active]

    def _look_for_replaced(self, task: str) -> None:
        live, active = self._live(task), self._active(task)
        if live is None or not active:
            return
        ends = {alert.cause: alert.end_sentence for alert in self._alerts.unfinished()}
        for stopped in active:
            cause = _cause(stopped)
            replaced = f"Version {live} answers now: version {stopped.version} is suspended, and not in use."
            if stopped.version != live and ends.get(cause, replaced) != replaced:
                self._alerts.propose_end(cause, replaced, None)
            elif stopped.version == live and ends.get(cause) is not None:  # it was rolled back to
                self._tell(stopped)

    def _suspend(self, made: Suspension) -> None:
        self._tell(made)  # before it is kept: after a kill in between both are done, once
        detail = f"{made.task} {made.version} {made.scanner or 'all scanners'}: {made.because}"
        with self._audit.together():
            if self._store.add(made):
                self._audit.record(AuditEvent(made.since, None, "version suspended", made.id, detail))

    def _tell(self, made: Suspension) -> None:
        where = f" on {made.scanner}" if made.scanner else ""
        title = f"Version {made.version} of {words_of(made.task).label.lower()} is suspended{where}"
        sentence = (
            f"Not for use{where}, because {made.because}. The rules keep new readings, and show no answer."
        )
        evidence = Evidence(made.since, made.evidence.n)
        self._alerts.raise_alert(
            _cause(made), Severity.CRITICAL, title, sentence, place_of(made), evidence=evidence
        )

    def _note(self, user: User, action: str, subject: str, detail: str) -> None:
        self._audit.record(AuditEvent(now(), user.id, action, subject, detail))


def because(task: str, reason: StopReason, evidence: StopEvidence) -> str:
    """Why something is suspended: "9 of the last 40 reviewed scans with tumour were missed"."""
    what = _WHAT[reason].format(finding=words_of(task).finding)
    return f"{evidence.bad} of the last {evidence.n} {what}"


def _suspension(watched: Watched, stop: int) -> Suspension:
    began, evidence = watched.evidence(stop)
    task, version, scanner, reason = watched.task, watched.version, watched.scanner, watched.reason
    key = id_from("suspension", task, version, scanner, reason.value, watched.since.isoformat())
    said = because(task, reason, evidence)
    return Suspension(key, task, version, scanner, reason, began, now(), said, evidence)


def _is_out(watched: Watched, stopped: Sequence[Suspension]) -> bool:
    """Whether what a test watches is suspended already, itself or with its whole version."""
    return any(
        each.is_active and each.version == watched.version and each.scanner in ("", watched.scanner)
        for each in stopped
    )


def _active(known: Suspension | None) -> Suspension:
    if known is None:
        raise NotFound("There is no such suspension.")
    if not known.is_active:
        raise InvalidInput("This suspension was lifted already.")
    return known


def _asked(known: Suspension | None) -> Suspension:
    known = _active(known)
    if known.asked_by is None:
        raise InvalidInput("Nobody has asked for the end of this suspension.")
    return known


def _subject(stopped: Suspension) -> str:
    return f"{stopped.task} {stopped.version}"


def _cause(stopped: Suspension) -> str:
    return f"suspended {stopped.id}"


def _asking(stopped: Suspension) -> str:
    return f"suspension to be lifted {stopped.id}"


def place_of(stopped: Suspension) -> str:
    """Where a suspension is told in full, and lifted."""
    return addresses.performance(PerformanceQuery(stopped.task, version=stopped.version).query(), PART)
