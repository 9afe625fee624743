"""Judgements for tests, from bare answers and truths."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from data.records import BRAIN_TUMOUR, Judgements, Verdict

_AT = int(datetime(2026, 11, 20, 8, tzinfo=UTC).timestamp() * 1e6)


def judged(probability: Sequence[float], truth: Sequence[bool], **columns: Any) -> Judgements:
    """Cases with these probabilities, called ill from 0.5 on."""
    n = len(probability)
    unknown: dict[str, Any] = {
        name: [None] * n for name in Judgements.__dataclass_fields__ if name not in columns
    }
    return Judgements.from_columns(
        unknown
        | {
            "scan_id": [f"{number:032x}" for number in range(n)],
            "result_id": [f"r{number:031x}" for number in range(n)],
            "task": [BRAIN_TUMOUR] * n,
            "version": ["3"] * n,
            "created_us": [_AT] * n,
            "positive": [share >= 0.5 for share in probability],
            "probability": probability,
            "threshold": [0.5] * n,
            "truth_positive": truth,
            "verdict": [Verdict.ACCEPTED.value] * n,
            "synthetic": [False] * n,
            "sampled": [False] * n,
        }
        | columns
    )


def crowd(n: int = 600, seed: int = 0, **columns: Any) -> Judgements:
    """Cases whose probabilities are honest: as many are ill as they say."""
    random = np.random.default_rng(seed)
    probability = random.random(n).round(3)
    return judged(probability.tolist(), (random.random(n) < probability).tolist(), **columns)
