"""Figures outside the training sources: kept with registered versions, and two versions side by side."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.errors import NotFound
from data.labelled.outside import OutsideTruth
from data.records import ModelVersion, PairedMetric
from data.tracking import FILES, Tracking
from models.outside import AnswerWord, OutsideCase, OutsideEvaluation, metrics_of, of_plain
from models.statistics.paired import mcnemar, paired_shares
from models.weights import OUTSIDE, Trained
from services.versions.registry import THRESHOLD_OF, flat

log = logging.getLogger(__name__)

NO_FALSE_ALARM, NOT_MISSED = "outside_no_false_alarm", "outside_not_missed"
_WRONG: Mapping[str, tuple[OutsideTruth, AnswerWord]] = {
    NO_FALSE_ALARM: (OutsideTruth.HEALTHY, AnswerWord.FOUND),
    NOT_MISSED: (OutsideTruth.ILL, AnswerWord.NOT_FOUND),
}
"""Of each figure: which pictures it counts, and the answer that is wrong on them.

"Uncertain" is neither a false alarm nor a miss.
"""


@dataclass(frozen=True)
class OutsideComparison:
    """A candidate beside the champion on the same files; `paired` is empty where one was not measured."""

    candidate_measured: bool
    champion_measured: bool
    paired: tuple[PairedMetric, ...] = ()


class OutsideResults:
    """What was measured of registered versions, kept among their files in MLflow."""

    def __init__(self, tracking: Tracking) -> None:
        self._tracking = tracking

    def keep(self, version: ModelVersion, trained: Trained, files: Sequence[Path]) -> None:
        """Log `files` and the figures of its weights with a registered version; raises TrackingAway."""
        assert version.run_id is not None
        for file in files:
            self._tracking.log_file(version.run_id, file, FILES)
        self._tracking.log_metrics(version.run_id, flat(metrics_of(trained)))

    def compared(
        self, task: str, candidates: Sequence[str], champion: str | None
    ) -> dict[str, OutsideComparison]:
        """Each candidate beside the champion. Raises TrackingAway."""
        registered = {version.version: version for version in self._tracking.registered(task)}
        live = self._of(registered.get(champion or ""))
        return {number: compared(live, self._of(registered.get(number))) for number in candidates}

    def _of(self, version: ModelVersion | None) -> OutsideEvaluation | None:
        """What was measured of a version with these very weights; None where nothing was.

        What does not say its threshold is not of a version that is other weights with another threshold.
        """
        if version is None or version.run_id is None:
            return None
        try:
            evaluation = of_plain(self._tracking.read_json(version.run_id, f"{FILES}/{OUTSIDE}"))
        except NotFound:
            return None
        except ValueError as error:  # another tool may have put anything there
            log.warning("%s of %s version %s is ignored: %s", OUTSIDE, version.name, version.version, error)
            return None
        unsaid = evaluation.threshold is None and THRESHOLD_OF in version.tags
        return evaluation if evaluation.weights_sha256 == version.weights_sha256 and not unsaid else None


def compared(champion: OutsideEvaluation | None, candidate: OutsideEvaluation | None) -> OutsideComparison:
    """Both on the files that both have read, by name and content; differences are candidate less champion."""
    if champion is None or candidate is None:
        return OutsideComparison(candidate is not None, champion is not None)
    before = {(case.name, case.sha256): case for case in champion.cases if case.read}
    pairs = [
        (before[case.name, case.sha256], case)
        for case in candidate.cases
        if case.read and (case.name, case.sha256) in before
    ]
    return OutsideComparison(True, True, tuple(_metric(name, pairs) for name in _WRONG))


def _metric(name: str, pairs: Sequence[tuple[OutsideCase, OutsideCase]]) -> PairedMetric:
    truth, wrong = _WRONG[name]
    right = [(old.answer is not wrong, new.answer is not wrong) for old, new in pairs if new.truth is truth]
    before, after = np.array(right, dtype=bool).reshape(-1, 2).T
    test, apart = mcnemar(before, after), paired_shares(before, after)
    return PairedMetric(
        name,
        apart.first,
        apart.second,
        apart.value,
        apart.low,
        apart.high,
        apart.n,
        test.second_only,
        test.first_only,
        apart.p,
    )
