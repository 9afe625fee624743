"""Protocols of local acceptance: what a version must reach on a scanner, fixed before it is tested.

A revision never changes. Who wants other limits fixes the next one, and tests that have begun are held
against their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from data.database import new_id, now
from data.errors import InvalidInput
from data.records import AcceptanceLimits, AcceptanceProtocol, AuditEvent, User
from data.stores.acceptance import AcceptanceStore
from data.stores.audit import AuditLog
from models.statistics.limits import MOST_CASES, cases_for_share
from models.statistics.proportions import proportion
from reports.number_words import share_words
from services.cohort.small_numbers import LEAST
from services.permissions import Permission, require
from services.typed_input import reason_of, share_of_percent

LONGEST_WHY = 1000


class AcceptanceProtocols:
    """Keeps what is asked of the versions of a task."""

    def __init__(self, store: AcceptanceStore, audit: AuditLog, draws: Callable[[str], bool]) -> None:
        """`draws` says whether a task's answer is a mask."""
        self._store = store
        self._audit = audit
        self._draws = draws

    def newest(self, task: str, user: User) -> AcceptanceProtocol | None:
        """The newest revision, in force or ended; None where there never was one. Raises NotAllowed."""
        require(user, Permission.SEE_ACCEPTANCE)
        return self._store.newest_protocol(task)

    def revisions(self, task: str, user: User) -> list[AcceptanceProtocol]:
        """Every revision, the newest first; raises NotAllowed."""
        require(user, Permission.SEE_ACCEPTANCE)
        return self._store.protocols(task)

    def fix(self, task: str, limits: AcceptanceLimits, why: str, user: User) -> AcceptanceProtocol:
        """Fix the limits of the tests that begin from now on; what no version has passed is marked then.

        Raises InvalidInput for limits that are none, or without a reason, NotAllowed.
        """
        require(user, Permission.FIX_ACCEPTANCE_PROTOCOLS)
        _check(limits, self._draws(task))
        return self._keep(task, limits, True, why, user)

    def end(self, task: str, why: str, user: User) -> AcceptanceProtocol:
        """Ask no acceptance of the task any more; records stay. Raises InvalidInput, NotAllowed."""
        require(user, Permission.FIX_ACCEPTANCE_PROTOCOLS)
        known = self._store.newest_protocol(task)
        if known is None or not known.in_force:
            raise InvalidInput("No protocol of this task is in force.")
        return self._keep(task, known.limits, False, why, user)

    def _keep(
        self, task: str, limits: AcceptanceLimits, in_force: bool, why: str, user: User
    ) -> AcceptanceProtocol:
        reason = reason_of(why, LONGEST_WHY)
        by = user.id, user.display_name, now(), reason
        action = "acceptance.protocol" if in_force else "acceptance.protocol-ended"
        with self._audit.together():
            kept = self._store.add_protocol(AcceptanceProtocol(new_id(), task, 0, in_force, limits, *by))
            self._audit.record(AuditEvent(kept.set_at, user.id, action, f"{task} {kept.revision}", reason))
        return kept


@dataclass(frozen=True)
class TypedLimits:
    """What a person typed: counts, shares in per cent, Dice as a fraction; empty: nothing is asked."""

    least_with: str
    least_without: str
    recall: str
    specificity: str
    dice: str = ""
    least_masks: str = ""
    most_refused: str = ""

    def limits(self) -> AcceptanceLimits:
        """The limits; raises InvalidInput for what is no number, and for a share written as a fraction."""
        recall, specificity = _share("Recall", self.recall), _share("Specificity", self.specificity)
        if recall is None or specificity is None:
            raise InvalidInput("Say what recall and specificity must reach.")
        dice = _number("Dice", self.dice) if self.dice.strip() else None
        return AcceptanceLimits(
            _count("Cases with the finding", self.least_with),
            _count("Cases without the finding", self.least_without),
            recall,
            specificity,
            dice,
            0 if dice is None else _count("Cases with a drawn mask", self.least_masks),
            _share("Refused scans", self.most_refused),
        )


def _count(name: str, text: str) -> int:
    words = text.strip().replace(",", "")
    if not (words.isascii() and words.isdecimal() and len(words) < 8):
        raise InvalidInput(f"{name}: say how many at least, as a whole number.")
    return int(words)


def _share(name: str, text: str) -> float | None:
    """A share that was typed in per cent; None where nothing was."""
    words = text.strip().removesuffix("%").strip()
    if not words:
        return None
    return share_of_percent(name, _number(name, words), text)


def _number(name: str, text: str) -> float:
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidInput(f"{name}: “{text.strip()[:20]}” is not a number.")
    return value


def _check(limits: AcceptanceLimits, draws: bool) -> None:
    counts = {"with the finding": limits.least_with, "without it": limits.least_without}
    if limits.dice is not None:
        if not draws:
            raise InvalidInput("This task draws no masks, so that no Dice can be asked of it.")
        counts["with a drawn mask"] = limits.least_masks
    for name, least in counts.items():
        if not LEAST <= least <= MOST_CASES:
            raise InvalidInput(f"Cases {name}: ask for {LEAST} to {MOST_CASES:,} at least.")
    shares = limits.recall, limits.specificity, limits.dice, limits.most_refused
    if any(share is not None and not 0 < share < 1 for share in shares):
        raise InvalidInput("A limit lies between 0 % and 100 % (of Dice between 0 and 1), and is neither.")
    if limits.most_refused is not None and cases_for_share(0.0, limits.most_refused) is None:
        raise InvalidInput(
            "Refused scans: so small a share cannot be told from none in the scans that a test has. "
            "Ask for more."
        )
    _check_reach("with the finding", limits.least_with, limits.recall)
    _check_reach("without it", limits.least_without, limits.specificity)


def _check_reach(name: str, least: int, limit: float) -> None:
    """Refuse a limit that a version without a mistake would miss on so few cases: it could never pass."""
    reached = proportion(least, least).low
    if reached >= limit:
        return
    needed = next((n for n in range(least, MOST_CASES + 1) if proportion(n, n).low >= limit), None)
    words = f"Ask for {needed:,} cases at least, or for less." if needed else "Ask for less."
    raise InvalidInput(
        f"With {least} cases {name} even a version that makes no mistake has an interval from "
        f"{share_words(reached)} on, below the limit of {share_words(limit)}. {words}"
    )
