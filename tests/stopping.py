"""Simulated cases for the stop rules, and a version that they stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.database import new_id, now
from data.records import BRAIN_TUMOUR, StopEvidence, StopReason, Suspension
from models.statistics.cusum import Cusum


def first_stops(test: Cusum, share: float, *, runs: int, most: int, seed: int) -> NDArray[np.int64]:
    """After how many cases each of many simulated runs stops, where this share of the cases is bad.

    Runs that do not stop count as `most`.
    """
    generator = np.random.default_rng(seed)
    stops = []
    for _ in range(runs):
        stop = test.first_stop(test.run(generator.random(most) < share))
        stops.append(most if stop is None else stop + 1)
    return np.array(stops, dtype=np.int64)


def stops_over(test: Cusum, share: float, cases: int, generator: np.random.Generator) -> int:
    """How often a test stops in so many cases, where somebody lifts each stop at once and it begins anew."""
    bad, at, stops = generator.random(cases) < share, 0, 0
    while (stop := test.first_stop(test.run(bad[at:]))) is not None:
        at, stops = at + stop + 1, stops + 1
    return stops


def a_suspension(version: str = "2", scanner: str = "", **changes: Any) -> Suspension:
    """A version of the brain task that was stopped an hour ago."""
    evidence = StopEvidence(0.03, 0.15, 12, 1, 63, 72, 40, 9)
    at = now() - timedelta(hours=1)
    because = "9 of the last 40 reviewed scans with tumour were missed"
    stopped = Suspension(
        new_id(), BRAIN_TUMOUR, version, scanner, StopReason.MISSES, at, at, because, evidence
    )
    return replace(stopped, **changes)
