"""The random-review sampler: scans to look at that nobody picked.

Who reviews what looks suspicious learns of few misses, and the figures flatter or slander the model. A
small share of all scans, drawn by id, is therefore proposed for review whatever the model said; the
figures of those alone are an estimate for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data.ledger.judgements import JudgementStore
from data.records import ReadCount

MOST = 500


@dataclass(frozen=True)
class Proposal:
    """A scan to review."""

    scan_id: str
    version: str  # that read it last
    read_at: datetime


class Sampling:
    """Proposes; changes nothing."""

    def __init__(self, judgements: JudgementStore, share: float) -> None:
        """`share` of all scans, 0 to 1, as the judgements draw them."""
        self._judgements = judgements
        self.share_drawn = share

    def proposals(self, task: str, version: str | None = None, count: int = 50) -> list[Proposal]:
        """Sampled scans that wait for a review of their latest result, by month of reading, oldest first."""
        waiting = self._judgements.unreviewed(task, version, max(0, min(count, MOST)))
        start = datetime(1970, 1, 1, tzinfo=UTC)
        return [Proposal(scan_id, by, start + timedelta(microseconds=at)) for scan_id, by, at in waiting]

    def share(
        self, task: str, version: str | None = None, month: str | None = None, synthetic: bool = False
    ) -> ReadCount:
        """How many were read, how many of those reviewed, and both for the random sample; None takes all."""
        counts = [
            count
            for (of, at, made), count in self._judgements.read_counts(task).items()
            if version in (None, of) and month in (None, at) and made == synthetic
        ]
        return ReadCount(
            read=sum(count.read for count in counts),
            reviewed=sum(count.reviewed for count in counts),
            sampled=sum(count.sampled for count in counts),
            sampled_reviewed=sum(count.sampled_reviewed for count in counts),
        )
