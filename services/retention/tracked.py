"""What MLflow keeps of single scans: cases of rehearsals, and patients of training data by pseudonym."""

from __future__ import annotations

import csv
import io
import logging
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from data.codec import from_plain, to_plain
from data.errors import NotFound
from data.records import Erasure, Rehearsal
from data.tracking import Tracking
from services.versions.registry import EXPERIMENT as TRAINING
from services.versions.registry import SPLIT
from services.versions.rehearsals import EXPERIMENT, FILE

log = logging.getLogger(__name__)

NOBODY = "erased"


class ErasedRuns:
    """Takes scans and patients out of the files of runs; raises TrackingAway."""

    def __init__(
        self, tracking: Tracking, tasks: Iterable[str], forget: Callable[[], None] = lambda: None
    ) -> None:
        """`forget` lets go of what this process remembers of rehearsals."""
        self._tracking = tracking
        self._tasks = tuple(tasks)
        self._forget = forget

    def take_out(self, erasure: Erasure) -> dict[str, int]:
        """How many files were changed, by place."""
        counts: Counter[str] = Counter()
        for task in self._tasks:
            if erasure.scan_ids:
                counts["rehearsals in MLflow"] += self._rehearsals(task, set(erasure.scan_ids))
            if erasure.plan.words:
                counts["training splits in MLflow"] += self._splits(task, set(erasure.plan.words))
        if counts["rehearsals in MLflow"]:
            self._forget()
        return {name: n for name, n in counts.items() if n}

    def _rehearsals(self, task: str, gone: Collection[str]) -> int:
        n = 0
        for run in self._tracking.runs(EXPERIMENT.format(task=task), {}):
            try:
                kept: Rehearsal = from_plain(Rehearsal, self._tracking.read_json(run.run_id, FILE))
            except NotFound:
                continue
            left = replace(
                kept,
                differences=tuple(each for each in kept.differences if each.scan_id not in gone),
                failed=tuple(each for each in kept.failed if each[0] not in gone),
            )
            if left != kept:
                self._tracking.log_json(run.run_id, FILE, to_plain(left))
                n += 1
        return n

    def _splits(self, task: str, gone: Collection[str]) -> int:
        n = 0
        for run in self._tracking.runs(TRAINING.format(task=task), {}):
            try:
                rows = list(csv.reader(io.StringIO(self._tracking.artifact(run.run_id, SPLIT).decode())))
            except NotFound:
                continue
            left = [[_without(value, gone) for value in row] for row in rows]
            if left != rows:
                text = io.StringIO(newline="")
                csv.writer(text).writerows(left)
                self._tracking.log_text(run.run_id, SPLIT, text.getvalue())
                n += 1
        return n


def _without(value: str, gone: Collection[str]) -> str:
    """A value without whole words that are gone: a longer pseudonym that begins like one is another's."""
    for word in gone:
        value = re.sub(rf"(?<![0-9A-Za-z]){re.escape(word)}(?![0-9A-Za-z])", NOBODY, value)
    return value
