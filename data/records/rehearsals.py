"""What a candidate says of scans that the champion has read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class VersionAnswer:
    """What one version says of one scan."""

    probability: float
    positive: bool
    volume_ml: float | None = None
    network_ms: float | None = None
    truth_dice: float | None = None  # with the mask that is held to be true, where it is not empty


@dataclass(frozen=True)
class RehearsedScan:
    """One scan, read by both."""

    scan_id: str
    champion: VersionAnswer
    candidate: VersionAnswer
    overlap: float | None = None  # Dice of the two masks; both empty counts as 1
    slice: int = 0  # where they differ most
    result_id: str | None = None  # whose mask is the champion's; None: it was read for the rehearsal
    truth_positive: bool | None = None

    @property
    def sides_changed(self) -> bool:
        """Whether one says yes and the other no."""
        return self.champion.positive != self.candidate.positive

    @property
    def disagreement(self) -> float:
        """0 where both say the same; a changed side weighs more than anything else."""
        apart = abs(self.champion.probability - self.candidate.probability)
        return self.sides_changed + (apart if self.overlap is None else 1 - self.overlap)


@dataclass(frozen=True)
class PairedMetric:
    """A number of both versions on the same scans; the difference is candidate less champion.

    `better` and `worse` count the scans that only the candidate, or only the champion, got right (of
    Dice: where it is higher, or lower, by more than 0.01). `p` is McNemar's, of shares only.
    """

    name: str
    champion: float
    candidate: float
    difference: float
    low: float
    high: float
    n: int
    better: int
    worse: int
    p: float | None = None


@dataclass(frozen=True)
class Cost:
    """What reading costs on this machine: a batch of eight pictures, measured one after the other."""

    picture_ms: float
    weights_mb: float
    peak_mb: float  # of what lies in memory beyond the weights


@dataclass(frozen=True)
class Rehearsal:
    """A candidate's reading of the last scans, beside the champion's."""

    id: str  # of its MLflow run
    task: str
    version: str
    against: str
    asked_by: str | None
    started_at: datetime
    finished_at: datetime
    synthetic: bool  # there were no real scans
    differences: tuple[RehearsedScan, ...]  # most disagreement first
    failed: tuple[tuple[str, str], ...] = ()  # scan and sentence, where the candidate had no answer
    paired: tuple[PairedMetric, ...] = ()
    champion_cost: Cost | None = None
    candidate_cost: Cost | None = None
    trained_on: int = 0  # scans that were passed over: one of the two versions has learnt from their patients

    @property
    def sides_changed(self) -> int:
        """Of how many scans the candidate says the contrary."""
        return sum(difference.sides_changed for difference in self.differences)
