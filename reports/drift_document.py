"""A drift snapshot as a document: what was compared, the verdict, every feature with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.records import SYNTHETIC
from reports.document import Block, Cell, Chapter, Chart, Document, Paragraph, Table, rounded
from reports.drift_figures import distribution_figure
from reports.drift_html import computed, facts
from reports.number_words import Share, ShareDifference, fraction_words, share_interval_words

CATEGORY = "category"
_CHARTED = 12  # drifted features that are drawn
_SUMMARY = ("median", "q25", "q75", "mean", "std")
_SIDES = ("reference", "current")
_SIDE_WORDS = {"reference": "reference", "current": "window"}
_NOISE = 1e-9  # of a deviation: a mean below is the rounding of sums
_LEAST_P = 0.0001  # smaller ones are told to be smaller

Snapshot = Mapping[str, Any]


def drift_document(snapshot: Snapshot, title: str, more: Mapping[str, str]) -> Document:
    """The whole document; `more` are facts for the first page besides those of the snapshot."""
    told = dict(facts(snapshot))
    notice = told.pop("Notice", "")
    chapters = [
        Chapter("Verdict", [Paragraph(sentence) for sentence in snapshot["verdict"]]),
        Chapter("What drifted, as charts", _charts(snapshot)),
        *_notes(snapshot),
        Chapter("Features", [_limits_words(snapshot), _features(snapshot)]),
        Chapter("Numbers", [_numbers(snapshot), *_categories(snapshot)]),
        *_embedding(snapshot),
        *_truth(snapshot),
        *_refusals(snapshot),
    ]
    stamp = computed(snapshot) + (f", {SYNTHETIC}" if snapshot.get("synthetic") else "")
    return Document(title, told | dict(more), chapters, stamp, notice)


def _notes(snapshot: Snapshot) -> list[Chapter]:
    notes = [Paragraph(sentence, "point") for sentence in snapshot["notes"]]
    return [Chapter("What to know of these numbers", notes)] if notes else []


def _limits_words(snapshot: Snapshot) -> Paragraph:
    limits = snapshot["limits"]
    return Paragraph(
        f"A feature counts as drifted at a distance of {limits['effect']} or more with a corrected p below "
        f"{limits['p']} (Benjamini and Hochberg over all features). Numbers are compared by the normed "
        "Wasserstein distance, in standard deviations of the reference, categories by Jensen and Shannon's. "
        "Features with a limit of their own are named above.",
        "small",
    )


def _features(snapshot: Snapshot) -> Table:
    head = ["feature", "", "distance", "p", "corrected p", "n reference", "n window", "share missing"]
    rows: list[list[Cell]] = [
        [
            feature["title"],
            feature["status"],
            rounded(feature["effect"], 4),
            _p(feature["p"]),
            _p(feature["p_corrected"]),
            _count(feature["n_reference"]),
            _count(feature["n_current"]),
            _shown(feature["missing_current"]),
        ]
        for feature in snapshot["features"]
    ]
    return Table(head, rows, texts=2)


def _numbers(snapshot: Snapshot) -> Table:
    """Median, quartiles, mean and deviation of both sides, six digits of each."""
    head = ["feature", "unit", "side", "median", "25 %", "75 %", "mean", "deviation"]
    rows: list[list[Cell]] = [
        [
            feature["title"],
            feature["unit"],
            _SIDE_WORDS[side],
            *(_summarised(feature[side], name) for name in _SUMMARY),
        ]
        for feature in snapshot["features"]
        if feature["kind"] != CATEGORY
        for side in _SIDES
        if any(feature[side][name] is not None for name in _SUMMARY)
    ]
    return Table(head, rows, texts=3, nothing="No feature that is a number is known of any scan.")


def _summarised(side: Mapping[str, Any], name: str) -> float | None:
    """A number of a side; what is nothing but the rounding of its computer is 0."""
    value, std = side[name], side["std"]
    if value is not None and std and abs(value) < _NOISE * std:
        return 0.0
    return rounded(value)


def _categories(snapshot: Snapshot) -> list[Block]:
    blocks: list[Block] = []
    for feature in snapshot["features"]:
        spread = feature["distribution"]
        if feature["kind"] == CATEGORY and spread["names"]:
            rows: list[list[Cell]] = [
                [name, *(_share(feature, side, place) for side in _SIDES)]
                for place, name in enumerate(spread["names"])
            ]
            if len(rows) == 1 and rows[0][1] == rows[0][2]:
                continue  # the same on both sides, as the notes say
            blocks.append(Table(["", "share, reference", "share, window"], rows, title=feature["title"]))
    return blocks


def _share(feature: Mapping[str, Any], side: str, place: int) -> Cell:
    """A class's share of a side, or why it is not told; None where the feature is known of no scan there."""
    spread = feature["distribution"]
    why = spread.get(f"withheld_{side}")
    if feature[f"n_{side}"] == 0:
        return None
    return why[place] if why and why[place] else _shown(spread[side][place])


