"""A rehearsal's numbers as metrics of its run in MLflow."""

from __future__ import annotations

from dataclasses import asdict

from data.records import PairedMetric, Rehearsal


def metrics_of(rehearsal: Rehearsal) -> dict[str, float]:
    """By name: counts, each pair's candidate, difference and interval, and what reading costs."""
    numbers: dict[str, float] = {
        "scans": len(rehearsal.differences),
        "failed": len(rehearsal.failed),
        "sides_changed": rehearsal.sides_changed,
    }
    for metric in rehearsal.paired:
        numbers |= _of_metric(metric)
    for who, cost in (("champion", rehearsal.champion_cost), ("candidate", rehearsal.candidate_cost)):
        if cost is not None:
            numbers |= {f"{who}_{name}": value for name, value in asdict(cost).items()}
    return numbers


def _of_metric(metric: PairedMetric) -> dict[str, float]:
    parts = {"difference": metric.difference, "low": metric.low, "high": metric.high, "n": float(metric.n)}
    return {f"{metric.name}_{part}": value for part, value in parts.items()} | {metric.name: metric.candidate}
