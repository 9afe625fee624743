"""The random-review sampler proposes what nobody picked."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from data.ledger.judgements import JudgementStore
from data.ledger.sample import sampled
from data.records import BRAIN_TUMOUR, ReadCount
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from services.performance.sampling import Sampling
from tests.data.builders import a_kept_scan, a_result, a_review

SHARE = 0.3


def test_proposals_are_the_sample_whatever_the_model_said_until_they_are_reviewed(engine: Engine) -> None:
    results = []
    for day in range(1, 29):
        at = datetime(2026, 10 + day % 2, day, tzinfo=UTC)
        scan = a_kept_scan(engine)
        result = a_result(scan.id, created_at=at, positive=day % 3 == 0, probability=day / 30)
        results.append(ResultStore(engine).add(result))
    sampling = Sampling(JudgementStore(engine, SHARE), SHARE)
    drawn = {result.scan_id for result in results if sampled([result.scan_id], SHARE)[0]}
    proposals = sampling.proposals(BRAIN_TUMOUR)
    assert {proposal.scan_id for proposal in proposals} == drawn
    assert [proposal.read_at.month for proposal in proposals] == sorted(
        proposal.read_at.month for proposal in proposals
    )
    assert sampling.proposals(BRAIN_TUMOUR, "9") == []
    assert sampling.proposals(BRAIN_TUMOUR, "3", 2) == proposals[:2]
    assert sampling.proposals(BRAIN_TUMOUR, count=-1) == []

    first = next(result for result in results if result.scan_id == proposals[0].scan_id)
    assert proposals[0].read_at == first.created_at
    ReviewStore(engine).add(a_review(first.scan_id, first.id))
    assert sampling.proposals(BRAIN_TUMOUR) == proposals[1:]
    assert sampling.share(BRAIN_TUMOUR) == ReadCount(28, 1, len(drawn), 1)
    october = sampling.share(BRAIN_TUMOUR, "3", "2026-10")
    assert (october.read, october.reviewed) == (14, int(first.created_at.month == 10))
    assert sampling.share(BRAIN_TUMOUR, synthetic=True) == ReadCount()