def _shown(share: float | None) -> Cell:
    return None if share is None else Share(share)


def _p(p: float | None) -> Cell:
    """p as people read it: below 0.0001 nobody needs to know how far."""
    if p is None:
        return None
    return f"< {_LEAST_P:.4f}" if p < _LEAST_P else f"{p:.4f}"


def _count(n: int | None) -> Cell:
    return "withheld" if n is None else n


def _charts(snapshot: Snapshot) -> list[Block]:
    drifted = [feature for feature in snapshot["features"] if feature["drifted"]][:_CHARTED]
    if not drifted:
        return [Paragraph("Nothing drifted.")]
    blocks: list[Block] = []
    for feature in drifted:
        blocks += [
            Paragraph(feature["title"], "heading"),
            Chart(distribution_figure(feature), f"{feature['title']}, both sides"),
        ]
    return blocks


def _embedding(snapshot: Snapshot) -> list[Chapter]:
    embedding = snapshot["embedding"]
    if embedding is None:
        return []
    auc = embedding["auc"]
    rows: list[list[Cell]] = [
        ["AUC of a classifier that tells window from reference", _fraction(auc["value"])],
        ["its 95 % interval", f"{_fraction(auc['low'])} to {_fraction(auc['high'])}"],
        ["p of the maximum mean discrepancy, by permutation", _p(embedding["p"])],
        ["scans with vectors, reference", embedding["n_reference"]],
        ["scans with vectors, window", embedding["n_current"]],
    ]
    return [Chapter("What the network sees", [Table(["", ""], rows)])]


def _truth(snapshot: Snapshot) -> list[Chapter]:
    truth = snapshot["truth"]
    if truth is None:
        return []
    rows: list[list[Cell]] = [
        [
            name,
            _SIDE_WORDS[side],
            *(_shown(truth[side][name][part]) for part in ("value", "low", "high")),
            truth[side][name].get("withheld") or truth[side][name]["n"],
        ]
        for name in ("recall", "accuracy")
        for side in _SIDES
    ]
    changes = truth.get("change") or {}  # snapshots of 0.1 have none
    for name, change in changes.items():
        if change is not None:
            ends = (change[part] for part in ("value", "low", "high"))
            rows.append(
                [name, "change", *(None if end is None else ShareDifference(end) for end in ends), None]
            )
    return [Chapter("Truth", [Table(["", "side", "value", "low", "high", "n"], rows, texts=2)])]


def _refusals(snapshot: Snapshot) -> list[Chapter]:
    refusals = snapshot.get("refusals")
    if not refusals:
        return []
    share = refusals["share"]
    rows: list[list[Cell]] = [
        ["files and series refused", _count(refusals["refused"])],
        ["scans read", refusals["read"]],
        ["share refused", _shown(share["value"])],
        ["its 95 % interval", _interval(share["low"], share["high"])],
    ]
    return [Chapter("Refusals in the window's time", [Table(["", ""], rows)])]


def _interval(low: float | None, high: float | None) -> Cell:
    return None if low is None or high is None else share_interval_words(low, high)


def _fraction(value: float | None) -> str:
    return "–" if value is None else fraction_words(value)
