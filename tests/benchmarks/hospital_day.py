"""A hospital's day on one server, in simulated time: how long who waits for what.

Nothing is read: what a scan costs is told, in seconds of the processor. Who is next is decided by what
serves: `services.jobs.ready` before the workers and `services.turns` before the device. What is simplified
stands in docs/capacity.md.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count

import numpy as np
from numpy.typing import NDArray

from data.records import SHORT_INPUTS, Job, JobState
from services.assembly.stores import LONG_BATCH_ON_CPU
from services.jobs.ready import Ready, ReadyJobs
from services.reading.openings import AT_A_TIME
from services.settings import Settings
from services.turns import Turn, Turns

OPEN, READ = "open", "read"
SLICE_S = 0.1  # so long a thread has a core while others wait for it
HOURS = (1, 1, 1, 1, 1, 1, 2, 5, 9, 10, 10, 9, 8, 8, 8, 7, 5, 4, 3, 2, 2, 1, 1, 1)
"""Weights of a day's hours: the busiest one has 10 of 101 scans."""
BUSY_HOURS = 9, 11
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Kind:
    """What a kind of scan costs, in seconds of the processor, and how long people wait for it at most."""

    name: str
    inputs: int  # of the network
    open_s: float  # decoding in the child, on a core
    own_s: float  # whatever else the server does, on a core
    input_s: float  # the network, for each input, on all cores
    limit_s: float  # of 95 in 100 from arrival to result
    open_is_short: bool = False  # what a file is opened for is only known of pictures and single instances

    @property
    def short(self) -> bool:
        """Whether its reading does not wait behind what is long."""
        return self.inputs <= SHORT_INPUTS

    @property
    def network_s(self) -> float:
        """The network alone."""
        return self.inputs * self.input_s

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.open_s + self.own_s + self.network_s


@dataclass(frozen=True)
class Machine:
    """A server: its cores, and what it is set to."""

    cores: int
    workers: int = Settings.workers


@dataclass(frozen=True)
class Outcome:
    """What came of a day."""

    waited: dict[Kind, NDArray[np.float64]]  # seconds from arrival to result
    ended_at: float
    busy: float  # share of the cores' time until then
    most_waiting: int  # scans that had come and had no result
    gave_up: bool  # more waited than the caller wanted to see

    def p95(self, kind: Kind) -> float:
        """Seconds; infinite where it was given up."""
        return float("inf") if self.gave_up else float(np.percentile(self.waited[kind], 95))

    def within_limits(self) -> bool:
        """Whether people waited no longer than they may."""
        return all(self.p95(kind) <= kind.limit_s for kind in self.waited)


Arrivals = Sequence[tuple[float, Kind, float]]
"""(second, what comes, how many times as long as its kind it takes, which nobody knows before), in order."""
SPREAD = 0.3  # of the logarithm of the last


def a_day(scans: float, shares: dict[Kind, float], random: np.random.Generator) -> Arrivals:
    """Arrivals of a day of `scans` on average: they come independently, more by day than by night."""
    weights = np.array(HOURS) / sum(HOURS)
    n = int(random.poisson(scans))
    at = np.sort(3600 * (random.choice(len(HOURS), n, p=weights) + random.random(n)))
    kinds = list(shares)
    drawn = random.choice(len(kinds), n, p=np.array(list(shares.values())) / sum(shares.values()))
    factors = random.lognormal(-(SPREAD**2) / 2, SPREAD, n)
    return [
        (float(second), kinds[number], float(factor))
        for second, number, factor in zip(at, drawn, factors, strict=True)
    ]


def simulate(machine: Machine, arrivals: Arrivals, waiting_at_most: int = 5000) -> Outcome:
    """Let all of them come, and run until each has its result, or until more wait than `waiting_at_most`."""
    return _Server(machine, arrivals, waiting_at_most).run()


def most_a_day(
    machine: Machine, shares: dict[Kind, float], seeds: Iterable[int] = (1,), accuracy: float = 0.1
) -> tuple[int, Outcome]:
    """The most scans of a working day with which people wait no longer than they may, and a day with as many.

    Looked at are the busiest hours alone, `BUSY_HOURS`, and the limits hold for the days of all seeds.
    """
    first, last = (3600 * hour for hour in BUSY_HOURS)
    mean_s = sum(kind.total_s * share for kind, share in shares.items()) / sum(shares.values())
    high = machine.cores * 3600 / mean_s * sum(HOURS) / max(HOURS) * 1.3
    low, kept = 0.0, simulate(machine, ())
    while high - low > accuracy * high:
        middle = (low + high) / 2
        outcome = kept
        for seed in seeds:
            day = a_day(middle, shares, np.random.default_rng(seed))
            outcome = simulate(machine, [each for each in day if first <= each[0] < last])
            if not outcome.within_limits():
                high = middle
                break
        else:
            low, kept = middle, outcome
    return int(low), kept


@dataclass(eq=False)
class _Scan:
    kind: Kind
    factor: float
    arrived: float
    left: int  # inputs that the network has not seen
    turn: Turn
    ready: Ready | None = None


