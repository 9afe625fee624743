"""A sequential test for acceptance without a look: whether nearly all of a reader's verdicts are quick ones.

Automation bias shows as agreement that takes no time (Goddard, Roudsari and Wyatt, JAMIA 2012, 19:121;
Parasuraman and Manzey, Human Factors 2010, 52:381). Each verdict whose time is known is an outcome: "quick"
where it accepts within `QUICK_SECONDS` of the result being opened. The test is the Bernoulli CUSUM of
`models.statistics.cusum` (Reynolds and Stoumbos, Journal of Quality Technology 1999, 31:87). It takes it for
legitimate that half of all verdicts are quick acceptances, as those of easy normal pictures are, and calls
where nine in ten are.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.statistics.cusum import Cusum, cusum

QUICK_SECONDS = 5.0
"""An acceptance sooner than this after the result was opened is quick."""

LEGITIMATE, TOO_MANY = 0.5, 0.9
"""The shares of quick acceptances among verdicts that the test accepts and rejects."""

BETWEEN = 1_000_000
"""So many verdicts lie between two false calls, on average, of a reader at the legitimate share.

The limit is then reached after some twenty quick acceptances in a row: a run of easy normal pictures does not
call, and who accepts everything at once is called well within forty verdicts.
"""

Flags = NDArray[np.bool_]


@lru_cache(maxsize=1)
def quick_acceptance_test() -> Cusum:
    """The test with these shares."""
    return cusum(LEGITIMATE, TOO_MANY, BETWEEN)


def quick_acceptances(accepted: Flags, seconds: NDArray[np.float64]) -> Flags:
    """Which verdicts are quick acceptances, by whether each accepts and its seconds, (n,) both."""
    return np.asarray(accepted & (seconds < QUICK_SECONDS), dtype=bool)


def fewest_until_call() -> int:
    """After so many verdicts, all of them quick acceptances, the test calls."""
    test = quick_acceptance_test()
    return math.ceil(test.limit / test.added)


def first_call(quick: Flags) -> int | None:
    """The verdict, from 0, at which the test calls on these in their order; None where it never does."""
    test = quick_acceptance_test()
    return test.first_stop(test.run(quick))
