"""Drift as pages show it: charts and small pictures of a snapshot, and two runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from data.records import DriftRun, Severity
from reports.chart_axes import Figure
from reports.drift_columns import CATEGORY
from reports.drift_figures import Point, distribution_figure, history_figure, spark
from reports.drift_html import facts, told_count
from reports.drift_limits import EFFECT
from reports.drift_verdict import APART, NO_ALARM, effect_words
from services.addresses import DriftAddress
from services.drift.influential_scans import EMBEDDING
from services.task_words import words_of

__all__ = [
    "Pair",
    "beside_headline",
    "distance",
    "distribution",
    "effect_words",
    "facts",
    "headline",
    "history",
    "picture",
    "side_by_side",
]


_UNITS = {"wasserstein": "SD", "jensenshannon": "JS", "psi": "PSI", "hellinger": "H"}


@dataclass(frozen=True)
class Pair:
    """One feature in two runs."""

    name: str
    title: str
    effects: tuple[float | None, float | None]
    drifted: tuple[bool, bool]


def headline(snapshot: Mapping[str, Any]) -> str:
    """What changed, of how many features, in how many readings, against how many of which reference."""
    sentence = _of_features(snapshot).rstrip(".")
    reference, window = snapshot["reference"], snapshot["window"]
    name = reference.get("name", "unnamed")
    if snapshot["severity"] == Severity.TOO_FEW:
        return f"{sentence} (reference: “{name}”)."
    told = f"{told_count(window['n'])} readings of {words_of(snapshot['task']).label.lower()}"
    return f"{sentence}, in {told} against {told_count(reference['n'])} of “{name}”."


def beside_headline(snapshot: Mapping[str, Any]) -> list[str]:
    """The verdict's other sentences."""
    return [sentence for sentence in snapshot["verdict"] if sentence != _of_features(snapshot)]


def _of_features(snapshot: Mapping[str, Any]) -> str:
    sentences: list[str] = list(snapshot["verdict"])
    return sentences[1] if sentences[0] == NO_ALARM and len(sentences) > 1 else sentences[0]


def distance(feature: Mapping[str, Any]) -> str:
    """A distance as short as a table wants it: SD for numbers, JS for names."""
    if feature["effect"] is None:
        return "–"
    usual = "jensenshannon" if feature["kind"] == CATEGORY else "wasserstein"
    return f"{feature['effect']:.2f} {_UNITS[feature.get('distance') or usual]}"


def distribution(feature: Mapping[str, Any]) -> Figure:
    """Reference and window of a feature."""
    return distribution_figure(feature)


def picture(feature: Mapping[str, Any]) -> str:
    """The same, small, as the source of an image."""
    return "data:image/svg+xml;utf8," + quote(spark(feature))


def history(points: Sequence[tuple[DriftRun, Mapping[str, Any]]], feature: str) -> Figure:
    """How far a feature was from its reference, run by run."""
    drawn = [
        Point(
            (run.finished_at or run.created_at).isoformat(timespec="seconds"),
            numbers["effect"],
            bool(numbers["drifted"]),
            str(DriftAddress(run.task, run.id, feature)),
            f"against {run.reference_name}, n = {told_count(run.current_n)}",
        )
        for run, numbers in points
    ]
    if feature == EMBEDDING:
        return history_figure(drawn, APART, "AUC")
    limit = points[-1][1].get("limit") if points else None
    return history_figure(drawn, limit or EFFECT)


def side_by_side(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Pair]:
    """Every feature of either run with its distance in both, the largest change first."""
    known = [{feature["name"]: feature for feature in snapshot["features"]} for snapshot in (first, second)]
    pairs = []
    for name in dict.fromkeys([*known[0], *known[1]]):
        numbers = [side.get(name) for side in known]
        title = next(str(feature["title"]) for feature in numbers if feature is not None)
        effects = [None if feature is None else feature["effect"] for feature in numbers]
        drifted = [feature is not None and bool(feature["drifted"]) for feature in numbers]
        pairs.append(Pair(name, title, (effects[0], effects[1]), (drifted[0], drifted[1])))
    return sorted(pairs, key=lambda pair: -abs((pair.effects[1] or 0.0) - (pair.effects[0] or 0.0)))
