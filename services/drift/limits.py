"""Limits of features as heads and MLOps staff set them; runs are judged by them from then on."""

from __future__ import annotations

import math
from collections.abc import Mapping

from data import house_clock
from data.database import now
from data.errors import InvalidInput
from data.records import CATEGORIES, NUMBERS, WATCHED, AuditEvent, DriftLimit, User
from data.stores.audit import AuditLog
from data.stores.drift_limits import DriftLimitStore
from reports.drift_columns import CATEGORY, NUMBER
from reports.drift_limits import METHODS, USUAL, Limit, checked
from services.drift.influence_scores import COMPONENT_NAMES
from services.permissions import Permission, require

FEATURES = (*NUMBERS, *COMPONENT_NAMES, *CATEGORIES)
"""What can be given a limit of its own."""


class DriftLimits:
    """Keeps limits; each change is noted in the audit trail, and a run keeps those that it was judged by."""

    def __init__(self, store: DriftLimitStore, audit: AuditLog) -> None:
        self._store = store
        self._audit = audit

    def of(self, task: str) -> dict[str, DriftLimit]:
        """The limits of a task that were set, by feature."""
        return self._store.of(task)

    def set_typed(self, task: str, feature: str, method: str, effect: str, p: str, user: User) -> DriftLimit:
        """Keep what a person typed; raises InvalidInput for what is no limit, NotAllowed."""
        require(user, Permission.SET_DRIFT_LIMITS)
        if feature not in FEATURES:
            raise InvalidInput("Choose a feature first.")
        limit = checked(kind_of(feature), method, _number(effect), _number(p))
        kept = DriftLimit(
            task, feature, limit.method, limit.effect, limit.p, user.id, user.display_name, now()
        )
        with self._audit.together():
            self._store.set(kept)
            self._note(user, kept.task, feature, said(limit))
        return kept

    def reset(self, task: str, feature: str, user: User) -> None:
        """Judge a feature by the usual limit again."""
        require(user, Permission.SET_DRIFT_LIMITS)
        with self._audit.together():
            self._store.delete(task, feature)
            self._note(user, task, feature, f"usual again: {said(USUAL[kind_of(feature)])}")

    def _note(self, user: User, task: str, feature: str, detail: str) -> None:
        self._audit.record(AuditEvent(now(), user.id, "drift.limit", f"{task} {feature}", detail))


def plain(limits: Mapping[str, DriftLimit]) -> dict[str, Limit]:
    """What a comparison takes of them."""
    return {name: Limit(limit.method, limit.effect, limit.p) for name, limit in limits.items()}


def notes(limits: Mapping[str, DriftLimit]) -> list[str]:
    """What a run says of limits that are not the usual ones."""
    judged = plain(limits)
    return [
        f"{title_of(name)} is judged by a limit of its own: {said(judged[name])}, set by "
        f"{limit.set_name} on {house_clock.day_of(limit.set_at)}."
        for name, limit in sorted(limits.items())
    ]


def said(limit: Limit) -> str:
    """A limit in words."""
    known = {**METHODS[NUMBER], **METHODS[CATEGORY]}
    return f"{known.get(limit.method, limit.method)}, {limit.effect:g} or more, p below {limit.p:g}"


def title_of(feature: str) -> str:
    """What a feature is called."""
    watched = WATCHED.get(feature)
    return watched.title if watched else feature.replace("pc", "Embedding, component ")


def methods_of(feature: str) -> Mapping[str, str]:
    """The distances that may be chosen for a feature, in words."""
    return METHODS[kind_of(feature)]


def usual_of(feature: str) -> Limit:
    """How a feature is judged where nobody has set anything else."""
    return USUAL[kind_of(feature)]


def kind_of(feature: str) -> str:
    """Whether a feature is a number or a name."""
    return CATEGORY if feature in CATEGORIES else NUMBER


def _number(text: str) -> float:
    """What was typed as a number; NaN, which no limit is, for anything else."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return math.nan
