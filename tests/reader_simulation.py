"""Simulated readers for the watch over quick acceptances: honest ones, and one who looks at nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.statistics.quick_acceptance import first_call, quick_acceptances

EASY_MEDIAN_S, EASY_SPREAD = 4.0, 0.5


@dataclass(frozen=True)
class HonestReader:
    """Accepts a share; times are log-normal; easy cases, which come in runs, are accepted in seconds."""

    name: str
    accepts: float
    median_s: float
    spread: float  # standard deviation of the logarithm of the seconds
    easy: float  # share of the cases
    run: float = 1.0  # easy cases in a row, on average

    def verdicts(
        self, n: int, generator: np.random.Generator
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Whether each of n verdicts accepts, and the seconds that it took, (n,) both."""
        easy = self._easy(n, generator)
        slow = generator.lognormal(np.log(self.median_s), self.spread, n)
        short = generator.lognormal(np.log(EASY_MEDIAN_S), EASY_SPREAD, n)
        return easy | (generator.random(n) < self.accepts), np.where(easy, short, slow)

    def _easy(self, n: int, generator: np.random.Generator) -> NDArray[np.bool_]:
        """A two-state chain with this share and this mean run of easy cases."""
        ends = 1 / self.run
        begins = min(1.0, ends * self.easy / (1 - self.easy))
        draws, easy, state = generator.random(n), np.zeros(n, bool), bool(generator.random() < self.easy)
        for case in range(n):
            easy[case] = state
            state = bool(draws[case] >= ends) if state else bool(draws[case] < begins)
        return easy


HONEST = (
    HonestReader("careful", 0.85, 60, 0.6, 0.05),
    HonestReader("usual", 0.90, 40, 0.7, 0.15, run=2),
    HonestReader("fast", 0.95, 20, 0.8, 0.25, run=3),
    HonestReader("fast, uneven", 0.95, 20, 1.0, 0.30, run=5),
    HonestReader("many easy normals, in runs", 0.95, 20, 0.8, 0.45, run=6),
)


def stamper(n: int, generator: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Somebody who accepts everything in under five seconds."""
    return np.ones(n, bool), generator.uniform(0.8, 4.9, n)


def calls_of_honest(reader: HonestReader, runs: int, cases: int, seed: int) -> int:
    """In how many of so many runs an honest reader is called within so many cases."""
    generator = np.random.default_rng(seed)
    return sum(
        first_call(quick_acceptances(*reader.verdicts(cases, generator))) is not None for _ in range(runs)
    )


def cases_until_call(runs: int, seed: int, share: float = 1.0, most: int = 500) -> NDArray[np.int64]:
    """After how many cases somebody is called who stamps this share and reads the rest; `most`: never."""
    generator, honest = np.random.default_rng(seed), HONEST[1]
    needed = []
    for _ in range(runs):
        accepted, seconds = stamper(most, generator)
        read_accepted, read_seconds = honest.verdicts(most, generator)
        stamped = generator.random(most) < share
        quick = quick_acceptances(
            np.where(stamped, accepted, read_accepted), np.where(stamped, seconds, read_seconds)
        )
        call = first_call(quick)
        needed.append(most if call is None else call + 1)
    return np.array(needed, dtype=np.int64)
