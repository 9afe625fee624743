"""Readings of many months whose truth follows from their probabilities, or does not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import Engine

from data.records import BRAIN_TUMOUR, Doubt, ScanStatus, Verdict
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from tests.data.builders import a_kept_scan, a_result, a_review

MONTHS = tuple(datetime(2026, month, 3, 9, tzinfo=UTC) for month in range(3, 9))


def read_months(
    engine: Engine,
    months: Sequence[datetime] = MONTHS,
    each: int = 40,
    *,
    reviewed: int = 5,
    worse: float = 0.0,
    doubted: Sequence[Doubt] = (),
    version: str = "2",
) -> None:
    """`each` readings a month, a quarter of an hour apart; all of the first `reviewed` months are judged.

    A probability says what is true; `worse` is taken off the log odds of the truth beneath the threshold and
    added to it above nothing: of what was called healthy more is ill than was said. Every tenth answer has
    one of `doubted`.
    """
    chance = np.random.default_rng(7)
    for place, month in enumerate(months):
        said = chance.beta(0.7, 0.9, each).clip(0.02, 0.98)
        odds = np.log(said / (1 - said)) + np.where(said < 0.5, worse, 0.0)
        ill = chance.random(each) < 1 / (1 + np.exp(-odds))
        for number in range(each):
            at = month + timedelta(minutes=15 * number)
            doubts = (doubted[number % len(doubted)],) if doubted and number % 10 == 0 else ()
            _read(engine, version, at, float(said[number]), doubts, bool(ill[number]), place < reviewed)


def _read(
    engine: Engine,
    version: str,
    at: datetime,
    said: float,
    doubts: tuple[Doubt, ...],
    ill: bool,
    judged: bool,
) -> None:
    # The random sample goes by the id: the same ones in every run, so the same sample.
    scan_id = hashlib.md5(f"{version} {at}".encode(), usedforsecurity=False).hexdigest()
    scan = a_kept_scan(engine, id=scan_id, created_at=at, task=BRAIN_TUMOUR, status=ScanStatus.READ)
    positive = said >= 0.5
    made = a_result(scan.id, created_at=at, positive=positive, probability=said, has_mask=positive)
    made = replace(
        made,
        provenance=replace(made.provenance, model_version=version),
        estimated_dice=0.8 if positive else None,
        measurements=made.measurements if positive else None,
        doubts=doubts,
    )
    ResultStore(engine).add(made)
    if judged:
        verdict = Verdict.ACCEPTED if ill == positive else Verdict.REJECTED
        told = a_review(scan.id, made.id, created_at=at, verdict=verdict, truth_positive=ill)
        ReviewStore(engine).add(told)
