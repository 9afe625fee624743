"""When a sender's pause is a silence: the rule, on plain numbers.

Time is cut into quarters of an hour. Of a sender we know in which quarters anything came, and in which
our own node listened. What came in the last twelve weeks before its latest instance is its history; in it

- a(d, h) quarters of day d of the week and hour h of the day had arrivals (local time, so that a scanner
  that starts at seven goes on doing so after the clocks change), e(d, h) hours were listened to;
- the rate of an hour of the week is shrunk towards a day's share times an hour's share, which needs 24 + 7
  numbers where 168 would each have been seen a few times only, with the weight of one week (k = 1 hour):

      r(d, h) = (a(d, h) + k m(d, h)) / (e(d, h) + k)
      m(d, h) = (a(d, .) / e(d, .)) (a(., h) / e(., h)) / (a / e)

- the sender's own clock runs at that rate while the node listens: it stands still at night, at weekends, on
  six days of a scanner that sends on Tuesdays, and while our node is off. On it a pause lasts

      g = sum of r / 4 over the listened quarters of the pause

- the usual pause u is the longest that an ordinary month has: of w weeks that were listened to the
  max(1, round(w / 4))-th longest, so that the odd day off does not make the rule deaf.

A sender is silent once g >= 2 u. It is learnt after three weeks that were listened to and ten quarters with
arrivals; before, nothing is said. Pauses are told in hours in which the sender usually sends: g divided by
the rate of its usual hours, sum of r^2 / sum of r.

The order of the longest pauses, not a law of arrivals, makes the limit: bursts, one study a day at the same
time, and a scanner that works all night have quite different ones. If pauses were exponential on that clock
(a Poisson process), n of them a month, u would be ln n, and n exp(-2 ln n) = 1 / n of them a month would be
2 u long. A public holiday is a silence like any other: nobody has told the rule of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.records import QUARTER_S

QUARTERS_A_WEEK = 7 * 24 * 4
HISTORY_WEEKS = 12
LEARNT_WEEKS = 3.0
LEARNT_ARRIVALS = 10
TIMES_USUAL = 2.0
_WEEKS_A_MONTH = 4
_SHRINKAGE_HOURS = 1.0

_HOURS = (7, 24)


@dataclass(frozen=True)
class Pause:
    """How long a sender has paused, beside what is usual of it.

    Lengths are in hours in which it usually sends, NaN where too little is known.
    """

    weeks: float  # that were listened to before its last arrival
    arrivals: int  # quarters of an hour with any
    hours: float
    usual_hours: float

    @property
    def learnt(self) -> bool:
        """Whether enough is known of the sender to judge it."""
        return self.weeks >= LEARNT_WEEKS and self.arrivals >= LEARNT_ARRIVALS

    @property
    def times_usual(self) -> float:
        """The pause as a multiple of the usual one; NaN where it is not learnt."""
        return self.hours / self.usual_hours if self.learnt else float("nan")

    @property
    def silent(self) -> bool:
        """Whether it should have sent long since."""
        return self.learnt and self.times_usual >= TIMES_USUAL


def pause(arrived: NDArray[np.bool_], listened: NDArray[np.float64], hour_of_week: NDArray[np.intp]) -> Pause:
    """Judge the pause since the last arrival, by the rule above.

    All three go by quarters of an hour, from any time before the first arrival to the present quarter:
    whether anything came, which share (0 to 1) of the quarter our node listened, and the local hour of the
    week (0 is Monday from midnight to one). Raises ValueError where nothing ever came.
    """
    came = np.flatnonzero(arrived)
    if not came.size:
        raise ValueError("nothing ever came")
    last = int(came[-1])
    first = max(int(came[0]), last + 1 - HISTORY_WEEKS * QUARTERS_A_WEEK)
    listening = np.where(arrived, 1.0, listened)  # what came was listened to, whatever our notes say
    history = slice(first, last + 1)
    weeks, arrivals = float(listening[history].sum()) / QUARTERS_A_WEEK, int(arrived[history].sum())
    if weeks < LEARNT_WEEKS or arrivals < LEARNT_ARRIVALS:
        return Pause(weeks, arrivals, float("nan"), float("nan"))
    rates = _rates(arrived[history], listening[history], hour_of_week[history])
    clock = np.concatenate([[0.0], np.cumsum(rates[hour_of_week[first:]] / 4 * listening[first:])])
    pauses = np.sort(np.diff(clock[came[came >= first] - first]))[::-1]
    longest = min(max(1, round(weeks / _WEEKS_A_MONTH)), len(pauses))
    usual_rate = float((rates**2).sum() / rates.sum())
    present = float(clock[-1] - clock[last - first])
    return Pause(weeks, arrivals, present / usual_rate, float(pauses[longest - 1]) / usual_rate)


def _rates(
    arrived: NDArray[np.bool_], listening: NDArray[np.float64], hour_of_week: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Quarters with arrivals that an hour is expected to have, for each of the 168 hours of the week."""
    came = np.bincount(hour_of_week, arrived, 168).reshape(_HOURS)
    hours = np.bincount(hour_of_week, listening, 168).reshape(_HOURS) / 4
    of_day = came.sum(axis=1) / np.maximum(hours.sum(axis=1), 1e-9)
    of_hour = came.sum(axis=0) / np.maximum(hours.sum(axis=0), 1e-9)
    expected = np.outer(of_day, of_hour) / (came.sum() / hours.sum())
    rates: NDArray[np.float64] = (came + _SHRINKAGE_HOURS * expected) / (hours + _SHRINKAGE_HOURS)
    return rates.ravel()


def listened_shares(runs: NDArray[np.float64], first_quarter: int, quarters: int) -> NDArray[np.float64]:
    """Which share of each quarter of an hour lies in one of the runs.

    `runs` has shape (runs, 2): beginning and end of each, in seconds since 1970, none overlapping another.
    `first_quarter` counts quarters of an hour since 1970.
    """
    edges = (first_quarter + np.arange(quarters + 1)) * float(QUARTER_S)
    shares = np.zeros(quarters)
    for begin, end in runs[(runs[:, 1] > edges[0]) & (runs[:, 0] < edges[-1])]:
        shares += np.diff(np.clip(edges, begin, end))
    return np.clip(shares / QUARTER_S, 0.0, 1.0)
