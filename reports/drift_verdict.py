"""What a comparison means: limits, severity, and the verdict in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.records import Severity
from reports.drift_columns import CATEGORY, FEWEST, MOST_ROWS
from reports.drift_evidently import DRIFT_SHARE
from reports.drift_limits import EFFECT, METHODS, USUAL, P

GRAVE_EFFECT = 0.5
"""From this distance on a drifted output of the model is critical; five times its limit where one is set."""
APART, FAR_APART = 0.6, 0.8
"""Area under the curve of the classifier on embeddings, lower end of its interval: warning, critical."""
HELD = 0.05
"""A share held if its fall is surely (95 %) less than this; if it neither fell nor held, that is said."""
OUTPUTS = ("probability", "volume_ml", "lesions", "doubt", "estimated_dice", "outside_distance")

NO_ALARM = "No alarm: this house has no reference of its own yet, and is compared with the training data."

LIMITS: dict[str, float] = {
    "effect": EFFECT,
    "p": P,
    "fewest": FEWEST,
    "most_rows": MOST_ROWS,
    "critical_share": DRIFT_SHARE,
    "critical_effect_of_output": GRAVE_EFFECT,
    "embedding_auc_warning": APART,
    "embedding_auc_critical": FAR_APART,
    "held_within": HELD,
}
"""Every limit by its name, as the snapshot tells it."""


def is_drifted(effect: float | None, p_corrected: float | None, limit: float = EFFECT, p: float = P) -> bool:
    """Whether a column drifted: far enough, and not by chance."""
    return effect is not None and p_corrected is not None and effect >= limit and p_corrected < p


def severity(
    features: Sequence[Mapping[str, Any]],
    embedding: Mapping[str, Any] | None,
    truth: Mapping[str, Any] | None,
    *,
    provisional: bool = False,
) -> Severity:
    """How much it matters; against a reference that only stands in for one of the house, not at all yet."""
    judged = [feature for feature in features if feature["p_corrected"] is not None]
    drifted = [feature for feature in judged if feature["drifted"]]
    if not judged and embedding is None and not (truth and truth["fell"]):
        return Severity.TOO_FEW
    if provisional:
        return Severity.NOT_JUDGED
    grave = any(
        feature["name"] in OUTPUTS
        and feature["effect"] >= GRAVE_EFFECT / EFFECT * (feature.get("limit") or EFFECT)
        for feature in drifted
    )
    apart = embedding is not None and embedding["p"] < P
    far = apart and embedding is not None and embedding["auc"]["low"] >= FAR_APART
    if grave or far or (truth and truth["fell"]) or (drifted and len(drifted) >= DRIFT_SHARE * len(judged)):
        return Severity.CRITICAL
    if drifted or (apart and embedding is not None and embedding["auc"]["low"] >= APART):
        return Severity.WARNING
    return Severity.CALM


def words(snapshot: Mapping[str, Any]) -> list[str]:
    """The verdict in sentences, the most important first."""
    said = [NO_ALARM] if snapshot["severity"] == Severity.NOT_JUDGED else []
    said.append(_of_features(snapshot))
    if snapshot["truth"] is not None:
        said += _of_truth(snapshot["truth"])
    if snapshot["embedding"] is not None:
        said.append(_of_embedding(snapshot["embedding"]))
    return said


def effect_words(feature: Mapping[str, Any]) -> str:
    """A distance with its unit."""
    if feature["effect"] is None:
        return "–"
    method = feature.get("distance")
    if method not in (None, USUAL[feature["kind"]].method):
        return f"{feature['effect']:.2f} ({METHODS[feature['kind']].get(method, method)})"
    if feature["kind"] == CATEGORY:
        return f"{feature['effect']:.2f} of at most 0.83"
    return f"{feature['effect']:.2f} standard deviations"


def _of_features(snapshot: Mapping[str, Any]) -> str:
    counts = snapshot["counts"]
    if snapshot["severity"] == Severity.TOO_FEW:
        window, reference = (
            "a number that is withheld" if n is None else f"{n:,}"
            for n in (snapshot["window"]["n"], snapshot["reference"]["n"])
        )
        return (
            f"Too few to judge: {window} scans in the window and "
            f"{reference} in the reference; both need at least {FEWEST}."
        )
    drifted = [feature for feature in snapshot["features"] if feature["drifted"]]
    if not drifted:
        return f"None of {counts['watched']} features drifted."
    most = ", ".join(f"{feature['title']} ({effect_words(feature)})" for feature in drifted[:3])
    return f"{counts['drifted']} of {counts['watched']} features drifted, most of all {most}."


def _of_embedding(embedding: Mapping[str, Any]) -> str:
    auc = embedding["auc"]
    apart = embedding["p"] < P and auc["low"] >= APART
    said = "the pictures look different" if apart else "the pictures look alike"
    return (
        f"To the network {said}: a classifier tells window from reference with an AUC of {auc['value']:.2f} "
        f"(95 % {auc['low']:.2f} to {auc['high']:.2f}; 0.5 is chance), MMD p = {embedding['p']:.3f}."
    )


def _of_truth(truth: Mapping[str, Any]) -> list[str]:
    said = []
    for name in ("recall", "accuracy"):
        before, after = truth["reference"][name], truth["current"][name]
        if before["value"] is None or after["value"] is None:
            continue
        said.append(
            f"{_what_became_of(name, truth)}: {100 * after['value']:.1f} % of {after['n']:,} against "
            f"{100 * before['value']:.1f} % of {before['n']:,} in the reference."
        )
    return said


def _what_became_of(name: str, truth: Mapping[str, Any]) -> str:
    if name in truth["fell"]:
        return f"{name.title()} fell"
    change = truth["change"][name]
    if change["low"] > -HELD:
        return f"{name.title()} held (a fall of {100 * HELD:.0f} points or more is ruled out)"
    points = f"{100 * change['low']:+.1f} to {100 * change['high']:+.1f} points"
    return f"Too few to tell whether {name} held (the change is anything from {points})"
