"""Which month a house is measured against: the first one whose results reviews have confirmed.

The readings of a training set come from elsewhere, so that a new house seems to drift in nearly every
feature from its first day on. Its own first month is the better measure, but only once people have
looked at enough of it to say that the model was right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.ledger.judgements import JudgementStore

FEWEST_READINGS = 100
FEWEST_CONFIRMED = 30
CONFIRMED_SHARE = 0.8
RULE = (
    f"a calendar month that is over, with at least {FEWEST_READINGS} readings, of which reviews "
    f"confirmed the answer of at least {FEWEST_CONFIRMED}, and of at least "
    f"{100 * CONFIRMED_SHARE:.0f} % of those reviewed"
)
"""What "accepted" means, in words."""


@dataclass(frozen=True)
class ReviewedMonth:
    """What reviews said of a month of readings."""

    name: str  # "2026-11"
    readings: int
    reviewed: int  # with a known truth
    confirmed: int  # of these, where the model's answer was right

    @property
    def is_confirmed(self) -> bool:
        """Whether enough of it was reviewed, and enough of that was right."""
        enough = self.readings >= FEWEST_READINGS and self.confirmed >= FEWEST_CONFIRMED
        return enough and self.confirmed >= CONFIRMED_SHARE * self.reviewed


def reviewed_months(judgements: JudgementStore, task: str, *, synthetic: bool) -> list[ReviewedMonth]:
    """Each month of readings, oldest first; of made scans only, or of real ones only."""
    readings: Counter[str] = Counter()
    for (_, month, made), count in judgements.read_counts(task).items():
        if made == synthetic:
            readings[month] += count.read
    known = judgements.of(task, synthetic=synthetic)
    names = np.datetime_as_string(known.months(), unit="M")
    reviewed = Counter(names.tolist())
    confirmed = Counter(names[known.positive == known.truth_positive].tolist())
    return [
        ReviewedMonth(month, readings[month], reviewed[month], confirmed[month]) for month in sorted(readings)
    ]


def first_accepted(months: Sequence[ReviewedMonth], today: str) -> ReviewedMonth | None:
    """The first confirmed month that is over on the day `today` (ISO), or None."""
    return next((month for month in months if month.is_confirmed and month.name < today[:7]), None)


def lacking(months: Sequence[ReviewedMonth]) -> str:
    """What there is until a month is accepted, in a sentence."""
    if not months:
        return "So far nothing was read here."
    best = max(months, key=lambda month: (month.confirmed, month.readings))
    return (
        f"So far the nearest is {best.name}: {best.readings:,} readings, {best.reviewed:,} reviewed, "
        f"{best.confirmed:,} confirmed."
    )
