"""Whether live figures are beyond their limits, as numbers that Prometheus collects.

Never the figures themselves: /metrics is open, and a figure of few cases could point at somebody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from data.records import Suspension
from services.performance.monitoring import LimitMonitor


def limit_metrics(monitor: LimitMonitor) -> Metric:
    """Each figure with an alert limit: 1 while its alert stands."""
    past = GaugeMetricFamily(
        "lightbox_performance_past_limit",
        "1 while the alert stands that a figure of real use is beyond its limit",
        labels=["task", "figure"],
    )
    for (task, figure), stands in sorted(monitor.standing().items()):
        past.add_metric([task, figure], float(stands))
    return past


def suspension_metrics(suspended: Iterable[Suspension], tasks: Iterable[str]) -> Metric:
    """How many suspensions are in force of each task; each is of one version, on one scanner or on all."""
    standing = GaugeMetricFamily(
        "lightbox_suspensions", "Suspensions of versions that nobody has lifted", labels=["task"]
    )
    numbers = Counter(stopped.task for stopped in suspended if stopped.is_active)
    for task in sorted(tasks):
        standing.add_metric([task], numbers[task])
    return standing
