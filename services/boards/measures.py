"""What a panel of a board can show over time, and who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from data.errors import InvalidInput
from data.records import BoardPanel, User
from services.performance.metrics import METRICS
from services.permissions import Permission, may


class Source(StrEnum):
    """Where numbers come from."""

    PERFORMANCE = "performance"
    VOLUMES = "volumes"
    DRIFT = "drift"
    ALERTS = "alerts"


SEEN_WITH: Mapping[Source, Permission] = {
    Source.PERFORMANCE: Permission.SEE_STATISTICS,
    Source.VOLUMES: Permission.SEE_STATISTICS,
    Source.DRIFT: Permission.SEE_DRIFT,
    Source.ALERTS: Permission.DECIDE_ALERTS,
}


@dataclass(frozen=True)
class Measure:
    """One kind of number; `of_task` and so on say what a panel of it must or may choose."""

    name: str
    label: str
    source: Source
    unit: str = ""
    percent: bool = False
    of_task: bool = True
    of_version: bool = True
    of_feature: bool = False

    @property
    def permission(self) -> Permission:
        """What a person needs to see it."""
        return SEEN_WITH[self.source]


READINGS, REFUSALS, UNCERTAIN = "readings", "refusals", "uncertain"
DRIFTED_SHARE, DISTANCE, ALERTS_RAISED = "drifted-share", "drift-distance", "alerts"
_PERFORMANCE = (
    "recall", "specificity", "precision", "far", "frr", "dice", "accepted_outlines", "latency_p50_ms",
    "latency_p95_ms",
)  # fmt: skip

MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        *(
            Measure(name, METRICS[name].label, Source.PERFORMANCE, METRICS[name].unit, METRICS[name].percent)
            for name in _PERFORMANCE
        ),
        Measure(READINGS, "Scans read", Source.VOLUMES, "scans"),
        Measure(UNCERTAIN, "Uncertain answers", Source.VOLUMES, percent=True),
        Measure(
            REFUSALS, "Refused files and series", Source.VOLUMES, "files", of_task=False, of_version=False
        ),
        Measure(DRIFTED_SHARE, "Drifted features", Source.DRIFT, percent=True, of_version=False),
        Measure(DISTANCE, "Drift distance", Source.DRIFT, of_version=False, of_feature=True),
        Measure(ALERTS_RAISED, "Alerts raised", Source.ALERTS, "alerts", of_task=False, of_version=False),
    )
}
"""Every measure by its name, in the order of the menu."""


def measure_of(panel: BoardPanel) -> Measure:
    """The measure that a panel shows; raises InvalidInput for one that there is not."""
    if panel.measure not in MEASURES:
        raise InvalidInput(f"There is nothing called {panel.measure} to show on a board.")
    return MEASURES[panel.measure]


def may_see(user: User, panel: BoardPanel) -> bool:
    """Whether this person may see the numbers of a panel."""
    return may(user, measure_of(panel).permission)
