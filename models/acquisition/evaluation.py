"""How often sequence and view are told, and what that refuses of right and of wrong scans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.records import MrSequence
from models.acquisition import network
from models.acquisition.pictures import shown_scans
from models.acquisition.task import (
    FRONTAL_FROM,
    READ_SEQUENCES,
    SEQUENCES,
    Shown,
    class_probabilities,
    frontal_share,
    is_read,
    sequence_shares,
)
from models.evaluation import Evaluation, Illustration, Run
from models.statistics.estimate import Estimate
from models.statistics.proportions import proportion
from models.task import Decision, FloatArray

THRESHOLD, VOLUME_SHIFT = 0.1, 1.35
"""A picture is read where FLAIR or contrast-enhanced T1 have a tenth of the probability, a volume from
0.3 on (a logit 1.35 higher): nine slices together are seldom as unsure as one."""
RIGHT_REFUSED = 0.01
"""The threshold is lowered until no more than this share of right validation scans is refused."""


@dataclass(frozen=True)
class _Judged:
    shown: Shown
    slices: int
    probabilities: FloatArray

    def is_read(self, decision: Decision) -> bool:
        """Whether the gate would let it through, by the picture alone."""
        if self.shown in SEQUENCES:
            return is_read(sequence_shares(self.probabilities), self.slices, decision)
        return frontal_share(self.probabilities) >= FRONTAL_FROM

    @property
    def right_kind(self) -> bool:
        """Whether it is the likeliest among what its route leaves open."""
        if self.shown in SEQUENCES:
            shares = sequence_shares(self.probabilities)
            return max(shares, key=shares.__getitem__) is SEQUENCES[self.shown]
        return (frontal_share(self.probabilities) >= FRONTAL_FROM) is (self.shown is Shown.FRONTAL_CHEST)


class AcquisitionEvaluator:
    """Whole scans: volumes by nine slices, pictures by themselves."""

    def __init__(self, folder: Path, run: Run, fold: int | None) -> None:
        scans = [scan for scan in shown_scans(folder, network.INPUT_SIZE) if not scan.extra]
        self._judged = [
            _Judged(scan.shown, len(scan.pictures), class_probabilities(run(scan.pictures.float() / 255)))
            for scan in scans
            if fold is None or scan.fold == fold
        ]

    def calibrated(self) -> Decision:
        """What was chosen on cross-validated scans, lowered where these ask for it."""
        decision = Decision(threshold=THRESHOLD, volume_shift=VOLUME_SHIFT)
        right = [judged for judged in self._judged if SEQUENCES.get(judged.shown) in READ_SEQUENCES]
        shares = sorted(_calibrated_share(judged, decision) for judged in right)
        allowed = int(RIGHT_REFUSED * len(shares))
        lowest = shares[allowed] if shares else THRESHOLD
        return Decision(threshold=round(min(THRESHOLD, lowest), 4), volume_shift=VOLUME_SHIFT)

    def evaluated(self, decision: Decision) -> Evaluation:
        """Refusals of what should be read, and of each kind that should not."""
        figures = {
            "right_mri_refused": self._refused(decision, Shown.FLAIR, Shown.T1_CONTRAST),
            "right_chest_refused": self._refused(decision, Shown.FRONTAL_CHEST),
            "lateral_refused": self._refused(decision, Shown.LATERAL_CHEST),
            "other_films_refused": self._refused(decision, Shown.NEITHER),
            "t1_refused": self._refused(decision, Shown.T1),
            "t2_refused": self._refused(decision, Shown.T2),
            "other_mri_refused": self._refused(decision, Shown.PROTON_DENSITY, Shown.OTHER_MRI),
            "sequence_accuracy": self._accuracy(*SEQUENCES),
        }
        groups = {f"sequence_accuracy: {_named(shown)}": self._accuracy(shown) for shown in SEQUENCES}
        return Evaluation(
            {name: figure for name, figure in figures.items() if figure.n},
            {name: figure for name, figure in groups.items() if figure.n},
        )

    def illustrated(self, names: list[str], decision: Decision) -> Iterator[Illustration]:
        """Nothing: a person sees the class of a picture by looking at it."""
        yield from ()

    def _refused(self, decision: Decision, *kinds: Shown) -> Estimate:
        judged = [scan for scan in self._judged if scan.shown in kinds]
        return proportion(sum(not scan.is_read(decision) for scan in judged), len(judged))

    def _accuracy(self, *kinds: Shown) -> Estimate:
        judged = [scan for scan in self._judged if scan.shown in kinds]
        return proportion(sum(scan.right_kind for scan in judged), len(judged))


def _named(shown: Shown) -> MrSequence:
    return SEQUENCES[shown]


def _calibrated_share(judged: _Judged, decision: Decision) -> float:
    shares = sequence_shares(judged.probabilities)
    share = min(max(sum(shares[sequence] for sequence in READ_SEQUENCES), 1e-6), 1 - 1e-6)
    return decision.probability(float(np.log(share / (1 - share))), volume=judged.slices > 1)
