"""Drift of one set of readings against another: two tables in, one snapshot out.

The snapshot is plain JSON and the one source of every number: pages, files and alerts show it.
Evidently computes the distances and draws its own page; p values, their correction, embeddings and
the verdict stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.records import NOTICE, WATCHED, Severity
from reports import drift_evidently, drift_limits, drift_numbers, drift_vectors, drift_verdict
from reports.drift_columns import CATEGORY, FEWEST, MOST_ROWS, NUMBER, Column, columns, drawn_rows
from reports.drift_html import framed
from reports.drift_limits import Limit, limit_of

if TYPE_CHECKING:
    import pandas as pd

TRUTH, ANSWER = "truth", "answer"
"""Columns of 0 and 1 that a side may have: what is true, and what the model said; NaN where unknown."""
Progress = Callable[[float], None]
Share = Mapping[str, Any]
"""A share as the snapshot tells it: value, low, high, n."""
Change = Callable[[Share, Share], dict[str, float] | None]
"""The second share minus the first with its interval; None where either is of nothing."""


@dataclass(frozen=True)
class Side:
    """Readings of one side: a row each, and where there are any, their vectors (n, d), NaN where missing.

    `vectors` may also be what gives them for some of the rows: a large side is sampled first.
    """

    frame: pd.DataFrame
    vectors: NDArray[Any] | Callable[[pd.DataFrame], NDArray[Any]] | None = None


@dataclass(frozen=True)
class Outcome:
    """The snapshot, Evidently's page on drift, and its page on classification where truth is known."""

    snapshot: dict[str, Any]
    html: str
    truth_html: str | None = None


def compare(
    reference: Side,
    current: Side,
    numbers: Sequence[str],
    categories: Sequence[str],
    change: Change,
    facts: Mapping[str, Any] | None = None,
    progress: Progress = lambda _: None,
    limits: Mapping[str, Limit] | None = None,
) -> Outcome:
    """Compare a window with a reference, column by column and as a whole.

    `change` is the statistics' difference of two shares, which this floor may not ask for itself.
    `facts` say what is compared: `reference` and `window` are told by name, n and hash, `notes` are
    sentences that are known before; all of it goes into the snapshot. Bad input never raises: what
    cannot be compared is left out, with a note.
    """
    facts = dict(facts or {})
    notes = list(facts.pop("notes", []))
    notes += _notes_on_size(reference, current)
    first, second, embedding = _with_components(reference, current, notes)
    progress(0.1)
    shown = [name for name in _component_names() if name in first.columns]
    compared = columns(first, second, [*numbers, *shown], categories, _titles())
    notes += [note for column in compared for note in column.notes]
    run = drift_evidently.drift([column for column in compared if not column.status], limits)
    progress(0.8)
    truth, truth_run = _truth(first, second, change, notes)
    features = _features(compared, run, limits or {})
    snapshot = facts | {
        "kind": "drift",
        "reference": {"n": len(reference.frame)} | dict(facts.get("reference", {})),
        "window": {"n": len(current.frame)} | dict(facts.get("window", {})),
        "compared": {"reference": len(first), "current": len(second)},
        "limits": drift_verdict.LIMITS,
        "severity": drift_verdict.severity(
            features, embedding, truth, provisional=bool(facts.get("reference", {}).get("provisional"))
        ).value,
        "counts": _counts(features, run),
        "features": features,
        "embedding": embedding,
        "truth": truth,
        "evidently": _evidently(run),
        "notes": list(dict.fromkeys(notes)),
        "notice": NOTICE,
    }
    snapshot["verdict"] = drift_verdict.words(snapshot)
    progress(0.9)
    html = framed(None if run is None else run.html, snapshot)
    return Outcome(snapshot, html, None if truth_run is None else framed(truth_run.html, snapshot))


