"""Promotion: a version goes live by a person's word, through the promotion gate or past it by two people.

What is live is what MLflow's alias says; this keeps who asked, who decided, when and why.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from data.database import new_id, now
from data.errors import Busy, InvalidInput, NotAllowed, NotFound, UserFacingError
from data.records import (
    SYNTHETIC,
    AuditEvent,
    ModelVersion,
    Promotion,
    PromotionGateResult,
    PromotionKind,
    PromotionState,
    PromotionVerdict,
    Rehearsal,
    User,
)
from data.stores.audit import AuditLog
from data.stores.promotions import PromotionStore
from services.permissions import Permission, require
from services.servers import Alone, LocalEvents
from services.versions.outside import OutsideComparison, OutsideResults
from services.versions.promotion_gate import Margins, judged
from services.versions.registry import PROMOTED_AT, PROMOTED_BY, REASON, SHIPPED, Registry
from services.versions.rehearsals import Rehearsals
from services.versions.serving import Serving

LONGEST_REASON = 2000

Scoring = Callable[[str, str], bool]
"""Whether (task, version) is being scored on real use right now."""


class Promotions:
    """Who may let which version go live."""

    def __init__(
        self,
        store: PromotionStore,
        registry: Registry,
        serving: Serving,
        rehearsals: Rehearsals,
        audit: AuditLog,
        margins: Margins,
        scoring: Scoring = lambda task, version: False,
        overrides: Callable[[Promotion], object] = lambda promotion: None,
        alone: Alone | None = None,
    ) -> None:
        """`overrides` is told of each override that is asked for, and again when it is decided.

        `alone` says whether no other server of the house is within it.
        """
        self._store = store
        self._registry = registry
        self._serving = serving
        self._rehearsals = rehearsals
        self._audit = audit
        self._outside = OutsideResults(registry.tracking)
        self._margins = margins
        self._scoring = scoring
        self._overrides = overrides
        self._changing = threading.Lock()
        self._no_other_server = alone or LocalEvents().alone
        self._told: list[Callable[[str], object]] = []

    def tell(self, told: Callable[[str], object]) -> None:
        """Have somebody told of each task whose live version changed, before whoever changed it is answered.

        Pages that read MLflow in the background would go on naming the version before.
        """
        self._told.append(told)

    def gate_result(self, task: str, version: str) -> PromotionGateResult:
        """What the latest rehearsal against the champion of now says; raises TrackingAway."""
        live = self._serving.live(task)
        rehearsal = None if live is None else self._rehearsals.latest(task, version, live)
        outside = None if rehearsal is None else self._outside.compared(task, [version], live)[version]
        return self._judged(task, rehearsal, live, outside)

    def gate_results(self, task: str, versions: Iterable[str]) -> dict[str, PromotionGateResult]:
        """The promotion gate's word on each of several versions, for a few questions to MLflow."""
        live = self._serving.live(task)
        latest = self._rehearsals.latest_of(task, versions, live or "")
        rehearsed = [version for version, rehearsal in latest.items() if rehearsal is not None]
        outside = self._outside.compared(task, rehearsed, live) if rehearsed else {}
        return {
            version: self._judged(task, rehearsal, live, outside.get(version))
            for version, rehearsal in latest.items()
        }

    def _judged(
        self, task: str, rehearsal: Rehearsal | None, live: str | None, outside: OutsideComparison | None
    ) -> PromotionGateResult:
        if rehearsal is None:
            sentence = f"It has not been rehearsed against version {live}, so nothing is known of it."
            return PromotionGateResult(PromotionVerdict.CANNOT_TELL, sentence)
        if rehearsal.synthetic and not self._rehearsals.scans_are_synthetic(task):
            sentence = (
                f"It was rehearsed on {SYNTHETIC} scans only, and there are real ones now; rehearse it again."
            )
            return PromotionGateResult(PromotionVerdict.CANNOT_TELL, sentence, rehearsal.id)
        return judged(rehearsal, self._margins, draws=self._serving.draws(task), outside=outside)

    def ask(self, task: str, version: str, reason: str, user: User, expected: str | None = None) -> Promotion:
        """Let a version go live that passes the promotion gate. `expected` is what the asker saw live.

        Raises NotAllowed, InvalidInput (no reason, no pass), Busy, NotFound, UnusableModel.
        """
        require(user, Permission.PROMOTE)
        with self._alone():
            candidate = self._may_go_live(task, version, expected)
            gate = self.gate_result(task, version)
            if gate.verdict is not PromotionVerdict.PASS:
                raise InvalidInput(
                    f"The promotion gate does not let it pass. {gate.sentence} Ask for an override."
                )
            promotion = self._asked(candidate, PromotionKind.PROMOTION, reason, user, gate)
            return self._go_live(promotion, candidate)

    def override(
        self, task: str, version: str, reason: str, user: User, expected: str | None = None
    ) -> Promotion:
        """Ask that a version goes live without the promotion gate's pass; somebody else has to confirm it.

        Raises NotAllowed, InvalidInput, Busy, NotFound.
        """
        require(user, Permission.PROMOTE)
        with self._alone():
            candidate = self._may_go_live(task, version, expected)
            if any(waiting.task == task for waiting in self._store.open()):
                raise InvalidInput("Another override is being asked for already; it must be decided first.")
            gate = self.gate_result(task, version)
            if gate.verdict is PromotionVerdict.PASS:
                raise InvalidInput("The promotion gate lets this version pass, so no override is needed.")
            asked = self._asked(candidate, PromotionKind.PROMOTION, reason, user, gate)
            with self._audit.together():
                self._store.add(asked)
                self._record(asked, "model.override-asked", user.id, asked.reason)
            self._overrides(asked)
            return asked

    def confirm(self, promotion_id: str, reason: str, user: User) -> Promotion:
        """The second person lets an override go live. Raises as `ask` does."""
        require(user, Permission.CONFIRM_OVERRIDES)
        with self._alone():
            asked = self._open(promotion_id)
            if asked.asked_by == user.id:
                raise NotAllowed("An override needs a second person: somebody else has to confirm it.")
            why = _reason(reason)
            candidate = self._may_go_live(asked.task, asked.version, asked.from_version)
            return self._go_live(asked, candidate, confirmed=(user, why))

    def refuse(self, promotion_id: str, reason: str, user: User) -> Promotion:
        """An override is refused by a second person, or withdrawn by whoever asked."""
        require(user, Permission.CONFIRM_OVERRIDES)
        with self._alone():
            asked = self._open(promotion_id)
            refused = _decided(asked, PromotionState.REFUSED, user, _reason(reason))
            self._settle(refused, "model.override-refused", user.id, refused.decision or "")
            return refused

    def rollback(self, task: str, reason: str, user: User, expected: str | None = None) -> Promotion:
        """Let the champion before this one go live again: no gate. Raises as `ask` does."""
        require(user, Permission.PROMOTE)
        with self._alone():
            before = self.previous(task)
            if before is None:
                raise InvalidInput("There is no earlier version to go back to.")
            earlier = self._may_go_live(task, before, expected)
            return self._go_live(self._asked(earlier, PromotionKind.ROLLBACK, reason, user, None), earlier)

    def previous(self, task: str) -> str | None:
        """The version that was live before the present one went live here; None where none is known.

        One whose files were seen to be damaged or gone is passed over.
        """
        stack: list[str | None] = []
        last: Promotion | None = None
        for promotion in reversed(self._store.recent(task, _REMEMBERED)):
            if promotion.state is not PromotionState.DONE:
                continue
            last = promotion
            if promotion.kind is PromotionKind.PROMOTION:
                stack.append(promotion.from_version)
            elif stack:  # whoever went back from a version does not come back to it by going back
                stack.pop()
        live = self._serving.live(task)
        if last is not None and last.version != live:  # another tool moved the alias since
            stack.append(last.version)
        no_way_back = {
            None,
            SHIPPED,
            live,
            *(number for name, number in self._registry.unusable if name == task),
        }
        return next((version for version in reversed(stack) if version not in no_way_back), None)

    def recent(self, task: str | None = None, limit: int = 50) -> list[Promotion]:
        """What was asked and decided, newest first."""
        return self._store.recent(task, limit)

    def challenge(self, task: str, version: str | None, user: User) -> None:
        """Let the alias `challenger` point at a version, or at none; what serves stays as it is."""
        require(user, Permission.PROMOTE)
        if version is not None and version == self._serving.live(task):
            raise InvalidInput("This version is live already.")
        challenger = None if version is None else self._registry.version(task, version)
        # First: MLflow has transactions of its own.
        self._audit.record(
            AuditEvent(now(), user.id, "model.challenger", task, f"version {version or 'none'}")
        )
        self._registry.challenge(challenger, task)

    def settle(self) -> None:
        """Say of what a stop of a server cut short how it ended; may be called at any time."""
        if not self._store.open():
            return
        with suppress(Busy), self._alone():  # else one is under way
            self._settle_open()

    def _settle_open(self) -> None:
        for asked in self._store.open():
            champion = self._registry.champion(asked.task)
            went_live = champion is not None and champion.version == asked.version
            if asked.overridden and not went_live:
                continue  # it waits for its second person
            state = PromotionState.DONE if went_live else PromotionState.REFUSED
            settled = replace(asked, state=state, decided_at=now(), decision=_CUT_SHORT)
            action = f"model.{asked.kind}" if went_live else f"model.{asked.kind}-failed"
            with self._audit.together():
                if not self._store.decide(settled):
                    continue
                self._record(settled, action, asked.asked_by, _CUT_SHORT)
            if settled.overridden:
                self._overrides(settled)

    def followed(self, version: ModelVersion, before: str | None) -> None:
        """Another tool moved the alias, and this server followed: it belongs to the history too."""
        who = version.tags.get(PROMOTED_BY, "another tool, in MLflow")
        self._store.add(
            Promotion(
                id=new_id(),
                task=version.name,
                version=version.version,
                from_version=before,
                kind=PromotionKind.PROMOTION,
                state=PromotionState.DONE,
                reason=version.tags.get(REASON, "The alias was moved in MLflow."),
                asked_by="mlflow",
                asked_name=who[:_LONGEST_NAME],
                asked_at=now(),
                decided_at=now(),
            )
        )

    def _may_go_live(self, task: str, version: str, expected: str | None) -> ModelVersion:
        live = self._serving.live(task)
        if expected is not None and expected != live:
            raise InvalidInput(f"In the meantime version {live} went live; look again before you decide.")
        if version == live:
            raise InvalidInput(f"Version {version} is live already.")
        if self._rehearsals.running(task, version):
            raise Busy(f"A rehearsal of version {version} is under way; wait for its end or cancel it.")
        if self._scoring(task, version):
            raise Busy(f"Version {version} is being scored on real use right now; try again in a moment.")
        return self._registry.version(task, version)

    def _asked(
        self,
        version: ModelVersion,
        kind: PromotionKind,
        reason: str,
        user: User,
        gate: PromotionGateResult | None,
    ) -> Promotion:
        return Promotion(
            id=new_id(),
            task=version.name,
            version=version.version,
            from_version=self._serving.live(version.name),
            kind=kind,
            state=PromotionState.ASKED,
            reason=_reason(reason),
            asked_by=user.id,
            asked_name=user.display_name,
            asked_at=now(),
            gate=gate,
            overridden=gate is not None and gate.verdict is not PromotionVerdict.PASS,
        )

    def _go_live(
        self, asked: Promotion, version: ModelVersion, confirmed: tuple[User, str] | None = None
    ) -> Promotion:
        """Have the network take over; kept before and after, so that a kill in between is seen."""
        if confirmed is None:
            self._store.add(asked)
        by = asked.asked_name if confirmed is None else f"{asked.asked_name}, {confirmed[0].display_name}"
        tags = {PROMOTED_BY: by, PROMOTED_AT: now().isoformat(timespec="seconds"), REASON: asked.reason}
        try:
            self._serving.put_in_force(version, tags)
        except Exception as error:
            self._failed(asked, error, waits=confirmed is not None)
            raise
        done = replace(asked, state=PromotionState.DONE, decided_at=now())
        if confirmed is not None:
            done = _decided(asked, PromotionState.DONE, *confirmed)
        actor = asked.asked_by if confirmed is None else confirmed[0].id
        self._settle(done, f"model.{done.kind}", actor, done.decision or done.reason)
        for told in self._told:
            told(done.task)
        return done

    def _failed(self, asked: Promotion, error: Exception, *, waits: bool) -> None:
        """It did not go live; an override that a passing trouble stopped may be confirmed again."""
        said = str(error) if isinstance(error, UserFacingError) else "Something went wrong inside Lightbox."
        action, by = f"model.{asked.kind}-failed", asked.asked_by
        if waits and isinstance(error, Busy):
            self._record(asked, action, by, said)
            return
        failed = replace(asked, state=PromotionState.REFUSED, decided_at=now(), decision=said)
        self._settle(failed, action, by, said)

    def _open(self, promotion_id: str) -> Promotion:
        asked = self._store.get(promotion_id)
        if asked is None:
            raise NotFound("There is no such request.")
        if asked.state is not PromotionState.ASKED:
            raise InvalidInput(f"This was decided already, by {asked.decided_name or asked.asked_name}.")
        return asked

    def _settle(self, decided: Promotion, action: str, actor: str, why: str) -> None:
        """Keep a decision with its event, then tell those who wait for it."""
        with self._audit.together():
            if not self._store.decide(decided):
                raise InvalidInput("This was decided already by somebody else.")
            self._record(decided, action, actor, why)
        if decided.overridden:
            self._overrides(decided)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._changing.acquire(blocking=False):
            raise Busy(_CHANGING)
        try:
            with self._no_other_server("promotions") as alone:
                if not alone:
                    raise Busy(_CHANGING)
                yield
        finally:
            self._changing.release()

    def _record(self, promotion: Promotion, action: str, actor: str, why: str) -> None:
        detail = f"version {promotion.version} in the place of {promotion.from_version}: {why}"
        self._audit.record(AuditEvent(now(), actor, action, promotion.task, detail))


_CHANGING = "Somebody else is changing right now which version is live; look again in a moment."
_CUT_SHORT = "The server was stopped while this was under way."
_REMEMBERED = 1000
_LONGEST_NAME = 200


def _decided(asked: Promotion, state: PromotionState, user: User, why: str) -> Promotion:
    return replace(
        asked, state=state, decided_by=user.id, decided_name=user.display_name, decided_at=now(), decision=why
    )


def _reason(text: str) -> str:
    if not text.strip():
        raise InvalidInput("Please write down a reason.")
    return text.strip()[:LONGEST_REASON]
