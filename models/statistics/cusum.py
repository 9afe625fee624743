"""A sequential test that stops: whether a share of bad outcomes has risen from what is accepted to too much.

The test is the Bernoulli CUSUM of Reynolds and Stoumbos (Journal of Quality Technology 1999, 31:87), Page's
repeated sequential probability ratio test (Biometrika 1954, 41:100): each outcome adds its log likelihood
ratio of the rejected share against the accepted one, the sum never falls below nothing, and the test stops
where it reaches a limit. Both weights are rounded to whole points, so that the sum is a Markov chain on whole
numbers (Brook and Evans, Biometrika 1972, 59:539): how long it runs is computed, not simulated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve

LEAST_SHARE = 0.002
"""What a share of nothing is taken as: no test tells "never" from "once in five hundred"."""
_MOST_TAKEN = 10  # points that a good outcome takes away, at most
_NEAR_ENOUGH = 0.03  # how far the ratio of whole points may be off
_MOST_POINTS = 60_000

Events = NDArray[np.bool_]
Points = NDArray[np.int64]


@dataclass(frozen=True)
class Cusum:
    """A bad outcome adds points, a good one takes some away, and at the limit the test stops."""

    accepted: float  # the share of bad outcomes that is as it should be
    rejected: float  # the share that must not be
    added: int
    taken: int
    limit: int

    def run(self, bad: Events) -> Points:
        """The points after each outcome; they go on beyond the limit, which `first_stop` looks for."""
        steps = np.where(bad, self.added, -self.taken).astype(np.int64)
        total = np.cumsum(steps)
        # The sum that never falls below nothing is the free sum over its lowest so far.
        lowest = np.minimum.accumulate(np.minimum(total, 0)) if len(total) else total
        return np.asarray(total - lowest, dtype=np.int64)

    def first_stop(self, points: Points) -> int | None:
        """The outcome at which the limit is first reached, from 0; None where it never is."""
        reached = np.flatnonzero(points >= self.limit)
        return int(reached[0]) if len(reached) else None

    def run_length(self, share: float) -> float:
        """How many outcomes pass on average until it stops, where `share` of them, above 0, are bad."""
        chain = _chain(self, share)
        left = sparse.identity(self.limit, format="csc") - chain
        return float(spsolve(left, np.ones(self.limit))[0])

    def median_run_length(self, share: float, most: int = 100_000) -> int | None:
        """Half of all runs have stopped by this many outcomes; None where that is more than `most`."""
        turned = _chain(self, share).T.tocsr()
        at = np.zeros(self.limit)
        at[0] = 1.0
        for outcome in range(1, most + 1):
            at = turned @ at
            if at.sum() <= 0.5:
                return outcome
        return None


@lru_cache(maxsize=256)
def cusum(accepted: float, rejected: float, between: int) -> Cusum:
    """The test with the lowest limit that false stops are at least `between` outcomes apart, on average.

    A false stop is one while no more than the accepted share is bad. Raises ValueError where the rejected
    share is no share above the accepted one, or lies too near for any test.
    """
    if not 0 <= accepted < rejected < 1:
        raise ValueError("the rejected share lies above the accepted one, and both from 0 to 1")
    accepted = max(accepted, LEAST_SHARE)
    if rejected <= accepted:
        raise ValueError("the rejected share is less than a test can tell from never")
    added, taken = _whole_points(accepted, rejected)
    low, high = 0, added
    while Cusum(accepted, rejected, added, taken, high).run_length(accepted) < between:
        low, high = high, 2 * high
        if high > _MOST_POINTS:
            raise ValueError("the rejected share lies too near the accepted one")
    while high - low > 1:
        middle = (low + high) // 2
        enough = Cusum(accepted, rejected, added, taken, middle).run_length(accepted) >= between
        low, high = (low, middle) if enough else (middle, high)
    return Cusum(accepted, rejected, added, taken, high)


def _whole_points(accepted: float, rejected: float) -> tuple[int, int]:
    """What a bad outcome adds and a good one takes: the smallest whole numbers near the ratio of the logs."""
    bad = math.log(rejected / accepted)
    good = -math.log((1 - rejected) / (1 - accepted))
    pairs = [(max(1, round(taken * bad / good)), taken) for taken in range(1, _MOST_TAKEN + 1)]
    off = [abs(added / taken / (bad / good) - 1) for added, taken in pairs]
    near = [pair for pair, error in zip(pairs, off, strict=True) if error < _NEAR_ENOUGH]
    return near[0] if near else pairs[int(np.argmin(off))]


def _chain(test: Cusum, share: float) -> sparse.csc_matrix:
    """From each number of points below the limit to each other one: what is missing in a row has stopped."""
    here = np.arange(test.limit)
    up, down = here + test.added, np.maximum(here - test.taken, 0)
    goes = up < test.limit
    rows, columns = np.concatenate([here[goes], here]), np.concatenate([up[goes], down])
    chance = np.concatenate([np.full(int(goes.sum()), share), np.full(test.limit, 1 - share)])
    return sparse.csc_matrix((chance, (rows, columns)), shape=(test.limit, test.limit))
