"""Retrainings: proposed by a schedule or a person, started and declined by people, listed for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.records import (
    AuditEvent,
    DriftRun,
    JudgedScan,
    Retraining,
    RetrainingCause,
    RetrainingState,
    User,
)
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.retrainings import RetrainingStore
from services.permissions import Permission, require
from services.retraining.calling import Call
from services.retraining.selection import Selection, selection_of
from services.retraining.triggers import RetrainingRule, Trigger, due, new_truths, too_few
from services.retraining.work import RetrainingWork
from services.versions.registry import Registry
from services.versions.serving import Serving

LatestDrift = Callable[[str], DriftRun | None]
"""The latest finished drift run of a task."""

LONGEST_WHY = 1000
_NO_SUCH = "There is no such retraining."
_ONE_IS_OPEN = "A retraining of this task is open: decide on it first."
_DECIDED = "Somebody else has decided on this retraining meanwhile."
_WAITING = (RetrainingState.PROPOSED, RetrainingState.READY)
_WORKING = tuple(state for state in RetrainingState if state.works)


@dataclass(frozen=True)
class RetrainingMaterial:
    """What a task could be retrained on now."""

    truths: int
    new: int  # since the last retraining was proposed
    selection: Selection
    synthetic: bool

    @property
    def too_few(self) -> str | None:
        """Why nothing can be learnt from it yet; None where it can."""
        return too_few(self.selection)


class Retrainings:
    """The retrainings of this house; at most one of a task is open."""

    def __init__(
        self,
        store: RetrainingStore,
        patients: PatientStore,
        registry: Registry,
        serving: Serving,
        latest_drift: LatestDrift,
        work: RetrainingWork,
        call: Call,
        audit: AuditLog,
    ) -> None:
        self._store = store
        self._patients = patients
        self._registry = registry
        self._serving = serving
        self._latest_drift = latest_drift
        self._work = work
        self._call = call
        self._audit = audit

    def recent(self, user: User, limit: int = 20) -> list[Retraining]:
        """The latest, newest first; raises NotAllowed."""
        require(user, Permission.SEE_MODELS)
        return self._store.recent(limit)

    def get(self, retraining_id: str, user: User) -> Retraining:
        """One of them; raises NotAllowed and NotFound."""
        require(user, Permission.SEE_MODELS)
        return self._get(retraining_id)

    def packed(self, retraining: Retraining) -> float | None:
        """How much of its pack is made, from 0 to 1, while it is being packed."""
        return self._work.packed(retraining.id) if retraining.state is RetrainingState.PACKING else None

    def material(self, task: str) -> RetrainingMaterial:
        """What the task could be retrained on: real scans, or synthetic ones where no real one is judged."""
        judged, synthetic = self._judged(task)
        return self._material(judged, synthetic, self._last_opened(task))

    def request(self, task: str, why: str, user: User) -> Retraining:
        """Have a task retrained now.

        Raises NotAllowed, and InvalidInput without a reason, for too few truths, or where one is open.
        """
        require(user, Permission.RETRAIN)
        reason = why.strip()[:LONGEST_WHY]
        if not reason:
            raise InvalidInput("Say why it is to be retrained.")
        material = self.material(task)
        if material.too_few is not None:
            raise InvalidInput(material.too_few)
        opened = self._opened(task, Trigger(RetrainingCause.PERSON, reason), material, user, start=True)
        if opened is None:
            raise InvalidInput(_ONE_IS_OPEN)
        return opened

    def look(self, rule: RetrainingRule) -> tuple[Retraining | None, str]:
        """Propose a retraining where the rule says that it is due; (what was proposed, a sentence on it).

        An unattended rule starts it, too.
        """
        if any(other.task == rule.task for other in self._store.open()):
            return None, "A retraining is open already."
        judged, synthetic = self._judged(rule.task)
        since = self._last_opened(rule.task)
        material = self._material(judged, synthetic, since)
        trigger = due(rule, judged, since, self._latest_drift(rule.task))
        if trigger is None:
            counts = f"{material.new:,} of {rule.new_truths:,} truths are new"
            return None, f"{counts}, and nothing has drifted since."
        if material.too_few is not None:
            return None, material.too_few
        opened = self._opened(rule.task, trigger, material, None, start=rule.unattended)
        return opened, trigger.why if opened else "A retraining is open already."

    def start(self, retraining_id: str, user: User) -> None:
        """Begin a proposed one; raises NotAllowed, NotFound, InvalidInput where it was decided already."""
        require(user, Permission.RETRAIN)
        known = self._get(retraining_id)
        self._decide(known, (RetrainingState.PROPOSED,), RetrainingState.PACKING, user, "retraining.start")
        self._work.submit(known.id, user.id)

    def decline(self, retraining_id: str, why: str, user: User) -> None:
        """Leave a proposal, or the version that came of one; it is nobody's challenger any more.

        Raises NotAllowed, NotFound, TrackingAway, and InvalidInput without a reason.
        """
        require(user, Permission.RETRAIN)
        known, reason = self._get(retraining_id), _said(why)
        self._decide(known, _WAITING, RetrainingState.DECLINED, user, "retraining.decline", reason)
        if known.version is not None:
            self._registry.unchallenge(known.task, known.version)

    def cancel(self, retraining_id: str, why: str, user: User) -> None:
        """End one that the server is at; what it has made so far is dropped.

        Raises NotAllowed, NotFound, and InvalidInput without a reason or where it has ended.
        """
        require(user, Permission.RETRAIN)
        known, reason = self._get(retraining_id), _said(why)
        self._decide(known, _WORKING, RetrainingState.CANCELLED, user, "retraining.cancel", reason)
        self._work.stop(known.id)

    def tick(self) -> None:
        """Note of versions that went live since that nobody has to decide on them any more."""
        for retraining in self._store.open():
            live = self._serving.live(retraining.task)
            if retraining.state is RetrainingState.READY and live == retraining.version:
                self._store.change(retraining.id, (RetrainingState.READY,), state=RetrainingState.PROMOTED)
                self._call(self._get(retraining.id))

    def resume(self) -> None:
        """Have what was unfinished when the server stopped gone on with."""
        for retraining in self._store.open():
            if retraining.state.works:
                self._work.submit(retraining.id, retraining.decided_by)

    def close(self) -> None:
        """End trainings that run; they go on at the next start."""
        self._work.close()

    def _opened(
        self, task: str, trigger: Trigger, material: RetrainingMaterial, user: User | None, *, start: bool
    ) -> Retraining | None:
        at, starter = now(), user if start else None
        retraining = Retraining(
            id=new_id(),
            task=task,
            cause=trigger.cause,
            why=trigger.why,
            state=RetrainingState.PACKING if start else RetrainingState.PROPOSED,
            truths=material.truths,
            synthetic=material.synthetic,
            opened_at=at,
            opened_by=None if user is None else user.id,
            opened_name="" if user is None else user.display_name,
            drift_run_id=trigger.drift_run_id,
            from_version=self._serving.live(task),
            decided_by=None if starter is None else starter.id,
            decided_name="" if starter is None else starter.display_name,
            decided_at=at if start else None,
        )
        with self._audit.together():
            if not self._store.add(retraining):
                return None
            action = "retraining.start" if start else "retraining.propose"
            self._audit.record(
                AuditEvent(at, retraining.opened_by, action, retraining.id, f"{task}: {trigger.why}")
            )
        self._call(retraining)
        if start:
            self._work.submit(retraining.id, retraining.opened_by)
        return retraining

    def _decide(
        self,
        known: Retraining,
        of: tuple[RetrainingState, ...],
        to: RetrainingState,
        user: User,
        action: str,
        reason: str = "",
    ) -> None:
        at = now()
        with self._audit.together():
            decided = {"decided_by": user.id, "decided_name": user.display_name, "decided_at": at}
            if not self._store.change(known.id, of, state=to, decision=reason, **decided):
                raise InvalidInput(_DECIDED)
            detail = f"{known.task}: {reason}" if reason else known.task
            self._audit.record(AuditEvent(at, user.id, action, known.id, detail))
        self._call(self._get(known.id))

    def _get(self, retraining_id: str) -> Retraining:
        known = self._store.get(retraining_id)
        if known is None:
            raise NotFound(_NO_SUCH)
        return known

    def _judged(self, task: str) -> tuple[list[JudgedScan], bool]:
        """(judged scans, newest first; whether they are synthetic ones, as no real one is judged)."""
        real = self._store.judged(task, synthetic=False)
        return (real, False) if real else (self._store.judged(task, synthetic=True), True)

    def _last_opened(self, task: str) -> datetime | None:
        """When the task's last one was proposed."""
        return next((last.opened_at for last in self._store.recent(1, task)), None)

    def _material(
        self, judged: list[JudgedScan], synthetic: bool, since: datetime | None
    ) -> RetrainingMaterial:
        chosen = selection_of(judged, self._patients)
        return RetrainingMaterial(len(judged), new_truths(judged, since), chosen, synthetic)


def _said(why: str) -> str:
    reason = why.strip()[:LONGEST_WHY]
    if not reason:
        raise InvalidInput("Say why.")
    return reason
