"""Promotion: another version goes live by a person's word, through the gate or past it by two people.

What is live is what MLflow's alias says; this keeps who asked, who decided, when and why.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from data.database import new_id, now
from data.errors import Busy, InvalidInput, NotAllowed, NotFound, UserFacingError
from data.records import (
    AuditEvent,
    Gate,
    GateVerdict,
    ModelVersion,
    Promotion,
    PromotionKind,
    PromotionState,
    Rehearsal,
    User,
)
from data.stores.audit import AuditLog
from data.stores.promotions import PromotionStore
from services.permissions import Permission, require
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
    ) -> None:
        self._store = store
        self._registry = registry
        self._serving = serving
        self._rehearsals = rehearsals
        self._audit = audit
        self._margins = margins
        self._scoring = scoring
        self._changing = threading.Lock()

    def gate(self, task: str, version: str) -> Gate:
        """What the latest rehearsal against the champion of now says; raises Busy without MLflow."""
        live = self._serving.live(task)
        found = None if live is None else self._rehearsals.latest(task, version, live)
        return self._judged(task, found, live)

    def gates(self, task: str, versions: Iterable[str]) -> dict[str, Gate]:
        """The gate's word on each of several versions, for one question to MLflow."""
        live = self._serving.live(task)
        found = self._rehearsals.latest_of(task, versions, live or "")
        return {version: self._judged(task, one, live) for version, one in found.items()}

    def _judged(self, task: str, found: Rehearsal | None, live: str | None) -> Gate:
        if found is None:
            sentence = f"It has not been rehearsed against version {live}, so nothing is known of it."
            return Gate(GateVerdict.CANNOT_TELL, sentence)
        if found.synthetic and not self._rehearsals.scans_of(task, 1)[1]:
            sentence = (
                "It was rehearsed on SYNTHETIC scans only, and there are real ones now; rehearse it again."
            )
            return Gate(GateVerdict.CANNOT_TELL, sentence, found.id)
        return judged(found, self._margins, draws=self._serving.draws(task))

    def ask(self, task: str, version: str, reason: str, user: User, expected: str | None = None) -> Promotion:
        """Let a version go live, where the gate lets it pass. `expected` is what the asker saw live.

        Raises NotAllowed, InvalidInput (no reason, no pass), Busy, NotFound, UnusableModel.
        """
        require(user, Permission.PROMOTE)
        with self._alone():
            found = self._may_go_live(task, version, expected)
            gate = self.gate(task, version)
            if gate.verdict is not GateVerdict.PASS:
                raise InvalidInput(f"The gate does not let it pass. {gate.sentence} Ask for an override.")
            return self._go_live(self._asked(found, PromotionKind.PROMOTION, reason, user, gate), found)

    def override(
        self, task: str, version: str, reason: str, user: User, expected: str | None = None
    ) -> Promotion:
        """Ask that a version goes live without the gate's pass; somebody else has to confirm it.

        Raises NotAllowed, InvalidInput, Busy, NotFound.
        """
        require(user, Permission.PROMOTE)
        with self._alone():
            found = self._may_go_live(task, version, expected)
            if any(one.task == task for one in self._store.open()):
                raise InvalidInput("Another override is being asked for already; it must be decided first.")
            gate = self.gate(task, version)
            if gate.verdict is GateVerdict.PASS:
                raise InvalidInput("The gate lets this version pass, so no override is needed.")
            asked = self._asked(found, PromotionKind.PROMOTION, reason, user, gate)
            self._store.add(asked)
            self._say(asked, "model.override-asked", user, asked.reason)
            return asked

    def confirm(self, promotion_id: str, reason: str, user: User) -> Promotion:
        """The second person lets an override go live. Raises as `ask` does."""
        require(user, Permission.CONFIRM_OVERRIDES)
        with self._alone():
            asked = self._open(promotion_id)
            if asked.asked_by == user.id:
                raise NotAllowed("An override needs a second person: somebody else has to confirm it.")
            why = _reason(reason)
            found = self._may_go_live(asked.task, asked.version, asked.from_version)
            return self._go_live(asked, found, confirmed=(user, why))

    def refuse(self, promotion_id: str, reason: str, user: User) -> Promotion:
        """An override is refused by a second person, or withdrawn by whoever asked."""
        require(user, Permission.CONFIRM_OVERRIDES)
        with self._alone():
            asked = self._open(promotion_id)
            refused = _decided(asked, PromotionState.REFUSED, user, _reason(reason))
            self._decide(refused)
            self._say(refused, "model.override-refused", user, refused.decision or "")
            return refused

    def rollback(self, task: str, reason: str, user: User, expected: str | None = None) -> Promotion:
        """Let the champion before this one go live again: no gate. Raises as `ask` does."""
        require(user, Permission.PROMOTE)
        with self._alone():
            before = self.previous(task)
            if before is None:
                raise InvalidInput("There is no earlier version to go back to.")
            found = self._may_go_live(task, before, expected)
            return self._go_live(self._asked(found, PromotionKind.ROLLBACK, reason, user, None), found)

    def previous(self, task: str) -> str | None:
        """The version that was live before the present one went live here; None where none is known."""
        stack: list[str | None] = []
        last: Promotion | None = None
        for one in reversed(self._store.recent(task, _REMEMBERED)):
            if one.state is not PromotionState.DONE:
                continue
            last = one
            if one.kind is PromotionKind.PROMOTION:
                stack.append(one.from_version)
            elif stack:  # whoever went back from a version does not come back to it by going back
                stack.pop()
        live = self._serving.live(task)
        if last is not None and last.version != live:  # another tool moved the alias since
            stack.append(last.version)
        return next((one for one in reversed(stack) if one not in (None, SHIPPED, live)), None)

    def recent(self, task: str | None = None, limit: int = 50) -> list[Promotion]:
        """What was asked and decided, newest first."""
        return self._store.recent(task, limit)

    def challenge(self, task: str, version: str | None, user: User) -> None:
        """Let the alias `challenger` point at a version, or at none; what serves stays as it is."""
        require(user, Permission.PROMOTE)
        if version is not None and version == self._serving.live(task):
            raise InvalidInput("This version is live already.")
        found = None if version is None else self._registry.version(task, version)
        self._registry.challenge(found, task)
        self._audit.record(
            AuditEvent(now(), user.id, "model.challenger", task, f"version {version or 'none'}")
        )

    def settle(self) -> None:
        """Say of what a stop of the server cut short how it ended; called at the start."""
        for one in self._store.open():
            champion = self._registry.champion(one.task)
            went_live = champion is not None and champion.version == one.version
            if one.overridden and not went_live:
                continue  # it waits for its second person
            state = PromotionState.DONE if went_live else PromotionState.REFUSED
            self._store.decide(replace(one, state=state, decided_at=now(), decision=_CUT_SHORT))

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
        self, found: ModelVersion, kind: PromotionKind, reason: str, user: User, gate: Gate | None
    ) -> Promotion:
        return Promotion(
            id=new_id(),
            task=found.name,
            version=found.version,
            from_version=self._serving.live(found.name),
            kind=kind,
            state=PromotionState.ASKED,
            reason=_reason(reason),
            asked_by=user.id,
            asked_name=user.display_name,
            asked_at=now(),
            gate=gate,
            overridden=gate is not None and gate.verdict is not GateVerdict.PASS,
        )

    def _go_live(
        self, asked: Promotion, found: ModelVersion, confirmed: tuple[User, str] | None = None
    ) -> Promotion:
        """Have the network take over; kept before and after, so that a kill in between is seen."""
        if confirmed is None:
            self._store.add(asked)
        by = asked.asked_name if confirmed is None else f"{asked.asked_name}, {confirmed[0].display_name}"
        tags = {PROMOTED_BY: by, PROMOTED_AT: now().isoformat(timespec="seconds"), REASON: asked.reason}
        try:
            self._serving.put_in_force(found, tags)
        except Exception as error:
            self._failed(asked, error, waits=confirmed is not None)
            raise
        done = replace(asked, state=PromotionState.DONE, decided_at=now())
        if confirmed is not None:
            done = _decided(asked, PromotionState.DONE, *confirmed)
        self._decide(done)
        actor = asked.asked_by if confirmed is None else confirmed[0].id
        self._record(done, f"model.{done.kind}", actor, done.decision or done.reason)
        return done

    def _failed(self, asked: Promotion, error: Exception, *, waits: bool) -> None:
        """It did not go live; an override that a passing trouble stopped may be confirmed again."""
        said = str(error) if isinstance(error, UserFacingError) else "Something went wrong inside Lightbox."
        if not (waits and isinstance(error, Busy)):
            self._decide(replace(asked, state=PromotionState.REFUSED, decided_at=now(), decision=said))
        self._record(asked, f"model.{asked.kind}-failed", asked.asked_by, said)

    def _open(self, promotion_id: str) -> Promotion:
        found = self._store.get(promotion_id)
        if found is None:
            raise NotFound("There is no such request.")
        if found.state is not PromotionState.ASKED:
            raise InvalidInput(f"This was decided already, by {found.decided_name or found.asked_name}.")
        return found

    def _decide(self, decided: Promotion) -> None:
        if not self._store.decide(decided):
            raise InvalidInput("This was decided already by somebody else.")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._changing.acquire(blocking=False):
            raise Busy("Somebody else is changing right now which version is live; look again in a moment.")
        try:
            yield
        finally:
            self._changing.release()

    def _say(self, one: Promotion, action: str, user: User, why: str) -> None:
        self._record(one, action, user.id, why)

    def _record(self, one: Promotion, action: str, actor: str, why: str) -> None:
        detail = f"version {one.version} in the place of {one.from_version}: {why}"
        self._audit.record(AuditEvent(now(), actor, action, one.task, detail))


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
