"""Two versions on the scans that both have read, with a known truth."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from data.errors import InvalidInput
from data.ledger.blinding import Hidden
from data.ledger.judgements import JudgementStore
from services.performance.cases import known
from services.performance.numbers import PerformanceQuery
from services.statistics.pairing import PairedVersions, paired

_KEPT = 32


@dataclass(frozen=True)
class VersionPair:
    """The first version beside the second; differences are second minus first."""

    task: str
    first: str
    second: str
    synthetic: bool
    result: PairedVersions


class Pairs:
    """Compares; changes nothing."""

    def __init__(self, judgements: JudgementStore) -> None:
        self._judgements = judgements
        self._turn = threading.Lock()
        self._made: OrderedDict[tuple[int, str, str, str, bool, Hidden], PairedVersions] = OrderedDict()

    def compared(self, asked: PerformanceQuery) -> VersionPair:
        """The version of an address beside its `vs`; raises InvalidInput where that is no other one."""
        if not asked.vs or asked.vs == asked.version:
            raise InvalidInput("Choose another version to compare with.")
        self._judgements.of(asked.task, asked.version)  # brings the revision up to date
        key = (self._judgements.revision, asked.task, asked.version, asked.vs, asked.synthetic, asked.hidden)
        with self._turn:
            result = self._made.get(key)
        if result is None:
            first, second = self._judgements.paired(asked.task, asked.version, asked.vs, asked.synthetic)
            result = paired(known(first, asked.hidden), known(second, asked.hidden))
            with self._turn:
                self._made[key] = result
                while len(self._made) > _KEPT:
                    self._made.popitem(last=False)
        return VersionPair(asked.task, asked.version, asked.vs, asked.synthetic, result)
