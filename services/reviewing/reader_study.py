"""The reader alone, the AI, and the reader with the AI: how far they agree on the same scans.

The paradigm of second-reader CAD: the reader says what they see before the AI's result is shown, and may
change their mind after it. Only readings that were given without the AI count, and of these only those whose
reader has said something of the hidden result since; what an escape ended counts as not read so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import is_

import numpy as np
from numpy.typing import NDArray

from data.errors import NotFound
from data.files import FileStore
from data.packing import unpacked
from data.records import BY_PEOPLE, Result, Review, UnaidedReading, User, Verdict, current_review
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.unaided import UnaidedStore
from models.overlap import dice
from models.statistics.agreement import kappa
from models.statistics.estimate import Estimate
from models.statistics.means import mean
from services import keys
from services.cohort.small_numbers import LEAST, Audience
from services.permissions import Permission, require
from services.reviewing.blinding import Blinding

Mask = NDArray[np.bool_]
Truth = bool | None


@dataclass(frozen=True)
class Pairing:
    """How far two of reader alone, AI and both agree; `agree` is None where it would tell of few."""

    name: str
    agree: int | None
    n: int
    kappa: Estimate
    dice: Estimate  # of both masks, where both drew something


@dataclass(frozen=True)
class ReaderStudy:
    """Figures of a task's readings without the AI; counts are None where they would tell of few."""

    given: int  # readings that were given without the AI
    shown_before: int  # that an escape ended
    judged: int  # given, and the reader has said something of the AI's result since
    changed: int | None  # of these, where the reader holds something else after the AI's result
    to_ai: int | None  # of these, where the change was towards what the AI says
    pairings: tuple[Pairing, ...]

    @property
    def withheld(self) -> bool:
        """Whether all figures are withheld: fewer than a handful of cases stand behind them."""
        return bool(self.judged) and not self.pairings


@dataclass(frozen=True)
class _Case:
    alone: UnaidedReading
    result: Result
    review: Review


class ReaderStudies:
    """Counts; keeps nothing."""

    def __init__(
        self,
        unaided: UnaidedStore,
        results: ResultStore,
        reviews: ReviewStore,
        files: FileStore,
        blinding: Blinding,
    ) -> None:
        self._unaided = unaided
        self._results = results
        self._reviews = reviews
        self._files = files
        self._blinding = blinding

    def of_task(self, task: str, viewer: User, audience: Audience = Audience.OUTSIDE) -> ReaderStudy:
        """The figures of all readings without the AI of a task, without scans that the viewer reads blind.

        What leaves the house has none that stand for few. Raises NotAllowed.
        """
        require(viewer, Permission.SEE_STATISTICS)
        ended = self._unaided.ended(task)
        known = self._blinding.known({reading.scan_id for reading in ended}, viewer)
        ended = [reading for reading in ended if reading.scan_id in known]
        given = [reading for reading in ended if reading.is_given]
        cases = [case for reading in given if (case := self._case(reading)) is not None]
        few = LEAST if audience.withholds else 0
        changed = [case for case in cases if _alone(case) is not case.review.truth_positive]
        followed = sum(case.review.truth_positive is case.result.positive for case in changed)
        return ReaderStudy(
            given=len(given),
            shown_before=len(ended) - len(given),
            judged=len(cases),
            changed=_told(len(changed), len(cases), few),
            to_ai=_told(followed, len(changed), few),
            pairings=() if len(cases) < few else self._pairings(cases, few),
        )

    def _case(self, reading: UnaidedReading) -> _Case | None:
        """A reading with what its reader says now of the hidden result; None where that is nothing."""
        result = self._results.get(reading.result_id or "")
        if result is None:
            return None
        own = [
            review
            for review in self._reviews.of_scan(reading.scan_id)
            if review.reviewer_id == reading.reader_id or review.takes_back is not None
        ]
        review = current_review(own, result.id)
        return None if review is None or review.verdict not in BY_PEOPLE else _Case(reading, result, review)

    def _pairings(self, cases: Sequence[_Case], few: int) -> tuple[Pairing, ...]:
        alone = [_alone(case) for case in cases]
        ai: list[Truth] = [case.result.positive for case in cases]
        both = [case.review.truth_positive for case in cases]
        masks = [(self._own(case), self._ai(case), self._with_ai(case)) for case in cases]
        named: tuple[tuple[str, list[Truth], list[Truth], int, int], ...] = (
            ("Reader alone and AI", alone, ai, 0, 1),
            ("Reader with AI and AI", both, ai, 2, 1),
            ("Reader alone and reader with AI", alone, both, 0, 2),
        )
        return tuple(
            Pairing(
                name,
                _told(sum(map(is_, first, second)), len(cases), few),
                len(cases),
                kappa(first, second),
                _overlap([(drawn[left], drawn[right]) for drawn in masks], few),
            )
            for name, first, second, left, right in named
        )

    def _own(self, case: _Case) -> Mask | None:
        mask_id = case.alone.mask_id
        return None if mask_id is None else self._mask(keys.unaided_mask(case.alone.id, mask_id))

    def _ai(self, case: _Case) -> Mask | None:
        return self._mask(keys.mask(case.result.id)) if case.result.has_mask else None

    def _with_ai(self, case: _Case) -> Mask | None:
        if case.review.verdict is Verdict.ACCEPTED:
            return self._ai(case)
        drew = case.review.measurements is not None
        return self._mask(keys.corrected_mask(case.review.id)) if drew else None

    def _mask(self, key: str) -> Mask | None:
        """None where it is gone, or nothing is drawn in it."""
        try:
            mask = np.asarray(unpacked(self._files.get(key)), dtype=bool)
        except NotFound:
            return None
        return mask if mask.any() else None


def _alone(case: _Case) -> Truth:
    return None if case.alone.finding is None else case.alone.finding.truth_positive


def _overlap(pairs: Sequence[tuple[Mask | None, Mask | None]], few: int) -> Estimate:
    values = [dice(first, second) for first, second in pairs if first is not None and second is not None]
    return mean(np.array(values if len(values) >= few else [], dtype=np.float64))


def _told(count: int, n: int, few: int) -> int | None:
    """A count; None where it, or the rest, are some but fewer than `few`."""
    return None if 0 < count < few or 0 < n - count < few else count
