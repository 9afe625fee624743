"""By which distance, and from which limit on, a feature counts as drifted; each may be set for itself.

Only distances are offered whose larger value means farther apart, so that one rule judges them all: a
feature drifted where its distance reaches the limit and its corrected p is below its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.errors import InvalidInput
from reports.drift_columns import CATEGORY, NUMBER

EFFECT = 0.1
"""From this distance on a column counts as drifted: Evidently's own limit for both usual distances."""
P = 0.05
"""A corrected p below this is no chance."""
METHODS: Mapping[str, Mapping[str, str]] = {
    NUMBER: {
        "wasserstein": "Wasserstein, in standard deviations",
        "psi": "population stability index (PSI)",
        "jensenshannon": "Jensen-Shannon",
        "hellinger": "Hellinger",
    },
    CATEGORY: {
        "jensenshannon": "Jensen-Shannon",
        "psi": "population stability index (PSI)",
        "hellinger": "Hellinger",
    },
}
"""Evidently's names of the distances for each kind of column, in words; the usual one first."""


@dataclass(frozen=True)
class Limit:
    """How a feature is judged."""

    method: str
    effect: float = EFFECT
    p: float = P


USUAL: Mapping[str, Limit] = {kind: Limit(next(iter(methods))) for kind, methods in METHODS.items()}
"""The limit of each kind of column where nobody has set another."""


def limit_of(name: str, kind: str, changed: Mapping[str, Limit]) -> Limit:
    """How a column is judged; a distance that does not fit its kind today gives way to the usual limit.

    A number that is constant in the reference is compared as a name, so that its kind may change.
    """
    limit = changed.get(name)
    return limit if limit is not None and limit.method in METHODS[kind] else USUAL[kind]


def checked(kind: str, method: str, effect: float, p: float) -> Limit:
    """A limit that can be kept; raises InvalidInput for one that judges nothing, or everything."""
    if method not in METHODS[kind]:
        raise InvalidInput("Choose a distance that fits this feature.")
    if not 0 < effect <= 100:
        raise InvalidInput("Give a distance above 0, up to 100.")
    if not 0 < p <= 1:
        raise InvalidInput("Give a p above 0, up to 1.")
    return Limit(method, effect, p)
