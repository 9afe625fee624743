"""The sequential tests behind the stop rules: of each version, whole and scanner by scanner.

Cases come in the order in which they were read, whenever they were reviewed: a late, changed or withdrawn
review has its test run anew. Goal and alert limit of a metric are what a test holds for accepted and for
rejected. Only real scans count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data.ledger.judgements import JudgementStore
from data.ledger.rows import microseconds
from data.records import Goal, StopEvidence, StopReason, Suspension
from data.stores.refusals import RefusalStore
from data.stores.suspensions import SuspensionStore
from models.statistics.cusum import Cusum, Points, cusum
from services.performance.metrics import REFUSED

BETWEEN = {StopReason.MISSES: 100_000, StopReason.FALSE_ALARMS: 300_000, StopReason.REFUSALS: 2_000_000}
"""So many cases lie between two false stops, on average, while a share is no worse than its goal.

In a house with 300 reviewed ill, 1,000 reviewed healthy and 5,000 scans a year these are less than one false
stop in fifty years, all tests of the version and of its scanners together.
"""
_METRICS = {  # whose goals a test takes: shares of bad cases, else of good ones
    StopReason.MISSES: ("frr", "recall"),
    StopReason.FALSE_ALARMS: ("far", "specificity"),
    StopReason.REFUSALS: (REFUSED, ""),
}
_START = datetime(1970, 1, 1, tzinfo=UTC)
Texts = NDArray[np.object_]


@dataclass(frozen=True)
class Shares:
    """What is accepted and what is rejected, as shares of bad cases."""

    accepted: float
    rejected: float


@dataclass(frozen=True)
class Trials:
    """Cases in the order in which they were read. `scanner` is None where it is unknown."""

    scan_id: Texts
    version: Texts
    scanner: Texts
    read_us: NDArray[np.int64]
    bad: NDArray[np.bool_]

    def where(self, rows: NDArray[np.bool_]) -> Trials:
        """These of them."""
        return Trials(*(column[rows] for column in vars(self).values()))


@dataclass(frozen=True)
class Watched:
    """One test at work: of a version, on one scanner or, where that is "", on all."""

    task: str
    version: str
    scanner: str
    reason: StopReason
    test: Cusum
    since: datetime  # what was read from then on counts
    trials: Trials
    points: Points

    @property
    def between(self) -> int:
        """So many cases lie between two false stops, on average, at least."""
        return BETWEEN[self.reason]

    @property
    def half_by(self) -> int:
        """Within so many cases half of all stops come, where the rejected share is bad."""
        return _half_by(self.test)

    @property
    def stop(self) -> int | None:
        """The case at which the limit is reached."""
        return self.test.first_stop(self.points)

    def evidence(self, stop: int) -> tuple[datetime, StopEvidence]:
        """When the first of the cases behind a stop was read, and the evidence.

        They are those since the points last stood at nothing: Page's estimate of when the change began.
        """
        at_nothing = np.flatnonzero(self.points[:stop] == 0)
        first = int(at_nothing[-1]) + 1 if len(at_nothing) else 0
        bad = self.trials.bad[first : stop + 1]
        ids = self.trials.scan_id[first : stop + 1][bad]
        test = self.test
        said = StopEvidence(
            test.accepted, test.rejected, test.added, test.taken, test.limit, int(self.points[stop]),
            len(bad), int(bad.sum()), () if self.reason is StopReason.REFUSALS else tuple(ids.tolist()),
        )  # fmt: skip
        return _START + timedelta(microseconds=int(self.trials.read_us[first])), said


class StopStatistics:
    """Computes; keeps nothing."""

    def __init__(
        self, judgements: JudgementStore, refusals: RefusalStore, suspensions: SuspensionStore
    ) -> None:
        self._judgements = judgements
        self._refusals = refusals
        self._suspensions = suspensions

    def token(self) -> tuple[int, int]:
        """Another one after any change of a truth or a reading, and after a refusal."""
        return self._suspensions.revision(), self._refusals.count()

    def of_task(
        self,
        task: str,
        goals: Mapping[str, Goal],
        since: datetime,
        stopped: Sequence[Suspension],
        blind: frozenset[str] = frozenset(),
    ) -> Iterator[Watched]:
        """Every test of a task whose goals are set, over what was read from `since` on.

        The end of a suspension begins its tests anew, at its own scanner or, of a whole version, at all.
        `blind` are scans of which whoever looks is not to know yet.
        """
        for reason in StopReason:
            shares = shares_of(goals, reason)
            test = None if shares is None else test_of(shares, reason)
            if test is not None:
                trials = self._trials(task, reason, since)
                if blind:
                    trials = trials.where(~np.isin(trials.scan_id, list(blind)))
                yield from _watched(task, reason, test, trials, since, stopped)

    def _trials(self, task: str, reason: StopReason, since: datetime) -> Trials:
        if reason is StopReason.REFUSALS:
            return self._examined(task, since)
        known = self._judgements.of(task, synthetic=False)
        ill = reason is StopReason.MISSES
        known = known.where((known.truth_positive == ill) & (known.created_us >= (microseconds(since) or 0)))
        bad = known.positive != ill
        trials = Trials(known.scan_id, known.version, known.scanner, known.created_us, bad)
        return _once(_in_order(trials))

    def _examined(self, task: str, since: datetime) -> Trials:
        """What was read, and what was refused of the modalities that this task reads."""
        read = self._suspensions.examined(task, since)
        modalities = {modality for *_, modality in read if modality}
        refused = [
            kept
            for kept in self._refusals.between(since)
            if not kept.synthetic and kept.refusal.modality in modalities
        ]
        moments = np.array([microseconds(row[1]) for row in read], dtype=np.int64)
        at = np.array([microseconds(kept.created_at) for kept in refused], dtype=np.int64)
        versions = _texts([row[2] for row in read])
        # A refusal is of the version that read before it; of the first, where none did.
        by = versions[np.maximum(np.searchsorted(moments, at, "right") - 1, 0)] if len(read) else versions
        bad = np.concatenate([np.zeros(len(read), bool), np.ones(len(refused), bool)])
        return _in_order(
            Trials(
                _texts([*(row[0] for row in read), *(kept.id for kept in refused)]),
                np.concatenate([versions, by]),
                _texts([*(row[3] for row in read), *(kept.refusal.scanner for kept in refused)]),
                np.concatenate([moments, at]),
                bad,
            )
        )


def shares_of(goals: Mapping[str, Goal], reason: StopReason) -> Shares | None:
    """What a task's goals accept and reject of a kind of bad case; None where they do not say both."""
    for metric, good in zip(_METRICS[reason], (False, True), strict=True):
        goal = goals.get(metric)
        if goal is not None and goal.goal is not None and goal.alert_limit is not None:
            both = (goal.goal, goal.alert_limit)
            return Shares(*(round(1 - share, 9) if good else share for share in both))
    return None