def _notes_on_size(reference: Side, current: Side) -> list[str]:
    notes = []
    for side, given in (("window", current), ("reference", reference)):
        n = len(given.frame)
        if n == 0:
            notes.append(f"There are no scans in the {side}.")
        elif n < FEWEST:
            count = "is only 1 scan" if n == 1 else f"are only {n} scans"
            notes.append(f"There {count} in the {side}; {FEWEST} are needed to judge.")
        elif n > MOST_ROWS:
            notes.append(f"Of {n:,} scans in the {side} a random sample of {MOST_ROWS:,} is compared.")
    return notes


def _drawn(side: Side) -> tuple[pd.DataFrame, NDArray[Any] | None]:
    """Rows and vectors of a side, of a large one a sample."""
    rows = drawn_rows(len(side.frame))
    frame = side.frame if rows is None else side.frame.iloc[rows]
    if side.vectors is None or callable(side.vectors):
        return frame, side.vectors(frame) if callable(side.vectors) else None
    return frame, side.vectors if rows is None else side.vectors[rows]


def _with_components(
    reference: Side, current: Side, notes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any] | None]:
    """Both sides with the reference's principal components as columns, and how far the vectors lie apart."""
    (first, old), (second, new) = _drawn(reference), _drawn(current)
    sides = [drift_vectors.known(vectors) for vectors in (old, new)]
    if min(len(side) for side in sides) < FEWEST:
        lacking = " and the ".join(
            name for name, side in zip(("reference", "window"), sides, strict=True) if len(side) < FEWEST
        )
        if min(len(first), len(second)) >= FEWEST:
            notes.append(f"Too few scans of the {lacking} have embeddings, so embeddings are not compared.")
        return first, second, None
    if sides[0].shape[1] != sides[1].shape[1]:
        notes.append(
            "The embeddings of reference and window are of different networks, so they are not compared."
        )
        return first, second, None
    assert old is not None and new is not None
    project = drift_vectors.principal(old)
    assert project is not None
    first, second = (
        frame.assign(**dict(zip(_component_names(), project(vectors).T, strict=False)))
        for frame, vectors in ((first, old), (second, new))
    )
    return first, second, drift_vectors.compared(sides[0], sides[1])


def _component_names() -> list[str]:
    return [f"pc{number}" for number in range(1, drift_vectors.COMPONENTS + 1)]


def _titles() -> dict[str, str]:
    titles = {name: watched.title for name, watched in WATCHED.items()}
    return titles | {name: f"Embedding, component {name[2:]}" for name in _component_names()}


def _features(
    compared: Sequence[Column], run: drift_evidently.Run | None, limits: Mapping[str, Limit]
) -> list[dict[str, Any]]:
    """Every column as the snapshot tells it: the drifted ones first, then by distance."""
    distances = {} if run is None else run.distances()
    tests = {column.name: drift_numbers.p_value(column) for column in compared if column.name in distances}
    corrected = dict(zip(tests, drift_numbers.corrected([p for _, p in tests.values()]), strict=True))
    features = [
        _feature(
            column,
            distances.get(column.name),
            tests.get(column.name),
            corrected.get(column.name),
            limit_of(column.name, column.kind, limits),
        )
        for column in compared
    ]
    return sorted(features, key=lambda feature: (not feature["drifted"], -(feature["effect"] or -1.0)))


def _feature(
    column: Column,
    distance: tuple[str, float, float] | None,
    test: tuple[str, float] | None,
    p_corrected: float | None,
    judged_by: Limit,
) -> dict[str, Any]:
    method, limit, effect = distance or (None, None, None)
    watched = WATCHED.get(column.name)
    drifted = drift_verdict.is_drifted(effect, p_corrected, judged_by.effect, judged_by.p)
    return {
        "name": column.name,
        "title": _titles().get(column.name, column.name),
        "unit": watched.unit if watched else "",
        "meaning": watched.meaning if watched else "",
        "kind": column.kind,
        "status": column.status or ("drifted" if drifted else "steady"),
        "drifted": drifted,
        "method": method,
        "limit": limit,
        "distance": judged_by.method if method else None,  # `method` is what Evidently calls it
        "p_limit": judged_by.p,
        "effect": effect,
        "test": test[0] if test else None,
        "p": test[1] if test else None,
        "p_corrected": p_corrected,
        "n_reference": len(column.reference),
        "n_current": len(column.current),
        "missing_reference": column.missing[0],
        "missing_current": column.missing[1],
        "constant": column.constant,
        "reference": _side(column, 0),
        "current": _side(column, 1),
        "distribution": drift_numbers.distribution(column),
    }


