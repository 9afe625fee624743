"""How far two readers agree who read the same results, neither knowing what the other one said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import NotFound
from data.files import FileStore
from data.packing import unpacked
from data.records import Review, User, Verdict
from models.overlap import dice
from models.statistics.agreement import kappa
from models.statistics.estimate import Estimate
from models.statistics.means import mean
from services import keys
from services.permissions import Permission, require
from services.reviewing.second_readings import DoubleReading, SecondReadings, drew

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Agreement:
    """Figures of a task's second readings; each with n and 95 % interval."""

    asked: int
    waiting: int  # for a reader
    undecided: int  # two who do not agree, and nobody has decided
    decided: int  # by a third
    verdict_kappa: Estimate  # accepted, rejected, corrected, unsure
    truth_kappa: Estimate  # present, absent, left open
    dice: Estimate  # of both masks, where both drew something


class ReaderAgreement:
    """Counts; keeps nothing."""

    def __init__(self, second: SecondReadings, files: FileStore) -> None:
        self._second = second
        self._files = files

    def of_task(self, task: str, viewer: User) -> Agreement:
        """The figures of all second readings of a task. Raises NotAllowed."""
        require(viewer, Permission.SEE_STATISTICS)
        doubles = self._second.of_task(task)
        both = [double for double in doubles if not double.is_open]
        first, second = ([double.readings[place] for double in both] for place in (0, 1))
        overlaps = [value for double in both if (value := self.dice(double)) is not None]
        return Agreement(
            asked=len(doubles),
            waiting=len(doubles) - len(both),
            undecided=sum(double.needs_a_third for double in both),
            decided=sum(double.adjudication is not None for double in both),
            verdict_kappa=kappa([said.verdict for said in first], [said.verdict for said in second]),
            truth_kappa=kappa(
                [said.truth_positive for said in first], [said.truth_positive for said in second]
            ),
            dice=mean(np.array(overlaps, dtype=np.float64)),
        )

    def dice(self, double: DoubleReading) -> float | None:
        """Of both readers' masks; None where one of them did not draw any, or it is gone."""
        if double.is_open or not all(drew(reading) for reading in double.readings):
            return None
        try:
            first, second = (self._mask(reading) for reading in double.readings)
        except NotFound:
            return None
        return dice(first, second)

    def _mask(self, reading: Review) -> Mask:
        own = reading.verdict is not Verdict.ACCEPTED
        key = keys.corrected_mask(reading.id) if own else keys.mask(reading.result_id)
        return np.asarray(unpacked(self._files.get(key)), dtype=bool)