def test_of(shares: Shares, reason: StopReason) -> Cusum | None:
    """The test; None where goal and limit are too near for one."""
    try:
        return cusum(shares.accepted, shares.rejected, BETWEEN[reason])
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _half_by(test: Cusum) -> int:
    return test.median_run_length(test.rejected) or 0


def restarted(version: str, scanner: str, since: datetime, stopped: Sequence[Suspension]) -> datetime:
    """From when on a test counts: since it was begun, or anew since what it stopped is used again."""
    ends = [
        each.lifted_at
        for each in stopped
        if each.lifted_at is not None and each.version == version and each.scanner in ("", scanner)
    ]
    return max([since, *ends])


def _watched(
    task: str,
    reason: StopReason,
    test: Cusum,
    trials: Trials,
    since: datetime,
    stopped: Sequence[Suspension],
) -> Iterator[Watched]:
    for version in sorted(set(trials.version)):
        mine = trials.where(_equal(trials.version, version))
        for scanner in ("", *sorted({name for name in mine.scanner if name})):
            begun = restarted(version, scanner, since, stopped)
            rows = mine.read_us >= (microseconds(begun) or 0)
            rows &= _equal(mine.scanner, scanner) if scanner else ~_out_of_use(mine, version, stopped)
            own = mine.where(rows)
            if len(own.bad):
                yield Watched(task, version, scanner, reason, test, begun, own, test.run(own.bad))


def _out_of_use(mine: Trials, version: str, stopped: Sequence[Suspension]) -> NDArray[np.bool_]:
    """What suspended the version on a scanner, and was read there since: not the whole version's fault."""
    rows = np.zeros(len(mine.bad), bool)
    for each in stopped:
        if each.version == version and each.scanner:
            during = mine.read_us >= (microseconds(each.began_at) or 0)
            if each.lifted_at is not None:
                during &= mine.read_us < (microseconds(each.lifted_at) or 0)
            rows |= during & _equal(mine.scanner, each.scanner)
    return rows


def _in_order(trials: Trials) -> Trials:
    order = np.lexsort((trials.scan_id.astype(str), trials.read_us))
    return Trials(*(column[order] for column in vars(trials).values()))


def _once(trials: Trials) -> Trials:
    """Of several readings of a scan by one version the last."""
    last = {key: row for row, key in enumerate(zip(trials.scan_id, trials.version, strict=True))}
    rows = np.zeros(len(trials.bad), bool)
    rows[list(last.values())] = True
    return trials.where(rows)


def _equal(column: Texts, value: str) -> NDArray[np.bool_]:
    return np.asarray(column == value, dtype=bool)


def _texts(values: Sequence[str | None]) -> Texts:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