@dataclass(eq=False)
class _Thread:
    left_s: float
    then: Callable[[], None]


class _Server:
    """Cores that threads take turns on, workers that open and read, a device that works in batches."""

    def __init__(self, machine: Machine, arrivals: Arrivals, waiting_at_most: int) -> None:
        self._machine, self._arrivals, self._most = machine, arrivals, waiting_at_most
        self._now, self._numbers = 0.0, count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._jobs = ReadyJobs(Turns(), machine.workers, {OPEN: AT_A_TIME}.get)
        self._of_job: dict[str, _Scan] = {}
        self._free_workers = machine.workers + Turns.lanes_for_short
        self._free_cores, self._threads = machine.cores, deque[_Thread]()
        self._turns, self._asking, self._device_is_free = Turns(), list[_Scan](), True
        self._waited: dict[Kind, list[float]] = {kind: [] for _, kind, _ in arrivals}
        self._worked_s, self._inside, self._most_inside = 0.0, 0, 0

    def run(self) -> Outcome:
        """To the last result."""
        for at, kind, factor in self._arrivals:
            self._at(at, partial(self._arrive, kind, factor))
        while self._events and self._inside <= self._most:
            self._now, _, act = heapq.heappop(self._events)
            act()
        return Outcome(
            {kind: np.array(waited) for kind, waited in self._waited.items()},
            self._now,
            self._worked_s / (self._machine.cores * self._now) if self._now else 0.0,
            self._most_inside,
            self._inside > self._most,
        )

    def _at(self, second: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (second, next(self._numbers), act))

    def _arrive(self, kind: Kind, factor: float) -> None:
        self._inside += 1
        self._most_inside = max(self._most_inside, self._inside)
        turn = Turn(self._now, kind.open_s, kind.open_is_short)
        self._queue(OPEN, _Scan(kind, factor, self._now, kind.inputs, turn))

    def _queue(self, job_kind: str, scan: _Scan) -> None:
        job = Job(f"{next(self._numbers)}", job_kind, "", JobState.QUEUED, 0.0, 0, _NOW)
        self._of_job[job.id] = scan
        self._jobs.add(job, scan.turn)
        self._employ()

    def _employ(self) -> None:
        while self._free_workers and (ready := self._jobs.take()):
            self._free_workers -= 1
            scan = self._of_job.pop(ready.job_id)
            scan.ready = ready
            opens = ready.kind == OPEN
            seconds = scan.kind.open_s if opens else scan.kind.own_s
            self._work(scan.factor * seconds, partial(self._opened if opens else self._ask, scan))

    def _release(self, scan: _Scan) -> None:
        assert scan.ready is not None
        self._jobs.done(scan.ready)
        self._free_workers += 1

    def _opened(self, scan: _Scan) -> None:
        self._release(scan)
        kind = scan.kind
        scan.turn = Turn(self._now, kind.own_s + kind.network_s, kind.short)
        self._queue(READ, scan)

    def _ask(self, scan: _Scan) -> None:
        self._asking.append(scan)
        self._run_batch()

    def _run_batch(self) -> None:
        """A batch of whoever's turn it is; one of what is short is filled with others of its kind."""
        if not self._device_is_free or not self._asking:
            return
        first = self._turns.next(self._asking, lambda scan: scan.turn)
        batch = [(first, min(first.left, LONG_BATCH_ON_CPU))]
        if first.kind.short:
            alike = [scan for scan in self._asking if scan.kind is first.kind and scan is not first]
            room = Settings.max_batch // first.left
            batch = [(scan, scan.left) for scan in [first, *alike][: max(1, room)]]
        self._device_is_free = False
        cores = self._machine.cores
        part_s = sum(scan.factor * inputs for scan, inputs in batch) * first.kind.input_s / cores
        parts = count(1)

        def part_done() -> None:
            if next(parts) == cores:
                self._batch_done(batch)

        for _ in range(cores):
            self._work(part_s, part_done)

    def _batch_done(self, batch: list[tuple[_Scan, int]]) -> None:
        self._device_is_free = True
        for scan, inputs in batch:
            scan.left -= inputs
            if not scan.left:
                self._asking.remove(scan)
                self._finish(scan)
        self._employ()
        self._run_batch()

    def _finish(self, scan: _Scan) -> None:
        self._release(scan)
        self._inside -= 1
        self._waited[scan.kind].append(self._now - scan.arrived)

    def _work(self, seconds: float, then: Callable[[], None]) -> None:
        self._worked_s += seconds
        self._threads.append(_Thread(seconds, then))
        self._occupy()

    def _occupy(self) -> None:
        while self._free_cores and self._threads:
            thread = self._threads.popleft()
            self._free_cores -= 1
            ran_s = min(SLICE_S, thread.left_s)
            self._at(self._now + ran_s, partial(self._ran, thread, ran_s))

    def _ran(self, thread: _Thread, ran_s: float) -> None:
        self._free_cores += 1
        thread.left_s -= ran_s
        if thread.left_s > 1e-9:
            self._threads.append(thread)
        else:
            thread.then()
        self._occupy()