def _side(column: Column, at: int) -> dict[str, Any]:
    values = (column.reference, column.current)[at]
    if column.kind == NUMBER:
        return dict(drift_numbers.summary(values))
    told = drift_numbers.most_frequent(values)
    return told if column.raw is None else told | drift_numbers.summary(column.raw[at])


def _counts(features: Sequence[Mapping[str, Any]], run: drift_evidently.Run | None) -> dict[str, Any]:
    judged = [feature for feature in features if feature["p_corrected"] is not None]
    drifted = sum(feature["drifted"] for feature in judged)
    return {
        "watched": len(judged),
        "not_judged": len(features) - len(judged),
        "drifted": drifted,
        "share": drifted / len(judged) if judged else None,
        "drifted_by_distance_alone": None if run is None else int(run.drifted()["count"]),
    }


def _evidently(run: drift_evidently.Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {"version": drift_evidently.version(), "metrics": run.metrics, "tests": run.tests}


def _truth(
    reference: pd.DataFrame, current: pd.DataFrame, change: Change, notes: list[str]
) -> tuple[dict[str, Any] | None, drift_evidently.Run | None]:
    """How good the answers were on both sides, as far as the truth is known."""
    sides = [_judged(frame) for frame in (reference, current)]
    if not len(sides[1][0]):
        return None, None
    if min(len(truth) for truth, _ in sides) < FEWEST:
        notes.append(
            f"The truth is known of {len(sides[0][0]):,} scans of the reference and {len(sides[1][0]):,} of "
            f"the window; {FEWEST} on each side are needed to compare how good the answers are."
        )
        return None, None
    told: list[dict[str, Any]] = [_rates(truth, answer) for truth, answer in sides]
    fell: list[str] = []
    p: dict[str, float | None] = {}
    changes = {}
    for name in ("recall", "accuracy"):
        chance = drift_numbers.difference_p(told[0][name], told[1][name])
        lower = chance is not None and told[1][name]["value"] < told[0][name]["value"]
        p[name] = chance
        changes[name] = change(told[0][name], told[1][name])
        if chance is not None and chance < drift_limits.P and lower:
            fell.append(name)
    both = all(len(np.unique(truth)) == 2 for truth, _ in sides)
    run = drift_evidently.classification(sides[0], sides[1]) if both else None
    described = {"reference": told[0], "current": told[1], "p": p, "fell": fell, "change": changes}
    return described | {"evidently": _evidently(run)}, run


def _judged(frame: pd.DataFrame) -> tuple[NDArray[Any], NDArray[Any]]:
    if TRUTH not in frame.columns or ANSWER not in frame.columns:
        return np.empty(0), np.empty(0)
    truth, answer = (frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in (TRUTH, ANSWER))
    known = ~(np.isnan(truth) | np.isnan(answer))
    return truth[known], answer[known]


def _rates(truth: NDArray[Any], answer: NDArray[Any]) -> dict[str, Any]:
    right, ill, said = truth == answer, truth == 1, answer == 1
    share = drift_numbers.share
    return {
        "n": len(truth),
        "accuracy": share(int(right.sum()), len(truth)),
        "recall": share(int((right & ill).sum()), int(ill.sum())),
        "specificity": share(int((right & ~ill).sum()), int((~ill).sum())),
        "precision": share(int((right & said).sum()), int(said.sum())),
    }


__all__ = ["ANSWER", "CATEGORY", "NUMBER", "TRUTH", "Outcome", "Severity", "Side", "compare"]
