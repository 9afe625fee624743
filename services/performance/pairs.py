"""Two versions on the scans that both have read, with a known truth, and where each of the answers stands."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from data.errors import InvalidInput, TrackingAway
from data.ledger.judgements import JudgementStore
from data.records import Judgements, OtherReading
from services.performance.cases import in_groups, known
from services.performance.numbers import PerformanceQuery
from services.statistics.pairing import PairedVersions, paired

_KEPT = 32
RESULT = "result"
"""An answer that somebody was given: a kept result. The others are named by `OtherReading.kind`."""

Readings = Callable[[str, str], Mapping[str, OtherReading]]
"""What a version of a task said of scans that is no result, by scan; may raise TrackingAway."""


@dataclass(frozen=True)
class AnswerOrigin:
    """Where an answer stands: a "result", or an "evaluation" or a "rehearsal" with its address."""

    kind: str
    source: str = ""


@dataclass(frozen=True)
class VersionPair:
    """The first version beside the second; differences are second minus first.

    `origins` holds, for each scan, where the answers of both stand. `trouble` says what could not be asked.
    """

    task: str
    first: str
    second: str
    synthetic: bool
    result: PairedVersions
    origins: Mapping[str, tuple[AnswerOrigin, AnswerOrigin]]
    trouble: str | None = None

    def count(self, second: bool) -> dict[AnswerOrigin, int]:
        """How many answers of the first (or `second`) version stand where, the most first."""
        return dict(Counter(pair[second] for pair in self.origins.values()).most_common())


class Pairs:
    """Compares; changes nothing."""

    def __init__(
        self, judgements: JudgementStore, since: Callable[[Sequence[str]], Mapping[str, datetime]]
    ) -> None:
        """`since` says when that was said of scans which counts of them: an older Dice is of another mask."""
        self._judgements = judgements
        self._readings: list[Readings] = []
        self._since = since
        self._turn = threading.Lock()
        self._made: OrderedDict[object, VersionPair] = OrderedDict()

    def ask_too(self, readings: Readings) -> None:
        """Take also answers from elsewhere than kept results."""
        self._readings.append(readings)

    def compared(self, asked: PerformanceQuery) -> VersionPair:
        """The version of an address beside its `vs`; raises InvalidInput where that is no other one.

        A kept result counts before what was read only to be compared; of those the latest.
        """
        if not asked.vs or asked.vs == asked.version:
            raise InvalidInput("Choose another version to compare with.")
        self._judgements.of(asked.task, asked.version)  # brings the revision up to date
        first, trouble = self._otherwise(asked.task, asked.version)
        second, also = self._otherwise(asked.task, asked.vs)
        address = (asked.task, asked.version, asked.vs, asked.synthetic, asked.hidden, asked.chosen)
        key = (self._judgements.revision, *address, _sources(first), _sources(second), trouble or also)
        with self._turn:
            pair = self._made.get(key)
        if pair is None:
            pair = replace(self._paired(asked, first, second), trouble=trouble or also)
            with self._turn:
                self._made[key] = pair
                while len(self._made) > _KEPT:
                    self._made.popitem(last=False)
        return pair

    def _paired(
        self, asked: PerformanceQuery, first: Mapping[str, OtherReading], second: Mapping[str, OtherReading]
    ) -> VersionPair:
        both = self._judgements.paired(
            asked.task,
            asked.version,
            asked.vs,
            asked.synthetic,
            (self._current(first), self._current(second)),
        )
        told = (known(side, asked.hidden) for side in both)
        before, after = (side.where(in_groups(asked.chosen, side)) for side in told)
        origins = dict(
            zip(
                before.scan_id,
                zip(_origins(before, first), _origins(after, second), strict=True),
                strict=True,
            )
        )
        result = paired(before, after)
        return VersionPair(asked.task, asked.version, asked.vs, asked.synthetic, result, origins)

    def _otherwise(self, task: str, version: str) -> tuple[dict[str, OtherReading], str | None]:
        """What a version said that is no result, the latest of each scan, and what could not be asked."""
        said: dict[str, OtherReading] = {}
        trouble = None
        for readings in self._readings:
            try:
                mine = readings(task, version)
            except TrackingAway as away:
                trouble = str(away)
                continue
            for scan_id, each in mine.items():
                if scan_id not in said or said[scan_id].read_at <= each.read_at:
                    said[scan_id] = each
        return said, trouble

    def _current(self, said: Mapping[str, OtherReading]) -> dict[str, OtherReading]:
        since = self._since(list(said))
        return {
            scan_id: each if scan_id in since and since[scan_id] <= each.read_at else replace(each, dice=None)
            for scan_id, each in said.items()
        }


def _sources(said: Mapping[str, OtherReading]) -> frozenset[str]:
    return frozenset(each.source for each in said.values())


def _origins(side: Judgements, said: Mapping[str, OtherReading]) -> Iterable[AnswerOrigin]:
    for scan_id, result_id in zip(side.scan_id, side.result_id, strict=True):
        each = said.get(scan_id)
        is_other = each is not None and each.source == result_id
        yield AnswerOrigin(each.kind, each.source) if each and is_other else AnswerOrigin(RESULT)
