"""Expiry: what a rule says is old is erased once a day, never what is held, under review or to be sent.

Each batch is a transaction of its own that chooses its scans itself: a kill between two leaves the
rest to the next run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.records import (
    AuditEvent,
    CountedFrom,
    ExpiringSubject,
    Origin,
    RetentionRule,
    User,
)
from data.stores.audit import AuditLog
from data.stores.expired_refusals import ExpiredRefusalStore
from data.stores.retention_rules import Expiring, RetentionRuleStore
from services.permissions import Permission, require
from services.retention.erasing import Erasing
from services.task_words import words_of

AT_ONCE = 200
FEWEST_DAYS, MOST_DAYS = 1, 36_500
_NO_RULE = "There is no such rule any more."
SUBJECT_WORDS: Mapping[ExpiringSubject, str] = {
    ExpiringSubject.SCANS: "Scans",
    ExpiringSubject.REFUSALS: "What was not read",
}
COUNTED_WORDS: Mapping[CountedFrom, str] = {
    CountedFrom.ACQUIRED: "acquired",
    CountedFrom.ARRIVED: "arrived",
    CountedFrom.READ: "read last",
}
ORIGIN_WORDS: Mapping[Origin, str] = {
    Origin.ANY: "any way",
    Origin.PERSON: "sent by people",
    Origin.DICOM: "received by DICOM",
    Origin.PRIOR: "fetched as priors",
}


@dataclass(frozen=True)
class Asked:
    """A rule as somebody fills it in."""

    subject: ExpiringSubject
    days: int
    counted_from: CountedFrom = CountedFrom.ACQUIRED
    task: str = ""
    origin: Origin = Origin.ANY
    synthetic: bool = False


@dataclass(frozen=True)
class Preview:
    """What a rule would come to now."""

    rule: RetentionRule
    words: str
    expiring: Expiring
    refusals: int

    @property
    def sentence(self) -> str:
        """It in one sentence or two."""
        if self.rule.subject is ExpiringSubject.REFUSALS:
            return f"It would erase {_n(self.refusals, 'refusal')} now."
        of = self.expiring
        said = f"It would erase {_n(of.scans, 'scan')} of {_n(of.patients, 'patient')} now."
        left = [
            f"{n:,} {why}"
            for n, why in (
                (of.held, "under legal hold"),
                (of.under_review, "under review"),
                (of.pending, "about to be sent"),
            )
            if n
        ]
        return f"{said} It would leave {', '.join(left)}." if left else said


@dataclass(frozen=True)
class ExpiryRun:
    """What a run came to, over all rules that are on."""

    rules: int
    scans: int
    refusals: int
    held: int
    left: int

    @property
    def sentence(self) -> str:
        """It in one sentence."""
        what = f"{_n(self.scans, 'scan')} and {_n(self.refusals, 'refusal')}"
        said = f"{what} were erased by {_n(self.rules, 'rule')}"
        return f"{said}; {self.held:,} are held, {self.left:,} under review or about to be sent."


class Expiry:
    """Rules, and runs of those that are on."""

    def __init__(
        self, rules: RetentionRuleStore, refusals: ExpiredRefusalStore, erasing: Erasing, audit: AuditLog
    ) -> None:
        self._rules = rules
        self._refusals = refusals
        self._erasing = erasing
        self._audit = audit

    def rules(self, user: User) -> list[Preview]:
        """Each rule with what it would come to now, the oldest first. Raises NotAllowed."""
        require(user, Permission.SET_RETENTION)
        return [self._previewed(rule) for rule in self._rules.all()]

    def made(self, user: User) -> list[RetentionRule]:
        """Each rule as it was made, the oldest first: nothing is counted. Raises NotAllowed."""
        require(user, Permission.SET_RETENTION)
        return self._rules.all()

    def preview(self, asked: Asked, user: User) -> Preview:
        """What a rule would come to, before anybody makes it. Raises NotAllowed, InvalidInput."""
        require(user, Permission.SET_RETENTION)
        return self._previewed(_made(asked, user))

    def add(self, asked: Asked, user: User) -> RetentionRule:
        """Keep a rule, which is off until somebody switches it on. Raises NotAllowed, InvalidInput."""
        require(user, Permission.SET_RETENTION)
        rule = _made(asked, user)
        with self._audit.together():
            self._rules.add(rule)
            self._note(user, rule, "made, not on yet")
        return rule

    def switch(self, rule_id: str, user: User, *, on: bool) -> None:
        """Have a rule act from the next run on, or no more. Raises NotAllowed, NotFound."""
        require(user, Permission.SET_RETENTION)
        rule = self._rule(rule_id)
        with self._audit.together():
            if self._rules.switch(rule_id, user.display_name, now(), active=on):
                self._note(user, rule, "switched on" if on else "switched off")

    def delete(self, rule_id: str, user: User) -> None:
        """Take a rule away. Raises NotAllowed, NotFound."""
        require(user, Permission.SET_RETENTION)
        rule = self._rule(rule_id)
        with self._audit.together():
            if self._rules.delete(rule_id, now()):
                self._note(user, rule, "deleted")

    def any_on(self) -> bool:
        """Whether a rule is switched on."""
        return any(rule.active for rule in self._rules.all())

    def run(self, at: datetime | None = None) -> ExpiryRun:
        """Erase whatever the rules that are on say is old."""
        moment = at or now()
        came_to = ExpiryRun(0, 0, 0, 0, 0)
        for rule in self._rules.all():
            if rule.active:
                came_to = self._run(rule, moment, came_to)
        self._audit.record(AuditEvent(now(), None, "retention.run", "expiry", came_to.sentence))
        self._erasing.resume()
        return came_to

    def _run(self, rule: RetentionRule, at: datetime, before: ExpiryRun) -> ExpiryRun:
        words = described(rule)
        if rule.subject is ExpiringSubject.REFUSALS:
            before_then = at - timedelta(days=rule.days)
            gone = self._erasing.erase_refusals(before_then, words, synthetic=rule.synthetic)
            return replace(before, rules=before.rules + 1, refusals=before.refusals + gone)
        scans = 0
        while erasure := self._erasing.erase_expired(partial(self._rules.expired, rule, at, AT_ONCE), words):
            scans += len(erasure.scan_ids)
        left = self._rules.expiring(rule, at)
        return replace(
            before,
            rules=before.rules + 1,
            scans=before.scans + scans,
            held=before.held + left.held,
            left=before.left + left.under_review + left.pending,
        )

    def _previewed(self, rule: RetentionRule) -> Preview:
        if rule.subject is ExpiringSubject.REFUSALS:
            n = self._refusals.count(now() - timedelta(days=rule.days), synthetic=rule.synthetic)
            return Preview(rule, described(rule), Expiring(0, 0, 0, 0, 0), n)
        return Preview(rule, described(rule), self._rules.expiring(rule, now()), 0)

    def _rule(self, rule_id: str) -> RetentionRule:
        known = next((rule for rule in self._rules.all() if rule.id == rule_id), None)
        if known is None:
            raise NotFound(_NO_RULE)
        return known

    def _note(self, user: User, rule: RetentionRule, what: str) -> None:
        detail = f"{described(rule)}: {what}"
        self._audit.record(AuditEvent(now(), user.id, "retention.rule", rule.id, detail))


def described(rule: RetentionRule) -> str:
    """A rule as a phrase."""
    made = "synthetic " if rule.synthetic else ""
    if rule.subject is ExpiringSubject.REFUSALS:
        return f"{made}refusals, {rule.days:,} days after they came"
    of = f" of {words_of(rule.task).label}" if rule.task else ""
    way = f", {ORIGIN_WORDS[rule.origin]}" if rule.origin is not Origin.ANY else ""
    return f"{made}scans{of}{way}, {rule.days:,} days after they were {COUNTED_WORDS[rule.counted_from]}"


def _n(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _made(asked: Asked, user: User) -> RetentionRule:
    if not FEWEST_DAYS <= asked.days <= MOST_DAYS:
        raise InvalidInput(f"Give a number of days from {FEWEST_DAYS} to {MOST_DAYS:,}.")
    return RetentionRule(
        new_id(), asked.subject, asked.days, asked.counted_from, asked.task, asked.origin, asked.synthetic,
        False, user.id, user.display_name, now(),
    )  # fmt: skip
