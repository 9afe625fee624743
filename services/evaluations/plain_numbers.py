"""Evaluations as programs take them: one form for the API and the command line; None is not defined."""

from __future__ import annotations

import math
from typing import Any

from data.records import Evaluation
from services.evaluations.outcomes import SetCase, SetOutcome
from services.statistics.pairing import PairedVersions


def plain_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    """What was asked, by whom, and how far it is."""
    chosen = evaluation.chosen
    return {
        "id": evaluation.id,
        "task": evaluation.task,
        "version": evaluation.version,
        "weights_sha256": evaluation.weights_sha256,
        "set": {
            "kind": chosen.kind,
            "key": chosen.key,
            "words": chosen.words,
            "synthetic": chosen.synthetic,
        },
        "state": evaluation.state,
        "failure": evaluation.failure,
        "scans": evaluation.total,
        "done": evaluation.read,
        "asked_by": evaluation.asked_name,
        "asked_at": evaluation.asked_at,
        "finished_at": evaluation.finished_at,
    }


def plain_outcome(made: SetOutcome, *, sees_scans: bool) -> dict[str, Any]:
    """What a finished one came to; ids of scans only for who `sees_scans`."""
    return {
        "read": made.read,
        "not_read": made.failed,
        "called_positive": made.positives,
        "truth_known": made.known,
        "trained_on": made.trained_on,
        "figures": {name: figure.plain() for name, figure in made.figures.items()},
        "cases": [_case(case, sees_scans) for case in made.cases],
    }


def plain_pair(first: Evaluation, second: Evaluation, pair: PairedVersions) -> dict[str, Any]:
    """Two on the same cases; each `value` is the second's less the first's."""
    return {
        "first": first.id,
        "second": second.id,
        "first_version": first.version,
        "second_version": second.version,
        "n": pair.n,
        "first_only_right": pair.mcnemar.first_only,
        "second_only_right": pair.mcnemar.second_only,
        "p": _finite(pair.mcnemar.p),
        "differences": {
            name: {
                "first": _finite(gap.first),
                "second": _finite(gap.second),
                "value": _finite(gap.value),
                "low": _finite(gap.low),
                "high": _finite(gap.high),
                "n": gap.n,
                "p": _finite(gap.p),
            }
            for name, gap in pair.differences.items()
        },
    }


def _case(case: SetCase, sees_scans: bool) -> dict[str, Any]:
    said = case.reading
    return {
        "name": said.name,
        "scan_id": said.scan_id if sees_scans else None,
        "positive": said.positive,
        "probability": _finite(said.probability),
        "threshold": _finite(said.threshold),
        "volume_ml": _finite(said.volume_ml),
        "truth_positive": case.truth_positive,
        "dice": _finite(case.dice),
        "failure": said.failure,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
